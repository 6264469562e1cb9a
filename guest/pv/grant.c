/* SPDX-License-Identifier: MIT */
/* Grants (version 1 of the ABI): granting pages to another domain, and mapping pages that another
 * domain has granted. */
#include "guest/backend.h"
#include "guest/error.h"
#include "guest/memory.h"
#include "guest/pv/place.h"
#include "guest/pv/startup.h"
#include "guest/lock.h"

#define RESERVED   8u /* the ABI reserves references 0..7 */
#define REFERENCES ((u32)(PAGE_SIZE / sizeof(grant_entry_v1_t)))

static struct lock grant_lock = {.rank = 3};
static grant_entry_v1_t *grant_table; /* the first page of the grant table; NULL: not mapped yet */

/* Maps the grant table if that has not been done. Returns 0 or an error. The caller holds the lock.
 */
static int start(void)
{
    xen_pfn_t frame = 0;
    struct gnttab_setup_table request = {.dom = DOMID_SELF, .nr_frames = 1};

    if (grant_table) {
        return 0;
    }
    set_xen_guest_handle(request.frame_list, &frame);
    if (grant_table_op(GNTTABOP_setup_table, &request, 1) || request.status != GNTST_okay) {
        return -XEN_ENOSYS;
    }
    struct page *page = memory_take_empty();
    if (!page) {
        return -XEN_ENOMEM;
    }
    int result = place_show(page, frame | P2M_FOREIGN, DIRECT_FLAGS);
    if (result) {
        memory_release_empty(page);
    } else {
        grant_table = page_address(page);
    }
    return result;
}

long grant_give(u16 domain, const struct page *page, bool read_only)
{
    mfn_t frame = pfn_to_mfn(page_pfn(page));
    u32 reference = RESERVED;

    if (mfn_is_none(frame)) {
        return -XEN_EINVAL;
    }
    guest_lock(&grant_lock);
    int result = start();
    while (!result && reference < REFERENCES && grant_table[reference].flags) {
        reference++;
    }
    if (!result && reference == REFERENCES) {
        result = -XEN_ENOSPC;
    }
    if (!result) {
        grant_table[reference].domid = domain;
        grant_table[reference].frame = (u32)frame.n;
        __atomic_store_n(&grant_table[reference].flags,
                         (u16)(GTF_permit_access | (read_only ? GTF_readonly : 0)),
                         __ATOMIC_RELEASE);
    }
    guest_unlock(&grant_lock);
    return result ? result : (long)reference;
}

int grant_end(u32 reference)
{
    u16 flags;

    if (!grant_table || reference < RESERVED || reference >= REFERENCES) {
        return -XEN_EINVAL;
    }
    flags = __atomic_load_n(&grant_table[reference].flags, __ATOMIC_ACQUIRE);
    do {
        if (flags & (GTF_reading | GTF_writing)) {
            return -XEN_EBUSY;
        }
    } while (!__atomic_compare_exchange_n(&grant_table[reference].flags, &flags, 0, false,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return 0;
}

int grant_map(u16 domain, u32 reference, bool read_only, struct page *page, u32 *handle)
{
    struct gnttab_map_grant_ref request = {.host_addr = address(page_address(page)),
                                           .flags =
                                               GNTMAP_host_map | (read_only ? GNTMAP_readonly : 0),
                                           .ref = reference,
                                           .dom = domain};

    if (!page->empty || pfn_to_mfn(page_pfn(page)).n != MFN_NONE.n) {
        return -XEN_EINVAL;
    }
    if (!direct_entry(page_pfn(page).n)) {
        return -XEN_ENOMEM;
    }
    long result = grant_table_op(GNTTABOP_map_grant_ref, &request, 1);
    if (result) {
        return (int)result;
    }
    if (request.status != GNTST_okay) {
        return request.status == GNTST_eagain ? -XEN_EAGAIN : -XEN_EPERM;
    }
    if (p2m_set(page_pfn(page), request.dev_bus_addr >> PAGE_SHIFT | P2M_FOREIGN)) {
        grant_unmap(page, request.handle);
        return -XEN_ENOMEM;
    }
    *handle = request.handle;
    return 0;
}

int grant_unmap(struct page *page, u32 handle)
{
    struct gnttab_unmap_grant_ref request = {.host_addr = address(page_address(page)),
                                             .handle = handle};
    long result = grant_table_op(GNTTABOP_unmap_grant_ref, &request, 1);

    if (result || request.status != GNTST_okay) {
        return result ? (int)result : -XEN_EINVAL;
    }
    return p2m_set(page_pfn(page), P2M_NONE);
}
