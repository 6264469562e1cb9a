/* SPDX-License-Identifier: MIT */
/* The promotion of one table: its entries are checked and take their references. The usual entry
 * takes them here; every other one, in functions that are not inlined, as entry.h says. */
#include "vmmu/visit.h"

/* The bits of the entries that took their references on the fast path: those of any, and those that
 * all have. What such entries are to be changed in follows from these. */
struct taken {
    u64 any, all;
};

/* Says whether an entry that has taken its references differs from its form in a live table; all
 * bits in which it can are in entry_installed. */
static bool some_differ(u32 level, struct taken taken)
{
    return entry_installed(level, taken.any) != taken.any ||
           ((taken.any & PTE_PRESENT) && entry_installed(level, taken.all) != taken.all);
}

/* Does entry_accept_odd for the entry in `slot` of a table of this level, and stores the entry in
 * the form that a live table holds, so that a demotion finds no reference there if the promotion is
 * refused. */
static enum vmmu_result accept_odd_entry(struct visit *visit, u32 level, u32 index, u64 entry,
                                         enum vmmu_result result)
{
    const struct entry_owners owners = {visit->owner, visit->owner};

    entry = entry_installed(level, entry);
    result = entry_accept_odd(level, owners, &entry, result);
    if (result == VMMU_DONE && (entry & PTE_PRESENT)) {
        word_write(&visit->entries[index], entry);
        visit->devices |= level == 1 && entry_device_bits(entry);
    }
    return result;
}

/* Takes the references of an L1 entry that take_page_fast has not taken. */
static __attribute__((noinline)) enum vmmu_result take_page_slow(struct visit *visit, u32 index,
                                                                 u64 entry)
{
    const struct entry_owners owners = {visit->owner, visit->owner};
    enum vmmu_result result = VMMU_DONE;

    if (entry_is_plain(1, entry)) {
        visit->differ |= entry_installed(1, entry) != entry;
        result = entry_get(1, entry, owners, &visit->child, visit->word);
        if (result == VMMU_DONE) {
            return VMMU_DONE;
        }
    }
    result = accept_odd_entry(visit, 1, index, entry, result);
    if (result != VMMU_DONE) {
        *visit->word = entry;
    }
    return result;
}

/* Takes the references of a present L1 entry in the usual case: the entry is plain, its target is
 * usual for the domain, and if the entry is writable, so is the target, without a flush or a wait.
 * False: it is another case, and nothing has happened. */
ALWAYS_INLINE bool take_page_fast(u64 entry, struct usual usual)
{
    const u64 offset = entry_offset(usual, entry);
    if (!entry_has_plain_bits(1, entry) || offset >= usual.offset_end) {
        return false;
    }
    struct vmmu_frame *target = frame_at(offset);
    if (!ref_get_usual(&target->references, usual)) {
        return false;
    }
    if ((entry & PTE_WRITABLE) && !type_get_writable_fast(target)) {
        ref_put(entry_frame(entry));
        return false;
    }
    return true;
}

/* Takes the references of the entries of one line, from `index` on. */
ALWAYS_INLINE enum vmmu_result take_line(struct visit *visit, u64 index, struct usual usual,
                                         struct taken *taken)
{
    const _Atomic u64 *const entries = visit->entries;

    do {
        const u64 entry = word_read(&entries[index]);
        if (take_page_fast(entry, usual)) {
            taken->any |= entry;
            taken->all &= entry;
            visit->checked++;
        } else if (entry) {
            visit->checked++;
            const enum vmmu_result result = take_page_slow(visit, (u32)index, entry);
            if (result != VMMU_DONE) {
                visit->place = (u32)index;
                return result;
            }
        }
    } while (++index % LINE);
    return VMMU_DONE;
}

enum vmmu_result visit_take_pages(struct visit *visit)
{
    const _Atomic u64 *const entries = visit->entries;
    const struct usual usual = usual_of(visit->owner);
    struct taken taken = {0, ~0ull};
    enum vmmu_result result = VMMU_DONE;

    const u32 used = port_parts_in_use(entries);
    visit->parts = (u64)used << USE_PARTS_SHIFT;
    for (u32 left = used; left && result == VMMU_DONE; left &= left - 1) {
        const u32 part = (u32)__builtin_ctz(left) * PART;

        for (u32 line = part; line < part + PART && result == VMMU_DONE; line += LINE) {
            if (!line_is_empty(&entries[line])) {
                result = take_line(visit, line, usual, &taken);
            }
        }
    }
    visit->differ |= some_differ(1, taken);
    return result;
}

/* Says whether the promotion should stop after entry `index` of a table above level 1. An entry
 * whose target is a live table already is quick, so the question is asked after an entry that is
 * not, and after the last of a line. Stores the place from which to go on. */
static bool should_stop_after(struct visit *visit, u32 index, bool quick)
{
    visit->place = index + 1;
    return (!quick || index % LINE == LINE - 1) && index + 1 < ENTRIES && port_should_stop();
}

/* Takes the references of the entry `index` of a table above level 1, where take_table_fast has not
 * taken them all; with visit->child, the reference on the target is taken already. */
static __attribute__((noinline)) enum vmmu_result take_table_slow(struct visit *visit, u32 level,
                                                                  u32 index, u64 entry)
{
    const struct entry_owners owners = {visit->owner, visit->owner};
    enum vmmu_result result = VMMU_DONE;

    visit->place = index;
    if (!entry_is_plain(level, entry)) {
        result = accept_odd_entry(visit, level, index, entry, VMMU_DONE);
        if (result != VMMU_DONE) {
            *visit->word = entry;
        }
        return result;
    }
    const bool live =
        use_is_valid(frame_type_word(entry_frame(entry)), (enum vmmu_type)(level - 1));
    visit->differ |= entry_installed(level, entry) != entry;
    result = entry_get(level, entry, owners, &visit->child, visit->word);
    if (result == VMMU_DONE) {
        visit->child = false;
        result = should_stop_after(visit, index, live) ? VMMU_AGAIN : VMMU_DONE;
    }
    return result;
}

/* Takes the references of a present entry above level 1 in the usual case: the entry is plain, its
 * target is usual for the domain, and a live table of the level below. False: it is another case;
 * the reference on the target is taken if *held, which is false before. */
ALWAYS_INLINE bool take_table_fast(u32 level, u64 entry, struct usual usual, bool *held)
{
    const u64 offset = entry_offset(usual, entry);
    if (!entry_has_plain_bits(level, entry) || offset >= usual.offset_end) {
        return false;
    }
    struct vmmu_frame *target = frame_at(offset);
    *held = ref_get_usual(&target->references, usual);
    return *held && type_get_fast(target, (enum vmmu_type)(level - 1));
}

/* Takes the references of the entries of one line of a table above level 1, from `index` on. */
ALWAYS_INLINE enum vmmu_result take_line_of_tables(struct visit *visit, u32 level, u64 index,
                                                   struct usual usual, struct taken *taken)
{
    const _Atomic u64 *const entries = visit->entries;
    bool quick;

    do {
        const u64 entry = word_read(&entries[index]);
        bool held = false;
        quick = take_table_fast(level, entry, usual, &held);
        if (quick) {
            taken->any |= entry;
            taken->all &= entry;
            visit->checked++;
        } else if (entry) {
            visit->checked++;
            visit->child = held;
            const enum vmmu_result result = take_table_slow(visit, level, (u32)index, entry);
            if (result != VMMU_DONE) {
                return result;
            }
        }
    } while (++index % LINE);
    return quick && should_stop_after(visit, (u32)index - 1, true) ? VMMU_AGAIN : VMMU_DONE;
}

enum vmmu_result visit_take_tables(struct visit *visit, u32 level)
{
    const struct usual usual = usual_of(visit->owner);
    struct taken taken = {0, ~0ull};
    enum vmmu_result result = VMMU_DONE;
    u32 index = visit->place;

    visit->parts = (u64)port_parts_in_use(visit->entries) << USE_PARTS_SHIFT;
    if (visit->child) {
        visit->checked++;
        result = take_table_slow(visit, level, index, word_read(&visit->entries[index]));
        index++;
    }
    while (result == VMMU_DONE && index < ENTRIES) {
        const u64 left = visit->parts >> (USE_PARTS_SHIFT + index / PART);
        if (left == 0) {
            break;
        }
        if (!(left & 1)) {
            index = (index / PART + (u32)__builtin_ctzll(left)) * PART;
        }
        do {
            if (index % LINE != 0 || !line_holds_none(visit, level, index)) {
                result = take_line_of_tables(visit, level, index, usual, &taken);
            }
            index = (index | (LINE - 1)) + 1;
        } while (result == VMMU_DONE && index % PART != 0);
    }
    visit->differ |= some_differ(level, taken);
    return result;
}
