/* SPDX-License-Identifier: MIT */
/* The handles of a domain's mappings of other domains' grants. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/grant/grant.h"
#include "hypervisor/memory/frames.h"
#include "lib/index.h"

_Static_assert(sizeof(struct grant_handle) * HANDLES_A_PAGE == PAGE_SIZE, "one page");

static struct grant_handle *at(const struct grants *g, u32 number)
{
    u64 page = index_masked(number / HANDLES_A_PAGE, g->handle_pages);

    return &g->handles[page][number % HANDLES_A_PAGE];
}

/* Allocates one more page of handles, all free. False: no memory, or the domain has
 * HANDLE_PAGES_MAX pages already. The caller holds handle_lock. */
static bool grow(struct grants *g)
{
    struct grant_handle *page;

    if (g->handle_pages == HANDLE_PAGES_MAX) {
        return false;
    }
    page = page_alloc(0);
    if (!page) {
        return false;
    }
    g->handles[g->handle_pages] = page;
    for (u32 i = 0; i < HANDLES_A_PAGE; i++) {
        page[i].ref = g->free_handle;
        g->free_handle = g->handle_pages * HANDLES_A_PAGE + i;
    }
    g->handle_pages++;
    return true;
}

u32 handle_take(struct domain *mapper, const struct grant_handle *handle)
{
    struct grants *g = &mapper->grants;
    u32 number = HANDLE_NONE;

    lock_take(&g->handle_lock);
    if (g->free_handle != HANDLE_NONE || grow(g)) {
        number = g->free_handle;
        g->free_handle = at(g, number)->ref;
        *at(g, number) = *handle;
        at(g, number)->used = true;
        atomic_fetch_add_explicit(&g->mappings, 1, memory_order_relaxed);
    }
    lock_release(&g->handle_lock);
    return number;
}

bool handle_get(struct domain *mapper, u32 number, struct grant_handle *handle)
{
    struct grants *g = &mapper->grants;
    bool found = false;

    lock_take(&g->handle_lock);
    if (number / HANDLES_A_PAGE < g->handle_pages) {
        *handle = *at(g, number);
        found = handle->used;
    }
    lock_release(&g->handle_lock);
    return found;
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
