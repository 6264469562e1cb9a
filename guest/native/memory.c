/* SPDX-License-Identifier: MIT */
/* The balloon, foreign frames and grants on the bare machine: without a hypervisor there are none.
 */
#include "guest/memory.h"
#include "guest/error.h"

struct page *memory_take_empty(void)
{
    return NULL;
}

void memory_release_empty(struct page *page)
{
    (void)page;
}

long memory_balloon_out(struct page **pages, u64 count)
{
    (void)pages;
    (void)count;
    return -XEN_ENOSYS;
}

int memory_balloon_in(struct page *page)
{
    (void)page;
    return -XEN_ENOSYS;
}

int memory_make_contiguous(struct page *first, unsigned order, unsigned address_bits)
{
    (void)first;
    (void)order;
    (void)address_bits;
    return -XEN_ENOSYS;
}

int memory_map_foreign(u16 domain, const mfn_t *frames, u64 count, struct page **pages)
{
    (void)domain;
    (void)frames;
    (void)count;
    (void)pages;
    return -XEN_ENOSYS;
}

int memory_unmap_foreign(struct page **pages, u64 count)
{
    (void)pages;
    (void)count;
    return -XEN_ENOSYS;
}

long grant_give(u16 domain, const struct page *page, bool read_only)
{
    (void)domain;
    (void)page;
    (void)read_only;
    return -XEN_ENOSYS;
}

int grant_end(u32 reference)
{
    (void)reference;
    return -XEN_ENOSYS;
}

int grant_map(u16 domain, u32 reference, bool read_only, struct page *page, u32 *handle)
{
    (void)domain;
    (void)reference;
    (void)read_only;
    (void)page;
    (void)handle;
    return -XEN_ENOSYS;
}

int grant_unmap(struct page *page, u32 handle)
{
    (void)page;
    (void)handle;
    return -XEN_ENOSYS;
}
