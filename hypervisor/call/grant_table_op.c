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
    struct gnttab_setup_table setup;
    struct gnttab_query_size query;
    struct gnttab_set_version set_version;
    struct gnttab_get_version get_version;
};

static void setup_table(struct vcpu *vcpu, struct gnttab_setup_table *op)
{
    struct grants *g = &vcpu->domain->grants;

    if (!grant_domain(vcpu, RIGHT_GRANT_TABLE, op->dom, &op->status)) {
        op->status = GNTST_permission_denied;
        return;
    }
    op->status = grant_grow(vcpu->domain, op->nr_frames);
    if (op->status != GNTST_okay) {
        return;
    }
    for (u32 i = 0; i < op->nr_frames; i++) {
        u64 m = frame_of_view(g->shared[i]).n;

        if (!copy_to_guest((u64)op->frame_list.p + i * sizeof m, &m, sizeof m)) {
            op->status = GNTST_bad_virt_addr;
        }
    }
}

static void query_size(struct vcpu *vcpu, struct gnttab_query_size *op)
{
    if (!grant_domain(vcpu, RIGHT_GRANT_TABLE, op->dom, &op->status)) {
        op->status = GNTST_permission_denied;
        return;
    }
    op->nr_frames = vcpu->domain->grants.frames;
    op->max_nr_frames = GRANT_FRAMES_MAX;
    op->status = GNTST_okay;
}

/* Only version 1 exists, which is written back in any case. Returns the result of the hypercall:
 * -EINVAL for another version. */
static s64 set_version(struct gnttab_set_version *op)
{
    s64 result = op->version == 1 ? 0 : -XEN_EINVAL;

    op->version = 1;
    return result;
}

static s64 get_version(struct vcpu *vcpu, struct gnttab_get_version *op)
{
    s64 error = 0;

    if (rights_target(vcpu->domain, RIGHT_GRANT_TABLE, op->dom, &error)) {
        op->version = 1;
    }
    return error;
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
    case GNTTABOP_copy:
        grant_copy_one(vcpu, &e->copy);
        return 0;
    case GNTTABOP_setup_table:
        setup_table(vcpu, &e->setup);
        return 0;
    case GNTTABOP_query_size:
        query_size(vcpu, &e->query);
        return 0;
    case GNTTABOP_set_version:
        return set_version(&e->set_version);
    case GNTTABOP_get_version:
        return get_version(vcpu, &e->get_version);
    }
    return -XEN_ENOSYS;
}

/* The size of an operation's element in bytes. 0: the operation is not implemented. */
static u64 element_size(u64 operation)
{
    static const u8 size[] = {
        [GNTTABOP_map_grant_ref] = sizeof(struct gnttab_map_grant_ref),
        [GNTTABOP_unmap_grant_ref] = sizeof(struct gnttab_unmap_grant_ref),
        [GNTTABOP_setup_table] = sizeof(struct gnttab_setup_table),
        [GNTTABOP_copy] = sizeof(struct gnttab_copy),
        [GNTTABOP_query_size] = sizeof(struct gnttab_query_size),
        [GNTTABOP_set_version] = sizeof(struct gnttab_set_version),
        [GNTTABOP_get_version] = sizeof(struct gnttab_get_version),
    };

    return operation < ARRAY_LENGTH(size) ? size[operation] : 0;
}

s64 call_grant_table_op(struct vcpu *vcpu, struct call *call)
{
    u64 operation = call->argument[0], at = call->argument[1], count = (u32)call->argument[2];
    u64 size = element_size(operation);
    bool versions = operation == GNTTABOP_set_version || operation == GNTTABOP_get_version;
    bool many = operation == GNTTABOP_map_grant_ref || operation == GNTTABOP_unmap_grant_ref ||
                operation == GNTTABOP_copy;

    if (!size) {
        return -XEN_ENOSYS;
    }
    if (versions) {
        count = 1; /* the ABI ignores the count here */
    }
    if (!many && count != 1) {
        return -XEN_EINVAL;
    }
    if (!guest_range_ok(at, count * size)) {
        return -XEN_EFAULT;
    }
    while (count) {
        union element element = {0};
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
