/* SPDX-License-Identifier: MIT */
/* Operations on grants: each is one element of one hypercall. Results are the status of the
 * element, or the error of the call. */
#include "tests/guests/common/grant.h"

struct grant_entry_v1 *grant_table;

long grant_op(unsigned command, void *element)
{
    return hypercall(__HYPERVISOR_grant_table_op, command, address(element), 1);
}

long grant_setup(unsigned pages, xen_pfn_t *list)
{
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = pages, .status = NO_STATUS};
    long result;

    set_xen_guest_handle(setup.frame_list, list);
    result = grant_op(GNTTABOP_setup_table, &setup);
    return result ? result : setup.status;
}

void grant_start(void)
{
    xen_pfn_t frame;

    grant_table = window_take();
    if (grant_setup(1, &frame) ||
        update_va_mapping(address(grant_table), frame * PAGE_SIZE | PTE_RW, UVMF_INVLPG)) {
        error("no grant table");
    }
}

domid_t grant_own_domid(void)
{
    struct evtchn_alloc_unbound port = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_status status = {.dom = DOMID_SELF};
    struct evtchn_close end;

    if (event_channel_op(EVTCHNOP_alloc_unbound, &port)) {
        error("no event channel");
    }
    status.port = end.port = port.port;
    if (event_channel_op(EVTCHNOP_status, &status)) {
        error("no status of an event channel");
    }
    event_channel_op(EVTCHNOP_close, &end);
    return status.u.unbound.dom;
}

void grant_give(unsigned ref, domid_t domain, u64 mfn, u16 flags)
{
    volatile struct grant_entry_v1 *entry = &grant_table[ref];

    entry->flags = GTF_invalid;
    entry->domid = domain;
    entry->frame = mfn;
    __asm__ volatile("" ::: "memory");
    entry->flags = GTF_permit_access | flags;
}

u16 grant_marks(unsigned ref)
{
    return ((volatile struct grant_entry_v1 *)grant_table)[ref].flags & (GTF_reading | GTF_writing);
}

long grant_map(domid_t domain, unsigned ref, unsigned flags, u64 at, u32 *handle)
{
    struct gnttab_map_grant_ref map = {
        .host_addr = at, .flags = flags, .ref = ref, .dom = domain, .status = NO_STATUS};
    long result = grant_op(GNTTABOP_map_grant_ref, &map);

    *handle = map.handle;
    return result ? result : map.status;
}

long grant_unmap(u64 at, u64 device_address, u32 handle)
{
    struct gnttab_unmap_grant_ref unmap = {
        .host_addr = at, .dev_bus_addr = device_address, .handle = handle, .status = NO_STATUS};
    long result = grant_op(GNTTABOP_unmap_grant_ref, &unmap);

    return result ? result : unmap.status;
}

long grant_copy(struct grant_end from, struct grant_end to, u16 length)
{
    struct gnttab_copy copy = {.source = {.domid = from.domain, .offset = from.offset},
                               .dest = {.domid = to.domain, .offset = to.offset},
                               .len = length,
                               .flags = (from.granted ? GNTCOPY_source_gref : 0) |
                                        (to.granted ? GNTCOPY_dest_gref : 0),
                               .status = NO_STATUS};
    long result;

    if (from.granted) {
        copy.source.u.ref = from.which;
    } else {
        copy.source.u.gmfn = from.which;
    }
    if (to.granted) {
        copy.dest.u.ref = to.which;
    } else {
        copy.dest.u.gmfn = to.which;
    }
    result = grant_op(GNTTABOP_copy, &copy);
    return result ? result : copy.status;
}
