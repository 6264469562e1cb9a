/* SPDX-License-Identifier: MIT */
/* Proves that an entry which the rules forbid is refused in every way in which entries are made:
 * requests by machine address and by virtual address, emulated stores of each size, and promotion
 * of a table that contains it (groups B, C and H of docs/security.md): XSA-148, 182, 154, 273, 240,
 * 64. */
#include "tests/machine/guest.h"

static struct space space; /* vCPU 0 runs on it; its L1 table is mapped read-only at address 1 */

static void setup(void)
{
    space = guest_running_space(&guest);
    assert_done(guest_set(&guest, space.l1, 1, RO(space.l1)));
}

static mfn_t table_of(u32 level)
{
    return level == 1 ? space.l1 : level == 2 ? space.l2 : level == 3 ? space.l3 : space.l4;
}

/* Asserts that requests of each kind refuse `entry` in a live table of `level`, whose entry `old`
 * stays. */
static void refused_in_place(enum vmmu_result rule, u32 level, u32 slot, u64 entry)
{
    const mfn_t table = table_of(level);
    const u64 old = machine_words(table)[slot];
    for (enum vmmu_update_kind kind = VMMU_UPDATE_NORMAL; kind <= VMMU_UPDATE_NO_TRANSLATE;
         kind++) {
        if (kind == VMMU_UPDATE_M2P) {
            continue; /* this request writes no entry */
        }
        assert_result(rule, vmmu_update(&guest.vcpu[0], &guest.domain, &guest.domain,
                                        machine_at(table, slot), entry, kind));
        assert_int_equal(machine_words(table)[slot], old);
    }
    if (level > 1) {
        return;
    }
    assert_result(rule, vmmu_update_va(&guest.vcpu[0], &guest.domain, guest_address(slot), entry));
    assert_result(rule, vmmu_map_at(&guest.vcpu[0], &guest.domain, machine_at(table, slot), entry));
    assert_int_equal(machine_words(table)[slot], old);
}

/* The same for emulated stores of each size that can change `old` to `entry` in one store. */
static void refused_by_store(enum vmmu_result rule, u32 slot, u64 entry)
{
    const u64 old = machine_words(space.l1)[slot];
    for (u32 bytes = 1; bytes <= 8; bytes *= 2) {
        for (u32 off = 0; off < 8; off += bytes) {
            const u64 mask = (bytes == 8 ? ~0ull : (1ull << 8 * bytes) - 1) << 8 * off;
            const vaddr_t at = vaddr(guest_address(1).a + slot * sizeof(u64) + off);
            bool swapped = true;
            if ((old ^ entry) & ~mask) {
                continue;
            }
            assert_result(rule, vmmu_emulated_write(&guest.vcpu[0], at, bytes, old >> 8 * off,
                                                    entry >> 8 * off, &swapped));
            assert_false(swapped);
            assert_int_equal(machine_words(space.l1)[slot], old);
        }
    }
}

/* Asserts that a table of `level` which contains `entry` already is refused in each use. */
static void refused_in_a_table(enum vmmu_result rule, u32 level, u64 entry)
{
    const u32 slots[] = {0, 5, 255, 511};
    const mfn_t table = guest_page(&guest);
    for (u32 i = 0; i < ARRAY_LENGTH(slots); i++) {
        machine_words(table)[slots[i]] = entry;
        assert_result(rule, vmmu_pin(&guest.vcpu[0], &guest.domain, table, level));
        if (level < 4) {
            assert_result(rule, guest_set(&guest, table_of(level + 1), 300, LINK(table)));
        } else {
            assert_result(rule, vmmu_set_kernel_root(&guest.vcpu[1], table));
            assert_result(rule, vmmu_set_user_root(&guest.vcpu[1], table));
        }
        assert_int_equal(look(table).type_count, 0);
        assert_int_equal(machine_words(table)[slots[i]], entry);
        machine_words(table)[slots[i]] = 0;
    }
    assert_done(vmmu_take(&guest.domain, table));
}

static void xsa_148_no_superpage_by_any_way(void **state)
{
    (void)state;
    setup();
    const mfn_t page = guest_page(&guest);
    for (u32 level = 2; level <= 4; level++) {
        const u64 live = machine_words(table_of(level))[0];
        const u64 wanted[] = {live | PTE_LARGE,         RW(page) | PTE_LARGE,
                              RO(page) | PTE_LARGE,     (live & ~PTE_WRITABLE) | PTE_LARGE,
                              RW(mfn(512)) | PTE_LARGE, PTE_PRESENT | PTE_LARGE};
        for (u32 i = 0; i < ARRAY_LENGTH(wanted); i++) {
            refused_in_place(VMMU_REFUSED_SUPERPAGE, level, 0, wanted[i]);
            refused_in_place(VMMU_REFUSED_SUPERPAGE, level, 300, wanted[i]);
            refused_in_a_table(VMMU_REFUSED_SUPERPAGE, level, wanted[i]);
        }
    }
    assert_int_equal(look(page).references, 1);
}

static void xsa_182_no_right_is_added_in_passing(void **state)
{
    /* A read-only entry that maps a table is rewritten with only the right to write added. */
    (void)state;
    setup();
    const mfn_t gdt = guest_page(&guest);
    assert_done(vmmu_set_gdt(&guest.vcpu[0], &gdt, 1, 1));
    const mfn_t protected[] = {space.l1, space.l2, space.l3, space.l4, gdt};
    for (u32 i = 0; i < ARRAY_LENGTH(protected); i++) {
        assert_done(guest_set(&guest, space.l1, 7, RO(protected[i])));
        refused_in_place(VMMU_REFUSED_WRITABLE_TABLE, 1, 7, RW(protected[i]));
        refused_in_place(VMMU_REFUSED_WRITABLE_TABLE, 1, 7, RW(protected[i]) | PTE_DIRTY | PTE_NX);
        refused_in_place(VMMU_REFUSED_WRITABLE_TABLE, 1, 8, RW(protected[i]));
        refused_by_store(VMMU_REFUSED_WRITABLE_TABLE, 7, RO(protected[i]) | PTE_WRITABLE);
        refused_in_a_table(VMMU_REFUSED_WRITABLE_TABLE, 1, RW(protected[i]));
    }
    assert_false(cpu_store(0, guest_address(7), 0));
}

static void xsa_154_no_cache_attribute_by_any_way(void **state)
{
    const u64 bits[] = {PTE_PWT, PTE_PCD, PTE_LARGE, PTE_PWT | PTE_PCD,
                        PTE_PWT | PTE_PCD | PTE_LARGE};
    (void)state;
    setup();
    const mfn_t page = guest_page(&guest), shared = machine_allocate();
    vmmu_share(&guest.domain, shared, true);
    assert_done(guest_set(&guest, space.l1, 7, RW(page)));
    for (u32 i = 0; i < ARRAY_LENGTH(bits); i++) {
        refused_in_place(VMMU_REFUSED_CACHE_BITS, 1, 7, RW(page) | bits[i]);
        refused_in_place(VMMU_REFUSED_CACHE_BITS, 1, 8, RO(page) | bits[i]);
        refused_in_place(VMMU_REFUSED_CACHE_BITS, 1, 8, RW(shared) | bits[i]);
        refused_by_store(VMMU_REFUSED_CACHE_BITS, 7, machine_words(space.l1)[7] | bits[i]);
        refused_in_a_table(VMMU_REFUSED_CACHE_BITS, 1, RW(page) | bits[i]);
        for (u32 level = 2; level <= 4; level++) {
            const bool large = bits[i] & PTE_LARGE;
            refused_in_place(large ? VMMU_REFUSED_SUPERPAGE : VMMU_REFUSED_CACHE_BITS, level, 0,
                             machine_words(table_of(level))[0] | bits[i]);
        }
    }
    vmmu_unshare(shared);
}

static void xsa_273_nothing_is_named_that_is_not_present(void **state)
{
    /* The fake processor reads speculatively through entries that are not present (L1TF). */
    (void)state;
    setup();
    const mfn_t page = guest_page(&guest), foreign = guest_page(&other);
    const mfn_t named[] = {page, foreign, mfn(1), space.l4, mfn(machine.frames - 1)};
    assert_done(guest_set(&guest, space.l1, 7, RW(page)));
    for (u32 i = 0; i < ARRAY_LENGTH(named); i++) {
        const u64 entry = named[i].n << PAGE_SHIFT | PTE_USER;
        for (u32 level = 1; level <= 4; level++) {
            refused_in_place(VMMU_REFUSED_UNSAFE_NOT_PRESENT, level, 300, entry);
            refused_in_place(VMMU_REFUSED_UNSAFE_NOT_PRESENT, level, 300, entry | PTE_WRITABLE);
            refused_in_a_table(VMMU_REFUSED_UNSAFE_NOT_PRESENT, level, entry);
            if (level > 1) {
                refused_in_place(VMMU_REFUSED_UNSAFE_NOT_PRESENT, level, 300,
                                 machine.frames << PAGE_SHIFT | PTE_LARGE);
            }
        }
        refused_by_store(VMMU_REFUSED_UNSAFE_NOT_PRESENT, 8, entry);
    }
    /* The usual way of a guest: one store clears the present bit and leaves the frame number. */
    refused_by_store(VMMU_REFUSED_UNSAFE_NOT_PRESENT, 7, machine_words(space.l1)[7] & ~PTE_PRESENT);
    assert_int_equal(look(page).references, 2);
    assert_done(vmmu_unmap_va(&guest.vcpu[0], guest_address(7), page, true));
    assert_int_equal(machine_words(space.l1)[7], 0);
}

/* ---- tables of the same level -----------------------------------------------------------------
 */

static mfn_t first, second;
static u32 linear_level;
static enum vmmu_result theirs;

static void promote_the_second(void)
{
    machine.on_flush = NULL;
    theirs = vmmu_pin(&guest.vcpu[1], &guest.domain, second, linear_level);
}

static void xsa_240_two_tables_do_not_wait_for_each_other(void **state)
{
    /* Table A links B, table B links A, and both are promoted at the same time. */
    (void)state;
    setup();
    for (linear_level = 2; linear_level <= 4; linear_level++) {
        first = guest_page(&guest);
        second = guest_page(&guest);
        /* A former writable mapping makes the promotion flush. */
        assert_done(guest_set(&guest, space.l1, 7, RW(first)));
        assert_done(guest_set(&guest, space.l1, 7, 0));
        machine_words(first)[0] = RO(second);
        machine_words(second)[0] = RO(first);
        machine.on_flush = promote_the_second;
        const enum vmmu_result ours = vmmu_pin(&guest.vcpu[0], &guest.domain, first, linear_level);
        assert_null(machine.on_flush);
        assert_refused(LINEAR_ENTRY, theirs);
        /* The second table may be below the first at level 2: there it is an L1 table that maps the
         * first read-only. */
        assert_result(linear_level == 2 ? VMMU_DONE : VMMU_REFUSED_WRONG_TYPE, ours);
        if (ours == VMMU_DONE) {
            assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, first));
        }
        assert_int_equal(look(first).type_count, 0);
        assert_int_equal(look(second).type_count, 0);
        assert_audit();
    }
}

static void xsa_240_no_chain_no_circle_no_self(void **state)
{
    (void)state;
    setup();
    for (u32 level = 2; level <= 4; level++) {
        mfn_t chain[3];
        for (u32 i = 0; i < 3; i++) {
            chain[i] = guest_page(&guest);
        }
        for (u32 i = 0; i < 3; i++) {
            machine_words(chain[i])[7] = RO(chain[(i + 1) % 3]);
        }
        /* Three tables in a circle cannot all have one level: the third is an L1 table, or is
         * refused. */
        for (u32 i = 0; i < 3; i++) {
            assert_result(level == 4 ? VMMU_REFUSED_WRONG_TYPE : VMMU_DONE,
                          vmmu_pin(&guest.vcpu[0], &guest.domain, chain[i], level));
            if (level < 4) {
                assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, chain[i]));
            }
        }
        machine_words(chain[2])[7] = 0;
        assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, chain[2], level));
        assert_refused(LINEAR_ENTRY, vmmu_pin(&guest.vcpu[0], &guest.domain, chain[1], level));
        machine_words(chain[1])[7] = 0;
        assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, chain[1], level));
        assert_refused(LINEAR_ENTRY, guest_set(&guest, chain[2], 7, RO(chain[1])));
        assert_refused(LINEAR_ENTRY, guest_set(&guest, chain[2], 7, RO(chain[2])));
        assert_refused(LINEAR_ENTRY, guest_set(&guest, table_of(level), 300, RO(table_of(level))));
        assert_audit();
    }
}

/* ---- slots of the hypervisor ------------------------------------------------------------------
 */

static void xsa_64_one_meaning_of_a_guest_slot(void **state)
{
    /* Promotion, update, demotion and walk agree on which slots are the hypervisor's, and what a
     * former root contains in those slots is not used when it becomes a table of another level. */
    (void)state;
    setup();
    for (u32 slot = 254; slot <= 273; slot++) {
        const bool ours = slot >= VMMU_GUEST_HOLE_FIRST && slot <= VMMU_GUEST_HOLE_LAST;
        const mfn_t root = guest_page(&guest), l3 = guest_page(&guest);
        const vaddr_t va = vaddr((slot >= 256 ? 0xffffull << 48 : 0) | (u64)slot << 39);
        machine_words(root)[slot] = LINK(l3);
        assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, root, 4));
        assert_int_equal(look(l3).type_count, ours ? 0 : 1);
        assert_result(ours ? VMMU_REFUSED_HYPERVISOR_SLOT : VMMU_DONE,
                      guest_set(&guest, root, slot, LINK(l3) | PTE_NX));
        assert_result(ours ? VMMU_REFUSED_BAD_ADDRESS : VMMU_REFUSED_NO_TABLE,
                      vmmu_update_va(&guest.vcpu[0], &guest.domain, va, 0));
        assert_audit();
        assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, root));
        assert_int_equal(look(l3).references, 1);
        /* The hypervisor's words are still in the page, and an L3 table has no slots that are
         * exempt from the check. */
        assert_true(vmmu_pin(&guest.vcpu[0], &guest.domain, root, 3) > VMMU_AGAIN);
        assert_int_equal(look(root).type_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(xsa_148_no_superpage_by_any_way),
        GUEST_TEST(xsa_182_no_right_is_added_in_passing),
        GUEST_TEST(xsa_154_no_cache_attribute_by_any_way),
        cmocka_unit_test_setup_teardown(xsa_273_nothing_is_named_that_is_not_present,
                                        guest_setup_l1tf, guest_teardown),
        GUEST_TEST(xsa_240_two_tables_do_not_wait_for_each_other),
        GUEST_TEST(xsa_240_no_chain_no_circle_no_self),
        GUEST_TEST(xsa_64_one_meaning_of_a_guest_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
