/* SPDX-License-Identifier: MIT */
/* What the promotion and the demotion of one table share: their progress, the parts and lines in
 * which a table is read, and the words of a frame that an entry maps.
 *
 * Most entries of most tables are 0. A promotion has to read them all, and does so by parts, of 32
 * entries (port_parts_in_use), and lines, of 8. A demotion reads only the parts for which the type
 * word has a bit. */
#ifndef VMMU_VISIT_H
#define VMMU_VISIT_H

#include "vmmu/entry.h"
#include "vmmu/usual.h"

#define LINE 8u /* entries; those of one line of a processor's cache */

_Static_assert(VMMU_GUEST_HOLE_FIRST % LINE == 0 && (VMMU_GUEST_HOLE_LAST + 1) % LINE == 0,
               "a line of an L4 table is the guest's or the hypervisor's, not both");

/* The progress of a promotion (upwards) or a demotion (downwards) of one table. */
struct visit {
    _Atomic u64 *entries;
    u32 place;    /* as in the type word of a partial table */
    bool child;   /* the same */
    bool devices; /* entries of the L1 table may map device frames */
    bool differ;  /* up: some entry may differ from its form in a live table */
    u16 owner;
    u32 checked; /* up: how many entries were checked */
    u64 parts;   /* the bits of USE_PARTS for the parts in which an entry may hold references */
    u64 since;   /* down: the epoch since which no processor reaches the table */
    u64 *word;   /* up: the word that was refused */
};

/* Says whether the eight entries from `first` on are all 0. They are read as ordinary words: for
 * atomic ones a compiler emits a load and an OR each, twice the instructions. While a CPU owns the
 * table exclusively, no other stores entries; a processor that still walks a former table may set
 * the accessed and dirty bits of present entries, which does not change the answer. ThreadSanitizer
 * would report these reads, so it skips the function. The expression has no loop, because a loop
 * costs more instructions than its body. */
static inline __attribute__((no_sanitize("thread"))) bool line_is_empty(const _Atomic u64 *first)
{
    const u64 *line = (const u64 *)first;
    return (line[0] | line[1] | line[2] | line[3] | line[4] | line[5] | line[6] | line[7]) == 0;
}

/* Says whether the line that begins at entry `first` of a table of this level holds no reference:
 * its entries are the hypervisor's or all 0. */
static inline bool line_holds_none(const struct visit *visit, u32 level, u32 first)
{
    return !entry_slot_is_guests(level, first) || line_is_empty(&visit->entries[first]);
}

/* Checks the entries of the table from visit->place up, which at level 1 is 0, and takes their
 * references. Returns VMMU_DONE, VMMU_AGAIN (interrupted), or the refusal of an entry, with the
 * word to report in *visit->word. Unless it returns VMMU_DONE, visit->place and visit->child
 * describe the partial state. Adds to visit->checked, and sets visit->parts, visit->differ and
 * visit->devices where an entry requires it. */
enum vmmu_result visit_take_pages(struct visit *visit);
enum vmmu_result visit_take_tables(struct visit *visit, u32 level);

/* Drops the references of the entries of an L1 table from visit->place - 1 down to 0. */
void visit_drop_pages(const struct visit *visit);

/* Drops the references of the entries of a table above level 1 from visit->place - 1 down to 0.
 * VMMU_AGAIN: interrupted; visit->place and visit->child describe the partial state. */
enum vmmu_result visit_drop_tables(struct visit *visit, u32 level);

#endif
