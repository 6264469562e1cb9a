/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/domain/domain_table reserves places until all are taken and reuses freed
 * ones; that a domain is found by its id and by its place from domain_table_put to
 * domain_table_remove, and by no other number; and that an id is not reused until its place has had
 * DOMAIN_LIVES domains. */
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
    assert_int_equal(domain_count(), 0); /* no place has had a domain yet */
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
    assert_int_equal(again.id, 1 + DOMAINS_MAX);
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

static void an_id_is_not_reused_for_all_lives_of_its_place(void **state)
{
    static bool used[0x10000];
    static struct domain domain;
    u16 first[DOMAINS_MAX];
    (void)state;
    for (u32 i = 0; i < DOMAINS_MAX; i++) {
        assert_int_equal(domain_table_reserve(), i);
        first[i] = domain_table_id(i);
    }
    for (u32 life = 0; life < DOMAIN_LIVES; life++) {
        for (u32 i = 0; i < DOMAINS_MAX; i++) {
            make(&domain, i);
            assert_in_range(domain.id, 1, DOMID_FIRST_RESERVED - 1);
            assert_false(used[domain.id]);
            used[domain.id] = true;
            assert_ptr_equal(domain_by_id(domain.id), &domain);
            domain_table_remove(&domain);
            assert_null(domain_by_id(domain.id));
        }
    }
    for (u32 i = 0; i < DOMAINS_MAX; i++) {
        assert_int_equal(domain_table_id(i), first[i]);
        domain_table_release(i);
    }
}

static void a_released_place_does_not_give_its_last_id_again(void **state)
{
    static struct domain domain;
    const u32 place = domain_table_reserve();
    (void)state;
    make(&domain, place);
    domain_table_remove(&domain);
    domain_table_release(place);
    assert_int_equal(domain_table_reserve(), place);
    assert_int_not_equal(domain_table_id(place), domain.id);
    domain_table_release(place);
}

static void places_in_turn_give_ascending_ids(void **state)
{
    static struct domain domain;
    u16 last = 0;
    (void)state;
    for (u32 i = 0; i < DOMAINS_MAX; i++) {
        const u32 place = domain_table_reserve_next();

        make(&domain, place);
        if (i) {
            assert_int_equal(place % DOMAINS_MAX, (last + 1u) % DOMAINS_MAX);
        }
        last = (u16)place;
        domain_table_remove(&domain);
        domain_table_release(place);
    }
}

static void a_place_is_reserved_for_an_id_of_ones_own_choice(void **state)
{
    static struct domain domain, later;
    (void)state;
    const u32 place = domain_table_reserve_id(1 + 5 + 7 * DOMAINS_MAX);
    assert_int_equal(place, 5);
    assert_int_equal(domain_table_id(place), 1 + 5 + 7 * DOMAINS_MAX);
    assert_int_equal(domain_table_reserve_id(1 + 5 + 8 * DOMAINS_MAX), DOMAIN_PLACE_NONE);
    make(&domain, place);
    const u32 other = domain_table_reserve_id(DOMID_FIRST_RESERVED - 1);
    assert_int_equal(domain_table_id(other), DOMID_FIRST_RESERVED - 1);
    make(&later, other);
    assert_ptr_equal(domain_from(0), &domain);
    assert_ptr_equal(domain_from(domain.id), &domain);
    assert_ptr_equal(domain_from((u16)(domain.id + 1)), &later);
    assert_null(domain_from(DOMID_FIRST_RESERVED));
    domain_table_remove(&domain);
    domain_table_remove(&later);
    assert_in_range(domain_table_id(other), 1, DOMID_FIRST_RESERVED - 1);
    domain_table_release(place);
    domain_table_release(other);
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
static void the_privileged_domain_has_the_last_place_and_id_0(void **state)
{
    static struct domain dom0, other;
    struct domain *both[] = {&dom0, &other};

    (void)state;
    const u32 place = domain_table_reserve_privileged();
    assert_int_equal(place, DOMAINS_MAX - 1);
    make(&dom0, place);
    assert_int_equal(dom0.id, 0);
    make(&other, domain_table_reserve());
    assert_found(both, 2);
    for (u32 i = 1; i < DOMAINS_MAX - 1; i++) {
        assert_int_equal(domain_table_reserve(), i);
    }
    assert_int_equal(domain_table_reserve(), DOMAIN_PLACE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_reserved_from_the_lowest_until_the_table_is_full),
        cmocka_unit_test(a_domain_is_found_from_its_put_to_its_removal),
        cmocka_unit_test(an_id_is_not_reused_for_all_lives_of_its_place),
        cmocka_unit_test(places_in_turn_give_ascending_ids),
        cmocka_unit_test(a_place_is_reserved_for_an_id_of_ones_own_choice),
        cmocka_unit_test(a_released_place_does_not_give_its_last_id_again),
        cmocka_unit_test(two_cpus_never_have_the_same_place),
        cmocka_unit_test(the_privileged_domain_has_the_last_place_and_id_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
