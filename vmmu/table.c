/* SPDX-License-Identifier: MIT */
/* One page table of any level: promote and demote, entry by entry, resumable. */
#include "vmmu/table.h"

#include "vmmu/entry.h"
#include "vmmu/flush.h"
#include "vmmu/port.h"
#include "vmmu/ref.h"
#include "vmmu/type.h"

/* Stops here, for anybody to go on. */
static enum vmmu_result suspend(mfn_t m, enum vmmu_type type, u32 place, bool child)
{
    ref_get_more(m);
    frame_publish(m, use_of(type) | USE_PARTIAL | (child ? USE_CHILD : 0) | use_at(place) | 1);
    return VMMU_AGAIN;
}

/* Entries on their way, in either direction. */
struct visit {
    _Atomic u64 *entries;
    u32 place;
    bool child;
    u16 owner;
    u64 since;   /* going down: the table is out of reach since then */
    u32 checked; /* going up */
    bool differ; /* going up: some entry is not as it stands in a live table */
    u64 *word;   /* going up: what was refused */
};

static struct visit visit_of(mfn_t m, u32 place, bool child)
{
    const u64 references = frame_references(m);
    return (struct visit){
        .entries = frame_words(m), .place = place, .child = child, .owner = ref_owner(references)};
}

/* Most of most tables is empty: eight entries at once. */
#define GROUP 8u

/* Says whether the eight entries from `first` on are all 0. Read as ordinary words, because a
 * compiler loads an atomic one first and combines it then, which is twice the instructions. No
 * other CPU writes entries meanwhile, except processors, which only set bits in entries that are
 * present. Written out, because a loop costs more than its body. */
static inline bool group_is_empty(const _Atomic u64 *first)
{
    const u64 *group = (const u64 *)first;
    return (group[0] | group[1] | group[2] | group[3] | group[4] | group[5] | group[6] |
            group[7]) == 0;
}

/* The first place from `place` up where an entry may stand; at the start of a group only. */
static inline u32 skip_up(const _Atomic u64 *entries, u32 place)
{
    while (place < ENTRIES && group_is_empty(&entries[place])) {
        place += GROUP;
    }
    return place;
}

/* The same downwards: no entry stands between it and `place`, which is the end of a group. */
static inline u32 skip_down(const _Atomic u64 *entries, u32 place)
{
    while (place > 0 && group_is_empty(&entries[place - GROUP])) {
        place -= GROUP;
    }
    return place;
}

/* One text for all levels; the compiler makes one for tables and one, the one that counts, for
 * level 1, out of it. */
#define FOR_LEVEL(function, visit, level)                                                          \
    ((level) == 1 ? function(visit, 1) : function(visit, level))

/* Drops entries from visit->place - 1 down. VMMU_AGAIN: to stop here. */
ALWAYS_INLINE enum vmmu_result drop_entries(struct visit *visit, u32 level)
{
    const _Atomic u64 *const entries = visit->entries;
    u32 place = visit->place;
    enum vmmu_result result = VMMU_DONE;

    while (result == VMMU_DONE) {
        if (place % GROUP == 0) {
            place = skip_down(entries, place);
            if (place == 0) {
                break;
            }
        }
        const u64 entry = word_read(&entries[--place]);
        if (!(entry & PTE_PRESENT) || !entry_slot_is_guests(level, place)) {
            continue;
        }
        result = entry_put(level, entry, visit->owner, visit->since);
        if (level > 1) {
            visit->child = result != VMMU_DONE;
            if (place > 0 && result == VMMU_DONE && port_should_stop()) {
                result = VMMU_AGAIN;
            }
        }
    }
    visit->place = place;
    return result;
}

enum vmmu_result table_demote(mfn_t m, enum vmmu_type type, u32 place, bool child)
{
    const u32 level = (u32)type;
    struct visit visit = visit_of(m, place, child);

    visit.since = flush_clock(visit.owner);
    if (child) {
        const mfn_t target = entry_frame(visit.entries[place]);
        if (type_finish(target) != VMMU_DONE) {
            return suspend(m, type, place, true);
        }
        ref_put(target);
        if (place > 0 && port_should_stop()) {
            return suspend(m, type, place, false);
        }
        visit.child = false;
    }
    if (FOR_LEVEL(drop_entries, &visit, level) != VMMU_DONE) {
        return suspend(m, type, visit.place, visit.child);
    }
    count_up(&port_domain(visit.owner)->counters.demotions, 1);
    frame_publish(m, use_of(type) | use_at(flush_clock(visit.owner)));
    return VMMU_DONE;
}

/* Nobody can refuse any more: makes all entries what they are in a live table. */
static void install(mfn_t m, u32 level, _Atomic u64 *entries, bool differ)
{
    for (u32 i = 0; differ && i < ENTRIES; i++) {
        const u64 entry = word_read(&entries[i]);
        if (entry_installed(level, entry) != entry) {
            word_write(&entries[i], entry_installed(level, entry));
        }
    }
    for (u32 i = 0; level == 4 && i < ARRAY_LENGTH(vmmu_engine.hypervisor_slots); i++) {
        word_write(&entries[VMMU_GUEST_HOLE_FIRST + i], vmmu_engine.hypervisor_slots[i]);
    }
    frame_publish(m, use_of((enum vmmu_type)level) | USE_VALIDATED | 1);
}

/* Checks and takes entries from visit->place up. VMMU_AGAIN: to stop here. */
ALWAYS_INLINE enum vmmu_result take_entries(struct visit *visit, u32 level)
{
    const struct entry_owners owners = {visit->owner, visit->owner};
    const _Atomic u64 *const entries = visit->entries;
    u32 place = visit->place;
    u32 checked = 0;
    u64 differ = 0;
    enum vmmu_result result = VMMU_DONE;

    for (;; place++) {
        if (place % GROUP == 0) {
            place = skip_up(entries, place);
            if (place == ENTRIES) {
                break;
            }
        }
        const u64 entry = word_read(&entries[place]);
        if (entry == 0 || !entry_slot_is_guests(level, place)) {
            continue;
        }
        checked++;
        if (!entry_is_plain(level, entry)) {
            result = entry_check_slow(level, entry);
            if (result != VMMU_DONE) {
                *visit->word = entry;
                break;
            }
            continue; /* not present */
        }
        differ |= entry_installed(level, entry | PTE_PRESENT) ^ entry; /* it is present */
        result = entry_get(level, entry, owners, &visit->child, visit->word);
        if (result != VMMU_DONE) {
            break;
        }
        if (level > 1) {
            visit->child = false;
            if (place + 1 < ENTRIES && port_should_stop()) {
                place++;
                result = VMMU_AGAIN;
                break;
            }
        }
    }
    visit->place = place;
    visit->checked = checked;
    visit->differ |= differ != 0;
    return result;
}

enum vmmu_result table_promote(mfn_t m, enum vmmu_type type, u32 place, bool child, u64 *word)
{
    const u32 level = (u32)type;
    struct visit visit = visit_of(m, place, child);

    visit.word = word;
    visit.differ = place > 0; /* what was found before the interruption is forgotten */
    const enum vmmu_result result = FOR_LEVEL(take_entries, &visit, level);

    struct vmmu_counters *counters = &port_domain(visit.owner)->counters;
    count_up(&counters->entries_checked, visit.checked);
    if (result == VMMU_DONE) {
        install(m, level, visit.entries, visit.differ);
        count_up(&counters->promotions, 1);
        return VMMU_DONE;
    }
    if (result == VMMU_AGAIN && level > 1) {
        return suspend(m, type, visit.place, visit.child);
    }
    /* A rule said no; or it is level 1, which keeps nothing by halves. */
    if (level > 1 && (visit.place > 0 || visit.child) && port_should_stop()) {
        suspend(m, type, visit.place, visit.child);
        return result;
    }
    table_demote(m, type, visit.place, visit.child);
    return result;
}
