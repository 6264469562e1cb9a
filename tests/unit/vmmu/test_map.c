/* SPDX-License-Identifier: MIT */
/* Proves that the entries which grants write by machine address go into live L1 tables of the
 * caller and into no other frame, and are cleared again only while they show what was mapped. */
#include "tests/machine/guest.h"

static void maps_and_unmaps_a_foreign_frame(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&other);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    const maddr_t at = machine_at(space.l1, 5);
    (void)state;

    assert_done(vmmu_map_at(vcpu, &other.domain, at, RW(page)));
    assert_int_equal(look(page).references, 2);
    assert_int_equal(look(page).type_count, 1);
    assert_refused(WRONG_TYPE, vmmu_pin(&other.vcpu[0], &other.domain, page, 1));
    assert_done(vmmu_take(&other.domain, page));
    assert_int_equal(machine.freed, 0);
    /* The processor sets the accessed and dirty bits. */
    assert_true(cpu_store(0, guest_address(5), 1));

    assert_done(vmmu_unmap_at(vcpu, at, page, true));
    assert_int_equal(machine_words(space.l1)[5], 0);
    assert_int_equal(machine.freed, 1);
    assert_false(cpu_store(0, guest_address(5), 1));
}

static void only_in_live_l1_tables_of_its_own(void **state)
{
    const struct space space = guest_running_space(&guest);
    const struct space foreign = guest_running_space(&other);
    const mfn_t page = guest_page(&other), plain = guest_page(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;
    for (u32 off = 1; off < 8; off++) {
        const maddr_t at = maddr(machine_at(space.l1, 5).a + off);
        assert_refused(BAD_ADDRESS, vmmu_map_at(vcpu, &other.domain, at, RO(page)));
        assert_refused(BAD_ADDRESS, vmmu_unmap_at(vcpu, at, page, false));
    }
    const mfn_t tables[] = {space.l2, space.l3, space.l4, plain};
    for (u32 i = 0; i < ARRAY_LENGTH(tables); i++) {
        const maddr_t at = machine_at(tables[i], 5);
        assert_refused(NOT_L1_TABLE, vmmu_map_at(vcpu, &other.domain, at, RO(page)));
        assert_refused(NOT_L1_TABLE, vmmu_unmap_at(vcpu, at, page, false));
    }
    assert_refused(NOT_OWNER,
                   vmmu_map_at(vcpu, &other.domain, machine_at(foreign.l1, 5), RO(page)));
    assert_refused(BAD_FRAME, vmmu_map_at(vcpu, &other.domain, maddr(~7ull), RO(page)));
    assert_refused(FOREIGN_MAPPING,
                   vmmu_map_at(vcpu, &guest.domain, machine_at(space.l1, 5), RO(page)));
    assert_refused(WRITABLE_TABLE,
                   vmmu_map_at(vcpu, &other.domain, machine_at(space.l1, 5), RW(foreign.l1)));
    assert_int_equal(look(page).references, 1);
}

static void unmaps_only_what_was_mapped(void **state)
{
    /* XSA-234: an entry is cleared only if its frame, present bit and right to write are as
     * expected. */
    const struct space space = guest_running_space(&guest);
    const mfn_t a = guest_page(&guest), b = guest_page(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    const maddr_t at = machine_at(space.l1, 5);
    (void)state;
    assert_refused(NOT_THAT_MAPPING, vmmu_unmap_at(vcpu, at, a, false));
    assert_done(vmmu_map_at(vcpu, &guest.domain, at, RO(a)));
    assert_refused(NOT_THAT_MAPPING, vmmu_unmap_at(vcpu, at, b, false));
    assert_refused(NOT_THAT_MAPPING, vmmu_unmap_at(vcpu, at, a, true));
    assert_refused(NOT_THAT_MAPPING, vmmu_unmap_va(vcpu, guest_address(5), a, true));
    assert_int_equal(look(a).references, 2);
    assert_done(vmmu_unmap_va(vcpu, guest_address(5), a, false));
    assert_int_equal(look(a).references, 1);
    assert_refused(NOT_THAT_MAPPING, vmmu_unmap_va(vcpu, guest_address(5), a, false));
    assert_refused(NO_TABLE, vmmu_unmap_va(vcpu, vaddr(1ull << 39), a, false));
    assert_refused(BAD_ADDRESS, vmmu_unmap_va(vcpu, vaddr(1ull << 63), a, false));
}

/* A mapping is replaced by another entry of the domain, which moves with its references; nothing
 * moves if the mapping is not the expected one (XSA-234). */
static void replaces_what_was_mapped(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t a = guest_page(&guest), b = guest_page(&guest), page = guest_page(&other);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    const vaddr_t there = guest_address(5), here = guest_address(6);
    (void)state;
    assert_done(vmmu_map_at(vcpu, &other.domain, machine_at(space.l1, 5), RW(page)));
    assert_done(vmmu_map_at(vcpu, &guest.domain, machine_at(space.l1, 6), RW(a)));
    assert_refused(NOT_THAT_MAPPING, vmmu_replace_va(vcpu, there, here, page, false));
    assert_refused(NOT_THAT_MAPPING, vmmu_replace_va(vcpu, there, here, b, true));
    assert_refused(NOT_THAT_MAPPING, vmmu_replace_va(vcpu, here, there, page, true));
    assert_refused(NO_TABLE, vmmu_replace_va(vcpu, vaddr(1ull << 39), here, page, true));
    assert_refused(NO_TABLE, vmmu_replace_va(vcpu, there, vaddr(1ull << 39), page, true));
    assert_refused(BAD_ADDRESS, vmmu_replace_va(vcpu, vaddr(1ull << 63), here, page, true));
    assert_refused(BAD_ADDRESS, vmmu_replace_va(vcpu, there, vaddr(1ull << 63), page, true));
    assert_int_equal(look(page).references, 2);
    assert_int_equal(look(a).references, 2);
    assert_int_equal(look(a).type_count, 1);
    assert_done(vmmu_replace_va(vcpu, there, here, page, true));
    assert_int_equal(look(page).references, 1);
    assert_int_equal(look(page).type_count, 0);
    assert_int_equal(look(a).references, 2);
    assert_int_equal(look(a).type_count, 1);
    assert_true(machine_words(space.l1)[5] == (RW(a)));
    assert_true(machine_words(space.l1)[6] == (0));
    /* An entry that is not present moves as well, and one may be moved to its own place. */
    assert_done(vmmu_replace_va(vcpu, there, here, a, true));
    assert_int_equal(look(a).references, 1);
    assert_done(vmmu_map_at(vcpu, &guest.domain, machine_at(space.l1, 6), RO(b)));
    assert_done(vmmu_replace_va(vcpu, here, here, b, false));
    assert_true(machine_words(space.l1)[6] == (0));
    assert_int_equal(look(b).references, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(maps_and_unmaps_a_foreign_frame),
        GUEST_TEST(only_in_live_l1_tables_of_its_own),
        GUEST_TEST(unmaps_only_what_was_mapped),
        GUEST_TEST(replaces_what_was_mapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
