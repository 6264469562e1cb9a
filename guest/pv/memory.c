/* SPDX-License-Identifier: MIT */
/* The balloon, contiguous ranges of frames, and frames of other domains. */
#include "guest/memory.h"
#include "guest/backend.h"
#include "guest/batch.h"
#include "guest/error.h"
#include "guest/pv/startup.h"
#include "guest/pv/place.h"
#include "guest/lock.h"

static struct lock empty_lock = {.rank = 3}; /* protects empty_list and never_used */
static struct page *empty_list;              /* list of empty pages that can be taken */
static u64 never_used; /* pfns from this one on have never had a frame; 0: not set yet */

/* ---- empty pages ---- */

struct page *memory_take_empty(void)
{
    struct page *page = NULL;

    guest_lock(&empty_lock);
    if (!never_used) {
        never_used = start_info->nr_pages;
    }
    if (empty_list) {
        page = empty_list;
        empty_list = page->next;
        page->next = NULL;
    } else if (never_used < page_limit) {
        page = page_of(pfn(never_used++));
        page->uses = 1;
    }
    guest_unlock(&empty_lock);
    return page;
}

void memory_release_empty(struct page *page)
{
    guest_lock(&empty_lock);
    page->next = empty_list;
    empty_list = page;
    guest_unlock(&empty_lock);
}

/* ---- the frame behind a page ---- */

int place_show(struct page *page, u64 word, u64 flags)
{
    u64 n = page_pfn(page).n, entry = (word & P2M_FRAME) << PAGE_SHIFT | flags;

    if (!direct_entry(n)) {
        return -XEN_ENOMEM;
    }
    int result = p2m_set(pfn(n), word);
    if (!result) {
        result = request_mapping_now(address(page_address(page)), entry);
    }
    if (result) {
        p2m_set(pfn(n), P2M_NONE);
    }
    return result;
}

int place_clear(struct page *page)
{
    int result = request_mapping_now(address(page_address(page)), 0);

    return result ? result : p2m_set(page_pfn(page), P2M_NONE);
}

int request_mapping_now(u64 va, u64 entry)
{
    struct batch_now now = batch_now();

    request_mapping(va, entry, UVMF_INVLPG | UVMF_ALL);
    return batch_now_end(now);
}

/* ---- the balloon ---- */

/* Gives one page's frame to the hypervisor. On failure the page has its frame again. */
static int give_back(struct page *page)
{
    xen_pfn_t frame = pfn_to_mfn(page_pfn(page)).n;
    struct xen_memory_reservation request = {.nr_extents = 1, .domid = DOMID_SELF};

    if (page->uses != 1 || page->level || page->empty || page->aliases) {
        return -XEN_EINVAL;
    }
    int result = place_clear(page);
    if (result) {
        return result;
    }
    set_xen_guest_handle(request.extent_start, &frame);
    if (memory_op(XENMEM_decrease_reservation, &request) == 1) {
        page->empty = true;
        memory_release_empty(page);
        return 0;
    }
    place_show(page, frame, DIRECT_FLAGS);
    return -XEN_EBUSY;
}

long memory_balloon_out(struct page **pages, u64 count)
{
    int result = 0;
    u64 done;

    for (done = 0; done < count; done++) {
        result = give_back(pages[done]);
        if (result) {
            break;
        }
    }
    return done ? (long)done : result;
}

int memory_balloon_in(struct page *page)
{
    xen_pfn_t frame = page_pfn(page).n;
    struct xen_memory_reservation request = {.nr_extents = 1, .domid = DOMID_SELF};

    if (!page->empty || pfn_to_mfn(page_pfn(page)).n != MFN_NONE.n) {
        return -XEN_EINVAL;
    }
    if (!direct_entry(frame)) { /* makes the table, so that place_show needs no memory later */
        return -XEN_ENOMEM;
    }
    set_xen_guest_handle(request.extent_start, &frame);
    if (memory_op(XENMEM_populate_physmap, &request) != 1) {
        return -XEN_ENOMEM;
    }
    int result = place_show(page, frame, DIRECT_FLAGS);
    if (result) {
        memory_op(XENMEM_decrease_reservation, &request);
    } else {
        page->empty = false;
    }
    return result;
}

/* ---- a contiguous range ---- */

/* Exchanges `count` frames, listed at `old`, for a contiguous range of 2^order frames below machine
 * address 2^bits; stores the first frame of the range in *range. range: before, the first pfn. */
static int exchange(xen_pfn_t *old, u64 count, xen_pfn_t *range, unsigned order, unsigned bits)
{
    struct xen_memory_exchange request = {.in = {.nr_extents = count, .domid = DOMID_SELF},
                                          .out = {.nr_extents = 1,
                                                  .extent_order = order,
                                                  .mem_flags = XENMEMF_address_bits(bits),
                                                  .domid = DOMID_SELF}};

    set_xen_guest_handle(request.in.extent_start, old);
    set_xen_guest_handle(request.out.extent_start, range);
    long result = memory_op(XENMEM_exchange, &request);
    if (result && request.nr_exchanged == count) {
        result = 0;
    }
    return (int)result;
}

int memory_make_contiguous(struct page *first, unsigned order, unsigned address_bits)
{
    u64 count = 1ull << order;
    xen_pfn_t range = page_pfn(first).n, *old;
    int result = 0;

    if (order > 9) {
        return -XEN_EINVAL;
    }
    struct page *list = page_take();
    if (!list) {
        return -XEN_ENOMEM;
    }
    old = page_address(list);
    for (u64 i = 0; i < count; i++) {
        old[i] = pfn_to_mfn(page_pfn(first + i)).n;
        if (first[i].uses != 1 || first[i].level || first[i].empty || first[i].aliases) {
            result = -XEN_EINVAL;
        }
    }
    for (u64 i = 0; i < count && !result; i++) {
        result = place_clear(&first[i]);
    }
    if (!result) {
        result = exchange(old, count, &range, order, address_bits);
    }
    for (u64 i = 0; i < count; i++) {
        if (pfn_to_mfn(page_pfn(first + i)).n == MFN_NONE.n) {
            place_show(&first[i], result ? old[i] : range + i, DIRECT_FLAGS);
        }
    }
    page_release(list);
    return result;
}

/* ---- frames of other domains ---- */

/* Makes the direct map show a frame of another domain at a page. */
static long map_one(u16 domain, u64 frame, struct page *page)
{
    u64 *at = direct_entry(page_pfn(page).n);
    struct mmu_update update = {.val = frame << PAGE_SHIFT | DIRECT_FLAGS};

    if (!at) {
        return -XEN_ENOMEM;
    }
    update.ptr = pfn_to_mfn(address_pfn(at)).n << PAGE_SHIFT | page_offset(address(at));
    return hypercall6(__HYPERVISOR_mmu_update, address(&update), 1, 0, domain, 0, 0);
}

int memory_map_foreign(u16 domain, const mfn_t *frames, u64 count, struct page **pages)
{
    long result = 0;
    u64 i;

    for (i = 0; i < count && !result; i++) {
        result = page_of(page_pfn(pages[i]))->empty ? map_one(domain, frames[i].n, pages[i])
                                                    : -XEN_EINVAL;
        if (!result && p2m_set(page_pfn(pages[i]), frames[i].n | P2M_FOREIGN)) {
            place_clear(pages[i]);
            result = -XEN_ENOMEM;
        }
    }
    if (result && i > 1) {
        memory_unmap_foreign(pages, i - 1);
    }
    return (int)result;
}

int memory_unmap_foreign(struct page **pages, u64 count)
{
    int result = 0;

    for (u64 i = 0; i < count && !result; i++) {
        result = place_clear(pages[i]);
    }
    return result;
}
