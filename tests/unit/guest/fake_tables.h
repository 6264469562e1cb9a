/* SPDX-License-Identifier: MIT */
/* The fake hypervisor's view of memory: which frames are tables, and whether the rule holds. */
#ifndef TESTS_UNIT_GUEST_FAKE_TABLES_H
#define TESTS_UNIT_GUEST_FAKE_TABLES_H

#include "guest/entry.h"

void tables_start(u64 pages, u64 frames);
void tables_stop(void);

u64 *tables_m2p(void);
void tables_set_m2p(u64 frame, u64 pfn);
u64 tables_pfn(u64 frame); /* the frame's pfn; ~0: the frame is not the guest's */

/* The entry of `level` for an address below a root; NULL if there is none. */
u64 *tables_walk(u64 root, u64 va, unsigned level);

/* Changes the roots in use, the pins, or a word of memory. Each function returns false if the rule
 * forbids the change; then nothing has changed. */
bool tables_use(u64 kernel_root, u64 user_root);
bool tables_pin(u64 frame, unsigned level); /* level 0: unpin */
bool tables_is_pinned(u64 frame);
bool tables_write(u64 *word, u64 value);
u64 tables_kernel_root(void);
u64 tables_user_root(void);

bool tables_is_protected(u64 pfn);

/* The first of the lowest `count` consecutive frames without an owner; ~0 if there are none. */
u64 tables_unowned(u64 count);

#endif
