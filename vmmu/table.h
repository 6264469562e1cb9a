/* SPDX-License-Identifier: MIT */
/* One page table of any level: promoted (all its entries checked and counted) and demoted.
 *
 * Both are for type.c, which has made the calling CPU the only one at work on the frame: its type
 * word says count 1, not validated, not partial. Both stop only at a partial state that is exact:
 * entries below `place` hold their references, those above hold nothing, and the one at `place`
 * has, if `child`, a reference on its target and the duty to type_finish it. The partial state
 * itself owns the type reference and one reference on the frame. */
#ifndef VMMU_TABLE_H
#define VMMU_TABLE_H

#include "vmmu/vmmu.h"

/* Promotes from entry `place` on. VMMU_DONE: validated, count 1. VMMU_AGAIN: partial, or (level 1)
 * as before. A rule: demoted again, at once or, left partial, later; *word is the culprit. */
enum vmmu_result table_promote(mfn_t m, enum vmmu_type type, u32 place, bool child, u64 *word);

/* Demotes entries place-1 down to 0. VMMU_DONE: count 0. VMMU_AGAIN: partial. */
enum vmmu_result table_demote(mfn_t m, enum vmmu_type type, u32 place, bool child);

#endif
