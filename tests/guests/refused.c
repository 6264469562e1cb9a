/* SPDX-License-Identifier: MIT */
/* Asks for a writable mapping of a page table that it has pinned, which is refused, prints the
 * frame number of that table, and blocks for ever: for a system test that inspects the machine. */
#include "tests/guests/common/tree.h"

static struct tree tree;

void test_main(void)
{
    tree_make(&tree);
    check_equal(tree_map(&tree, PTE_RO), 0, "the tables read-only");
    check_equal(tree_pin(&tree, 4), 0, "a pin");
    check_equal(update_va_mapping(address(tree.table[0]), entry_for(tree.table[1], PTE_RW), 0),
                -XEN_EBUSY, "a writable mapping of a table");
    print("refused: frame %lx\n", mfn_of(tree.table[1]));
    console_flush();
    for (;;) {
        sched_op(SCHEDOP_block, NULL);
    }
}
