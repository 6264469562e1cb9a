/* SPDX-License-Identifier: MIT */
/* Proves, on CPUs that keep translations over loads of roots: each change that lessens an entry, by
 * every operation that there is, drops them at the next load, and a change by which an entry only
 * gains does not; a frame that changes its type or owner is reached by no context, whichever root
 * is loaded (XSA-292, 294); a CPU that left a domain has kept nothing of it. */
#include "tests/machine/guest.h"

#include "vmmu/lessened.h"

#define NX_RW(frame) (RW(frame) | PTE_NX)

static struct space first;
static mfn_t second; /* another root, which shows what the first one shows */
static mfn_t page;

static int setup(void **state)
{
    guest_setup(state);
    machine.pcid = true;
    first = guest_running_space(&guest);
    second = guest_page(&guest);
    machine_words(second)[0] = LINK(first.l3);
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, second, 4));
    page = guest_page(&guest);
    return 0;
}

#define KEPT_TEST(function) cmocka_unit_test_setup_teardown(function, setup, guest_teardown)

/* Maps the page by `entry` at address 5, uses it by both roots, and ends on the second one. */
static void use_by_both(u64 entry)
{
    u64 value;
    assert_done(guest_set(&guest, first.l1, 5, entry));
    cpu_flush(0);
    for (u32 i = 0; i < 2; i++) {
        cpu_load_root(0, i ? second : first.l4);
        if (!cpu_store(0, guest_address(5), 1)) {
            assert_true(cpu_load(0, guest_address(5), &value));
        }
        assert_int_equal(cpu_kept(0), 1);
    }
}

/* How many translations are kept when the first root is loaded again. */
static u32 kept_by_load(void)
{
    cpu_load_root(0, first.l4);
    return cpu_kept(0);
}

static void loads_keep(void **state)
{
    (void)state;
    use_by_both(RW(page));
    assert_int_equal(kept_by_load(), 1);
    cpu_load_root(0, second);
    assert_int_equal(cpu_kept(0), 1);
}

static void what_an_entry_loses_is_dropped(void **state)
{
    const mfn_t another = guest_page(&guest);
    const u64 live = RW(page) | PTE_ACCESSED | PTE_DIRTY;
    const u64 lessened[] = {
        0,
        RW(another) | PTE_ACCESSED | PTE_DIRTY,
        RO(page) | PTE_ACCESSED | PTE_DIRTY,
        live | PTE_NX,
        live & ~PTE_ACCESSED,
        live & ~PTE_DIRTY,
        live & ~PTE_PRESENT,
    };
    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(lessened); i++) {
        use_by_both(RW(page));
        assert_done(guest_set(&guest, first.l1, 5, lessened[i]));
        assert_int_equal(kept_by_load(), 0);
        cpu_load_root(0, second);
        assert_int_equal(cpu_kept(0), 0);
    }
}

static void other_rights_are_dropped(void **state)
{
    /* Also more rights: the guest may not fault by a translation from before the load. */
    const u64 before[] = {RO(page) | PTE_ACCESSED, NX_RW(page) | PTE_ACCESSED | PTE_DIRTY};
    const u64 after[] = {RW(page) | PTE_ACCESSED | PTE_DIRTY, RW(page) | PTE_ACCESSED | PTE_DIRTY};
    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(before); i++) {
        use_by_both(before[i]);
        assert_done(guest_set(&guest, first.l1, 5, after[i]));
        assert_int_equal(kept_by_load(), 0);
    }
}

static void what_an_entry_gains_is_not(void **state)
{
    const u64 gained[] = {
        RW(page) | PTE_ACCESSED | PTE_DIRTY,
        NX_RW(page) | PTE_ACCESSED | PTE_DIRTY | PTE_AVAILABLE,
        RO(page) | PTE_ACCESSED | PTE_DIRTY | PTE_AVAILABLE_HIGH,
    };
    const u64 before[] = {RW(page) | PTE_ACCESSED, NX_RW(page), RO(page) | PTE_ACCESSED};
    const mfn_t fresh = guest_page(&guest);
    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(gained); i++) {
        use_by_both(before[i]);
        assert_done(guest_set(&guest, first.l1, 5, gained[i]));
        assert_done(guest_set(&guest, first.l1, 6, RW(fresh)));
        assert_int_equal(kept_by_load(), 1);
        assert_done(guest_set(&guest, first.l1, 6, 0));
    }
}

static void frames_whose_numbers_include_each_other(void **state)
{
    /* No bit of the old frame's number is lost. */
    mfn_t low = guest_page(&guest), high = guest_page(&guest);
    (void)state;
    while ((low.n & ~high.n) || mfn_equal(low, high)) {
        high = guest_page(&guest);
    }
    use_by_both(RO(low) | PTE_ACCESSED | PTE_DIRTY);
    assert_done(guest_set(&guest, first.l1, 5, RO(high) | PTE_ACCESSED | PTE_DIRTY));
    assert_int_equal(kept_by_load(), 0);
}

static void by_every_operation(void **state)
{
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    const struct space kernel = guest_space(&guest);
    bool swapped;
    u64 done, old;
    (void)state;

    for (u32 i = 0; i < 2; i++) {
        assert_done(guest_set(&guest, i ? second : first.l4, 272, LINK(kernel.l3)));
    }
    assert_done(guest_set(&guest, kernel.l1, 0, RO(first.l1)));
    use_by_both(RW(page));
    assert_done(vmmu_update_va(vcpu, &guest.domain, guest_address(5), 0));
    assert_int_equal(kept_by_load(), 0);

    use_by_both(RW(page));
    const struct vmmu_request many[] = {{machine_at(first.l1, 7).a, RO(page)},
                                        {machine_at(first.l1, 5).a, RO(page)}};
    assert_done(vmmu_update_many(vcpu, &guest.domain, &guest.domain, many, 2, &done));
    assert_int_equal(kept_by_load(), 0);

    use_by_both(RW(page));
    const struct vmmu_request one = {machine_at(first.l1, 5).a, RO(page)};
    assert_true(vmmu_update_quick(vcpu, one));
    assert_int_equal(kept_by_load(), 0);

    use_by_both(RW(page));
    old = machine_words(first.l1)[5];
    assert_done(vmmu_emulated_write_at(vcpu, machine_at(first.l1, 5), 8, old, 0, &swapped));
    assert_true(swapped);
    assert_int_equal(kept_by_load(), 0);

    use_by_both(RW(page));
    assert_true(vmmu_emulated_change_at(vcpu, machine_at(first.l1, 5), ~PTE_WRITABLE, 0, &old));
    assert_int_equal(kept_by_load(), 0);

    for (u32 i = 0; i < 2; i++) {
        /* The kernel's own store, at an address that shows the table. */
        const vaddr_t at = vaddr(0xffff880000000000 + 5 * sizeof(u64));
        use_by_both(RW(page));
        assert_true(i ? vmmu_change_quick(vcpu, at, ~PTE_WRITABLE, 0, &old)
                      : vmmu_store_quick(vcpu, at, RO(page), &old));
        assert_int_equal(kept_by_load(), 0);
    }

    use_by_both(RW(page));
    assert_done(vmmu_unmap_at(vcpu, machine_at(first.l1, 5), page, true));
    assert_int_equal(kept_by_load(), 0);

    use_by_both(RW(page));
    assert_done(guest_set(&guest, first.l1, 6, RO(page)));
    assert_done(vmmu_replace_va(vcpu, guest_address(5), guest_address(6), page, true));
    assert_int_equal(kept_by_load(), 0);
}

static void at_every_level(void **state)
{
    const mfn_t table[] = {MFN_NONE, MFN_NONE, first.l2, first.l3, first.l4};
    const mfn_t next[] = {MFN_NONE, MFN_NONE, first.l1, first.l2, first.l3};
    (void)state;
    for (u32 level = 2; level <= 4; level++) {
        const u64 lessened[] = {LINK(next[level]) & ~PTE_WRITABLE, LINK(next[level]) | PTE_NX,
                                LINK(next[level]) & ~PTE_ACCESSED};
        for (u32 i = 0; i < ARRAY_LENGTH(lessened); i++) {
            use_by_both(RW(page));
            assert_done(guest_set(&guest, table[level], 0, lessened[i]));
            assert_int_equal(kept_by_load(), 0);
            assert_done(guest_set(&guest, table[level], 0, LINK(next[level])));
        }
    }
    /* Unlinked: what is below is demoted, but nothing has changed in it. */
    use_by_both(RW(page));
    assert_done(guest_set(&guest, first.l3, 0, 0));
    assert_int_equal(kept_by_load(), 0);
}

static void a_root_that_hides_the_m2p(void **state)
{
    (void)state;
    use_by_both(RW(page));
    assert_done(vmmu_set_kernel_root(&guest.vcpu[0], second)); /* shows the M2P */
    cpu_load_root(0, second);
    assert_done(vmmu_finish(&guest.vcpu[0]));
    const u64 generation = vmmu_generation(&guest.domain);
    atomic_store(&guest.domain.hides_m2p, true);
    assert_done(vmmu_set_user_root(&guest.vcpu[0], second));
    assert_int_not_equal(vmmu_generation(&guest.domain), generation);
}

static void a_root_that_is_promoted_again(void **state)
{
    /* From L4 table to L4 table nothing flushes; but the root shows the M2P no longer. */
    (void)state;
    use_by_both(RW(page));
    cpu_load_root(0, first.l4);
    assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, second));
    const u64 generation = vmmu_generation(&guest.domain);
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, second, 4));
    assert_int_not_equal(vmmu_generation(&guest.domain), generation);
    cpu_load_root(0, second);
    assert_int_equal(cpu_kept(0), 0);
}

static void xsa_292_a_frame_in_a_context_that_is_not_loaded(void **state)
{
    (void)state;
    for (u32 level = 1; level <= 4; level++) {
        use_by_both(RW(page)); /* a stale translation in each of the two contexts */
        assert_done(guest_set(&guest, first.l1, 5, 0));
        machine_words(page)[0] = 0;
        assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, page, level));
        assert_false(cpu_any_translates_to(page));
        assert_false(cpu_store(0, guest_address(5), RW(first.l4)));
        cpu_load_root(0, first.l4);
        assert_false(cpu_store(0, guest_address(5), RW(first.l4)));
        assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, page));
    }
    /* The fake machine's port_frames_free looks for translations in all contexts. */
    use_by_both(RW(page));
    assert_done(guest_set(&guest, first.l1, 5, 0));
    assert_done(vmmu_take(&guest.domain, page));
}

static void a_load_that_keeps_saves_no_flush(void **state)
{
    /* The CPU has loaded a root since the frame's last use, but not dropped everything. */
    (void)state;
    use_by_both(RW(page));
    assert_done(guest_set(&guest, first.l1, 5, 0));
    cpu_load_root(0, first.l4);
    machine_words(page)[0] = 0;
    const u64 flushes = machine.flushes;
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, page, 1));
    assert_int_equal(machine.flushes, flushes + 1);
}

static void xsa_294_a_root_that_is_another_one_now(void **state)
{
    /* The frame of a root is freed and becomes the root of another address space: its context has
     * nothing of the first one. */
    const mfn_t another = guest_page(&guest);
    (void)state;
    use_by_both(RW(page));
    cpu_load_root(0, first.l4);
    assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, second));
    const struct space fresh = guest_space(&guest);
    assert_done(vmmu_update(&guest.vcpu[0], &guest.domain, &guest.domain, machine_at(second, 0),
                            LINK(fresh.l3), VMMU_UPDATE_NORMAL));
    machine_words(fresh.l1)[5] = RW(another);
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, second, 4));
    cpu_load_root(0, second);
    assert_true(cpu_store(0, guest_address(5), 7));
    assert_int_equal(machine_words(another)[0], 7);
}

static void who_leaves_keeps_nothing(void **state)
{
    const mfn_t roots[] = {MFN_NONE, guest_space(&other).l4};
    (void)state;
    guest_run(&other, 1, roots[1]);
    for (u32 i = 0; i < ARRAY_LENGTH(roots); i++) {
        use_by_both(RW(page));
        cpu_load_root(0, roots[i]);
        assert_false(cpu_any_translates_to(page));
        assert_int_equal(kept_by_load(), 0);
    }
}

static void a_generation_comes_once(void **state)
{
    const u64 generation = vmmu_generation(&guest.domain);
    (void)state;
    assert_int_equal(vmmu_generation(&guest.domain), generation);
    lessened_mark(&guest.domain);
    lessened_mark(&guest.domain);
    const u64 next = vmmu_generation(&guest.domain);
    assert_true(next > generation);
    assert_int_equal(vmmu_generation(&guest.domain), next);
    assert_true(vmmu_generation(&other.domain) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEPT_TEST(loads_keep),
        KEPT_TEST(what_an_entry_loses_is_dropped),
        KEPT_TEST(other_rights_are_dropped),
        KEPT_TEST(what_an_entry_gains_is_not),
        KEPT_TEST(frames_whose_numbers_include_each_other),
        KEPT_TEST(by_every_operation),
        KEPT_TEST(at_every_level),
        KEPT_TEST(a_root_that_hides_the_m2p),
        KEPT_TEST(a_root_that_is_promoted_again),
        KEPT_TEST(xsa_292_a_frame_in_a_context_that_is_not_loaded),
        KEPT_TEST(a_load_that_keeps_saves_no_flush),
        KEPT_TEST(xsa_294_a_root_that_is_another_one_now),
        KEPT_TEST(who_leaves_keeps_nothing),
        KEPT_TEST(a_generation_comes_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
