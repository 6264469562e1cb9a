/* SPDX-License-Identifier: MIT */
/* One change of one entry of a live table: the short way and the long one.
 *
 * The short way does all of it under the table's lock, because nothing of it waits (replace.h). The
 * long way takes what the new entry needs before the table is locked, and drops what the old one
 * held after it is unlocked: under the lock there is nothing but the exchange of one word. */
#include "vmmu/change.h"

#include "vmmu/defer.h"
#include "vmmu/flush.h"

void change_let_go(struct vmmu_vcpu *vcpu, u32 level, u64 entry, u16 table_owner)
{
    if ((entry & PTE_PRESENT) &&
        entry_put(level, entry, table_owner, flush_clock(table_owner)) != VMMU_DONE) {
        defer_note(vcpu, entry_frame(entry), DEFER_FINISH);
    }
}

/* Puts `next` in the slot and returns what was there; the processor may set bits of that meanwhile.
 */
static u64 exchange(_Atomic u64 *slot, u64 next, u64 keep)
{
    u64 old = atomic_load_explicit(slot, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(slot, &old, next | (old & keep),
                                                  memory_order_seq_cst, memory_order_relaxed)) {
    }
    return old;
}

/* Writes under the table's lock. False: the table is none any more, or (`inherit`) the old entry
 * is none to inherit from, or (conditional) not what was expected. */
static bool write_locked(struct change *change, u32 level, u64 next, bool inherit, u64 *old)
{
    _Atomic u64 *slot = &entry_table(change->table)[change->index];
    bool fits = true;

    if (!type_lock(change->table, (enum vmmu_type)level)) {
        return false;
    }
    /* Only now, and only until it is unlocked, is the owner certain for who has no reference. */
    if (!ref_is_owned_by(
            atomic_load_explicit(&frame_of(change->table)->references, memory_order_relaxed),
            change->owners.table)) {
        fits = false;
    } else if (change->mask) {
        *old = change->expected;
        fits = atomic_compare_exchange_strong_explicit(slot, old, next, memory_order_seq_cst,
                                                       memory_order_relaxed);
        change->done = fits;
    } else if (inherit &&
               !entry_inherits(level, atomic_load_explicit(slot, memory_order_relaxed), next)) {
        fits = false;
    } else {
        *old = exchange(slot, next, change->keep);
    }
    if (fits && inherit && (*old & ~next & PTE_WRITABLE)) {
        /* For entry_put_right: the entry's own reference may go with it as soon as the lock does.
         */
        ref_get_more(entry_frame(*old));
    }
    type_unlock(change->table);
    return fits;
}

enum vmmu_result change_entry(struct change *change, u32 level)
{
    const u64 next = entry_installed(level, change->entry);
    const _Atomic u64 *slot = &entry_table(change->table)[change->index];
    u64 old = change->mask ? change->expected : atomic_load_explicit(slot, memory_order_relaxed);
    bool held = false;

    if (!entry_slot_is_guests(level, change->index)) {
        return REFUSED_HYPERVISOR_SLOT;
    }
    if (entry_inherits(level, old, next) && write_locked(change, level, next, true, &old)) {
        entry_put_right(old, next, change->owners.table);
        return VMMU_DONE;
    }
    count_up(&change->vcpu->domain->counters.entries_checked, 1);
    change->word = change->entry;
    enum vmmu_result result = entry_check(level, change->entry);
    if (result != VMMU_DONE) {
        return result;
    }
    if (next & PTE_PRESENT) {
        result = entry_get(level, next, change->owners, &held, &change->word);
        if (result != VMMU_DONE) {
            if (held) {
                defer_abandon(change->vcpu, entry_frame(next), result);
            }
            return result;
        }
    }
    if (!write_locked(change, level, next, false, &old)) {
        change_let_go(change->vcpu, level, next, change->owners.table);
        return VMMU_AGAIN;
    }
    change_let_go(change->vcpu, level, old, change->owners.table);
    return VMMU_DONE;
}
