/* SPDX-License-Identifier: MIT */
/* Stores: a guest's own writes to a live L1 table, emulated after a write fault. */
#include "vmmu/defer.h"
#include "vmmu/result.h"
#include "vmmu/walk_inline.h"
#include "vmmu/write_inline.h"

bool vmmu_find_l1_write(struct vmmu_vcpu *vcpu, vaddr_t at, maddr_t *where)
{
    const u64 entry = walk_to_entry(vcpu, at);
    const mfn_t table = entry_frame(entry);
    /* The word may be none of a live table any more, and its frame number any. */
    if ((entry & (PTE_PRESENT | PTE_WRITABLE | ENTRY_DEVICE)) != PTE_PRESENT ||
        !frame_exists(table)) {
        return false;
    }
    *where = maddr(maddr_of(table).a + page_offset(at.a));
    return use_is_valid(frame_type_word(table), VMMU_TYPE_L1) &&
           ref_is_owned_by(frame_references(table), vcpu->domain->id);
}

mfn_t vmmu_find_device(struct vmmu_vcpu *vcpu, vaddr_t at)
{
    const u64 entry = walk_to_entry(vcpu, at);
    return entry_device_bits(entry) && !(entry & PTE_WRITABLE) ? entry_frame(entry) : MFN_NONE;
}

bool vmmu_is_l1_write(struct vmmu_vcpu *vcpu, vaddr_t at)
{
    maddr_t where;
    return vmmu_find_l1_write(vcpu, at, &where);
}

/* Widens `store`, which replaces some bits of an entry, to a conditional write of the whole entry
 * as it is now, in *write. False: the bits that `store` replaces are not what it expects, so *write
 * must not be done. */
static bool store_widen(const struct write *store, struct write *write)
{
    const u64 old = word_read(&frame_words(store->table)[store->index]);
    write->mask = ~0ull;
    write->expected = old;
    write->entry = (old & ~store->mask) | store->entry;
    return (old & store->mask) == store->expected;
}

/* Emulates a store on the slow path, and reports a refusal. *swapped, false before the call,
 * becomes true if the store was done; after VMMU_DONE it is false if the bits were not the expected
 * ones. VMMU_AGAIN: all WRITE_TRIES_MAX tries failed. Refuses: NOT_L1_TABLE, and what
 * write_entry_slow refuses. */
static __attribute__((noinline)) enum vmmu_result store_slow(const struct write store,
                                                             bool *swapped)
{
    struct write write = store;
    enum vmmu_result result = VMMU_AGAIN;
    const maddr_t at = maddr(maddr_of(store.table).a + store.index * sizeof(u64));

    if (write_get_l1_table(write.vcpu, at) != VMMU_DONE) {
        /* At the write fault the page was a live L1 table of the domain. It is not any more, or it
         * can get no further reference. */
        return result_refuse(write.vcpu->domain, VMMU_REFUSED_NOT_L1_TABLE, write.word);
    }
    for (u32 tries = 0; result == VMMU_AGAIN && tries < WRITE_TRIES_MAX; tries++) {
        result = store_widen(&store, &write) ? write_entry_slow(&write, 1) : VMMU_DONE;
    }
    ref_put(write.table);
    *swapped = write.done;
    return result_report(write.vcpu->domain, result, write.word);
}

enum vmmu_result vmmu_emulated_write_at(struct vmmu_vcpu *vcpu, maddr_t where, u32 bytes,
                                        u64 expected, u64 desired, bool *swapped)
{
    struct vmmu_domain *domain = vcpu->domain;
    enum vmmu_result result = defer_complete(vcpu);

    *swapped = false;
    if (result != VMMU_DONE) {
        return result;
    }
    if ((bytes & (bytes - 1)) || bytes - 1 > 7 || (where.a & (bytes - 1))) {
        return result_refuse(domain, VMMU_REFUSED_BAD_ADDRESS, where.a);
    }
    const u32 shift = (u32)(where.a % sizeof(u64)) * 8;
    const u64 mask = ~0ull >> (64 - bytes * 8) << shift;
    struct write store = write_of(vcpu, domain, domain, where, desired << shift & mask);
    store.mask = mask;
    store.expected = expected << shift & mask;
    if (write_entry_fast(store, 1)) {
        *swapped = true;
    } else {
        result = store_slow(store, swapped);
    }
    if (*swapped) {
        vcpu->counted.emulated_writes++;
    }
    return result;
}

/* Does vmmu_store_quick, or, if `keep` is not 0, vmmu_change_quick. */
ALWAYS_INLINE bool change_quick(struct vmmu_vcpu *vcpu, vaddr_t at, u64 keep, u64 flip, u64 *old)
{
    const mfn_t last = walk_quick_to_l1_table(vcpu->kernel_root, at);
    const u64 mapping = mfn_is_none(last) ? 0 : walk_entry(last, at, 1);
    const mfn_t page = entry_frame(mapping);
    const u16 id = vcpu->domain->id;
    const struct write_terms terms = {0, vcpu->domain, id, keep != 0};
    u64 left = 0;

    if ((mapping & (PTE_PRESENT | PTE_WRITABLE | ENTRY_DEVICE)) != PTE_PRESENT ||
        !frame_exists(page) || !mfn_is_none(vcpu->deferred.frame)) {
        return false;
    }
    struct vmmu_frame *const table = frame_of(page);
    const u32 index = (u32)(page_offset(at.a) / sizeof(u64));
    if (!write_try_lock(table, 1, id, WRITE_NOT_FAST, index)) {
        return false;
    }
    _Atomic u64 *const slot = &frame_words(page)[index];
    *old = word_read(slot);
    const enum written written =
        write_entry_locked(terms, 1, slot, old, entry_installed(1, (*old & keep) ^ flip), &left);
    type_unlock_frame(table);
    return write_ended(vcpu, written, left, &vcpu->counted.emulated_writes);
}

bool vmmu_store_quick(struct vmmu_vcpu *vcpu, vaddr_t at, u64 value, u64 *old)
{
    return change_quick(vcpu, at, 0, value, old);
}

bool vmmu_change_quick(struct vmmu_vcpu *vcpu, vaddr_t at, u64 keep, u64 flip, u64 *old)
{
    return change_quick(vcpu, at, keep, flip, old);
}

bool vmmu_emulated_change_at(struct vmmu_vcpu *vcpu, maddr_t where, u64 keep, u64 flip, u64 *old)
{
    struct vmmu_domain *domain = vcpu->domain;
    struct write write = write_of(vcpu, domain, domain, where, 0);

    if (!mfn_is_none(vcpu->deferred.frame)) {
        return false;
    }
    /* The frame was a live L1 table when `where` was found, but may have any use now, so this may
     * read a word of any memory. write_entry_fast then checks, under the table's lock, that the
     * frame is a live L1 table of this domain and that the entry has not changed. */
    *old = word_read(&frame_words(write.table)[write.index]);
    write.entry = (*old & keep) ^ flip;
    write.mask = ~0ull;
    write.expected = *old;
    if (!write_entry_fast(write, 1)) {
        return false;
    }
    vcpu->counted.emulated_writes++;
    return true;
}

enum vmmu_result vmmu_emulated_write(struct vmmu_vcpu *vcpu, vaddr_t at, u32 bytes, u64 expected,
                                     u64 desired, bool *swapped)
{
    const enum vmmu_result result = defer_complete(vcpu);
    maddr_t where;

    *swapped = false;
    if (result != VMMU_DONE) {
        return result;
    }
    if ((bytes & (bytes - 1)) || bytes - 1 > 7 || (at.a & (bytes - 1))) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_BAD_ADDRESS, at.a);
    }
    if (!vmmu_find_l1_write(vcpu, at, &where)) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_NOT_L1_TABLE, at.a);
    }
    return vmmu_emulated_write_at(vcpu, where, bytes, expected, desired, swapped);
}
