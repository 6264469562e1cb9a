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
    struct domain *owner; /* of the frame: itself, or by the grant */
    mfn_t frame;
    u16 first, length; /* the bytes that may be copied */
    bool writable, granted;
    u32 ref;                /* the owner's grant of the frame */
    struct domain *through; /* the domain that granted the owner's grant further; NULL: none */
    u32 through_ref;
};

static s16 hold_frame(const struct end *end)
{
    if (end->writable) {
        return grant_status(vmmu_hold(&end->owner->mmu, end->frame));
    }
    return grant_status(vmmu_reference(&end->owner->mmu, end->frame));
}

static void let_frame_go(const struct end *end)
{
    if (end->writable) {
        vmmu_unhold(end->frame);
    } else {
        vmmu_unreference(end->frame);
    }
}

static void put(struct domain *granter, u32 ref, bool writable)
{
    lock_take(&granter->grants.lock);
    grant_put(granter, ref, writable);
    lock_release(&granter->grants.lock);
}

/* Begins the use of grant `end->ref` of `end->owner` by domain `user`, and takes the reference on
 * its frame. If the grant is a transitive one, *access says so, the use has begun, and no frame is
 * held. */
static s16 take_granted(u16 user, struct end *end, struct grant_access *access)
{
    struct domain *owner = end->owner;

    lock_take(&owner->grants.lock);
    s16 status = grant_get(owner, user, end->ref, end->writable, GRANT_COPY, access);
    if (status == GNTST_okay && !access->transitive) {
        end->frame = access->frame;
        end->first = access->first;
        end->length = access->length;
        status = hold_frame(end);
        if (status != GNTST_okay) {
            grant_put(owner, end->ref, end->writable);
        }
    }
    lock_release(&owner->grants.lock);
    return status;
}

/* Goes on from a transitive grant, whose use has begun, to the grant that it names. That one must
 * be a grant of a frame, to the domain that has granted it further. */
static s16 take_further(struct end *end, struct grant_access access)
{
    struct domain *through = end->owner;
    struct domain *owner = domain_by_id(access.next_domain);
    s16 status = GNTST_general_error;

    end->through = through;
    end->through_ref = end->ref;
    if (owner && owner != through && !domain_has_ended(owner)) {
        end->owner = owner;
        end->ref = access.next_ref;
        status = take_granted(through->id, end, &access);
        if (status == GNTST_okay && access.transitive) {
            put(owner, end->ref, end->writable);
            status = GNTST_general_error;
        }
    }
    if (status != GNTST_okay) {
        put(through, end->through_ref, end->writable);
    }
    return status;
}

static s16 take(struct vcpu *vcpu, const struct gnttab_copy_ptr *p, bool granted, bool writable,
                struct end *end)
{
    enum right right = granted ? RIGHT_MAP_GRANTS : RIGHT_COPY_FRAMES;
    struct grant_access access;
    s16 status;

    *end = (struct end){.granted = granted, .writable = writable, .length = PAGE_SIZE};
    end->owner = grant_domain(vcpu, right, p->domid, &status);
    if (!end->owner) {
        return status;
    }
    if (granted) {
        end->ref = p->u.ref;
        status = take_granted(vcpu->domain->id, end, &access);
        return status == GNTST_okay && access.transitive ? take_further(end, access) : status;
    }
    end->frame = guest_mfn(p->u.gmfn);
    return hold_frame(end) == GNTST_okay ? GNTST_okay : GNTST_bad_page;
}

static void release(const struct end *end)
{
    let_frame_go(end);
    if (!end->granted) {
        return;
    }
    put(end->owner, end->ref, end->writable);
    if (end->through) {
        put(end->through, end->through_ref, end->writable);
    }
}

/* Copies between two held ends. */
static s16 copy(const struct gnttab_copy *op, const struct end *from, const struct end *to)
{
    u32 source = op->source.offset, dest = op->dest.offset, length = op->len;

    if (source + length > PAGE_SIZE || dest + length > PAGE_SIZE) {
        return GNTST_bad_copy_arg;
    }
    if (source < from->first || source + length > (u32)from->first + from->length ||
        dest < to->first || dest + length > (u32)to->first + to->length) {
        return GNTST_general_error;
    }
    memmove((u8 *)frame_view(to->frame) + dest, (u8 *)frame_view(from->frame) + source, length);
    return GNTST_okay;
}

/* Copies between a frame of the caller and a frame that `granter` has granted to it, under one take
 * of the granter's lock. GNTST_eagain: the grant is a transitive one, and nothing has happened. */
static s16 copy_simple(struct vcpu *vcpu, const struct gnttab_copy *op, struct domain *granter,
                       struct end *own, struct end *other)
{
    struct grant_access access;
    s16 status =
        grant_get(granter, vcpu->domain->id, other->ref, other->writable, GRANT_COPY, &access);

    if (status != GNTST_okay) {
        return status;
    }
    if (access.transitive) {
        status = GNTST_eagain;
    } else {
        other->frame = access.frame;
        other->first = access.first;
        other->length = access.length;
        status = hold_frame(other);
    }
    if (status == GNTST_okay) {
        status = other->writable ? copy(op, own, other) : copy(op, other, own);
        let_frame_go(other);
    }
    grant_put(granter, other->ref, other->writable);
    return status;
}

/* The fast path: one end is a granted frame, the other one the caller's own. False: it is not so,
 * and nothing has happened. */
static bool copy_fast(struct vcpu *vcpu, struct gnttab_copy *op)
{
    bool to_grant = (op->flags & (GNTCOPY_source_gref | GNTCOPY_dest_gref)) == GNTCOPY_dest_gref;
    const struct gnttab_copy_ptr *mine = to_grant ? &op->source : &op->dest;
    const struct gnttab_copy_ptr *granted = to_grant ? &op->dest : &op->source;
    struct end own = {.owner = vcpu->domain, .length = PAGE_SIZE, .writable = !to_grant};
    struct end other = {.ref = granted->u.ref, .writable = to_grant};
    s16 status;

    if (!to_grant && !(op->flags & GNTCOPY_source_gref)) {
        return false;
    }
    if (mine->domid != DOMID_SELF || (op->flags & GNTCOPY_dest_gref && !to_grant) ||
        !(other.owner = grant_domain(vcpu, RIGHT_MAP_GRANTS, granted->domid, &status))) {
        return false;
    }
    own.frame = guest_mfn(mine->u.gmfn);
    if (hold_frame(&own) != GNTST_okay) {
        op->status = GNTST_bad_page;
        return true;
    }
    lock_take(&other.owner->grants.lock);
    status = copy_simple(vcpu, op, other.owner, &own, &other);
    lock_release(&other.owner->grants.lock);
    let_frame_go(&own);
    op->status = status;
    return status != GNTST_eagain;
}

/* The slow path: any two ends. */
static void copy_slow(struct vcpu *vcpu, struct gnttab_copy *op)
{
    struct end from, to;

    op->status = take(vcpu, &op->source, op->flags & GNTCOPY_source_gref, false, &from);
    if (op->status != GNTST_okay) {
        return;
    }
    op->status = take(vcpu, &op->dest, op->flags & GNTCOPY_dest_gref, true, &to);
    if (op->status == GNTST_okay) {
        op->status = copy(op, &from, &to);
        release(&to);
    }
    release(&from);
}

void grant_copy_one(struct vcpu *vcpu, struct gnttab_copy *op)
{
    if (!copy_fast(vcpu, op)) {
        copy_slow(vcpu, op);
    }
}
