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

/* Demotes `m`, whose type word was `use` before the calling CPU got it exclusively: that of a
 * validated table, all entries of which hold their references, or of a partial one. VMMU_DONE:
 * count 0. VMMU_AGAIN, only above level 1: partial. */
enum vmmu_result table_demote(mfn_t m, u64 use);

#endif
