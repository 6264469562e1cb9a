/* SPDX-License-Identifier: MIT */
/* One page table of any level: promote and demote, entry by entry, resumable. */
#include "vmmu/table.h"

#include "vmmu/entry.h"
#include "vmmu/flush.h"
#include "vmmu/owner.h"
#include "vmmu/port.h"
#include "vmmu/ref.h"
#include "vmmu/type.h"

static void publish(mfn_t m, u64 use)
{
    atomic_store_explicit(&frame_of(m)->type, use, memory_order_release);
}

/* Stops here, for anybody to go on. */
static enum vmmu_result suspend(mfn_t m, enum vmmu_type type, u32 place, bool child)
{
    ref_get_more(m);
    publish(m, use_of(type) | USE_PARTIAL | (child ? USE_CHILD : 0) | use_at(place) | 1);
    return VMMU_AGAIN;
}

enum vmmu_result table_demote(mfn_t m, enum vmmu_type type, u32 place, bool child)
{
    const u32 level = (u32)type;
    const u64 since = flush_clock();
    const u16 owner =
        ref_owner(atomic_load_explicit(&frame_of(m)->references, memory_order_relaxed));
    _Atomic u64 *entries = entry_table(m);

    if (child) {
        const mfn_t target = entry_frame(entries[place]);
        if (type_finish(target) != VMMU_DONE) {
            return suspend(m, type, place, true);
        }
        ref_put(target);
    }
    while (place > 0) {
        const u64 entry = atomic_load_explicit(&entries[--place], memory_order_relaxed);
        if (!(entry & ENTRY_PRESENT) || !entry_slot_is_guests(level, place)) {
            continue;
        }
        if (entry_put(level, entry, owner, since) != VMMU_DONE) {
            return suspend(m, type, place, true);
        }
        if (level > 1 && place > 0 && port_should_stop()) {
            return suspend(m, type, place, false);
        }
    }
    count_up(&port_domain(owner)->counters.demotions, 1);
    publish(m, use_of(type) | use_at(flush_clock()));
    return VMMU_DONE;
}

/* Nobody can refuse any more: makes all entries what they are in a live table. */
static void install(mfn_t m, u32 level, _Atomic u64 *entries, bool differ)
{
    for (u32 i = 0; differ && i < ENTRIES; i++) {
        const u64 entry = atomic_load_explicit(&entries[i], memory_order_relaxed);
        if (entry_installed(entry) != entry) {
            atomic_store_explicit(&entries[i], entry_installed(entry), memory_order_relaxed);
        }
    }
    for (u32 i = 0; level == 4 && i < ARRAY_LENGTH(vmmu_state.hypervisor_slots); i++) {
        atomic_store_explicit(&entries[VMMU_GUEST_HOLE_FIRST + i], vmmu_state.hypervisor_slots[i],
                              memory_order_relaxed);
    }
    publish(m, use_of((enum vmmu_type)level) | USE_VALIDATED | 1);
}

enum vmmu_result table_promote(mfn_t m, enum vmmu_type type, u32 place, bool child, u64 *word)
{
    const u32 level = (u32)type;
    const u16 owner =
        ref_owner(atomic_load_explicit(&frame_of(m)->references, memory_order_relaxed));
    const struct entry_owners owners = {owner, owner};
    _Atomic u64 *entries = entry_table(m);
    enum vmmu_result result = VMMU_DONE;
    bool differ = place > 0;
    u32 checked = 0;

    for (; place < ENTRIES; place++) {
        const u64 entry = atomic_load_explicit(&entries[place], memory_order_relaxed);
        if (entry == 0 || !entry_slot_is_guests(level, place)) {
            continue;
        }
        checked++;
        result = entry_check(level, entry);
        if (result != VMMU_DONE) {
            *word = entry;
            break;
        }
        if (!(entry & ENTRY_PRESENT)) {
            continue;
        }
        differ |= entry_installed(entry) != entry;
        result = entry_get(level, entry, owners, &child, word);
        if (result != VMMU_DONE) {
            break;
        }
        child = false;
        if (level > 1 && place + 1 < ENTRIES && port_should_stop()) {
            place++;
            result = VMMU_AGAIN;
            break;
        }
    }

    struct vmmu_counters *counters = &port_domain(owner)->counters;
    count_up(&counters->entries_checked, checked);
    if (result == VMMU_DONE) {
        install(m, level, entries, differ);
        count_up(&counters->promotions, 1);
        return VMMU_DONE;
    }
    if (result == VMMU_AGAIN && level > 1) {
        return suspend(m, type, place, child);
    }
    /* A rule said no; or it is level 1, which keeps nothing by halves and owes no target anything.
     */
    if (level == 1 && child) {
        ref_put(entry_frame(entries[place]));
        child = false;
    }
    table_demote(m, type, place, child);
    return result;
}
