/* SPDX-License-Identifier: MIT */
/* One page table of any level: promoted (all entries are checked and take their references) and
 * demoted (they drop them), entry by entry.
 *
 * Both functions are for type.c. The calling CPU owns the frame exclusively: its type word says
 * count 1, neither validated nor partial. They stop only in a partial state that is exact. The
 * entries below `place` hold their references; those above hold none. With `child`, the entry at
 * `place` has a reference on its target, for which type_get or type_finish must be called again.
 * The partial state itself owns the table's one type reference and one reference on the frame. */
#ifndef VMMU_TABLE_H
#define VMMU_TABLE_H

#include "vmmu/vmmu.h"

/* Promotes `m` from entry `place` on; with `child`, the reference on the target of that entry is
 * taken already. VMMU_DONE: validated, with count 1. VMMU_AGAIN: partial; at level 1, which is
 * never partial, demoted again. Otherwise the refusal of an entry, with the word to report in
 * *word; the table is demoted again, or is partial if that was interrupted. */
enum vmmu_result table_promote(mfn_t m, enum vmmu_type type, u32 place, bool child, u64 *word);

/* Demotes the entries place - 1 down to 0; with TABLE_CHILD, first completes the demotion of the
 * target of entry `place` and drops the reference on it. TABLE_DEVICES: entries of the L1 table may
 * map device frames. VMMU_DONE: count 0. VMMU_AGAIN, only above level 1: partial. */
enum table_flags { TABLE_CHILD = 1, TABLE_DEVICES = 2 };
enum vmmu_result table_demote(mfn_t m, enum vmmu_type type, u32 place, u32 flags);

#endif
