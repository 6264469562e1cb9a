/* SPDX-License-Identifier: MIT */
/* Proves that a pin promotes a tree of tables and keeps it validated, that a refused pin changes
 * nothing, and that a table is pinned at most once, until it is unpinned. */
#include "tests/machine/guest.h"
#include "vmmu/frame.h"

static enum vmmu_result pin(mfn_t m, u32 level)
{
    return vmmu_pin(&guest.vcpu[0], &guest.domain, m, level);
}

static enum vmmu_result unpin(mfn_t m)
{
    return vmmu_unpin(&guest.vcpu[0], &guest.domain, m);
}

static void pinning_a_tree_types_all_of_it(void **state)
{
    const struct space space = guest_space(&guest);
    const mfn_t page = guest_page(&guest);
    machine_words(space.l1)[7] = RW(page);
    (void)state;

    assert_done(pin(space.l4, 4));

    assert_int_equal(look(space.l4).type, VMMU_TYPE_L4);
    assert_true(look(space.l4).pinned && look(space.l4).validated);
    assert_int_equal(look(space.l3).type, VMMU_TYPE_L3);
    assert_int_equal(look(space.l2).type, VMMU_TYPE_L2);
    assert_int_equal(look(space.l1).type, VMMU_TYPE_L1);
    assert_int_equal(look(space.l1).type_count, 1);
    assert_int_equal(look(page).type, VMMU_TYPE_WRITABLE);
    assert_int_equal(look(page).references, 2);
    assert_int_equal(guest.domain.counters.promotions, 4);
    assert_audit();

    assert_done(unpin(space.l4));
    assert_int_equal(look(space.l4).type_count, 0);
    assert_int_equal(look(space.l1).type_count, 0);
    assert_int_equal(look(page).type_count, 0);
    assert_int_equal(look(page).references, 1);
    assert_int_equal(guest.domain.counters.demotions, 4);
}

/* A demotion reads only the parts of a table that have had entries: those that it had when it was
 * promoted, and those that were written since, each by a way of its own. */
static void a_demotion_finds_the_entries_of_every_part(void **state)
{
    const struct space space = guest_space(&guest);
    const mfn_t page = guest_page(&guest), table = guest_page(&guest);
    (void)state;

    machine_words(space.l1)[7] = RO(page);
    assert_done(pin(space.l4, 4));
    for (u32 part = 1; part < ENTRIES / PART; part++) {
        const u32 index = part * PART + part;
        const struct vmmu_request request = {machine_at(space.l1, index).a, RW(page)};
        if (part % 3 == 0) {
            assert_true(vmmu_update_quick(&guest.vcpu[0], request));
        } else if (part % 3 == 1) {
            assert_done(guest_set(&guest, space.l1, index, RW(page)));
        } else {
            /* The slow path, because it was a table until now. */
            assert_done(pin(table, 1));
            assert_done(unpin(table));
            assert_done(guest_set(&guest, space.l1, index, RW(table)));
        }
        assert_audit();
        assert_done(guest_set(&guest, space.l1, index, RO(page)));
    }
    assert_done(guest_set(&guest, space.l2, ENTRIES - 1, LINK(table)));
    assert_done(guest_set(&guest, space.l4, 300, LINK(space.l3)));
    assert_audit();

    assert_done(unpin(space.l4));
    assert_int_equal(look(page).references, 1);
    assert_int_equal(look(table).references, 1);
    assert_int_equal(look(space.l3).references, 1);
    assert_audit();
}

static void each_level_can_be_pinned_by_itself(void **state)
{
    const struct space space = guest_space(&guest);
    const mfn_t tables[] = {space.l1, space.l2, space.l3, space.l4};
    (void)state;

    for (u32 level = 1; level <= 4; level++) {
        assert_done(pin(tables[level - 1], level));
        assert_audit();
    }
    assert_int_equal(look(space.l1).type_count, 2);
    for (u32 level = 1; level <= 4; level++) {
        assert_done(unpin(tables[level - 1]));
        assert_audit();
    }
}

static void a_bad_last_slot_undoes_the_whole_tree(void **state)
{
    const struct space space = guest_space(&guest);
    const mfn_t page = guest_page(&guest);
    (void)state;
    for (u32 i = 0; i < 511; i++) {
        machine_words(space.l1)[i] = RW(page);
    }
    machine_words(space.l1)[511] = RW(guest_page(&other));

    for (u32 level = 1; level <= 4; level++) {
        const mfn_t tables[] = {space.l1, space.l2, space.l3, space.l4};
        assert_refused(FOREIGN_MAPPING, pin(tables[level - 1], level));
        assert_int_equal(machine.last_word, machine_words(space.l1)[511]);
        assert_int_equal(look(tables[level - 1]).type_count, 0);
        assert_int_equal(look(tables[level - 1]).references, 1);
        assert_int_equal(look(page).references, 1);
        assert_int_equal(look(page).type_count, 0);
        assert_audit();
    }
    assert_int_equal(guest.domain.last_refusal, VMMU_REFUSED_FOREIGN_MAPPING);
    assert_int_equal(guest.domain.counters.refusals, 4);
    /* A table whose promotion was refused may get any other type. */
    assert_done(guest_hold(&guest, space.l1));
}

static void refusal_leaves_the_contents_alone(void **state)
{
    const mfn_t table = guest_page(&guest), page = guest_page(&guest);
    const u64 kernel_entry = page.n << PAGE_SHIFT | PTE_PRESENT | PTE_GLOBAL;
    (void)state;
    machine_words(table)[0] = kernel_entry;
    machine_words(table)[511] = kernel_entry | PTE_PCD;
    assert_refused(CACHE_BITS, pin(table, 1));
    assert_int_equal(machine_words(table)[0], kernel_entry);

    machine_words(table)[511] = 0;
    assert_done(pin(table, 1));
    assert_int_equal(machine_words(table)[0], RO(page));
}

static void refusals_of_pins(void **state)
{
    const struct space space = guest_space(&guest);
    const mfn_t page = guest_page(&guest);
    (void)state;

    assert_refused(BAD_LEVEL, pin(space.l1, 0));
    assert_refused(BAD_LEVEL, pin(space.l1, 5));
    assert_refused(BAD_FRAME, pin(mfn(machine.frames), 1));
    assert_refused(BAD_FRAME, pin(mfn(~0ull >> 12), 1));
    assert_refused(BAD_FRAME, pin(MFN_NONE, 1));
    assert_refused(NOT_OWNER, pin(guest_page(&other), 1));
    assert_refused(NOT_OWNER, pin(mfn(1), 1));
    assert_refused(NOT_PINNED, unpin(page));
    assert_refused(BAD_FRAME, unpin(mfn(machine.frames)));
    assert_refused(NOT_OWNER, unpin(guest_page(&other)));

    assert_done(pin(space.l1, 1));
    assert_refused(ALREADY_PINNED, pin(space.l1, 1));
    assert_refused(ALREADY_PINNED, pin(space.l1, 2));
    assert_done(pin(space.l2, 2));
    assert_refused(WRONG_TYPE, pin(space.l3, 4));
    assert_int_equal(machine.last_word, machine_words(space.l3)[0]);

    assert_done(guest_hold(&guest, page));
    assert_refused(WRONG_TYPE, pin(page, 1));
    assert_int_equal(machine.last_word, page.n);
    assert_done(unpin(space.l1));
    assert_refused(NOT_PINNED, unpin(space.l1));
}

static void a_released_table_stays_pinned_and_protected(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t table = guest_page(&guest);
    (void)state;

    assert_done(pin(table, 1));
    assert_done(vmmu_take(&guest.domain, table));
    assert_true(look(table).pinned);
    assert_refused(WRITABLE_TABLE, guest_set(&guest, space.l1, 0, RW(table)));
    assert_int_equal(machine.freed, 0);
    assert_done(unpin(table));
    assert_int_equal(machine.freed, 1);
}

static void another_domain_may_pin_for_the_owner(void **state)
{
    const struct space space = guest_space(&other);
    (void)state;
    assert_done(vmmu_pin(&guest.vcpu[0], &other.domain, space.l4, 4));
    assert_int_equal(other.domain.counters.pins, 1);
    assert_done(vmmu_unpin(&guest.vcpu[0], &other.domain, space.l4));
}

static void hypervisor_slots_are_overwritten_and_never_read(void **state)
{
    const struct space space = guest_space(&guest);
    const mfn_t bait = guest_page(&guest);
    (void)state;
    for (u32 i = VMMU_GUEST_HOLE_FIRST; i <= VMMU_GUEST_HOLE_LAST; i++) {
        machine_words(space.l4)[i] = i & 1 ? RW(bait) | PTE_LARGE : ~0ull;
    }
    assert_done(pin(space.l4, 4));
    assert_int_equal(look(bait).references, 1);
    for (u32 i = VMMU_GUEST_HOLE_FIRST; i <= VMMU_GUEST_HOLE_LAST; i++) {
        /* No kernel uses the table yet, so it does not show the M2P. */
        assert_int_equal(machine_words(space.l4)[i],
                         i == VMMU_M2P_SLOT ? 0
                                            : machine_hypervisor_slot(i - VMMU_GUEST_HOLE_FIRST));
    }
    /* The slots below and above the hypervisor's are the guest's. */
    assert_done(guest_set(&guest, space.l4, 255, LINK(space.l3)));
    assert_done(guest_set(&guest, space.l4, 272, LINK(space.l3)));
}

static void tables_do_not_point_at_their_own_level(void **state)
{
    (void)state;
    for (u32 level = 2; level <= 4; level++) {
        const mfn_t a = guest_page(&guest), b = guest_page(&guest);
        machine_words(a)[3] = RO(a);
        assert_refused(LINEAR_ENTRY, pin(a, level));
        assert_done(pin(b, level));
        machine_words(a)[3] = RO(b);
        assert_refused(LINEAR_ENTRY, pin(a, level));
        assert_audit();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(pinning_a_tree_types_all_of_it),
        GUEST_TEST(a_demotion_finds_the_entries_of_every_part),
        GUEST_TEST(each_level_can_be_pinned_by_itself),
        GUEST_TEST(a_bad_last_slot_undoes_the_whole_tree),
        GUEST_TEST(refusal_leaves_the_contents_alone),
        GUEST_TEST(refusals_of_pins),
        GUEST_TEST(a_released_table_stays_pinned_and_protected),
        GUEST_TEST(another_domain_may_pin_for_the_owner),
        GUEST_TEST(hypervisor_slots_are_overwritten_and_never_read),
        GUEST_TEST(tables_do_not_point_at_their_own_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
