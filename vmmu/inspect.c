/* SPDX-License-Identifier: MIT */
/* What the frame table says of a frame: its owner, type and counts; and the counters of a domain.
 */
#include "lib/x86/pte.h"
#include "vmmu/frame.h"
#include "vmmu/type.h"

void vmmu_frame_inspect(mfn_t m, struct vmmu_frame_info *info)
{
    *info = (struct vmmu_frame_info){.valid = frame_exists(m)};
    if (!info->valid) {
        return;
    }
    const u64 references = frame_references_acquire(m);
    const u64 use = frame_type_word(m);
    if (ref_is_device(references)) {
        info->owned = true;
        info->owner = VMMU_OWNER_DEVICE;
        return;
    }
    info->owned = references & REF_OWNED;
    if (!info->owned) {
        return;
    }
    info->owner = ref_owner(references);
    info->references = frame_count(references);
    info->type = use_type(use);
    info->type_count = frame_count(use);
    info->pinned = use & USE_PINNED;
    info->validated = use & USE_VALIDATED;
    info->partial = use & USE_PARTIAL;
    info->allocated = references & REF_ALLOCATED;
    info->maps_devices = use & USE_DEVICES;
}

u32 vmmu_table_read(mfn_t m, u32 first, u32 count, u64 *entry)
{
    if (!frame_exists(m) || !(frame_references_acquire(m) & REF_OWNED)) {
        return 0;
    }
    const enum vmmu_type type = use_type(frame_type_word(m));
    if (!type_is_table(type) || !type_lock(m, type, 0)) {
        return 0;
    }
    const _Atomic u64 *const word = frame_words(m);
    for (u32 i = 0; i < count; i++) {
        const u64 read = word_read(&word[first + i]);

        entry[i] = read & PTE_PRESENT ? read : 0;
    }
    type_unlock(m);
    return (u32)type;
}

bool vmmu_frame_is_taken(mfn_t m)
{
    return frame_exists(m) && (frame_references_acquire(m) & (REF_OWNED | REF_DEVICE));
}

void vmmu_counters_read(const struct vmmu_domain *domain, struct vmmu_counters *sum)
{
    const _Atomic u64 *const from = (const _Atomic u64 *)&domain->counters;
    _Atomic u64 *const to = (_Atomic u64 *)sum;

    for (u32 i = 0; i < sizeof *sum / sizeof *to; i++) {
        atomic_store_explicit(&to[i], word_read(&from[i]), memory_order_relaxed);
    }
}

void vmmu_counters_add(const struct vmmu_vcpu *vcpu, struct vmmu_counters *sum)
{
    const struct vmmu_counted *counted = &vcpu->counted;

    /* Another CPU may be changing these words, each by a single store. */
    count_up(&sum->entries_checked, __atomic_load_n(&counted->entries_checked, __ATOMIC_RELAXED));
    count_up(&sum->updates, __atomic_load_n(&counted->updates, __ATOMIC_RELAXED));
    count_up(&sum->emulated_writes, __atomic_load_n(&counted->emulated_writes, __ATOMIC_RELAXED));
    count_up(&sum->root_switches, __atomic_load_n(&counted->root_switches, __ATOMIC_RELAXED));
}

bool vmmu_frame_owned_by(const struct vmmu_domain *domain, mfn_t m)
{
    if (!frame_exists(m)) {
        return false;
    }
    const u64 references = frame_references(m);
    return ref_is_owned_by(references, domain->id) && frame_count(references);
}
