/* SPDX-License-Identifier: MIT */
/* Proves that update_va_mapping and emulated writes find the entry by a walk of the present tables,
 * and write only to live L1 tables of the caller; and that an emulated write compares and exchanges
 * part of an entry. */
#include "tests/machine/guest.h"

static enum vmmu_result update_va(vaddr_t va, u64 entry)
{
    return vmmu_update_va(&guest.vcpu[0], &guest.domain, va, entry);
}

static void updates_the_entry_for_an_address(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    (void)state;
    assert_done(update_va(vaddr(0x5123), RW(page)));
    assert_int_equal(machine_words(space.l1)[5], RW(page));
    assert_true(cpu_store(0, guest_address(5), 1));
    assert_done(update_va(vaddr(0x5fff), 0));
    assert_int_equal(look(page).references, 1);
}

static void addresses_without_an_l1_table(void **state)
{
    const u64 bad[] = {1ull << 63,         1ull << 47,         0xffff7fffffffffff,
                       0x0000800000000000, 0xffff800000000000, 0xffff87ffffffffff};
    const u64 empty[] = {1ull << 21,         1ull << 30,         1ull << 39,
                         0x00007fffffffffff, 0xffff880000000000, ~0ull};
    (void)state;
    assert_refused(NO_TABLE, update_va(vaddr(0x5000), 0)); /* the vCPU has no root yet */
    guest_running_space(&guest);
    for (u32 i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_refused(BAD_ADDRESS, update_va(vaddr(bad[i]), 0));
        assert_int_equal(machine.last_word, bad[i]);
    }
    for (u32 i = 0; i < ARRAY_LENGTH(empty); i++) {
        assert_refused(NO_TABLE, update_va(vaddr(empty[i]), 0));
    }
}

static void a_changed_walk_is_seen_at_once(void **state)
{
    /* XSA-286: the L1 table of an address is replaced between two updates of that address. */
    const struct space space = guest_running_space(&guest);
    const mfn_t second = guest_page(&guest), page = guest_page(&guest);
    (void)state;
    assert_done(update_va(guest_address(5), RW(page)));
    assert_done(guest_set(&guest, space.l2, 0, LINK(second)));
    assert_done(update_va(guest_address(5), RO(page)));
    assert_int_equal(machine_words(second)[5], RO(page));
    /* A word of a page that is no table any more. */
    assert_int_equal(machine_words(space.l1)[5], RW(page));
    assert_int_equal(look(page).type_count, 0);
}

static void a_foreign_frame_needs_its_owner_named(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t foreign = guest_page(&other);
    (void)state;
    assert_refused(FOREIGN_MAPPING, update_va(guest_address(5), RW(foreign)));
    assert_done(vmmu_update_va(&guest.vcpu[0], &other.domain, guest_address(5), RW(foreign)));
    assert_int_equal(machine_words(space.l1)[5], RW(foreign));
    assert_int_equal(look(foreign).references, 2);
}

static void a_kernels_pages_become_tables_and_pages_again(void **state)
{
    /* What a guest's kernel does by address: neither a page nor a former table, which each CPU has
     * flushed, takes the slow path. */
    const struct space space = guest_running_space(&guest);
    const vaddr_t va = vaddr(0xffff880000005000);
    const mfn_t page = guest_page(&guest), foreign = guest_page(&other);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;
    assert_false(vmmu_update_va_quick(vcpu, va, RW(page))); /* no table */
    assert_done(guest_set(&guest, space.l4, 272, LINK(space.l3)));
    assert_true(vmmu_update_va_quick(vcpu, va, RW(page)));
    assert_int_equal(look(page).type_count, 1);
    assert_true(vmmu_update_va_quick(vcpu, va, RO(page) | PTE_ACCESSED));
    assert_int_equal(look(page).type_count, 0);
    assert_int_equal(look(page).references, 2);
    assert_true(vmmu_update_va_quick(vcpu, va, RW(page)));
    assert_int_equal(machine_words(space.l1)[5], RW(page));
    assert_int_equal(look(page).type_count, 1);
    assert_int_equal(guest_counters(&guest).updates, 4); /* one is that of the L4 table */

    assert_true(vmmu_update_va_quick(vcpu, va, RO(page)));
    assert_done(vmmu_pin(vcpu, &guest.domain, page, 1));
    assert_false(vmmu_update_va_quick(vcpu, va, RW(page)));
    assert_refused(WRITABLE_TABLE, update_va(va, RW(page)));
    assert_done(vmmu_unpin(vcpu, &guest.domain, page));
    assert_true(vmmu_update_va_quick(vcpu, va, RW(page))); /* never linked: no flush is needed */
    assert_int_equal(look(page).type, VMMU_TYPE_WRITABLE);
    assert_int_equal(look(page).type_count, 1);

    assert_done(vmmu_update_va(vcpu, &other.domain, va, RW(foreign)));
    assert_false(vmmu_update_va_quick(vcpu, va, RO(foreign)));
    assert_int_equal(machine_words(space.l1)[5], RW(foreign));
    assert_done(update_va(va, RO(foreign)));
    assert_false(vmmu_update_va_quick(vcpu, guest_address(5), 0)); /* not a kernel's address */
}

/* ---- emulated writes --------------------------------------------------------------------- */

/* A running space whose L1 table maps itself read-only, by its entry 1. */
static struct space self_showing_space(void)
{
    const struct space space = guest_running_space(&guest);
    assert_done(guest_set(&guest, space.l1, 1, RO(space.l1)));
    return space;
}

static vaddr_t entry_address(u32 index)
{
    return vaddr(guest_address(1).a + index * sizeof(u64));
}

static void asks_for_emulation_only_on_l1_tables(void **state)
{
    const struct space space = self_showing_space();
    const mfn_t page = guest_page(&guest);
    (void)state;
    assert_done(guest_set(&guest, space.l1, 2, RW(page)));
    assert_done(guest_set(&guest, space.l1, 3, RO(page)));
    assert_done(guest_set(&guest, space.l1, 4, RO(space.l2)));
    assert_true(vmmu_is_l1_write(&guest.vcpu[0], entry_address(5)));
    assert_false(vmmu_is_l1_write(&guest.vcpu[0], guest_address(2)));
    assert_false(vmmu_is_l1_write(&guest.vcpu[0], guest_address(3)));
    assert_false(vmmu_is_l1_write(&guest.vcpu[0], guest_address(4)));
    assert_false(vmmu_is_l1_write(&guest.vcpu[0], guest_address(6)));
    assert_false(vmmu_is_l1_write(&guest.vcpu[0], vaddr(0xffff800000000000)));
    assert_false(vmmu_is_l1_write(&guest.vcpu[0], vaddr(1ull << 63)));
    assert_false(vmmu_is_l1_write(&other.vcpu[0], entry_address(5)));
}

static void emulates_exchange_and_bit_changes(void **state)
{
    const struct space space = self_showing_space();
    const mfn_t page = guest_page(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    bool swapped;
    (void)state;

    /* The table is mapped read-only: the guest's store faults and is emulated. */
    assert_false(cpu_store(0, entry_address(5), 0));
    assert_done(vmmu_emulated_write(vcpu, entry_address(5), 8, 0, RW(page), &swapped));
    assert_true(swapped);
    assert_int_equal(look(page).type_count, 1);

    /* An entry that differs from the expected value is left as it is. */
    assert_done(vmmu_emulated_write(vcpu, entry_address(5), 8, 0, RO(page), &swapped));
    assert_false(swapped);
    assert_int_equal(machine_words(space.l1)[5], RW(page));

    /* A write of one byte takes the right to write away, as Linux's clear_bit does. */
    assert_done(
        vmmu_emulated_write(vcpu, entry_address(5), 1, RW(page) & 0xff, RO(page) & 0xff, &swapped));
    assert_true(swapped);
    assert_int_equal(machine_words(space.l1)[5], RO(page));
    assert_int_equal(look(page).type_count, 0);

    /* A write to the upper four bytes sets the no-execute bit. */
    const vaddr_t upper = vaddr(entry_address(5).a + 4);
    assert_done(vmmu_emulated_write(vcpu, upper, 4, 0, 0x80000000, &swapped));
    assert_true(swapped);
    assert_int_equal(machine_words(space.l1)[5], RO(page) | PTE_NX);
    assert_done(vmmu_emulated_write(vcpu, upper, 2, 0, 0, &swapped));
    assert_true(swapped);

    /* The entry is cleared. */
    assert_done(vmmu_emulated_write(vcpu, entry_address(5), 8, RO(page) | PTE_NX, 0, &swapped));
    assert_true(swapped);
    assert_int_equal(look(page).references, 1);
    assert_int_equal(guest_counters(&guest).emulated_writes, 5);
}

static void emulates_what_needs_no_look_in_one_step(void **state)
{
    const struct space space = self_showing_space();
    const mfn_t page = guest_page(&guest), foreign = guest_page(&other);
    const maddr_t at = machine_at(space.l1, 5);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    u64 old;
    (void)state;

    assert_true(vmmu_emulated_change_at(vcpu, at, 0, RW(page), &old));
    assert_int_equal(old, 0);
    assert_int_equal(look(page).type_count, 1);
    assert_true(vmmu_emulated_change_at(vcpu, at, ~PTE_WRITABLE, 0, &old));
    assert_int_equal(old, RW(page));
    assert_int_equal(machine_words(space.l1)[5], RO(page));
    assert_int_equal(look(page).type_count, 0);
    assert_true(vmmu_emulated_change_at(vcpu, at, ~0ull, PTE_NX, &old));
    assert_int_equal(machine_words(space.l1)[5], RO(page) | PTE_NX);
    assert_true(vmmu_emulated_change_at(vcpu, at, 0, 0, &old));
    assert_int_equal(old, RO(page) | PTE_NX);
    assert_int_equal(look(page).references, 1);
    assert_int_equal(guest_counters(&guest).emulated_writes, 4);

    /* The call writes nothing if the new entry shows a foreign frame or a table, or if the address
     * is in an ordinary page or in another guest's table. */
    assert_false(vmmu_emulated_change_at(vcpu, at, 0, RW(foreign), &old));
    assert_false(vmmu_emulated_change_at(vcpu, at, 0, RW(space.l2), &old));
    assert_int_equal(machine_words(space.l1)[5], 0);
    assert_false(vmmu_emulated_change_at(vcpu, machine_at(page, 5), 0, RW(page), &old));
    assert_false(vmmu_emulated_change_at(vcpu, machine_at(space.l2, 5), ~0ull, PTE_NX, &old));
    assert_false(vmmu_emulated_change_at(&other.vcpu[0], at, 0, RO(foreign), &old));
    assert_int_equal(guest_counters(&guest).emulated_writes, 4);
    assert_int_equal(guest.domain.counters.refusals, 0);
}

static void emulation_obeys_the_rules_of_entries(void **state)
{
    const struct space space = self_showing_space();
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    bool swapped;
    (void)state;
    assert_refused(WRITABLE_TABLE,
                   vmmu_emulated_write(vcpu, entry_address(5), 8, 0, RW(space.l1), &swapped));
    assert_false(swapped);
    assert_refused(NO_MEMORY, vmmu_emulated_write(vcpu, entry_address(5), 8, 0,
                                                  RO(mfn(machine.frames)), &swapped));
    assert_refused(BAD_ADDRESS,
                   vmmu_emulated_write(vcpu, vaddr(entry_address(5).a + 4), 8, 0, 0, &swapped));
    assert_refused(BAD_ADDRESS, vmmu_emulated_write(vcpu, entry_address(5), 3, 0, 0, &swapped));
    assert_refused(BAD_ADDRESS, vmmu_emulated_write(vcpu, entry_address(5), 16, 0, 0, &swapped));
    assert_refused(BAD_ADDRESS, vmmu_emulated_write(vcpu, entry_address(5), 0, 0, 0, &swapped));
    assert_refused(NOT_L1_TABLE, vmmu_emulated_write(vcpu, guest_address(9), 8, 0, 0, &swapped));
    assert_done(guest_set(&guest, space.l1, 4, RO(space.l2)));
    assert_refused(NOT_L1_TABLE, vmmu_emulated_write(vcpu, guest_address(4), 8, 0, 0, &swapped));
}

static void the_entry_that_shows_the_table_can_be_its_own_target(void **state)
{
    const struct space space = self_showing_space();
    bool swapped;
    (void)state;
    assert_done(
        vmmu_emulated_write(&guest.vcpu[0], entry_address(1), 8, RO(space.l1), 0, &swapped));
    assert_true(swapped);
    assert_false(vmmu_is_l1_write(&guest.vcpu[0], entry_address(5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(updates_the_entry_for_an_address),
        GUEST_TEST(addresses_without_an_l1_table),
        GUEST_TEST(a_changed_walk_is_seen_at_once),
        GUEST_TEST(a_foreign_frame_needs_its_owner_named),
        GUEST_TEST(a_kernels_pages_become_tables_and_pages_again),
        GUEST_TEST(asks_for_emulation_only_on_l1_tables),
        GUEST_TEST(emulates_exchange_and_bit_changes),
        GUEST_TEST(emulates_what_needs_no_look_in_one_step),
        GUEST_TEST(emulation_obeys_the_rules_of_entries),
        GUEST_TEST(the_entry_that_shows_the_table_can_be_its_own_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
