/* SPDX-License-Identifier: MIT */
/* GNTTABOP_copy: copies bytes between pages that the caller owns or that are granted to it. */
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/call/grant.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/grant/grant.h"
#include "hypervisor/memory/map.h"
#include "lib/string.h"

/* One end of a copy; there is a reference on its frame during the copy. */
struct end {
    struct domain *owner;
    mfn_t frame;
    u32 ref;
    bool granted, writable;
};

static s16 hold_frame(const struct end *end)
{
    if (end->writable) {
        return grant_status(vmmu_hold(&end->owner->mmu, end->frame));
    }
    return grant_status(vmmu_reference(&end->owner->mmu, end->frame));
}

static s16 take_granted(struct vcpu *vcpu, struct end *end)
{
    s16 status;

    lock_take(&end->owner->grants.lock);
    status = grant_get(end->owner, vcpu->domain, end->ref, end->writable, &end->frame);
    if (status == GNTST_okay) {
        status = hold_frame(end);
        if (status != GNTST_okay) {
            grant_put(end->owner, end->ref, end->writable);
        }
    }
    lock_release(&end->owner->grants.lock);
    return status;
}

static s16 take(struct vcpu *vcpu, const struct gnttab_copy_ptr *p, bool granted, bool writable,
                struct end *end)
{
    enum right right = granted ? RIGHT_MAP_GRANTS : RIGHT_COPY_FRAMES;
    s16 status;

    *end = (struct end){.granted = granted, .writable = writable};
    end->owner = grant_domain(vcpu, right, p->domid, &status);
    if (!end->owner) {
        return status;
    }
    if (granted) {
        end->ref = p->u.ref;
        return take_granted(vcpu, end);
    }
    end->frame = guest_mfn(p->u.gmfn);
    return hold_frame(end) == GNTST_okay ? GNTST_okay : GNTST_bad_page;
}

static void release(const struct end *end)
{
    if (end->writable) {
        vmmu_unhold(end->frame);
    } else {
        vmmu_unreference(end->frame);
    }
    if (!end->granted) {
        return;
    }
    lock_take(&end->owner->grants.lock);
    grant_put(end->owner, end->ref, end->writable);
    lock_release(&end->owner->grants.lock);
}

void grant_copy_one(struct vcpu *vcpu, struct gnttab_copy *op)
{
    struct end from, to;

    op->status = take(vcpu, &op->source, op->flags & GNTCOPY_source_gref, false, &from);
    if (op->status != GNTST_okay) {
        return;
    }
    op->status = take(vcpu, &op->dest, op->flags & GNTCOPY_dest_gref, true, &to);
    if (op->status == GNTST_okay) {
        if (op->source.offset + op->len > PAGE_SIZE || op->dest.offset + op->len > PAGE_SIZE) {
            op->status = GNTST_bad_copy_arg;
        } else {
            memmove((u8 *)frame_view(to.frame) + op->dest.offset,
                    (u8 *)frame_view(from.frame) + op->source.offset, op->len);
        }
        release(&to);
    }
    release(&from);
}
