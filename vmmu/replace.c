/* SPDX-License-Identifier: MIT */
/* The replacement of a mapping by another one of the same domain, which moves to its place. */
#include "vmmu/defer.h"
#include "vmmu/result.h"
#include "vmmu/walk.h"
#include "vmmu/write.h"

/* Describes a write to the slot of the L1 entry for `va`. Refuses: BAD_ADDRESS, NO_TABLE. */
static enum vmmu_result find_slot(struct vmmu_vcpu *vcpu, vaddr_t va, struct write *write)
{
    if (!walk_address_is_guests(va)) {
        return VMMU_REFUSED_BAD_ADDRESS;
    }
    const mfn_t table = walk_to_l1_table(vcpu->kernel_root, vcpu->domain->id, va);
    if (mfn_is_none(table)) {
        return VMMU_REFUSED_NO_TABLE;
    }
    *write = write_of(vcpu, vcpu->domain, vcpu->domain, maddr_of(table), 0);
    write->index = walk_index(va, 1);
    write->mask = ~0ull;
    return VMMU_DONE;
}

/* Reads the entry in the slot of `from` and takes the references that a second entry like it needs.
 * The entry's own references keep its target's owner and type, while the table is locked. Refuses:
 * NO_TABLE (no live table of the domain any more), and what entry_get_page refuses. */
static enum vmmu_result copy_entry(const struct write *from, u64 *entry)
{
    enum vmmu_result result = VMMU_DONE;

    if (!write_lock(from->table, 1, from->owners.table, 0)) {
        return VMMU_REFUSED_NO_TABLE;
    }
    *entry = word_read(&frame_words(from->table)[from->index]);
    if (entry_holds(*entry)) {
        result = entry_get_page(*entry, ref_owner(frame_references(entry_frame(*entry))));
    }
    type_unlock(from->table);
    return result;
}

/* Clears the slot of `from` if it still holds `entry`, apart from the accessed and dirty bits. An
 * entry that the guest has replaced meanwhile stays, and so does one whose bits the processor
 * changes at each try: then both places map the frame, which is what the guest could do itself. */
static void clear_entry(struct write *from, u64 entry)
{
    const _Atomic u64 *slot = &frame_words(from->table)[from->index];

    for (u32 tries = 0; tries < WRITE_TRIES_MAX; tries++) {
        from->expected = word_read(slot);
        if ((from->expected ^ entry) & ~WRITE_KEEP_AD || write_entry_held(from)) {
            return;
        }
    }
}

/* Replaces the mapping of `m` in the slot of `to` by to->entry, whose references are taken. */
static enum vmmu_result replace(struct write *to, mfn_t m, bool writable)
{
    const _Atomic u64 *slot = &frame_words(to->table)[to->index];

    for (u32 tries = 0; tries < WRITE_TRIES_MAX; tries++) {
        to->expected = word_read(slot);
        if (!entry_is_mapping(to->expected, m, writable)) {
            return VMMU_REFUSED_NOT_THAT_MAPPING;
        }
        if (write_entry_held(to)) {
            return VMMU_DONE;
        }
    }
    return VMMU_AGAIN;
}

enum vmmu_result vmmu_replace_va(struct vmmu_vcpu *vcpu, vaddr_t va, vaddr_t source, mfn_t m,
                                 bool writable)
{
    struct vmmu_domain *domain = vcpu->domain;
    struct write to, from;
    enum vmmu_result result = defer_complete(vcpu);

    if (result != VMMU_DONE) {
        return result;
    }
    result = find_slot(vcpu, va, &to);
    if (result != VMMU_DONE) {
        return result_refuse(domain, result, va.a);
    }
    result = find_slot(vcpu, source, &from);
    if (result == VMMU_DONE) {
        result = copy_entry(&from, &to.entry);
    }
    if (result != VMMU_DONE) {
        return result_report(domain, result, source.a);
    }
    result = replace(&to, m, writable);
    if (result == VMMU_DONE) {
        clear_entry(&from, to.entry);
    } else {
        write_put_entry(vcpu, 1, to.entry, domain->id);
    }
    return result_report(domain, result, to.expected);
}
