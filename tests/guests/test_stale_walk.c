/* SPDX-License-Identifier: MIT */
/* After a change of an upper table, the next request must see the new tables.
 *
 * A hypervisor that finds the L1 entry for update_va_mapping through cached translations can write
 * to the table that was there before. Here one address has two complete trees below its L4, L3 or
 * L2 entry. In one multicall the address is accessed, the upper entry is switched to the other
 * tree, and the entry of the address is changed. Only the table to which the address now leads may
 * change. */
#include "tests/guests/common/tree.h"

#define VA                                                                                         \
    ((u64)TREE_SLOT << 39 | (u64)TREE_SLOT << 30 | (u64)TREE_SLOT << 21 | (u64)TREE_SLOT << 12)

static struct tree a, b;

static u64 *root;

/* Tests trees that differ below `level`: a's tables down to it, then b's. */
static void check_level(unsigned level)
{
    struct multicall_entry calls[4];
    u64 *upper = level == 4 ? root : a.table[level];
    struct mmu_update to_b = {slot_machine(upper, TREE_SLOT),
                              entry_for(b.table[level - 1], PTE_TABLE)};
    u64 fresh = entry_for(b.table[0], PTE_RO);

    memset(calls, 0, sizeof calls);
    calls[0] = (struct multicall_entry){.op = __HYPERVISOR_update_va_mapping, .args = {VA, 0, 0}};
    calls[1] = (struct multicall_entry){.op = __HYPERVISOR_mmu_update,
                                        .args = {address(&to_b), 1, 0, DOMID_SELF}};
    calls[2] =
        (struct multicall_entry){.op = __HYPERVISOR_update_va_mapping, .args = {VA, fresh, 0}};
    calls[3] = (struct multicall_entry){.op = __HYPERVISOR_mmuext_op};
    check_equal(hypercall(__HYPERVISOR_multicall, address(calls), 3, 0), 0, "multicall, level %u",
                level);
    for (unsigned i = 0; i < 3; i++) {
        check_equal((s64)calls[i].result, 0, "entry %u, level %u", i, level);
    }
    check_equal(a.table[1][TREE_SLOT], 0, "the old L1, level %u", level);
    check_equal(b.table[1][TREE_SLOT] & (PTE_ADDRESS | PTE_WRITABLE), fresh & PTE_ADDRESS,
                "the new L1, level %u", level);
    check_equal(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0, "flush");
    check_equal(*(volatile u64 *)VA, 0xb, "what the address shows, level %u", level);

    check_equal(
        mmu_update(slot_machine(upper, TREE_SLOT), entry_for(a.table[level - 1], PTE_TABLE)), 0,
        "back to the first tree");
    check_equal(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0, "flush");
    check_equal(update_va_mapping(VA, entry_for(a.table[0], PTE_RW), UVMF_INVLPG), 0, "its page");
    check_equal(*(volatile u64 *)VA, 0xa, "what the address shows again");
    check_equal(mmu_update(slot_machine(b.table[1], TREE_SLOT), entry_for(b.table[0], PTE_RW)), 0,
                "the second tree as it was");
}

/* The same with a switch to another root. */
static void check_root(void)
{
    u64 *other = root_make();

    check_equal(mmu_update(slot_machine(other, TREE_SLOT), entry_for(b.table[3], PTE_TABLE)), 0,
                "the second tree in another root");
    check_equal(update_va_mapping(VA, 0, 0), 0, "unmapping in the first");
    check_equal(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(other), 0), 0, "the other root");
    check_equal(update_va_mapping(VA, entry_for(b.table[0], PTE_RO), UVMF_INVLPG), 0,
                "mapping there");
    check_equal(a.table[1][TREE_SLOT], 0, "the old L1");
    check_equal(*(volatile u64 *)VA, 0xb, "what the address shows");
    check_equal(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(root), 0), 0, "the first root");
    check(read_traps((void *)VA), "the first root shows something");
}

void test_main(void)
{
    root = root_first();
    tree_make(&a);
    tree_make(&b);
    a.table[0][0] = 0xa;
    b.table[0][0] = 0xb;
    for (unsigned level = 1; level <= 3; level++) {
        if (page_read_only(a.table[level]) || page_read_only(b.table[level])) {
            error("cannot make the tables read-only");
        }
    }
    if (tree_pin(&b, 3) || tree_pin(&b, 2) || tree_pin(&b, 1)) {
        error("cannot pin the second tree");
    }
    check_equal(mmu_update(slot_machine(root, TREE_SLOT), entry_for(a.table[3], PTE_TABLE)), 0,
                "the first tree in the root");
    for (unsigned level = 4; level >= 2; level--) {
        check_level(level);
    }
    check_root();
}
