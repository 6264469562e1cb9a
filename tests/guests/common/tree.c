/* SPDX-License-Identifier: MIT */
/* A small tree of tables that are not yet validated: one of each level, and a page to map. */
#include "tests/guests/common/tree.h"

void tree_make(struct tree *tree)
{
    for (unsigned level = 0; level <= 4; level++) {
        tree->table[level] = page_take();
    }
    for (unsigned level = 1; level <= 4; level++) {
        tree->table[level][TREE_SLOT] =
            entry_for(tree->table[level - 1], level == 1 ? PTE_RW : PTE_TABLE);
    }
}

long tree_map(struct tree *tree, u64 flags)
{
    for (unsigned level = 1; level <= 4; level++) {
        long result = page_map_as(tree->table[level], flags);

        if (result) {
            return result;
        }
    }
    return 0;
}

unsigned pin_command(unsigned level)
{
    return MMUEXT_PIN_L1_TABLE + level - 1;
}

long tree_pin(struct tree *tree, unsigned level)
{
    return mmuext(pin_command(level), mfn_of(tree->table[level]), 0);
}

long tree_unpin(struct tree *tree, unsigned level)
{
    return mmuext(MMUEXT_UNPIN_TABLE, mfn_of(tree->table[level]), 0);
}
