/* SPDX-License-Identifier: MIT */
/* Mappings: L1 entries that are written by virtual address, and those that grants need. */
#include "vmmu/defer.h"
#include "vmmu/result.h"
#include "vmmu/walk_inline.h"
#include "vmmu/write_inline.h"

/* Does `write` on the slow path, in the L1 table that a walk found, and reports a refusal.
 * VMMU_AGAIN: as for write_entry_slow. Refuses: NO_TABLE, if no reference on the table can be taken
 * for its owner, and what write_entry_slow refuses. */
static __attribute__((noinline)) enum vmmu_result write_found_slow(struct write write)
{
    enum vmmu_result result = VMMU_REFUSED_NO_TABLE;
    if (ref_get(write.table, write.owners.table) == VMMU_DONE) {
        result = write_entry_slow(&write, 1);
        ref_put(write.table);
    }
    return result_report(write.vcpu->domain, result, write.word);
}

/* As write_right_locked for a write that is not conditional, also where the writable type reference
 * is the first one after the frame was a table, or the last one. Neither waits: for the first one
 * all flushes must have happened, and no table is demoted with the last one. This is how a guest
 * makes a page a table and a table a page, seldom enough for calls of functions. */
ALWAYS_INLINE enum written write_any_right_locked(struct write_terms terms, _Atomic u64 *slot,
                                                  u64 *old, u64 next)
{
    const mfn_t target = entry_frame(*old);
    const bool gains = next & PTE_WRITABLE;

    if (!ref_is_owned_by(frame_references(target), terms.owner) ||
        (gains && !type_get_writable_fast(frame_of(target)) &&
         !type_get_writable_flushed(target, terms.domain))) {
        return WRITTEN_NOT;
    }
    write_word_locked(terms, slot, old, next);
    if (!gains) {
        type_put(target); /* the entry has its reference on the target still */
    }
    return gains ? WRITTEN_RIGHT : WRITTEN;
}

bool vmmu_update_va_quick(struct vmmu_vcpu *vcpu, vaddr_t va, u64 entry)
{
    const struct write_terms terms = {0, vcpu->domain, vcpu->domain->id, false};
    u64 left = 0;

    if (!mfn_is_none(vcpu->deferred.frame) || mfn_is_none(vcpu->kernel_root)) {
        return false;
    }
    const mfn_t table = walk_quick_to_l1_table(vcpu->kernel_root, va);
    const u32 index = walk_index(va, 1);
    if (mfn_is_none(table) ||
        !write_try_lock(frame_of(table), 1, terms.owner, WRITE_NOT_FAST, index)) {
        return false;
    }
    _Atomic u64 *const slot = &frame_words(table)[index];
    const u64 next = entry_installed(1, entry);
    u64 old = word_read(slot);
    const enum written written = (old & PTE_PRESENT) && ((old ^ next) & ~ENTRY_FREE) == PTE_WRITABLE
                                     ? write_any_right_locked(terms, slot, &old, next)
                                     : write_entry_locked(terms, 1, slot, &old, next, &left);
    type_unlock_frame(frame_of(table));
    return write_ended(vcpu, written, left, &vcpu->counted.updates);
}

/* Does vmmu_update_va for any address, owner and write. */
static __attribute__((noinline)) enum vmmu_result
update_va_slow(struct vmmu_vcpu *vcpu, struct vmmu_domain *frame_owner, vaddr_t va, u64 entry)
{
    struct vmmu_domain *domain = vcpu->domain;
    enum vmmu_result result = defer_complete(vcpu);

    if (result != VMMU_DONE) {
        return result;
    }
    if (!walk_address_is_guests(va)) {
        return result_refuse(domain, VMMU_REFUSED_BAD_ADDRESS, va.a);
    }
    const mfn_t table = walk_to_l1_table(vcpu->kernel_root, domain->id, va);
    if (mfn_is_none(table)) {
        return result_refuse(domain, VMMU_REFUSED_NO_TABLE, va.a);
    }
    struct write write = write_of(vcpu, domain, frame_owner, maddr_of(table), entry);
    write.index = walk_index(va, 1);
    if (!write_entry_fast(write, 1)) {
        result = write_found_slow(write);
        if (result != VMMU_DONE) {
            return result;
        }
    }
    vcpu->counted.updates++;
    return VMMU_DONE;
}

enum vmmu_result vmmu_update_va(struct vmmu_vcpu *vcpu, struct vmmu_domain *frame_owner, vaddr_t va,
                                u64 entry)
{
    return frame_owner == vcpu->domain && vmmu_update_va_quick(vcpu, va, entry)
               ? VMMU_DONE
               : update_va_slow(vcpu, frame_owner, va, entry);
}

enum vmmu_result vmmu_map_at(struct vmmu_vcpu *vcpu, struct vmmu_domain *frame_owner, maddr_t at,
                             u64 entry)
{
    struct write write = write_of(vcpu, vcpu->domain, frame_owner, at, entry);
    enum vmmu_result result = defer_complete(vcpu);

    if (result != VMMU_DONE) {
        return result;
    }
    result = write_get_l1_table(vcpu, at);
    if (result == VMMU_DONE) {
        result = write_entry_slow(&write, 1);
        ref_put(write.table);
    }
    if (result == VMMU_DONE) {
        vcpu->counted.updates++;
    }
    return result_report(vcpu->domain, result, write.word);
}

/* Clears the entry that `write` describes, if it is present, maps `m`, and is writable exactly if
 * `writable`; otherwise refuses: NOT_THAT_MAPPING. Tries again if the processor set the accessed or
 * dirty bit meanwhile, which makes a conditional write fail. VMMU_AGAIN: all WRITE_TRIES_MAX tries
 * failed. */
static enum vmmu_result unmap(struct write *write, mfn_t m, bool writable)
{
    const _Atomic u64 *slot = &frame_words(write->table)[write->index];
    enum vmmu_result result = VMMU_AGAIN;

    write->mask = ~0ull;
    for (u32 tries = 0; result == VMMU_AGAIN && tries < WRITE_TRIES_MAX; tries++) {
        write->expected = word_read(slot);
        if (!entry_is_mapping(write->expected, m, writable)) {
            write->word = write->expected;
            return VMMU_REFUSED_NOT_THAT_MAPPING;
        }
        result = write_entry_slow(write, 1);
    }
    return result;
}

enum vmmu_result vmmu_unmap_at(struct vmmu_vcpu *vcpu, maddr_t at, mfn_t m, bool writable)
{
    struct write write = write_of(vcpu, vcpu->domain, vcpu->domain, at, 0);
    enum vmmu_result result = defer_complete(vcpu);

    if (result != VMMU_DONE) {
        return result;
    }
    result = write_get_l1_table(vcpu, at);
    if (result == VMMU_DONE) {
        result = unmap(&write, m, writable);
        ref_put(write.table);
    }
    return result_report(vcpu->domain, result, write.word);
}

enum vmmu_result vmmu_unmap_va(struct vmmu_vcpu *vcpu, vaddr_t va, mfn_t m, bool writable)
{
    const enum vmmu_result result = defer_complete(vcpu);

    if (result != VMMU_DONE) {
        return result;
    }
    if (!walk_address_is_guests(va)) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_BAD_ADDRESS, va.a);
    }
    const mfn_t table = walk_to_l1_table(vcpu->kernel_root, vcpu->domain->id, va);
    if (mfn_is_none(table)) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_NO_TABLE, va.a);
    }
    return vmmu_unmap_at(vcpu, maddr(maddr_of(table).a + walk_index(va, 1) * sizeof(u64)), m,
                         writable);
}
