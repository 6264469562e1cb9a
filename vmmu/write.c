/* SPDX-License-Identifier: MIT */
/* The write of one entry of a live table: the slow path.
 *
 * The fast path (write_inline.h) does everything under the table's lock, because none of its
 * steps waits. The slow path takes the references that the new entry needs before it locks the
 * table, and drops those of the old entry after it has unlocked it. Under the lock it only
 * exchanges one word. */
#include "vmmu/write_inline.h"

#include "vmmu/defer.h"
#include "vmmu/flush.h"
#include "vmmu/lessened.h"

enum vmmu_result write_get_l1_table(const struct vmmu_vcpu *vcpu, maddr_t at)
{
    const mfn_t table = mfn_of(at);
    enum vmmu_result result;

    if (at.a % sizeof(u64)) {
        return VMMU_REFUSED_BAD_ADDRESS;
    }
    result = frame_exists(table) ? ref_get(table, vcpu->domain->id) : VMMU_REFUSED_BAD_FRAME;
    if (result == VMMU_DONE && !use_is_valid(frame_type_word_acquire(table), VMMU_TYPE_L1)) {
        ref_put(table);
        result = VMMU_REFUSED_NOT_L1_TABLE;
    }
    return result;
}

void write_put_entry(struct vmmu_vcpu *vcpu, u32 level, u64 entry, u16 table_owner)
{
    if (entry_holds(entry) &&
        entry_put(level, entry, table_owner, flush_clock(table_owner)) != VMMU_DONE) {
        defer_note(vcpu, entry_frame(entry), DEFER_FINISH);
    }
}

__attribute__((noinline)) bool write_release(struct vmmu_vcpu *vcpu, enum written written, u64 left,
                                             u64 *counter)
{
    *counter += written != WRITTEN_NOT;
    vcpu->counted.entries_checked += written >= WRITTEN_RIGHT;
    write_put_entry(vcpu, 1, left, vcpu->domain->id);
    return written != WRITTEN_NOT;
}

/* Stores `next`, with the bits `keep` of the old entry, in the slot of a locked table, and returns
 * the old entry. The processor may set the accessed and dirty bits of the old entry until then; the
 * loop loses none of them. */
static u64 exchange(_Atomic u64 *slot, u64 next, u64 keep)
{
    u64 old = word_read(slot);
    while (!atomic_compare_exchange_weak_explicit(slot, &old, next | (old & keep),
                                                  memory_order_seq_cst, memory_order_relaxed)) {
    }
    return old;
}

/* Exchanges the entry of the locked table for `next`. True: *old is the entry before. False, with
 * the entry unchanged: the write is conditional and the old entry is not the expected one; or it is
 * not, `inherit` is set, and `next` cannot take over the references of the old entry
 * (entry_inherits). A conditional write sets write->done, and its caller has compared the expected
 * entry with `next` for `inherit`. */
static bool exchange_locked(struct write *write, u32 level, u64 next, bool inherit, u64 *old)
{
    _Atomic u64 *slot = &frame_words(write->table)[write->index];

    if (write->mask) {
        *old = write->expected;
        write->done = atomic_compare_exchange_strong_explicit(slot, old, next, memory_order_seq_cst,
                                                              memory_order_relaxed);
        return write->done;
    }
    if (inherit && !entry_inherits(level, word_read(slot), next)) {
        return false;
    }
    *old = exchange(slot, next, write->keep);
    return true;
}

static u64 restrictions(void)
{
    return atomic_load_explicit(&vmmu_engine.restrictions, memory_order_acquire);
}

/* Locks the table, exchanges the entry for `next`, and unlocks the table. If `inherit` is set and
 * `next` gives up the writable bit, takes the extra reference on the target that entry_put_right
 * drops. False, with the entry unchanged: exchange_locked returned false, or the table is no longer
 * a live table of its owner; or `next` maps a device frame, and rights to such frames have become
 * stricter since write->restrictions was read. */
static bool exchange_unlocked(struct write *write, u32 level, u64 next, bool inherit, u64 *old)
{
    if (!write_lock(write->table, level, write->owners.table, 0)) {
        return false;
    }
    if (level == 1 && entry_device_bits(next)) {
        if (write->restrictions !=
            restrictions()) { /* the rights are not those it was checked by */
            type_unlock(write->table);
            return false;
        }
        frame_set_type_bits(write->table, USE_DEVICES);
    }
    if (entry_holds(next)) {
        use_mark_part(frame_of(write->table), write->index);
    }
    const bool done = exchange_locked(write, level, next, inherit, old);
    if (done) {
        lessened_note(write->domain, *old, next | (*old & write->keep));
    }
    if (done && inherit && entry_drops_right(*old, next)) {
        /* entry_put_right, which the caller calls next, accesses the old entry's target. As soon as
         * the table is unlocked, another CPU may replace the new entry and drop the reference that
         * keeps the target, so take one more. */
        ref_get_more(entry_frame(*old));
    }
    type_unlock(write->table);
    return done;
}

enum vmmu_result write_entry_slow(struct write *write, u32 level)
{
    u64 next = entry_installed(level, write->entry);
    const _Atomic u64 *slot = &frame_words(write->table)[write->index];
    u64 old = write->mask ? write->expected : word_read(slot);
    bool held = false;

    write->restrictions = restrictions();
    if (!entry_slot_is_guests(level, write->index)) {
        return VMMU_REFUSED_HYPERVISOR_SLOT;
    }
    if (entry_inherits(level, old, next) && exchange_unlocked(write, level, next, true, &old)) {
        entry_put_right(old, next, write->owners.table);
        return VMMU_DONE;
    }
    write->vcpu->counted.entries_checked++;
    write->word = write->entry;
    enum vmmu_result result = entry_is_plain(level, write->entry)
                                  ? VMMU_DONE
                                  : entry_accept_odd(level, write->owners, &next, VMMU_DONE);
    if (result == VMMU_DONE && entry_holds(next)) {
        result = entry_get(level, next, write->owners, &held, &write->word);
        if (result != VMMU_DONE && level == 1) {
            result = entry_accept_odd(level, write->owners, &next, result);
        }
    }
    if (result != VMMU_DONE) {
        if (held) {
            defer_abandon(write->vcpu, entry_frame(next), result);
        }
        return result;
    }
    if (!exchange_unlocked(write, level, next, false, &old)) {
        write_put_entry(write->vcpu, level, next, write->owners.table);
        return VMMU_AGAIN;
    }
    write_put_entry(write->vcpu, level, old, write->owners.table);
    return VMMU_DONE;
}

bool write_entry_held(struct write *write)
{
    u64 old;

    if (!exchange_unlocked(write, 1, write->entry, false, &old)) {
        return false;
    }
    write_put_entry(write->vcpu, 1, old, write->owners.table);
    return true;
}
