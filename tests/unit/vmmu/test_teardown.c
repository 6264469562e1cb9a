/* SPDX-License-Identifier: MIT */
/* Proves that a domain can be ended at any time (idle, in the middle of a promotion or demotion,
 * with a deferred release), in pieces of any size, and gives back every frame except those that
 * others hold. The fixture's teardown, which ends both guests and counts the frames, is part of the
 * proof. */
#include "tests/machine/guest.h"

#define TABLES 4u

/* A domain whose frames have every type and kind of reference. */
static struct space busy_guest(void)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t gdt = guest_page(&guest), ldt = guest_page(&guest);
    guest_run(&guest, 1, space.l4);
    const struct space user = guest_space(&guest);
    assert_done(vmmu_set_user_root(&guest.vcpu[1], user.l4));
    for (u32 i = 0; i < TABLES; i++) {
        const mfn_t l1 = guest_page(&guest), page = guest_page(&guest);
        machine_words(l1)[0] = RW(page);
        machine_words(l1)[1] = RO(space.l4);
        assert_done(guest_set(&guest, space.l2, 10 + i, LINK(l1)));
        if (i & 1) {
            assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, l1, 1));
        }
    }
    assert_done(vmmu_set_gdt(&guest.vcpu[0], &gdt, 1, 16));
    assert_done(guest_set(&guest, space.l1, 9, RO(ldt)));
    assert_done(vmmu_set_ldt(&guest.vcpu[0], guest_address(9), 512));
    assert_done(vmmu_ldt_fault(&guest.vcpu[0], 0));
    return space;
}

static void assert_all_back(void)
{
    assert_int_equal(guest.domain.frames, 0);
    for (u64 n = 0; n < machine.frames; n++) {
        assert_false(vmmu_frame_owned_by(&guest.domain, mfn(n)));
    }
    assert_audit();
}

static void a_busy_domain_gives_everything_back(void **state)
{
    (void)state;
    busy_guest();
    assert_int_equal(guest_end(&guest), 0);
    assert_all_back();
    /* One flush for each CPU that ran the domain, not one for each frame. */
    assert_int_equal(machine.flushes, 2);
    assert_int_equal(vmmu_domain_stop(&guest.domain), VMMU_DONE);
    assert_refused(DOMAIN_DYING, vmmu_give(&guest.domain, mfn(2), pfn(0)));
}

static void in_pieces_of_any_size(void **state)
{
    (void)state;
    busy_guest();
    for (u32 i = 0; i < GUEST_VCPUS; i++) {
        cpu_load_root(i, MFN_NONE);
    }
    machine.stop_each = 1;
    u64 pieces = 0;
    for (u32 i = 0; i < GUEST_VCPUS; i++) {
        while (vmmu_vcpu_stop(&guest.vcpu[i]) == VMMU_AGAIN) {
            pieces++;
            assert_audit();
        }
        assert_audit();
    }
    while (vmmu_domain_stop(&guest.domain) == VMMU_AGAIN) {
        pieces++;
        assert_audit();
    }
    assert_true(pieces > TABLES);
    assert_all_back();
}

/* The operation that the guest was in when it was ended; `k` is the question at which it was
 * stopped. */
static void pin_until(u64 k)
{
    const struct space space = guest_space(&guest);
    for (u32 i = 1; i < TABLES; i++) {
        machine_words(space.l2)[i] = LINK(space.l1);
        machine_words(space.l3)[i] = LINK(space.l2);
        machine_words(space.l4)[i] = LINK(space.l3);
    }
    machine_stop_at(k);
    vmmu_pin(&guest.vcpu[0], &guest.domain, space.l4, 4);
}

static void unpin_until(u64 k)
{
    const struct space space = guest_space(&guest);
    for (u32 i = 1; i < TABLES; i++) {
        const mfn_t l1 = guest_page(&guest), l2 = guest_page(&guest);
        machine_words(space.l2)[i] = LINK(l1);
        machine_words(space.l3)[i] = LINK(l2);
    }
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, space.l4, 4));
    machine_stop_at(k);
    vmmu_unpin(&guest.vcpu[0], &guest.domain, space.l4);
}

static void fail_until(u64 k)
{
    const struct space space = guest_space(&guest);
    for (u32 i = 1; i < TABLES; i++) {
        const mfn_t l1 = guest_page(&guest);
        machine_words(space.l2)[i] = LINK(l1);
    }
    machine_words(space.l2)[511] = ~0ull;
    machine_stop_at(k);
    while (vmmu_set_kernel_root(&guest.vcpu[0], space.l4) == VMMU_AGAIN) {
        machine.stop_at = machine.asks + k;
    }
}

static void leave_root(u64 k)
{
    const struct space space = guest_space(&guest);
    machine_words(space.l3)[1] = LINK(guest_page(&guest));
    machine_words(space.l3)[2] = LINK(guest_page(&guest));
    guest_run(&guest, 0, space.l4);
    assert_done(vmmu_set_kernel_root(&guest.vcpu[0], guest_page(&guest)));
    machine_stop_at(k);
    if (k > 1) {
        cpu_load_root(0, guest.vcpu[0].kernel_root);
        vmmu_finish(&guest.vcpu[0]);
    }
}

static void killed_in_the_middle(void (*act)(u64 k))
{
    for (u64 k = 1; k < 16; k++) {
        for (u64 each = 0; each < 3; each++) {
            machine.stop_each = 0;
            guest_restart(&guest);
            act(k);
            machine.stop_at = 0;
            machine.stop_each = each;
            assert_audit();
            guest_end(&guest);
            assert_all_back();
        }
    }
}

static void killed_while_pinning(void **state)
{
    (void)state;
    killed_in_the_middle(pin_until);
}

static void killed_while_unpinning(void **state)
{
    (void)state;
    killed_in_the_middle(unpin_until);
}

static void killed_while_a_promotion_is_unwound(void **state)
{
    (void)state;
    killed_in_the_middle(fail_until);
}

static void killed_between_two_roots(void **state)
{
    (void)state;
    killed_in_the_middle(leave_root);
}

static void held_and_foreign_frames_follow_later(void **state)
{
    const struct space space = guest_running_space(&other);
    const mfn_t held = guest_page(&guest), mapped = guest_page(&guest);
    const mfn_t shared = machine_allocate();
    (void)state;
    vmmu_share(&guest.domain, shared, true);
    assert_done(guest_hold(&guest, held));
    assert_done(vmmu_update(&other.vcpu[0], &other.domain, &guest.domain, machine_at(space.l1, 5),
                            RW(mapped), VMMU_UPDATE_NORMAL));
    assert_true(cpu_store(0, guest_address(5), 1));
    assert_int_equal(guest_end(&guest), 0);
    assert_int_equal(guest.domain.frames, 2);
    assert_audit();
    guest_unhold(held);
    assert_int_equal(guest.domain.frames, 1);
    assert_done(guest_set(&other, space.l1, 5, 0));
    assert_int_equal(guest.domain.frames, 0);
    assert_false(cpu_store(0, guest_address(5), 1));
    assert_false(look(mapped).owned);
    vmmu_unshare(shared);
    assert_false(look(shared).owned);
}

static void released_pinned_and_partial_frames_are_found(void **state)
{
    const struct space space = guest_space(&guest);
    (void)state;
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, space.l4, 4));
    const mfn_t all[] = {space.l4, space.l3, space.l2, space.l1};
    for (u32 i = 0; i < ARRAY_LENGTH(all); i++) {
        assert_done(vmmu_take(&guest.domain, all[i]));
    }
    assert_int_equal(machine.freed, 0);
    guest_end(&guest);
    assert_int_equal(machine.freed, 4);
}

static enum vmmu_result stopped;

/* The teardown runs from its beginning to its result while the table is exclusive. */
static void stop_the_domain(void)
{
    machine.on_ask = NULL;
    machine.stop_each = 0;
    stopped = vmmu_domain_stop(&guest.domain);
    machine.stop_each = 1;
}

/* The guest's vCPU continues its deferred release while the table is exclusive. */
static void finish_the_release(void)
{
    machine.on_ask = NULL;
    stopped = vmmu_finish(&guest.vcpu[0]);
}

/* The other guest maps a partial table of the dying one, so its CPU demotes the table; it is
 * interrupted, and leaves the table partial for the second time. */
static void a_table_that_another_cpu_demotes_is_waited_for(void **state)
{
    const struct space space = guest_space(&guest), theirs = guest_running_space(&other);
    (void)state;
    for (u32 i = 1; i < TABLES; i++) {
        machine_words(space.l2)[i] = LINK(guest_page(&guest));
    }
    machine.stop_each = 1;
    assert_result(VMMU_AGAIN, vmmu_pin(&guest.vcpu[0], &guest.domain, space.l2, 2));
    assert_result(VMMU_AGAIN, vmmu_pin(&guest.vcpu[0], &guest.domain, space.l2, 2));
    assert_true(look(space.l2).partial);
    machine.on_ask = stop_the_domain;
    assert_result(VMMU_AGAIN,
                  vmmu_update(&other.vcpu[0], &other.domain, &guest.domain,
                              machine_at(theirs.l1, 5), RW(space.l2), VMMU_UPDATE_NORMAL));
    assert_null(machine.on_ask);
    assert_result(VMMU_AGAIN, stopped);
    machine.stop_each = 0;
    guest_end(&guest);
    assert_all_back();
}

/* An L3 table `above` with one L2 table `below`, which has a smaller number: the teardown comes to
 * it first. */
static void two_tables(mfn_t *above, mfn_t *below)
{
    const mfn_t a = guest_page(&guest), b = guest_page(&guest);
    *above = a.n > b.n ? a : b;
    *below = a.n > b.n ? b : a;
    machine_words(*above)[0] = LINK(*below);
    for (u32 i = 0; i < TABLES; i++) {
        machine_words(*below)[i] = LINK(guest_page(&guest));
    }
}

/* The teardown has gone by the lower table, whose demotion it has begun as part of the upper one's,
 * when the other guest's CPU takes that over, and leaves the table partial again. The teardown
 * comes back for it. */
static void a_lower_table_that_another_cpu_demotes_is_waited_for(void **state)
{
    const struct space theirs = guest_running_space(&other);
    mfn_t above, below;
    (void)state;
    two_tables(&above, &below);
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, above, 3));
    machine.stop_each = 1;
    while (!look(below).partial) {
        assert_result(VMMU_AGAIN, vmmu_domain_stop(&guest.domain));
    }
    machine.on_ask = stop_the_domain;
    assert_result(VMMU_AGAIN, vmmu_update(&other.vcpu[0], &other.domain, &guest.domain,
                                          machine_at(theirs.l1, 5), RW(below), VMMU_UPDATE_NORMAL));
    assert_null(machine.on_ask);
    assert_result(VMMU_AGAIN, stopped);
    machine.stop_each = 0;
    guest_end(&guest);
    assert_all_back();
}

/* The same with a table that is a vCPU's deferred release. */
static void a_deferred_table_that_another_cpu_demotes_is_waited_for(void **state)
{
    const struct space theirs = guest_running_space(&other);
    mfn_t above, below;
    (void)state;
    two_tables(&above, &below);
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, below, 2));
    machine.stop_each = 1;
    assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, below));
    assert_true(look(below).partial);
    machine.on_ask = finish_the_release;
    assert_result(VMMU_AGAIN, vmmu_update(&other.vcpu[0], &other.domain, &guest.domain,
                                          machine_at(theirs.l1, 5), RW(below), VMMU_UPDATE_NORMAL));
    assert_null(machine.on_ask);
    assert_result(VMMU_AGAIN, stopped);
    machine.stop_each = 0;
    assert_done(vmmu_finish(&guest.vcpu[0]));
    assert_false(look(below).partial);
}

/* Two partial tables, each of which is to drop an entry that leads to the other one: the lower one
 * an entry that was refused, since the other is no L1 table. Neither waits for the other. */
static void tables_that_lead_to_each_other_end(void **state)
{
    struct vmmu_vcpu *const foreign = &other.vcpu[0];
    enum vmmu_result result = VMMU_AGAIN;
    mfn_t above, below;
    u32 tries = 0;
    (void)state;
    guest_running_space(&other);
    two_tables(&above, &below);
    machine_words(below)[TABLES] = LINK(above);
    machine.stop_each = 1;
    while (!look(below).partial && tries++ < 100) {
        assert_result(VMMU_AGAIN, vmmu_pin(foreign, &guest.domain, above, 3));
    }
    for (tries = 0; result == VMMU_AGAIN && tries < 100; tries++) {
        assert_result(VMMU_AGAIN, vmmu_pin(&guest.vcpu[0], &guest.domain, below, 2));
        result = vmmu_pin(foreign, &guest.domain, above, 3);
    }
    assert_refused(WRONG_TYPE, result);
    assert_true(look(below).partial);
    assert_true(look(above).partial);
    assert_done(vmmu_vcpu_stop(&guest.vcpu[0]));
    for (tries = 0; tries < 1000 && vmmu_domain_stop(&guest.domain) == VMMU_AGAIN; tries++) {
    }
    assert_true(tries < 1000);
    machine.stop_each = 0;
    assert_done(vmmu_finish(foreign));
    guest_end(&guest);
    assert_all_back();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_TEST(a_busy_domain_gives_everything_back),
        SMALL_TEST(in_pieces_of_any_size),
        SMALL_TEST(killed_while_pinning),
        SMALL_TEST(killed_while_unpinning),
        SMALL_TEST(killed_while_a_promotion_is_unwound),
        SMALL_TEST(killed_between_two_roots),
        SMALL_TEST(held_and_foreign_frames_follow_later),
        SMALL_TEST(released_pinned_and_partial_frames_are_found),
        SMALL_TEST(a_table_that_another_cpu_demotes_is_waited_for),
        SMALL_TEST(a_lower_table_that_another_cpu_demotes_is_waited_for),
        SMALL_TEST(a_deferred_table_that_another_cpu_demotes_is_waited_for),
        SMALL_TEST(tables_that_lead_to_each_other_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
