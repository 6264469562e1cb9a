/* SPDX-License-Identifier: MIT */
/* A pinned table is validated once and stays valid.
 *
 * A pin keeps a frame a table of that level, and everything below it in use, until the guest unpins
 * it. So it must be refused if anything below is invalid, and then have changed nothing; while it
 * lasts the tables must be read-only; and unpinning must drop all references. */
#include "tests/guests/common/tree.h"

static struct tree tree;

/* Pins of tables at each level: tables below the pin cannot be mapped writable, all others can. */
static void check_levels(void)
{
    for (unsigned level = 1; level <= 4; level++) {
        check_equal(tree_map(&tree, PTE_RO), 0, "read-only");
        check_equal(tree_pin(&tree, level), 0, "pinning level %u", level);
        for (unsigned below = 1; below <= 4; below++) {
            check_equal(page_writable(tree.table[below]), below <= level ? -XEN_EBUSY : 0,
                        "level %u pinned, level %u writable", level, below);
        }
        check_equal(tree_pin(&tree, level), -XEN_EINVAL, "pinning level %u again", level);
        check_equal(tree_unpin(&tree, level), 0, "unpinning level %u", level);
        check_equal(tree_unpin(&tree, level), -XEN_EINVAL, "unpinning level %u again", level);
        check_equal(tree_map(&tree, PTE_RW), 0, "all writable after unpinning level %u", level);
    }
}

/* A pinned table below a pinned table stays one when its parent is unpinned. */
static void check_nested(void)
{
    check_equal(tree_map(&tree, PTE_RO), 0, "read-only");
    check_equal(tree_pin(&tree, 4), 0, "pinning level 4");
    check_equal(tree_pin(&tree, 2), 0, "pinning level 2 below it");
    check_equal(tree_unpin(&tree, 4), 0, "unpinning level 4");
    check_equal(page_writable(tree.table[4]), 0, "level 4 writable");
    check_equal(page_writable(tree.table[3]), 0, "level 3 writable");
    check_equal(page_writable(tree.table[2]), -XEN_EBUSY, "level 2 writable");
    check_equal(page_writable(tree.table[1]), -XEN_EBUSY, "level 1 writable");
    check_equal(tree_unpin(&tree, 2), 0, "unpinning level 2");
    check_equal(tree_map(&tree, PTE_RW), 0, "all writable");
}

/* A frame has one type at a time. */
static void check_wrong_level(void)
{
    check_equal(tree_map(&tree, PTE_RO), 0, "read-only");
    check_equal(tree_pin(&tree, 4), 0, "pinning level 4");
    for (unsigned level = 1; level <= 4; level++) {
        for (unsigned as = 1; as <= 4; as++) {
            if (as != level) {
                check_equal(mmuext(pin_command(as), mfn_of(tree.table[level]), 0), -XEN_EINVAL,
                            "pinning a level %u table as level %u", level, as);
            }
        }
    }
    check_equal(tree_unpin(&tree, 1), -XEN_EINVAL, "unpinning what only its parent holds");
    check_equal(tree_unpin(&tree, 4), 0, "unpinning level 4");
    check_equal(tree_map(&tree, PTE_RW), 0, "all writable");
}

/* The last entry of a full table is invalid: no reference is left behind. */
static void check_bad_slot(void)
{
    static u64 *pages[4];

    for (unsigned i = 0; i < 4; i++) {
        pages[i] = page_take();
    }
    for (unsigned level = 1; level <= 4; level++) {
        u64 *table = tree.table[level], good = table[TREE_SLOT];

        for (unsigned i = 0; i < 511; i++) {
            if (level < 4 || i < 256 || i > 271) {
                table[i] = good;
            }
        }
        table[511] = level == 1 ? entry_for(root_first(), PTE_RW) : entry_for(pages[0], PTE_TABLE);
        check_equal(tree_map(&tree, PTE_RO), 0, "read-only");
        check_equal(tree_pin(&tree, level), level == 1 ? -XEN_EBUSY : -XEN_EINVAL,
                    "pinning level %u, slot 511 wrong", level);
        check_equal(tree_unpin(&tree, level), -XEN_EINVAL, "unpinning what was not pinned");
        check_equal(tree_map(&tree, PTE_RW), 0, "all writable after a refused pin of level %u",
                    level);
        check_equal(page_writable(pages[0]), 0, "the wrong target is as it was");
        table[511] = 0;
        check_equal(tree_map(&tree, PTE_RO), 0, "read-only");
        check_equal(tree_pin(&tree, level), 0, "pinning level %u, slot 511 empty", level);
        check_equal(tree_unpin(&tree, level), 0, "unpinning it");
        check_equal(tree_map(&tree, PTE_RW), 0, "all writable");
        memset(table, 0, PAGE_SIZE);
        table[TREE_SLOT] = good;
    }
}

/* Slots 256..271 of an L4 are the hypervisor's: what the guest put there is not checked, and is
 * overwritten. */
static void check_hypervisor_slots(void)
{
    u64 *root = tree.table[4], mine = entry_for(tree.table[0], PTE_TABLE);

    for (unsigned i = 256; i <= 271; i++) {
        root[i] = i & 1 ? mine : ~0ull;
    }
    check_equal(tree_map(&tree, PTE_RO), 0, "read-only");
    check_equal(tree_pin(&tree, 4), 0, "pinning with garbage in the hypervisor's slots");
    for (unsigned i = 256; i <= 271; i++) {
        check(root[i] != (i & 1 ? mine : ~0ull), "slot %u still has the guest's %lx", i, root[i]);
    }
    for (unsigned i = 0; i < 512; i++) {
        if ((i < 256 || i > 271) && i != TREE_SLOT) {
            check(!root[i], "slot %u has %lx", i, root[i]);
        }
    }
    check_equal(page_writable(tree.table[0]), 0, "the page named there is free");
    check_equal(tree_unpin(&tree, 4), 0, "unpinning");
    check_equal(tree_map(&tree, PTE_RW), 0, "all writable");
    memset(root + 256, 0, 16 * 8);
}

/* A table below two parents is validated once and referenced twice. */
static void check_shared(void)
{
    struct tree other;

    tree_make(&other);
    other.table[2][TREE_SLOT + 1] = entry_for(tree.table[1], PTE_TABLE);
    check_equal(tree_map(&tree, PTE_RO), 0, "read-only");
    check_equal(tree_map(&other, PTE_RO), 0, "read-only");
    check_equal(tree_pin(&tree, 2), 0, "the first parent");
    check_equal(tree_pin(&other, 2), 0, "the second parent");
    check_equal(tree_unpin(&tree, 2), 0, "without the first");
    check_equal(page_writable(tree.table[1]), -XEN_EBUSY, "the shared table, one parent left");
    check_equal(tree_unpin(&other, 2), 0, "without the second");
    check_equal(page_writable(tree.table[1]), 0, "the shared table, no parent left");
    check_equal(tree_map(&tree, PTE_RW), 0, "all writable");
    check_equal(tree_map(&other, PTE_RW), 0, "all writable");
}

/* The entries of a pinned tree can be changed; the targets of the old entries are free
 * immediately. */
static void check_update(void)
{
    for (unsigned level = 2; level <= 4; level++) {
        u64 *child = tree.table[level - 1];
        u64 at = slot_machine(tree.table[level], TREE_SLOT);

        check_equal(tree_map(&tree, PTE_RO), 0, "read-only");
        check_equal(tree_pin(&tree, level), 0, "pinning level %u", level);
        check_equal(mmu_update(at, 0), 0, "clearing an entry of level %u", level);
        check_equal(page_writable(child), 0, "what it pointed to is writable");
        check_equal(mmu_update(at, entry_for(child, PTE_TABLE)), -XEN_EINVAL,
                    "... and now refused");
        check_equal(page_read_only(child), 0, "read-only again");
        check_equal(mmu_update(at, entry_for(child, PTE_TABLE)), 0, "... and accepted");
        check_equal(mmu_update(at, entry_for(child, PTE_RO)), 0, "without write and dirty");
        check_equal(mmu_update(at, entry_for(child, PTE_TABLE | PTE_AVAILABLE)), 0,
                    "with software bits");
        check_equal(tree_unpin(&tree, level), 0, "unpinning");
        check_equal(tree_map(&tree, PTE_RW), 0, "all writable");
        tree.table[level][TREE_SLOT] = entry_for(child, PTE_TABLE);
    }
}

/* The greatest number of paths: all entries of each level point to the same table below. */
static void check_full(void)
{
    for (unsigned level = 1; level <= 4; level++) {
        for (unsigned i = 0; i < 512; i++) {
            if (level < 4 || i < 256 || i > 271) {
                tree.table[level][i] = tree.table[level][TREE_SLOT];
            }
        }
    }
    check_equal(tree_map(&tree, PTE_RO), 0, "read-only");
    for (unsigned turn = 0; turn < 3; turn++) {
        check_equal(tree_pin(&tree, 4), 0, "pinning a full tree");
        check_equal(mmu_update(slot_machine(tree.table[1], 511), 0), 0,
                    "clearing one of 2^36 pages");
        check_equal(mmu_update(slot_machine(tree.table[1], 511), entry_for(tree.table[0], PTE_RW)),
                    0, "and back");
        check_equal(tree_unpin(&tree, 4), 0, "unpinning a full tree");
    }
    check_equal(tree_map(&tree, PTE_RW), 0, "all writable");
}

void test_main(void)
{
    tree_make(&tree);
    check_levels();
    check_nested();
    check_wrong_level();
    check_bad_slot();
    check_hypervisor_slots();
    check_shared();
    check_update();
    check_full();
}
