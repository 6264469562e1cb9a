/* SPDX-License-Identifier: MIT */
/* The demotion of one table: its entries drop their references. The usual entry drops them here,
 * every other one as entry_put does. */
#include "vmmu/visit.h"

/* Drops the references of an entry of an L1 table that holds some. */
static __attribute__((noinline)) void drop_page_slow(const struct visit *visit, u64 entry)
{
    entry_put(1, entry, visit->owner, visit->since);
}

/* Drops the references of a present L1 entry of RAM. */
ALWAYS_INLINE void drop_page(const struct visit *visit, u64 entry, struct usual usual)
{
    struct vmmu_frame *target = frame_at(entry_offset(usual, entry));
    const u64 references = word_read(&target->references);

    /* The comparison of the owner comes first, because a foreign target needs a flush. */
    if (!ref_has_many(usual, references) || ((entry & PTE_WRITABLE) && !type_put_fast(target))) {
        drop_page_slow(visit, entry);
    } else if (!ref_put_usual(&target->references, references, usual)) {
        ref_put(entry_frame(entry)); /* others have dropped references meanwhile */
    }
}

/* Does visit_drop_pages where not all entries hold their references or some map device frames. */
static __attribute__((noinline)) void drop_some_pages(const struct visit *visit)
{
    for (u32 index = 0; index < visit->place; index++) {
        const u64 entry = word_read(&visit->entries[index]);
        if (entry_holds(entry)) {
            drop_page_slow(visit, entry);
        }
    }
}

void visit_drop_pages(const struct visit *visit)
{
    const _Atomic u64 *const entries = visit->entries;
    const struct usual usual = usual_of(visit->owner);

    if (visit->devices || visit->place != ENTRIES) {
        drop_some_pages(visit);
        return;
    }
    for (u64 left = visit->parts >> USE_PARTS_SHIFT; left; left &= left - 1) {
        const u32 part = (u32)__builtin_ctzll(left) * PART;

        for (u32 line = part; line < part + PART; line += LINE) {
            if (line_is_empty(&entries[line])) {
                continue;
            }
            u64 index = line;
            do {
                const u64 entry = word_read(&entries[index]);
                if (entry & PTE_PRESENT) {
                    drop_page(visit, entry, usual);
                }
            } while (++index % LINE);
        }
    }
}

/* Says whether the demotion should stop after entry `index` of a table above level 1. An entry
 * whose target stays a live table is quick, so the question is asked after an entry whose target
 * does not, and after the last one of a line, which is its first. Stores the place from which to go
 * on. */
static bool should_stop_after(struct visit *visit, u32 index, bool quick)
{
    visit->place = index;
    visit->child = false;
    return (!quick || index % LINE == 0) && index > 0 && port_should_stop();
}

/* Drops the last type reference on `target`, to which entry `index` of a table above level 1
 * points, and then the reference. */
static __attribute__((noinline)) enum vmmu_result drop_last(struct visit *visit, u32 index,
                                                            mfn_t target)
{
    const enum vmmu_result result = type_put(target);

    if (result != VMMU_DONE) {
        visit->place = index;
        visit->child = true;
        return result;
    }
    ref_put(target);
    return should_stop_after(visit, index, false) ? VMMU_AGAIN : VMMU_DONE;
}

/* Drops the references of the entries of one line of a table above level 1, from `index` - 1 down
 * to the first. */
ALWAYS_INLINE enum vmmu_result drop_line(struct visit *visit, u64 index, struct usual usual)
{
    const _Atomic u64 *const entries = visit->entries;

    do {
        const u64 entry = word_read(&entries[--index]);
        if (!(entry & PTE_PRESENT)) {
            continue;
        }
        struct vmmu_frame *target = frame_at(entry_offset(usual, entry));
        if (!type_put_fast(target)) {
            const enum vmmu_result result = drop_last(visit, (u32)index, entry_frame(entry));
            if (result != VMMU_DONE) {
                return result;
            }
            continue;
        }
        const u64 references = word_read(&target->references);
        if (!ref_has_many(usual, references) ||
            !ref_put_usual(&target->references, references, usual)) {
            ref_put(entry_frame(entry));
        }
        if (index % LINE == 0 && should_stop_after(visit, (u32)index, true)) {
            return VMMU_AGAIN;
        }
    } while (index % LINE);
    return VMMU_DONE;
}

enum vmmu_result visit_drop_tables(struct visit *visit, u32 level)
{
    const struct usual usual = usual_of(visit->owner);
    u32 index = visit->place; /* the entries below it are still to be dropped */

    while (index > 0) {
        const u64 left = visit->parts & ((use_part(index - 1) << 1) - 1);
        if (left == 0) {
            break;
        }
        const u32 part = (63 - (u32)__builtin_clzll(left) - USE_PARTS_SHIFT) * PART;
        if (index > part + PART) {
            index = part + PART;
        }
        while (index > part) {
            const u32 line = (index - 1) & ~(LINE - 1);
            if (!line_holds_none(visit, level, line)) {
                const enum vmmu_result result = drop_line(visit, index, usual);
                if (result != VMMU_DONE) {
                    return result;
                }
            }
            index = line;
        }
    }
    return VMMU_DONE;
}
