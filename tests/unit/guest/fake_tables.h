/* SPDX-License-Identifier: MIT */
/* The fake hypervisor's view of memory: which frames are tables, and whether the rule holds. */
#ifndef TESTS_UNIT_GUEST_FAKE_TABLES_H
#define TESTS_UNIT_GUEST_FAKE_TABLES_H

#include "guest/entry.h"

void tables_start(u64 pages, u64 frames);
void tables_stop(void);

u64 *tables_m2p(void);
void tables_set_m2p(u64 frame, u64 pfn);
u64 tables_pfn(u64 frame); /* ~0: not the guest's */

/* The entry of `level` for an address below a root; NULL: there is none. */
u64 *tables_walk(u64 root, u64 va, unsigned level);

/* The roots in use, and pins; changes of them and of words are tried out: false, the rule forbids
 * it and nothing has changed. */
bool tables_use(u64 kernel_root, u64 user_root);
bool tables_pin(u64 frame, unsigned level); /* level 0: the pin goes */
bool tables_is_pinned(u64 frame);
bool tables_write(u64 *word, u64 value);
u64 tables_kernel_root(void);
u64 tables_user_root(void);

bool tables_is_protected(u64 pfn);

/* The lowest frame of `count` in a row that nobody has; ~0: none. */
u64 tables_unowned(u64 count);

#endif
