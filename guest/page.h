/* SPDX-License-Identifier: MIT */
/* The kernel's memory: one struct a pseudo-physical frame, and who takes and gives them.
 *
 * All memory is seen at page_address(), the direct map. A frame has a number of uses; it goes back
 * to the allocator with the last. Functions may be called on any CPU. */
#ifndef GUEST_PAGE_H
#define GUEST_PAGE_H

#include "lib/addr.h"

struct alias;
struct space;

struct page {
    u32 uses;          /* 0: the allocator has it, or there is no memory here */
    u8 level;          /* 1..4: a page table of that level; 0: none */
    bool pinned;       /* a table in use: its entries are changed by requests */
    bool empty;        /* no frame behind it: ballooned out, or a place for somebody else's frame */
    struct page *next; /* in the allocator's list, or a space's list of tables */
    struct space *space;   /* of a table: whose; NULL: the kernel's */
    struct alias *aliases; /* what kernel_map showed of it outside the direct map */
};

/* One for each pfn below page_limit; below it there may be pages without memory. */
extern struct page *page_list;
extern u64 page_limit;
extern u64 page_direct_base; /* where pfn 0 is in the direct map */

static inline struct page *page_of(pfn_t pfn)
{
    return pfn.n < page_limit ? &page_list[pfn.n] : NULL;
}

static inline pfn_t page_pfn(const struct page *page)
{
    return pfn((u64)(page - page_list));
}

static inline void *pfn_address(pfn_t pfn)
{
    return (void *)(uintptr_t)(page_direct_base + (pfn.n << PAGE_SHIFT));
}

static inline void *page_address(const struct page *page)
{
    return pfn_address(page_pfn(page));
}

/* The pfn of an address of the direct map. */
static inline pfn_t address_pfn(const volatile void *address)
{
    return pfn(((u64)(uintptr_t)address - page_direct_base) >> PAGE_SHIFT);
}

static inline struct page *address_page(const volatile void *address)
{
    return page_of(address_pfn(address));
}

/* A page with one use and undefined contents, or zeroed; NULL: no memory. */
struct page *page_take(void);
struct page *page_take_zeroed(void);

/* `count` pages in the order of their pfns, without a hole, one use each; NULL: there is none. */
struct page *page_take_range(u64 count);

/* One more use; one less. */
void page_hold(struct page *page);
void page_release(struct page *page);

u64 pages_free(void);

/* ---- start-up, for backends ---- */

/* Memory that is mapped before page_list is there: pages from `first` to `end`, in order. */
void page_early(pfn_t first, pfn_t end);
void *page_early_take(void); /* zeroed; NULL: none left */
pfn_t page_early_next(void);
void page_early_extend(pfn_t end); /* more is mapped now */

/* page_list is there, zeroed; pages from `first` to `end` are the allocator's. */
void page_start(struct page *list, u64 limit, pfn_t first, pfn_t end);

#endif
