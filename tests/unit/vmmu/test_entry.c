/* SPDX-License-Identifier: MIT */
/* Proves which bits an entry of each level may have and which frames it may point at, by mmu_update
 * and by a table that is filled before its promotion; that entries are installed for ring 3 and not
 * global; and that the fast path, which changes bits that need no check, lets no other change
 * through. */
#include "tests/machine/guest.h"

/* A running space, with a target frame for an entry of each level. */
struct levels {
    struct space space;
    mfn_t table[5], target[5];
};

static struct levels levels_setup(void)
{
    struct levels l = {.space = guest_running_space(&guest)};
    l.table[1] = l.space.l1;
    l.table[2] = l.space.l2;
    l.table[3] = l.space.l3;
    l.table[4] = l.space.l4;
    for (u32 level = 1; level <= 4; level++) {
        l.target[level] = guest_page(&guest);
        if (level > 1) {
            assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, l.target[level], level - 1));
        }
    }
    return l;
}

/* The rule that refuses an otherwise allowed entry of `level` with this one bit set in addition. */
static enum vmmu_result rule_of_bit(u32 level, u32 bit)
{
    const u64 value = 1ull << bit;
    if (value & (PTE_PWT | PTE_PCD)) {
        return VMMU_REFUSED_CACHE_BITS;
    }
    if (value & PTE_LARGE) {
        return level == 1 ? VMMU_REFUSED_CACHE_BITS : VMMU_REFUSED_SUPERPAGE;
    }
    if ((value & PTE_GLOBAL) && level > 1) {
        return VMMU_REFUSED_GLOBAL_TABLE;
    }
    if ((value & PTE_ADDRESS) && bit >= 24) {
        /* The machine has 4096 frames. */
        return level == 1 ? VMMU_REFUSED_NO_MEMORY : VMMU_REFUSED_BAD_FRAME;
    }
    return VMMU_DONE;
}

static void every_single_bit_at_every_level(void **state)
{
    const struct levels l = levels_setup();
    (void)state;
    for (u32 level = 1; level <= 4; level++) {
        for (u32 bit = 0; bit < 64; bit++) {
            const u64 good = RO(l.target[level]);
            if ((1ull << bit & PTE_ADDRESS) && bit < 24) {
                /* The bit makes it another existing frame's entry, which other tests cover. */
                continue;
            }
            const enum vmmu_result expected = rule_of_bit(level, bit);
            const u64 entry = good | 1ull << bit;
            assert_result(expected, guest_set(&guest, l.table[level], 9, entry));
            const u64 installed = machine_words(l.table[level])[9];
            if (expected == VMMU_DONE) {
                assert_int_equal(installed, (entry | PTE_USER) & ~PTE_GLOBAL);
                assert_done(guest_set(&guest, l.table[level], 9, 0));
            } else {
                assert_int_equal(installed, 0);
                assert_int_equal(guest.domain.last_word, entry);
                /* These bits are refused on top of a live entry too: the fast path does not take
                 * them. */
                assert_done(guest_set(&guest, l.table[level], 9, good));
                assert_result(expected, guest_set(&guest, l.table[level], 9, entry));
                assert_int_equal(machine_words(l.table[level])[9], good);
                assert_done(guest_set(&guest, l.table[level], 9, 0));
            }
        }
        assert_audit();
    }
}

static void a_prepared_table_gets_the_same_rules(void **state)
{
    const struct levels l = levels_setup();
    (void)state;
    for (u32 level = 1; level <= 4; level++) {
        for (u32 bit = 0; bit < 64; bit++) {
            if ((1ull << bit & PTE_ADDRESS) && bit < 24) {
                continue;
            }
            const mfn_t table = guest_page(&guest);
            const u64 entry = RO(l.target[level]) | 1ull << bit;
            const enum vmmu_result expected = rule_of_bit(level, bit);
            machine_words(table)[9] = entry;
            assert_result(expected, vmmu_pin(&guest.vcpu[0], &guest.domain, table, level));
            assert_int_equal(machine_words(table)[9],
                             expected == VMMU_DONE ? (entry | PTE_USER) & ~PTE_GLOBAL : entry);
        }
        assert_audit();
    }
}

static void a_kernel_entry_is_installed_for_ring_3(void **state)
{
    const struct levels l = levels_setup();
    (void)state;
    for (u32 level = 1; level <= 4; level++) {
        assert_done(guest_set(&guest, l.table[level], 9, RW(l.target[level]) & ~PTE_USER));
        assert_int_equal(machine_words(l.table[level])[9], RW(l.target[level]));
    }
}

static void upper_entries_need_a_table_of_the_level_below(void **state)
{
    const struct levels l = levels_setup();
    const mfn_t page = guest_page(&guest), foreign = guest_page(&other);
    (void)state;
    assert_done(guest_hold(&guest, page)); /* the page has a writable type reference */
    for (u32 level = 2; level <= 4; level++) {
        assert_refused(LINEAR_ENTRY, guest_set(&guest, l.table[level], 9, RO(l.table[level])));
        assert_refused(WRONG_TYPE, guest_set(&guest, l.table[level], 9, RO(page)));
        assert_refused(NOT_OWNER, guest_set(&guest, l.table[level], 9, RO(foreign)));
        assert_refused(NOT_OWNER, guest_set(&guest, l.table[level], 9, RO(mfn(1))));
        assert_refused(FOREIGN_TABLE,
                       vmmu_update(&guest.vcpu[0], &guest.domain, &other.domain,
                                   machine_at(l.table[level], 9), RO(foreign), VMMU_UPDATE_NORMAL));
        /* A page without a type becomes a table of the level that the entry needs. */
        const mfn_t fresh = guest_page(&guest);
        assert_done(guest_set(&guest, l.table[level], 9, LINK(fresh)));
        assert_int_equal(look(fresh).type, level - 1);
        assert_done(guest_set(&guest, l.table[level], 9, 0));
        assert_int_equal(look(fresh).type_count, 0);
    }
    assert_refused(WRONG_TYPE, guest_set(&guest, l.space.l4, 9, RO(l.space.l1)));
    assert_refused(WRONG_TYPE, guest_set(&guest, l.space.l2, 9, RO(l.space.l4)));
}

static void no_writable_entry_shows_a_table(void **state)
{
    const struct levels l = levels_setup();
    (void)state;
    for (u32 level = 1; level <= 4; level++) {
        assert_done(guest_set(&guest, l.space.l1, 20, RO(l.table[level])));
        assert_refused(WRITABLE_TABLE, guest_set(&guest, l.space.l1, 20, RW(l.table[level])));
        assert_refused(WRITABLE_TABLE, guest_set(&guest, l.space.l1, 21, RW(l.table[level])));
        assert_int_equal(vmmu_result_errno(VMMU_REFUSED_WRITABLE_TABLE), -16);
    }
}

static void a_superpage_cannot_be_slipped_in(void **state)
{
    /* XSA-148, XSA-182: an update of a live entry adds the superpage bit or the right to write. */
    const struct levels l = levels_setup();
    (void)state;
    assert_refused(SUPERPAGE, guest_set(&guest, l.space.l2, 0, LINK(l.space.l1) | PTE_LARGE));
    assert_refused(SUPERPAGE, guest_set(&guest, l.space.l3, 0, LINK(l.space.l2) | PTE_LARGE));
    assert_refused(SUPERPAGE, guest_set(&guest, l.space.l4, 0, LINK(l.space.l3) | PTE_LARGE));
    assert_int_equal(machine_words(l.space.l2)[0], LINK(l.space.l1));
}

static void hypervisor_slots_cannot_be_updated(void **state)
{
    const struct space space = guest_running_space(&guest);
    (void)state;
    for (u32 i = VMMU_GUEST_HOLE_FIRST; i <= VMMU_GUEST_HOLE_LAST; i++) {
        const u64 before = machine_words(space.l4)[i];
        assert_refused(HYPERVISOR_SLOT, guest_set(&guest, space.l4, i, LINK(space.l3)));
        assert_refused(HYPERVISOR_SLOT, guest_set(&guest, space.l4, i, 0));
        assert_refused(HYPERVISOR_SLOT, guest_set(&guest, space.l4, i, before ^ PTE_NX));
        assert_int_equal(machine_words(space.l4)[i], before);
    }
    /* Tables of other levels have no slots that belong to the hypervisor. */
    assert_done(guest_set(&guest, space.l1, VMMU_GUEST_HOLE_FIRST, RW(guest_page(&guest))));
}

static void entries_that_are_not_present_are_free(void **state)
{
    const struct levels l = levels_setup();
    (void)state;
    for (u32 level = 1; level <= 4; level++) {
        assert_done(guest_set(&guest, l.table[level], 9, ~1ull));
        assert_int_equal(machine_words(l.table[level])[9], ~1ull);
        assert_done(guest_set(&guest, l.table[level], 9, RO(mfn(1)) & ~PTE_PRESENT));
        assert_done(guest_set(&guest, l.table[level], 9, 0));
    }
}

static void but_not_where_the_processor_reads_through_them(void **state)
{
    const struct levels l = levels_setup();
    const u64 beyond = machine.frames << PAGE_SHIFT;
    (void)state;
    for (u32 level = 1; level <= 4; level++) {
        const mfn_t prepared = guest_page(&guest);
        assert_done(guest_set(&guest, l.table[level], 9, 0));
        assert_done(guest_set(&guest, l.table[level], 9, PTE_NX | PTE_WRITABLE));
        assert_done(guest_set(&guest, l.table[level], 9, beyond));
        assert_refused(UNSAFE_NOT_PRESENT,
                       guest_set(&guest, l.table[level], 9, RO(mfn(1)) & ~PTE_PRESENT));
        assert_result(level == 1 ? VMMU_DONE : VMMU_REFUSED_UNSAFE_NOT_PRESENT,
                      guest_set(&guest, l.table[level], 9, beyond | PTE_LARGE));
        machine_words(prepared)[300] = RO(mfn(1)) & ~PTE_PRESENT;
        assert_refused(UNSAFE_NOT_PRESENT,
                       vmmu_pin(&guest.vcpu[0], &guest.domain, prepared, level));
        assert_int_equal(look(prepared).type_count, 0);
        assert_audit();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(every_single_bit_at_every_level),
        GUEST_TEST(a_prepared_table_gets_the_same_rules),
        GUEST_TEST(a_kernel_entry_is_installed_for_ring_3),
        GUEST_TEST(upper_entries_need_a_table_of_the_level_below),
        GUEST_TEST(no_writable_entry_shows_a_table),
        GUEST_TEST(a_superpage_cannot_be_slipped_in),
        GUEST_TEST(hypervisor_slots_cannot_be_updated),
        GUEST_TEST(entries_that_are_not_present_are_free),
        cmocka_unit_test_setup_teardown(but_not_where_the_processor_reads_through_them,
                                        guest_setup_l1tf, guest_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
