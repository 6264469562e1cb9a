/* SPDX-License-Identifier: MIT */
/* Proves: a vCPU's roots are held for as long as a CPU may use them, the old kernel root until
 * after the new one is loaded; a refused root changes nothing. */
#include "tests/machine/guest.h"

static void a_root_is_promoted_and_held(void **state)
{
    const struct space a = guest_space(&guest), b = guest_space(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;

    guest_run(&guest, 0, a.l4);
    assert_int_equal(look(a.l4).type, VMMU_TYPE_L4);
    assert_int_equal(look(a.l4).type_count, 1);

    assert_done(vmmu_set_kernel_root(vcpu, b.l4));
    assert_int_equal(vcpu->kernel_root.n, b.l4.n);
    assert_int_equal(look(a.l4).type_count, 1); /* the CPU still runs on it */
    assert_audit();
    cpu_load_root(0, b.l4);
    assert_done(vmmu_finish(vcpu));
    assert_int_equal(look(a.l4).type_count, 0);
    assert_int_equal(look(a.l4).references, 1);
    assert_int_equal(guest_counters(&guest).root_switches, 2);
}

static void a_quick_root_is_held_and_the_old_one_deferred(void **state)
{
    const struct space a = guest_space(&guest), b = guest_space(&guest), c = guest_space(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;

    guest_run(&guest, 0, a.l4);
    assert_done(vmmu_pin(vcpu, &guest.domain, b.l4, 4));
    assert_true(vmmu_set_root_quick(vcpu, b.l4, true));
    assert_int_equal(vcpu->kernel_root.n, b.l4.n);
    assert_int_equal(look(b.l4).type_count, 2);
    assert_int_equal(look(b.l4).references, 3);
    assert_int_equal(look(a.l4).type_count, 1); /* the CPU still runs on it */
    assert_audit();
    assert_false(vmmu_set_root_quick(vcpu, a.l4, true)); /* one deferred release at a time */
    cpu_load_root(0, b.l4);
    assert_false(vmmu_finish_quick(vcpu)); /* the last use: the table is to be demoted */
    assert_audit();
    assert_done(vmmu_finish(vcpu));
    assert_int_equal(look(a.l4).references, 1);

    /* With another use of the old root, its release is quick, too; also that of a user root. */
    assert_done(vmmu_pin(vcpu, &guest.domain, c.l4, 4));
    assert_true(vmmu_set_root_quick(vcpu, c.l4, true));
    cpu_load_root(0, c.l4);
    assert_true(vmmu_finish_quick(vcpu));
    assert_true(mfn_is_none(vcpu->deferred.frame));
    assert_int_equal(look(b.l4).type_count, 1);
    assert_int_equal(look(b.l4).references, 2);
    assert_done(vmmu_set_user_root(vcpu, b.l4));
    assert_true(vmmu_set_root_quick(vcpu, c.l4, false));
    assert_true(vmmu_finish_quick(vcpu));
    assert_int_equal(look(b.l4).type_count, 1);
    assert_int_equal(look(c.l4).type_count, 3);
    assert_int_equal(guest_counters(&guest).root_switches, 3);
}

static void a_quick_root_is_a_live_table_of_the_domain(void **state)
{
    const struct space a = guest_running_space(&guest), b = guest_space(&guest);
    const struct space foreign = guest_running_space(&other);
    const mfn_t page = guest_page(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;

    machine_run_on(0);
    const u64 references = look(a.l4).references;
    const mfn_t no_roots[] = {a.l4, b.l4, a.l3, page, foreign.l4, mfn(machine.frames), MFN_NONE};
    for (u32 i = 0; i < ARRAY_LENGTH(no_roots); i++) {
        assert_false(vmmu_set_root_quick(vcpu, no_roots[i], true));
        /* The kernel root can be the user root, too, and then there is none again. */
        const bool good = i == 0 || mfn_is_none(no_roots[i]);
        assert_int_equal(vmmu_set_root_quick(vcpu, no_roots[i], false), good);
        assert_true(vmmu_finish_quick(vcpu));
    }
    assert_true(mfn_is_none(vcpu->user_root));
    assert_int_equal(look(a.l4).references, references);
    assert_int_equal(look(b.l4).references, 1);
    assert_int_equal(look(page).references, 1);
    assert_int_equal(vcpu->kernel_root.n, a.l4.n);
    assert_done(vmmu_pin(vcpu, &guest.domain, b.l4, 4));
    assert_done(vmmu_set_ldt(vcpu, guest_address(3), 8)); /* a switch drops the pages of an LDT */
    assert_false(vmmu_set_root_quick(vcpu, b.l4, true));
    assert_done(vmmu_set_ldt(vcpu, vaddr(0), 0));
    assert_true(vmmu_set_root_quick(vcpu, b.l4, true));
    cpu_load_root(0, b.l4);
    assert_true(vmmu_finish_quick(vcpu));
}

static void an_old_root_outlives_its_release(void **state)
{
    const struct space a = guest_space(&guest), b = guest_space(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;
    guest_run(&guest, 0, a.l4);
    assert_done(vmmu_take(&guest.domain, a.l4));
    assert_done(vmmu_set_kernel_root(vcpu, b.l4));
    assert_int_equal(machine.freed, 0);
    cpu_load_root(0, b.l4);
    assert_done(vmmu_finish(vcpu));
    assert_int_equal(machine.freed, 1);
}

static void a_refused_root_leaves_the_old_one(void **state)
{
    const struct space a = guest_running_space(&guest), b = guest_space(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;
    machine_words(b.l1)[511] = RW(a.l1);
    assert_refused(WRITABLE_TABLE, vmmu_set_kernel_root(vcpu, b.l4));
    assert_refused(WRITABLE_TABLE, vmmu_set_user_root(vcpu, b.l4));
    assert_refused(WRONG_TYPE, vmmu_set_kernel_root(vcpu, a.l3));
    assert_refused(BAD_FRAME, vmmu_set_kernel_root(vcpu, MFN_NONE));
    assert_refused(BAD_FRAME, vmmu_set_kernel_root(vcpu, mfn(machine.frames)));
    assert_refused(NOT_OWNER, vmmu_set_kernel_root(vcpu, guest_page(&other)));
    assert_int_equal(vcpu->kernel_root.n, a.l4.n);
    assert_true(mfn_is_none(vcpu->user_root));
}

static void a_user_root_comes_and_goes(void **state)
{
    const struct space a = guest_running_space(&guest);
    const struct space user = guest_space(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;
    assert_done(vmmu_set_user_root(vcpu, user.l4));
    assert_int_equal(look(user.l4).type_count, 1);
    assert_done(vmmu_set_user_root(vcpu, user.l4));
    assert_int_equal(look(user.l4).type_count, 1);
    /* The same frame may be both. */
    assert_done(vmmu_set_user_root(vcpu, a.l4));
    assert_int_equal(look(a.l4).type_count, 3);
    assert_int_equal(look(user.l4).type_count, 0);
    assert_done(vmmu_set_user_root(vcpu, MFN_NONE));
    assert_true(mfn_is_none(vcpu->user_root));
    assert_int_equal(look(a.l4).type_count, 2);
}

static void the_same_root_again_costs_nothing(void **state)
{
    const struct space a = guest_running_space(&guest);
    (void)state;
    assert_done(vmmu_set_kernel_root(&guest.vcpu[0], a.l4));
    assert_true(mfn_is_none(guest.vcpu[0].deferred.frame));
    assert_int_equal(look(a.l4).type_count, 2); /* the pin and the root */
    /* A vCPU without a root has the same root, too. */
    assert_done(vmmu_set_kernel_root(&guest.vcpu[2], MFN_NONE));
    assert_true(mfn_is_none(guest.vcpu[2].kernel_root));
}

static void a_loaded_root_cannot_be_unhooked(void **state)
{
    const struct space a = guest_running_space(&guest);
    (void)state;
    assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, a.l4));
    assert_true(look(a.l4).validated);
    assert_refused(WRITABLE_TABLE, guest_set(&guest, a.l1, 0, RW(a.l4)));
}

static void several_vcpus_share_a_root(void **state)
{
    const struct space a = guest_running_space(&guest);
    (void)state;
    guest_run(&guest, 1, a.l4);
    guest_run(&guest, 2, a.l4);
    assert_int_equal(look(a.l4).type_count, 4);
    cpu_load_root(1, MFN_NONE);
    assert_done(vmmu_vcpu_stop(&guest.vcpu[1]));
    assert_int_equal(look(a.l4).type_count, 3);
    assert_done(vmmu_vcpu_stop(&guest.vcpu[1]));
    assert_int_equal(look(a.l4).type_count, 3);
}

/* What slot 256, that of the M2P, of an L4 table has. */
static u64 m2p_slot(mfn_t m)
{
    return machine_words(m)[VMMU_M2P_SLOT];
}

static void the_m2p_is_shown_where_a_kernel_runs(void **state)
{
    const struct space a = guest_running_space(&guest);
    const struct space user = guest_space(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;
    assert_int_equal(m2p_slot(a.l4), machine_hypervisor_slot(0));
    machine_words(user.l4)[VMMU_M2P_SLOT] = RW(user.l1);
    assert_done(vmmu_set_user_root(vcpu, user.l4));
    assert_int_equal(m2p_slot(user.l4), 0);
    assert_audit();
    /* A table that is both shows it, from when the kernel uses it. */
    assert_done(vmmu_set_kernel_root(vcpu, user.l4));
    cpu_load_root(0, user.l4);
    assert_int_equal(m2p_slot(user.l4), machine_hypervisor_slot(0));
    assert_done(vmmu_set_user_root(vcpu, a.l4));
    assert_done(vmmu_set_user_root(vcpu, user.l4));
    assert_int_equal(m2p_slot(user.l4), machine_hypervisor_slot(0));
}

static void the_m2p_is_hidden_where_user_mode_runs(void **state)
{
    const struct space a = guest_running_space(&guest);
    const struct space user = guest_space(&guest), fresh = guest_space(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;
    assert_done(vmmu_set_user_root(vcpu, a.l4));
    atomic_store(&guest.domain.hides_m2p, true);
    /* The mode takes effect with the next use, also of the same root. */
    assert_int_equal(m2p_slot(a.l4), machine_hypervisor_slot(0));
    assert_done(vmmu_set_user_root(vcpu, a.l4));
    assert_int_equal(m2p_slot(a.l4), 0);
    assert_int_equal(look(a.l4).type_count, 3);
    /* A new table shows it until user mode uses it, and then no longer. */
    assert_done(vmmu_set_kernel_root(vcpu, user.l4));
    cpu_load_root(0, user.l4);
    assert_int_equal(m2p_slot(user.l4), machine_hypervisor_slot(0));
    assert_done(vmmu_set_user_root(vcpu, user.l4));
    assert_int_equal(m2p_slot(user.l4), 0);
    assert_done(vmmu_set_kernel_root(vcpu, user.l4));
    assert_int_equal(m2p_slot(user.l4), 0);
    assert_audit();
    /* Back to the other mode: a kernel that uses the table has it again. */
    atomic_store(&guest.domain.hides_m2p, false);
    assert_done(vmmu_set_kernel_root(vcpu, user.l4));
    assert_int_equal(m2p_slot(user.l4), machine_hypervisor_slot(0));
    assert_done(vmmu_set_user_root(vcpu, fresh.l4));
    assert_int_equal(m2p_slot(fresh.l4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(a_root_is_promoted_and_held),
        GUEST_TEST(a_quick_root_is_held_and_the_old_one_deferred),
        GUEST_TEST(a_quick_root_is_a_live_table_of_the_domain),
        GUEST_TEST(an_old_root_outlives_its_release),
        GUEST_TEST(a_refused_root_leaves_the_old_one),
        GUEST_TEST(a_user_root_comes_and_goes),
        GUEST_TEST(the_same_root_again_costs_nothing),
        GUEST_TEST(a_loaded_root_cannot_be_unhooked),
        GUEST_TEST(several_vcpus_share_a_root),
        GUEST_TEST(the_m2p_is_shown_where_a_kernel_runs),
        GUEST_TEST(the_m2p_is_hidden_where_user_mode_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
