/* SPDX-License-Identifier: MIT */
/* try */
#include "tests/guests/common/tree.h"
static struct tree tree;
void test_main(void)
{
    tree_make(&tree);
    tree_map(&tree, PTE_RO);
    print("pin %ld\n", tree_pin(&tree, 4));
    for (unsigned level = 1; level <= 4; level++)
        for (unsigned bit = 52; bit < 64; bit++) {
            long r = mmu_update(slot_machine(tree.table[level], 9), entry_for(tree.table[level - 1], PTE_TABLE) | 1ull << bit);
            if (r) print("level %u bit %u: %ld\n", level, bit, r);
            mmu_update(slot_machine(tree.table[level], 9), 0);
        }
}
