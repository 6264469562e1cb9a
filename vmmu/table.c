/* SPDX-License-Identifier: MIT */
/* One page table of any level: promoted and demoted, entry by entry, resumable. */
#include "vmmu/table.h"

#include "vmmu/entry.h"
#include "vmmu/flush.h"
#include "vmmu/m2p.h"
#include "vmmu/port.h"
#include "vmmu/ref.h"
#include "vmmu/type.h"

/* Ends exclusive ownership of `m`: publishes the table as partial at `place`, so that any CPU can
 * resume, and takes the reference that belongs to the partial state. Returns VMMU_AGAIN. */
static enum vmmu_result suspend(mfn_t m, enum vmmu_type type, u32 place, bool child)
{
    ref_get_more(m);
    frame_publish(m, use_of(type) | USE_PARTIAL | (child ? USE_CHILD : 0) | use_at(place) | 1);
    return VMMU_AGAIN;
}

/* The progress of a promotion (upwards) or a demotion (downwards) of one table. */
struct visit {
    _Atomic u64 *entries;
    u32 place;
    bool child;
    bool devices; /* entries of the L1 table may map device frames */
    u16 owner;
    u64 since;   /* down: the epoch since which no processor reaches the table */
    u32 checked; /* up: how many entries were checked */
    bool differ; /* up: some entry may differ from its form in a live table */
    u64 *word;   /* up: the word that was refused */
};

static struct visit visit_of(mfn_t m, u32 place, bool child)
{
    const u64 references = frame_references(m);
    return (struct visit){
        .entries = frame_words(m), .place = place, .child = child, .owner = ref_owner(references)};
}

/* Most entries of most tables are 0, so entries are skipped in groups of eight. */
#define GROUP 8u

/* Says whether the eight entries from `first` on are all 0. They are read as ordinary words: for
 * atomic ones a compiler emits a load and an OR each, twice the instructions. While a CPU owns the
 * table exclusively, no other stores entries; a processor that still walks a former table may set
 * the accessed and dirty bits of present entries, which does not change the answer. ThreadSanitizer
 * would report these reads, so it skips the function. The expression has no loop, because a loop
 * costs more instructions than its body. */
static inline __attribute__((no_sanitize("thread"))) bool group_is_empty(const _Atomic u64 *first)
{
    const u64 *group = (const u64 *)first;
    return (group[0] | group[1] | group[2] | group[3] | group[4] | group[5] | group[6] |
            group[7]) == 0;
}

/* Returns the start of the first group at or above `place` with an entry other than 0, or ENTRIES.
 * `place` is the start of a group. */
static inline u32 skip_up(const _Atomic u64 *entries, u32 place)
{
    while (place < ENTRIES && group_is_empty(&entries[place])) {
        place += GROUP;
    }
    return place;
}

/* Returns the end of the last group below `place` with an entry other than 0, or 0. `place` is the
 * end of a group. */
static inline u32 skip_down(const _Atomic u64 *entries, u32 place)
{
    while (place > 0 && group_is_empty(&entries[place - GROUP])) {
        place -= GROUP;
    }
    return place;
}

/* Drops the references of the entries from visit->place - 1 down to 0, of which one may map a
 * device frame if `devices`. VMMU_AGAIN, only above level 1: interrupted; visit->place and
 * visit->child describe the partial state. */
ALWAYS_INLINE enum vmmu_result drop_entries(struct visit *visit, u32 level, bool devices)
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
        if (!(devices ? entry_holds(entry) : entry & PTE_PRESENT) ||
            !entry_slot_is_guests(level, place)) {
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

/* Does drop_entries in an L1 table of which an entry may map a device frame. */
static __attribute__((noinline)) void drop_device_entries(struct visit visit)
{
    drop_entries(&visit, 1, true);
}

enum vmmu_result table_demote(mfn_t m, enum vmmu_type type, u32 place, u32 flags)
{
    const u32 level = (u32)type;
    const bool child = flags & TABLE_CHILD;
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
    enum vmmu_result result = VMMU_DONE;
    if (level > 1) {
        result = drop_entries(&visit, level, false);
    } else if (flags & TABLE_DEVICES) {
        drop_device_entries(visit);
    } else {
        drop_entries(&visit, 1, false);
    }
    if (result != VMMU_DONE) {
        return suspend(m, type, visit.place, visit.child);
    }
    count_up(&port_domain(visit.owner)->counters.demotions, 1);
    frame_publish(m, use_of(type) | use_at(flush_clock(visit.owner)));
    return VMMU_DONE;
}

/* Completes a promotion, all entries of which are accepted: if some entries may `differ` from their
 * form in a live table, stores them in that form; stores the hypervisor's entries in an L4 table,
 * that of the M2P if the domain's mode says so; and publishes the table as validated. */
static void install(mfn_t m, u32 level, _Atomic u64 *entries, bool differ, bool devices)
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
    if (level == 4 && !m2p_is_hidden(port_domain(ref_owner(frame_references(m))))) {
        word_write(&entries[VMMU_M2P_SLOT], 0);
    }
    frame_publish(m,
                  use_of((enum vmmu_type)level) | USE_VALIDATED | (devices ? USE_DEVICES : 0) | 1);
}

/* Does entry_accept_odd for the entry in `slot` of a table of this level and of domain `owner`, and
 * stores the entry in the form that a live table holds, so that drop_entries finds no reference
 * there if the promotion is refused. */
static __attribute__((noinline)) enum vmmu_result
accept_odd_entry(_Atomic u64 *slot, u32 level, u16 owner, enum vmmu_result result)
{
    const struct entry_owners owners = {owner, owner};
    u64 entry = entry_installed(level, word_read(slot));
    result = entry_accept_odd(level, owners, &entry, result);
    if (result == VMMU_DONE && (entry & PTE_PRESENT)) {
        word_write(slot, entry);
    }
    return result;
}

/* Checks the entries from visit->place up and takes their references. Returns VMMU_DONE, VMMU_AGAIN
 * (interrupted), or the refusal of an entry, with the word to report in *visit->word. Unless it
 * returns VMMU_DONE, visit->place and visit->child describe the partial state. */
ALWAYS_INLINE enum vmmu_result take_entries(struct visit *visit, u32 level)
{
    const struct entry_owners owners = {visit->owner, visit->owner};
    const _Atomic u64 *const entries = visit->entries;
    u32 place = visit->place;
    u32 checked = 0;
    /* Bits in which some entry differs from its form in a live table; and those of ENTRY_DEVICE if
     * some entry maps a device frame. */
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
            result = accept_odd_entry(&visit->entries[place], level, visit->owner, VMMU_DONE);
            if (result != VMMU_DONE) {
                *visit->word = entry;
                break;
            }
            differ |= level == 1 ? entry_device_bits(word_read(&entries[place])) : 0;
            continue; /* an entry that is not present or maps a device frame needs no references */
        }
        /* The entry is present already; setting the bit lets the compiler omit a test of it. */
        differ |= entry_installed(level, entry | PTE_PRESENT) ^ entry;
        result = entry_get(level, entry, owners, &visit->child, visit->word);
        if (result != VMMU_DONE) {
            if (level == 1) {
                result = accept_odd_entry(&visit->entries[place], 1, visit->owner, result);
                differ |= ENTRY_DEVICE;
            }
            if (result != VMMU_DONE) {
                break;
            }
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
    visit->differ |= (differ & ~ENTRY_DEVICE) != 0;
    visit->devices = differ & ENTRY_DEVICE;
    return result;
}

enum vmmu_result table_promote(mfn_t m, enum vmmu_type type, u32 place, bool child, u64 *word)
{
    const u32 level = (u32)type;
    struct visit visit = visit_of(m, place, child);

    visit.word = word;
    /* What an interrupted earlier part of the promotion found was not recorded: assume that some
     * entry differs. */
    visit.differ = place > 0;
    /* For level 1, the level of most tables, the compiler makes a copy with a constant level; so it
     * does in table_demote. */
    const enum vmmu_result result =
        level == 1 ? take_entries(&visit, 1) : take_entries(&visit, level);

    struct vmmu_counters *counters = &port_domain(visit.owner)->counters;
    count_up(&counters->entries_checked, visit.checked);
    if (result == VMMU_DONE) {
        install(m, level, visit.entries, visit.differ, visit.devices);
        count_up(&counters->promotions, 1);
        return VMMU_DONE;
    }
    if (result == VMMU_AGAIN && level > 1) {
        return suspend(m, type, visit.place, visit.child);
    }
    /* Refused, or an L1 table, which is never left partial: undo, at once or, if something waits
     * for this CPU, later from the partial state. */
    if (level > 1 && (visit.place > 0 || visit.child) && port_should_stop()) {
        suspend(m, type, visit.place, visit.child);
        return result;
    }
    table_demote(m, type, visit.place,
                 (visit.child ? TABLE_CHILD : 0) | (visit.devices ? TABLE_DEVICES : 0));
    return result;
}
