/* SPDX-License-Identifier: MIT */
/* The handles of a domain's mappings of other domains' grants. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/grant/grant_table.h"
#include "hypervisor/memory/frames.h"
#include "lib/index.h"

#define POINTERS_ORDER 1u

_Static_assert(sizeof(struct grant_handle) * HANDLES_A_PAGE == PAGE_SIZE, "one page");
_Static_assert(sizeof(void *) * HANDLE_PAGES_MAX == PAGE_SIZE << POINTERS_ORDER, "two pages");

static struct grant_handle *at(const struct grants *g, u32 number)
{
    u64 page = index_masked(number / HANDLES_A_PAGE, g->handle_pages);

    return &g->handles[page][number % HANDLES_A_PAGE];
}

/* Allocates one more page of handles, all free. False: no memory, or the domain has all the pages
 * that it may have. The caller holds handle_lock. */
static bool grow(struct domain *mapper)
{
    struct grants *g = &mapper->grants;
    struct grant_handle *page;

    if (g->handle_pages == g->handle_pages_max ||
        (!g->handles && !(g->handles = page_alloc(POINTERS_ORDER)))) {
        return false;
    }
    page_mark(g->handles, POINTERS_ORDER, mapper->id);
    page = page_alloc(0);
    if (!page) {
        return false;
    }
    page_mark(page, 0, mapper->id);
    g->handles[g->handle_pages] = page;
    for (u32 i = 0; i < HANDLES_A_PAGE; i++) {
        page[i].ref = g->free_handle;
        g->free_handle = g->handle_pages * HANDLES_A_PAGE + i;
    }
    __atomic_store_n(&g->handle_pages, g->handle_pages + 1, __ATOMIC_RELEASE);
    return true;
}

u32 handle_take(struct domain *mapper, const struct grant_handle *handle)
{
    struct grants *g = &mapper->grants;
    u32 number = HANDLE_NONE;

    lock_take(&g->handle_lock);
    if (g->free_handle != HANDLE_NONE || grow(mapper)) {
        number = g->free_handle;
        g->free_handle = at(g, number)->ref;
        *at(g, number) = *handle;
        at(g, number)->used = true;
        atomic_fetch_add_explicit(&g->mappings, 1, memory_order_relaxed);
    }
    lock_release(&g->handle_lock);
    return number;
}

struct domain *handle_granter(struct domain *mapper, u32 number)
{
    const struct grants *g = &mapper->grants;

    if (number / HANDLES_A_PAGE >= __atomic_load_n(&g->handle_pages, __ATOMIC_ACQUIRE)) {
        return NULL;
    }
    return domain_by_id(__atomic_load_n(&at(g, number)->granter, __ATOMIC_RELAXED));
}

bool handle_get(struct domain *mapper, u32 number, struct grant_handle *handle)
{
    struct grants *g = &mapper->grants;

    lock_take(&g->handle_lock);
    *handle = number / HANDLES_A_PAGE < g->handle_pages ? *at(g, number) : (struct grant_handle){0};
    lock_release(&g->handle_lock);
    return handle->used;
}

bool handle_drop(struct domain *mapper, u32 number)
{
    struct grants *g = &mapper->grants;
    bool dropped;

    lock_take(&g->handle_lock);
    dropped = at(g, number)->used;
    if (dropped) {
        *at(g, number) = (struct grant_handle){.ref = g->free_handle};
        g->free_handle = number;
        atomic_fetch_sub_explicit(&g->mappings, 1, memory_order_relaxed);
    }
    lock_release(&g->handle_lock);
    return dropped;
}

void handle_drop_part(struct domain *mapper, u32 number, bool host)
{
    struct grants *g = &mapper->grants;

    lock_take(&g->handle_lock);
    if (host) {
        at(g, number)->host = false;
    } else {
        at(g, number)->device = false;
    }
    lock_release(&g->handle_lock);
}

bool handle_maps(struct domain *mapper, mfn_t m)
{
    struct grants *g = &mapper->grants;
    bool found = false;

    for (u32 page = 0; page < g->handle_pages && !found; page++) {
        lock_take(&g->handle_lock);
        for (u32 i = 0; i < HANDLES_A_PAGE && !found; i++) {
            const struct grant_handle *handle = &g->handles[page][i];

            found = handle->used && handle->frame == m.n;
        }
        lock_release(&g->handle_lock);
    }
    return found;
}

void handles_free(struct grants *g)
{
    for (u32 page = 0; page < g->handle_pages; page++) {
        page_free(g->handles[page], 0);
    }
    if (g->handles) {
        page_free(g->handles, POINTERS_ORDER);
    }
    g->handles = NULL;
    g->handle_pages = g->stopped = 0;
    g->free_handle = HANDLE_NONE;
}

u32 grants_held(const struct domain *domain, mfn_t *list, u32 room)
{
    const struct grants *g = &domain->grants;
    u32 count = 0;

    if (!atomic_load_explicit(&g->device_mappings, memory_order_relaxed)) {
        return 0;
    }
    for (u32 i = 0; i < g->handle_pages * HANDLES_A_PAGE && count < room; i++) {
        const struct grant_handle *handle = at(g, i);

        if (handle->used && handle->device) {
            list[count++] = mfn(handle->frame);
        }
    }
    return count;
}
