/* SPDX-License-Identifier: MIT */
/* memory_op: what a toolstack asks of other domains' memory. */
#include "hypervisor/call/memory_control.h"
#include "hypervisor/domain/claim.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/memory_map.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/guest_copy.h"

_Static_assert(sizeof(struct domain_map) <= PAGE_SIZE, "a memory map fits a page");

/* Finds the domain with number `id`, over which the caller must have `right`, and which must not
 * have ended. NULL: refused, with *error. */
static struct domain *find(struct vcpu *vcpu, enum right right, u16 id, s64 *error)
{
    struct domain *domain = rights_target(vcpu->domain, right, id, error);

    if (domain && domain_has_ended(domain)) {
        *error = -XEN_ESRCH;
        return NULL;
    }
    return domain;
}

/* Exchanges the domain's memory map, NULL: none. Returns the one before. */
static struct domain_map *exchange_map(struct domain *domain, struct domain_map *map)
{
    lock_take(&domain->lock);
    struct domain_map *old = domain->toolstack.map;
    domain->toolstack.map = map;
    lock_release(&domain->lock);
    return old;
}

s64 memory_set_map(struct vcpu *vcpu, u64 at)
{
    struct xen_foreign_memory_map ask;
    struct domain_map *map;
    struct domain *domain;
    s64 error = 0;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.map.nr_entries > MEMORY_MAP_MAX) {
        return -XEN_EINVAL;
    }
    domain = find(vcpu, RIGHT_MEMORY, ask.domid, &error);
    if (!domain) {
        return error;
    }
    map = page_alloc(0);
    if (!map) {
        return -XEN_ENOMEM;
    }
    map->count = ask.map.nr_entries;
    if (map->count &&
        !copy_from_guest(map->range, (u64)ask.map.buffer.p, map->count * sizeof map->range[0])) {
        error = -XEN_EFAULT;
    } else {
        map = exchange_map(domain, map);
    }
    if (map) {
        page_free(map, 0);
    }
    return error;
}

/* Copies the domain's memory map, at most `room` ranges, into *map. False: it has none. */
static bool read_map(struct domain *domain, u32 room, struct domain_map *map)
{
    map->count = 0;
    lock_take(&domain->lock);
    const struct domain_map *set = domain->toolstack.map;
    for (; set && map->count < set->count && map->count < room; map->count++) {
        map->range[map->count] = set->range[map->count];
    }
    lock_release(&domain->lock);
    if (!set && domain->pages) {
        map->range[0] = (struct memory_range){0, domain->pages << PAGE_SHIFT, 1};
        map->count = 1;
    }
    return map->count;
}

s64 memory_map(struct vcpu *vcpu, u64 at)
{
    struct xen_memory_map ask;
    struct domain_map map;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.nr_entries < 1 || !read_map(vcpu->domain, ask.nr_entries, &map)) {
        return -XEN_EINVAL;
    }
    ask.nr_entries = map.count;
    return copy_to_guest((u64)ask.buffer.p, map.range, map.count * sizeof map.range[0]) &&
                   PUT_GUEST(at, &ask)
               ? 0
               : -XEN_EFAULT;
}

s64 memory_claim(struct vcpu *vcpu, u64 at)
{
    struct xen_memory_reservation ask;
    struct domain *domain;
    s64 error;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.extent_order || ask.mem_flags || ask.extent_start.p) {
        return -XEN_EINVAL;
    }
    domain = find(vcpu, RIGHT_CONTROL, ask.domid, &error);
    if (!domain) {
        return error == -XEN_ESRCH ? -XEN_EINVAL : error;
    }
    return claim_set(domain, ask.nr_extents);
}

/* Writes the frames that *ask names to its list. */
static s64 list_frames(struct domain *domain, enum grant_frames kind,
                       const struct xen_mem_acquire_resource *ask)
{
    u64 last = ask->frame + ask->nr_frames;

    if (last < ask->frame || last > grants_frames_max(domain, kind)) {
        return -XEN_EINVAL;
    }
    for (u32 i = 0; i < ask->nr_frames; i++) {
        mfn_t m;
        s64 error = grants_frame(domain, kind, (u32)ask->frame + i, &m);

        if (error) {
            return error;
        }
        if (!copy_to_guest((u64)ask->frame_list.p + i * sizeof m.n, &m.n, sizeof m.n)) {
            return -XEN_EFAULT;
        }
    }
    return 0;
}

s64 memory_acquire(struct vcpu *vcpu, u64 at)
{
    struct xen_mem_acquire_resource ask;
    struct domain *domain;
    s64 error;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.pad || (!ask.frame_list.p && ask.nr_frames)) {
        return -XEN_EINVAL;
    }
    domain = find(vcpu, RIGHT_CONTROL, ask.domid, &error);
    if (!domain) {
        return error;
    }
    if (ask.type != XENMEM_resource_grant_table || ask.id > XENMEM_resource_grant_table_id_status) {
        return -XEN_EINVAL;
    }
    enum grant_frames kind =
        ask.id == XENMEM_resource_grant_table_id_shared ? GRANT_FRAMES_SHARED : GRANT_FRAMES_STATUS;
    if (ask.frame_list.p) {
        return list_frames(domain, kind, &ask);
    }
    ask.nr_frames = grants_frames_max(domain, kind);
    return PUT_GUEST(at, &ask) ? 0 : -XEN_EFAULT;
}

s64 memory_last_pfn(struct vcpu *vcpu, u64 at)
{
    const struct domain *domain;
    domid_t id;
    s64 error;

    if (!GET_GUEST(&id, at)) {
        return -XEN_EFAULT;
    }
    domain = find(vcpu, RIGHT_MEMORY, id, &error);
    if (!domain) {
        return error;
    }
    u64 count = *(volatile unsigned long *)&domain->shared->arch.max_pfn; /* the guest writes it */
    return count && count <= 1ull << 40 ? (s64)(count - 1) : 0;
}

s64 memory_vnuma(struct vcpu *vcpu, u64 at)
{
    domid_t id;
    s64 error;

    if (!GET_GUEST(&id, at)) {
        return -XEN_EFAULT;
    }
    return find(vcpu, RIGHT_MEMORY, id, &error) ? -XEN_EOPNOTSUPP : error;
}
