/* SPDX-License-Identifier: MIT */
/* grant_table_op: operations on the table itself, and the loop over the elements of an
 * operation. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/call/grant.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/grant/grant.h"
#include "hypervisor/memory/map.h"
#include "vmmu/port.h"

/* An element of any operation; an operation copies only the size of its own structure. */
union element {
    struct gnttab_map_grant_ref map;
    struct gnttab_unmap_grant_ref unmap;
    struct gnttab_copy copy;
    struct gnttab_unmap_and_replace replace;
    struct gnttab_setup_table setup;
    struct gnttab_query_size query;
    struct gnttab_set_version set_version;
    struct gnttab_get_version get_version;
    struct gnttab_get_status_frames status_frames;
    struct gnttab_swap_grant_ref swap;
    struct gnttab_cache_flush cache_flush;
    struct gnttab_transfer transfer;
};

/* Writes the frame number of each of the first `count` pages to the guest's list at `list`. */
static s16 list_frames(u64 list, void *const *pages, u32 count)
{
    s16 status = GNTST_okay;

    for (u32 i = 0; i < count; i++) {
        u64 m = frame_of_view(pages[i]).n;

        if (!copy_to_guest(list + i * sizeof m, &m, sizeof m)) {
            status = GNTST_bad_virt_addr;
        }
    }
    return status;
}

static void setup_table(struct vcpu *vcpu, struct gnttab_setup_table *op)
{
    struct domain *domain = grant_domain(vcpu, RIGHT_GRANT_TABLE, op->dom, &op->status);

    if (!domain) {
        return;
    }
    op->status = grant_grow(domain, op->nr_frames);
    if (op->status == GNTST_okay) {
        op->status = list_frames((u64)op->frame_list.p, domain->grants.shared, op->nr_frames);
    }
}

static void get_status_frames(struct vcpu *vcpu, struct gnttab_get_status_frames *op)
{
    struct domain *domain = grant_domain(vcpu, RIGHT_GRANT_TABLE, op->dom, &op->status);
    mfn_t frame[STATUS_FRAMES_MAX];

    if (!domain) {
        return;
    }
    op->status = grant_status_list(domain, op->nr_frames, frame);
    for (u32 i = 0; op->status == GNTST_okay && i < op->nr_frames; i++) {
        if (!copy_to_guest((u64)op->frame_list.p + i * sizeof(u64), &frame[i].n, sizeof(u64))) {
            op->status = GNTST_bad_virt_addr;
        }
    }
}

static void query_size(struct vcpu *vcpu, struct gnttab_query_size *op)
{
    const struct domain *domain = grant_domain(vcpu, RIGHT_GRANT_TABLE, op->dom, &op->status);

    if (!domain) {
        return;
    }
    op->nr_frames = domain->grants.frames;
    op->max_nr_frames = grants_frames_max(domain, GRANT_FRAMES_SHARED);
    op->status = GNTST_okay;
}

static s64 get_version(struct vcpu *vcpu, struct gnttab_get_version *op)
{
    s64 error = 0;
    const struct domain *domain = rights_target(vcpu->domain, RIGHT_GRANT_TABLE, op->dom, &error);

    if (domain) {
        op->version = domain->grants.version;
    }
    return error;
}

/* Pages are not given from domain to domain. The caller keeps its page only with this status. */
static void transfer(struct gnttab_transfer *op)
{
    op->status = GNTST_bad_page;
}

/* Caches are coherent here, also with devices: there is nothing to write back. A cache cannot be
 * invalidated without being written back. */
static s64 cache_flush(struct vcpu *vcpu, const struct gnttab_cache_flush *op)
{
    const u32 known = GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL; /* not by a grant's number */
    const mfn_t frame = mfn_of(maddr(op->a.dev_bus_addr));

    if (op->offset >= PAGE_SIZE || op->length > PAGE_SIZE || op->offset + op->length > PAGE_SIZE ||
        op->op & ~known) {
        return -XEN_EINVAL;
    }
    if (op->length == 0 || op->op == 0) {
        return 0;
    }
    if (!vmmu_frame_owned_by(&vcpu->domain->mmu, frame) && !handle_maps(vcpu->domain, frame)) {
        return -XEN_EPERM;
    }
    return op->op & GNTTAB_CACHE_CLEAN ? 0 : -XEN_EOPNOTSUPP;
}

/* The operations on the table. */
static s64 serve_table(struct vcpu *vcpu, u64 operation, union element *e)
{
    switch (operation) {
    case GNTTABOP_setup_table:
        setup_table(vcpu, &e->setup);
        return 0;
    case GNTTABOP_query_size:
        query_size(vcpu, &e->query);
        return 0;
    case GNTTABOP_get_status_frames:
        get_status_frames(vcpu, &e->status_frames);
        return 0;
    case GNTTABOP_swap_grant_ref:
        e->swap.status = grant_swap(vcpu->domain, e->swap.ref_a, e->swap.ref_b);
        return 0;
    case GNTTABOP_set_version:
        return grant_set_version(vcpu->domain, &e->set_version.version);
    case GNTTABOP_get_version:
        return get_version(vcpu, &e->get_version);
    case GNTTABOP_transfer:
        transfer(&e->transfer);
        return 0;
    case GNTTABOP_cache_flush:
        return cache_flush(vcpu, &e->cache_flush);
    }
    return -XEN_ENOSYS;
}

static s64 serve(struct vcpu *vcpu, struct call *call, u64 operation, union element *e)
{
    switch (operation) {
    case GNTTABOP_map_grant_ref:
        grant_map_one(vcpu, call, &e->map);
        return 0;
    case GNTTABOP_unmap_grant_ref:
        grant_unmap_one(vcpu, call, &e->unmap);
        return 0;
    case GNTTABOP_unmap_and_replace:
        grant_replace_one(vcpu, call, &e->replace);
        return 0;
    case GNTTABOP_copy:
        grant_copy_one(vcpu, &e->copy);
        return 0;
    }
    return serve_table(vcpu, operation, e);
}

/* The size of an operation's element in bytes. 0: the operation is not implemented. */
static u64 element_size(u64 operation)
{
    static const u8 size[] = {
        [GNTTABOP_map_grant_ref] = sizeof(struct gnttab_map_grant_ref),
        [GNTTABOP_unmap_grant_ref] = sizeof(struct gnttab_unmap_grant_ref),
        [GNTTABOP_unmap_and_replace] = sizeof(struct gnttab_unmap_and_replace),
        [GNTTABOP_setup_table] = sizeof(struct gnttab_setup_table),
        [GNTTABOP_copy] = sizeof(struct gnttab_copy),
        [GNTTABOP_query_size] = sizeof(struct gnttab_query_size),
        [GNTTABOP_set_version] = sizeof(struct gnttab_set_version),
        [GNTTABOP_get_version] = sizeof(struct gnttab_get_version),
        [GNTTABOP_get_status_frames] = sizeof(struct gnttab_get_status_frames),
        [GNTTABOP_swap_grant_ref] = sizeof(struct gnttab_swap_grant_ref),
        [GNTTABOP_cache_flush] = sizeof(struct gnttab_cache_flush),
        [GNTTABOP_transfer] = sizeof(struct gnttab_transfer),
    };

    return operation < ARRAY_LENGTH(size) ? size[operation] : 0;
}

/* True for the operations that take an array of elements; the others take one. */
static bool takes_many(u64 operation)
{
    return operation == GNTTABOP_map_grant_ref || operation == GNTTABOP_unmap_grant_ref ||
           operation == GNTTABOP_unmap_and_replace || operation == GNTTABOP_copy ||
           operation == GNTTABOP_transfer || operation == GNTTABOP_swap_grant_ref ||
           operation == GNTTABOP_cache_flush;
}

s64 call_grant_table_op(struct vcpu *vcpu, struct call *call)
{
    u64 operation = call->argument[0], at = call->argument[1], count = (u32)call->argument[2];
    u64 size = element_size(operation);
    bool versions = operation == GNTTABOP_set_version || operation == GNTTABOP_get_version;

    if (!size) {
        return -XEN_ENOSYS;
    }
    if (versions) {
        count = 1; /* the ABI ignores the count here */
    }
    if (count != 1 && !takes_many(operation)) {
        return -XEN_EINVAL;
    }
    if (!guest_range_ok(at, count * size)) {
        return -XEN_EFAULT;
    }
    while (count) {
        union element element; /* the operation reads and writes its first `size` bytes only */
        s64 result;

        if (!copy_from_guest(&element, at, size)) {
            return -XEN_EFAULT;
        }
        result = serve(vcpu, call, operation, &element);
        if (!call->again) {
            if (!copy_to_guest(at, &element, size)) {
                return -XEN_EFAULT;
            }
            if (result) {
                return result;
            }
            at += size;
            count--;
            call->again = count && port_should_stop();
        }
        call->argument[1] = at;
        call->argument[2] = count;
        if (call->again) {
            return 0;
        }
    }
    return 0;
}
