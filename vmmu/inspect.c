/* SPDX-License-Identifier: MIT */
/* What the frame table says of a frame: its owner, type and counts. */
#include "vmmu/frame.h"

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
}

bool vmmu_frame_owned_by(const struct vmmu_domain *domain, mfn_t m)
{
    if (!frame_exists(m)) {
        return false;
    }
    const u64 references = frame_references(m);
    return ref_is_owned_by(references, domain->id) && frame_count(references);
}
