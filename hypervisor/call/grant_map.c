/* SPDX-License-Identifier: MIT */
/* GNTTABOP_map_grant_ref and unmap_grant_ref; the checks and status codes of all grant
 * operations. */
#include "hypervisor/call/call.h"
#include "hypervisor/call/grant.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/grant/grant.h"
#include "hypervisor/memory/map.h"
#include "vmmu/port.h"

#define AVAILABLE_SHIFT 9

struct domain *grant_domain(const struct vcpu *vcpu, enum right right, u16 id, s16 *status)
{
    s64 error = -XEN_ESRCH;
    struct domain *domain = rights_target(vcpu->domain, right, id, &error);

    if (domain && !domain_has_ended(domain)) {
        return domain;
    }
    *status = error == -XEN_EPERM ? GNTST_permission_denied : GNTST_bad_domain;
    return NULL;
}

s16 grant_status(enum vmmu_result result)
{
    switch (result) {
    case VMMU_DONE:
        return GNTST_okay;
    case VMMU_REFUSED_BAD_FRAME:
    case VMMU_REFUSED_FOREIGN_MAPPING:
    case VMMU_REFUSED_NOT_OWNER:
        return GNTST_bad_page;
    default:
        return GNTST_general_error;
    }
}

static u64 entry_of(mfn_t m, u32 flags)
{
    u64 entry = m.n << PAGE_SHIFT | PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY | PTE_NX;

    if (!(flags & GNTMAP_readonly)) {
        entry |= PTE_WRITABLE;
    }
    return entry | (u64)(flags >> _GNTMAP_guest_avail0 & 7) << AVAILABLE_SHIFT;
}

/* Writes the page-table entry. The caller holds the granter's grant lock, so the grant that was
 * checked cannot end meanwhile. */
static enum vmmu_result map_frame(struct vcpu *vcpu, struct domain *granter,
                                  const struct gnttab_map_grant_ref *op, mfn_t m)
{
    u64 entry = entry_of(m, op->flags);

    if (op->flags & GNTMAP_contains_pte) {
        return vmmu_map_at(&vcpu->mmu, &granter->mmu, maddr(op->host_addr), entry);
    }
    return vmmu_update_va(&vcpu->mmu, &granter->mmu, vaddr(op->host_addr), entry);
}

/* Takes what the parts of the mapping need on its frame: the hold of the part for devices, and the
 * page-table entry. A refused or interrupted one has taken nothing. */
static enum vmmu_result map_parts(struct vcpu *vcpu, struct domain *granter,
                                  const struct gnttab_map_grant_ref *op, mfn_t m)
{
    bool device = op->flags & GNTMAP_device_map;
    enum vmmu_result result = device ? vmmu_hold(&granter->mmu, m) : VMMU_DONE;

    if (result != VMMU_DONE) {
        return result;
    }
    if (op->flags & GNTMAP_host_map) {
        result = map_frame(vcpu, granter, op, m);
    }
    if (device && result == VMMU_DONE) {
        atomic_fetch_add_explicit(&vcpu->domain->grants.device_mappings, 1, memory_order_relaxed);
    } else if (device) {
        vmmu_unhold(m);
    }
    return result;
}

static s16 map_grant(struct vcpu *vcpu, struct call *call, struct domain *granter,
                     struct gnttab_map_grant_ref *op)
{
    bool writable = !(op->flags & GNTMAP_readonly);
    struct grant_handle handle = {.ref = op->ref,
                                  .granter = granter->id,
                                  .writable = writable,
                                  .contains_pte = op->flags >> _GNTMAP_contains_pte & 1,
                                  .host = op->flags >> _GNTMAP_host_map & 1,
                                  .device = op->flags >> _GNTMAP_device_map & 1};
    struct grant_access access;
    enum vmmu_result result;
    s16 status = grant_get(granter, vcpu->domain->id, op->ref, writable, GRANT_MAP, &access);

    if (status != GNTST_okay) {
        return status;
    }
    /* A domain that may map frames of devices cannot grant them, not even to itself. */
    if (granter == vcpu->domain && !vmmu_frame_owned_by(&granter->mmu, access.frame)) {
        grant_put(granter, op->ref, writable);
        return GNTST_bad_page;
    }
    handle.frame = access.frame.n;
    op->handle = handle_take(vcpu->domain, &handle);
    if (op->handle == HANDLE_NONE) {
        grant_put(granter, op->ref, writable);
        return GNTST_no_space;
    }
    result = map_parts(vcpu, granter, op, access.frame);
    if (result != VMMU_DONE) {
        handle_drop(vcpu->domain, op->handle);
        grant_put(granter, op->ref, writable);
        call->again = result == VMMU_AGAIN;
        return grant_status(result);
    }
    op->dev_bus_addr = maddr_of(access.frame).a;
    return GNTST_okay;
}

void grant_map_one(struct vcpu *vcpu, struct call *call, struct gnttab_map_grant_ref *op)
{
    struct domain *granter;

    if (!(op->flags & (GNTMAP_host_map | GNTMAP_device_map))) {
        op->status = GNTST_bad_gntref;
        return;
    }
    granter = grant_domain(vcpu, RIGHT_MAP_GRANTS, op->dom, &op->status);
    if (!granter) {
        return;
    }
    lock_take(&granter->grants.lock);
    op->status = map_grant(vcpu, call, granter, op);
    lock_release(&granter->grants.lock);
}

/* Removes the page-table entry of a mapping; with `new_addr` not 0 the entry for that address takes
 * its place. */
static s16 unmap_host(struct vcpu *vcpu, struct call *call, const struct grant_handle *handle,
                      u64 host_addr, u64 new_addr)
{
    struct vmmu_vcpu *mmu = &vcpu->mmu;
    mfn_t m = mfn(handle->frame);
    enum vmmu_result result;

    if (new_addr && handle->contains_pte) {
        return GNTST_general_error;
    }
    if (new_addr) {
        result = vmmu_replace_va(mmu, vaddr(host_addr), vaddr(new_addr), m, handle->writable);
    } else if (handle->contains_pte) {
        result = vmmu_unmap_at(mmu, maddr(host_addr), m, handle->writable);
    } else {
        result = vmmu_unmap_va(mmu, vaddr(host_addr), m, handle->writable);
    }
    if (result != VMMU_DONE) {
        call->again = result == VMMU_AGAIN;
        return result == VMMU_REFUSED_NOT_THAT_MAPPING ? GNTST_general_error : GNTST_bad_virt_addr;
    }
    /* The granter must not learn that the mapping has ended while a CPU can still reach the page.
     * Of another domain's page the engine has flushed already. */
    if (new_addr || handle->granter == vcpu->domain->id) {
        port_flush(vcpu->domain->mmu.cpus);
    }
    return GNTST_okay;
}

static s16 unmap_grant(struct vcpu *vcpu, struct call *call, struct domain *granter,
                       const struct gnttab_unmap_grant_ref *op, u64 new_addr)
{
    struct grant_handle handle;

    /* Read the handle again under the lock: another vCPU may have ended the mapping meanwhile. */
    if (!handle_get(vcpu->domain, op->handle, &handle) || handle.granter != granter->id) {
        return GNTST_bad_handle;
    }
    if (op->dev_bus_addr && op->dev_bus_addr != maddr_of(mfn(handle.frame)).a) {
        return GNTST_bad_dev_addr;
    }
    bool host = op->host_addr && handle.host, device = op->dev_bus_addr && handle.device;
    s16 status = host ? unmap_host(vcpu, call, &handle, op->host_addr, new_addr) : GNTST_okay;
    if (status != GNTST_okay) {
        return status;
    }
    if (device) {
        atomic_fetch_sub_explicit(&vcpu->domain->grants.device_mappings, 1, memory_order_relaxed);
        vmmu_unhold(mfn(handle.frame));
    }
    if (host == handle.host && device == handle.device) {
        handle_drop(vcpu->domain, op->handle);
        grant_put(granter, handle.ref, handle.writable);
    } else if (host || device) {
        handle_drop_part(vcpu->domain, op->handle, host);
    }
    return GNTST_okay;
}

/* Ends the parts of a mapping that `op` names; with `new_addr` not 0 the entry for that address
 * takes the place of the mapping's. */
static s16 unmap(struct vcpu *vcpu, struct call *call, const struct gnttab_unmap_grant_ref *op,
                 u64 new_addr)
{
    struct domain *granter = handle_granter(vcpu->domain, op->handle);

    if (!granter) {
        return GNTST_bad_handle;
    }
    lock_take(&granter->grants.lock);
    s16 status = unmap_grant(vcpu, call, granter, op, new_addr);
    lock_release(&granter->grants.lock);
    return status;
}

void grant_unmap_one(struct vcpu *vcpu, struct call *call, struct gnttab_unmap_grant_ref *op)
{
    op->status = unmap(vcpu, call, op, 0);
}

void grant_replace_one(struct vcpu *vcpu, struct call *call, struct gnttab_unmap_and_replace *op)
{
    const struct gnttab_unmap_grant_ref end = {.handle = op->handle, .host_addr = op->host_addr};

    op->status = unmap(vcpu, call, &end, op->new_addr);
}
