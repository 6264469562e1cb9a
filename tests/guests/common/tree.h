/* SPDX-License-Identifier: MIT */
/* A small tree of tables that are not yet validated: one of each level, and a page to map. */
#ifndef GUESTS_TREE_H
#define GUESTS_TREE_H

#include "tests/guests/common/guest.h"

/* The slot of every table that leads to the next one. */
#define TREE_SLOT 3u

struct tree {
    u64 *table[5]; /* index = level; [0]: the page */
};

/* Takes the pages and links them at TREE_SLOT. All are still mapped writable. */
void tree_make(struct tree *tree);

/* Maps the tables with `flags`: read-only, or writable again. Returns 0 or the first error. */
long tree_map(struct tree *tree, u64 flags);

unsigned pin_command(unsigned level);

long tree_pin(struct tree *tree, unsigned level);

long tree_unpin(struct tree *tree, unsigned level);

#endif
