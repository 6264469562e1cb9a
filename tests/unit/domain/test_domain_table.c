/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/domain/domain_table reserves places until all are taken and reuses freed
 * ones; that a domain is found by its id and by its place from domain_table_put to
 * domain_table_remove, and by no other number; that ids ascend and none comes back before all
 * others have been given; and that every id that no domain has can be chosen. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/domain_table.h"

/* Puts a domain into the reserved place. */
static void make(struct domain *domain, u32 place)
{
    domain->place = place;
    domain->id = domain_table_id(place);
    domain_table_put(domain);
}

static void places_are_reserved_from_the_lowest_until_the_table_is_full(void **state)
{
    (void)state;
    for (u32 i = 0; i < DOMAINS_MAX; i++) {
        assert_int_equal(domain_table_reserve(), i);
    }
    assert_int_equal(domain_table_reserve(), DOMAIN_PLACE_NONE);
    domain_table_release(7);
    domain_table_release(5);
    assert_int_equal(domain_table_reserve(), 5);
    assert_int_equal(domain_table_reserve(), 7);
    assert_int_equal(domain_table_reserve(), DOMAIN_PLACE_NONE);
    assert_int_equal(domain_count(), 2); /* no other place has had a domain yet */
    for (u32 i = 0; i < DOMAINS_MAX; i++) {
        assert_null(domain_at(i));
        domain_table_release(i);
    }
}

/* Asserts that each of `count` domains is found by its own id, and that no other of the 65,536 ids
 * finds a domain. */
static void assert_found(struct domain *const *domains, u32 count)
{
    for (u32 id = 0; id < 0x10000; id++) {
        struct domain *expected = NULL;

        for (u32 i = 0; i < count; i++) {
            expected = domains[i]->id == id ? domains[i] : expected;
        }
        assert_ptr_equal(domain_by_id((u16)id), expected);
    }
}

static void a_domain_is_found_from_its_put_to_its_removal(void **state)
{
    static struct domain a, b, again;
    struct domain *both[] = {&a, &b};
    const u32 first = domain_table_reserve(), second = domain_table_reserve();
    (void)state;
    assert_int_equal(domain_table_id(first), 1);
    assert_int_equal(domain_table_id(second), 2);
    make(&b, second);
    assert_int_equal(domain_count(), 2);
    assert_null(domain_at(first));
    assert_ptr_equal(domain_at(second), &b);
    assert_found(&both[1], 1);
    make(&a, first);
    assert_int_equal(domain_count(), 2);
    assert_ptr_equal(domain_at(first), &a);
    assert_null(domain_at(domain_count()));
    assert_found(both, 2);

    domain_table_remove(&a);
    assert_null(domain_at(first));
    assert_found(&both[1], 1);
    assert_int_equal(domain_table_reserve(), 2); /* its place is still reserved */
    domain_table_release(2);

    make(&again, first);
    assert_int_not_equal(again.id, 1);
    assert_int_not_equal(again.id, 2);
    both[0] = &again;
    assert_found(both, 2);
    assert_ptr_equal(domain_at(first), &again);

    domain_table_remove(&again);
    domain_table_remove(&b);
    domain_table_release(first);
    domain_table_release(second);
    assert_found(NULL, 0);
    assert_int_equal(domain_count(), 2); /* it counts places that have been used, not domains */
}

static u16 following(u16 id)
{
    return id + 1u < DOMID_FIRST_RESERVED ? (u16)(id + 1) : 1;
}

static void an_id_is_not_reused_before_all_others_were_used(void **state)
{
    static bool used[0x10000];
    static struct domain domain, stays;
    (void)state;
    make(&stays, domain_table_reserve());
    used[stays.id] = true;
    for (u16 i = 0, last = stays.id; i < DOMID_FIRST_RESERVED - 2; i++) {
        const u32 place = domain_table_reserve();

        make(&domain, place);
        assert_int_equal(place, 1);
        assert_int_equal(domain.id, following(last));
        assert_false(used[domain.id]);
        last = domain.id;
        used[last] = true;
        domain_table_remove(&domain);
        assert_null(domain_by_id(domain.id));
        domain_table_release(place);
    }
    domain_table_remove(&stays);
    domain_table_release(0);
}

static void a_place_whose_domain_is_removed_gets_another_id(void **state)
{
    static struct domain domain;
    const u32 place = domain_table_reserve();
    (void)state;
    for (u32 i = 0; i < 10; i++) {
        make(&domain, place);
        domain_table_remove(&domain);
        assert_int_not_equal(domain_table_id(place), domain.id);
        /* The id of the removed domain is in use until its place has another one. */
        assert_int_equal(domain_table_reserve_id(domain.id), DOMAIN_PLACE_TAKEN);
    }
    domain_table_release(place);
    assert_int_equal(domain_table_reserve_id(domain.id), place);
    domain_table_release(place);
}

static void every_id_can_be_chosen(void **state)
{
    static const u16 ids[] = {
        1, 2, 31, 32, 33, 64, DOMAINS_MAX, 7 * DOMAINS_MAX, DOMID_FIRST_RESERVED - 1};
    static struct domain domain[ARRAY_LENGTH(ids)];
    struct domain *all[ARRAY_LENGTH(ids)];
    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(ids); i++) {
        const u32 place = domain_table_reserve_id(ids[i]);

        assert_int_equal(place, i);
        assert_int_equal(domain_table_id(place), ids[i]);
        assert_int_equal(domain_table_reserve_id(ids[i]), DOMAIN_PLACE_TAKEN);
        assert_null(domain_from(ids[i])); /* it is reserved, but there is no domain yet */
        make(all[i] = &domain[i], place);
    }
    assert_found(all, ARRAY_LENGTH(ids));
    assert_ptr_equal(domain_from(0), all[0]);
    for (u32 i = 0; i < ARRAY_LENGTH(ids); i++) {
        assert_ptr_equal(domain_from(ids[i]), all[i]);
        assert_ptr_equal(domain_from((u16)(ids[i] + 1)),
                         i + 1 < ARRAY_LENGTH(ids) ? all[i + 1] : NULL);
    }
    assert_null(domain_from(DOMID_FIRST_RESERVED));
    assert_null(domain_from(0xffff));
    for (u32 i = 0; i < ARRAY_LENGTH(ids); i++) {
        domain_table_remove(all[i]);
        domain_table_release(i);
    }
    assert_found(NULL, 0);
}

#define THREADS 4u
#define ROUNDS  20000u

static _Atomic u32 holders[DOMAINS_MAX], shared_places;

static void *reserve_and_release(void *unused)
{
    (void)unused;
    for (u32 i = 0; i < ROUNDS; i++) {
        const u32 place = domain_table_reserve();

        if (atomic_fetch_add(&holders[place], 1)) {
            atomic_fetch_add(&shared_places, 1);
        }
        sched_yield();
        atomic_fetch_sub(&holders[place], 1);
        domain_table_release(place);
    }
    return NULL;
}

static void two_cpus_never_have_the_same_place(void **state)
{
    pthread_t thread[THREADS];
    (void)state;
    for (u32 i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, reserve_and_release, NULL), 0);
    }
    for (u32 i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
    }
    assert_int_equal(shared_places, 0);
    assert_int_equal(domain_table_reserve(), 0); /* all places are free again */
    domain_table_release(0);
}

/* The last test: the privileged domain has its place for ever. */
static void the_privileged_domain_has_id_0(void **state)
{
    static struct domain dom0, other;
    struct domain *both[] = {&dom0, &other};

    (void)state;
    make(&dom0, domain_table_reserve_privileged());
    assert_int_equal(dom0.id, 0);
    make(&other, domain_table_reserve());
    assert_int_not_equal(other.id, 0);
    assert_found(both, 2);
    assert_ptr_equal(domain_from(0), &dom0);
    assert_ptr_equal(domain_from(1), &other);
    for (u32 i = 2; i < DOMAINS_MAX; i++) {
        assert_int_equal(domain_table_reserve(), i);
    }
    assert_int_equal(domain_table_reserve(), DOMAIN_PLACE_NONE);
    assert_int_equal(domain_table_reserve_id(30000), DOMAIN_PLACE_NONE);
    domain_table_release(2);
    assert_int_equal(domain_table_reserve_id(30000), 2); /* what was refused kept nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_is_found_from_its_put_to_its_removal),
        cmocka_unit_test(places_are_reserved_from_the_lowest_until_the_table_is_full),
        cmocka_unit_test(an_id_is_not_reused_before_all_others_were_used),
        cmocka_unit_test(a_place_whose_domain_is_removed_gets_another_id),
        cmocka_unit_test(every_id_can_be_chosen),
        cmocka_unit_test(two_cpus_never_have_the_same_place),
        cmocka_unit_test(the_privileged_domain_has_id_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
