/* SPDX-License-Identifier: MIT */
/* The kernel's memory: one struct page for each pfn, and the page allocator.
 *
 * The direct map shows all memory: the page with pfn N is at page_direct_base + N * PAGE_SIZE. A
 * page has a number of uses; when the last use is released the page returns to the allocator. The
 * functions may be called on any CPU. */
#ifndef GUEST_PAGE_H
#define GUEST_PAGE_H

#include "lib/addr.h"

struct alias;
struct space;

struct page {
    u32 uses;          /* number of uses; 0: the allocator owns the page, or it never had a frame */
    u8 level;          /* 1..4: a page table of that level; 0: not a page table */
    bool pinned;       /* the page is a live page table, whose entries are changed by requests */
    bool empty;        /* no frame of the guest is behind the page (guest/memory.h) */
    struct page *next; /* next page in the allocator's free list, or in a space's list of tables */
    struct space *space;   /* the space that a page table belongs to; NULL: the kernel's */
    struct alias *aliases; /* list of the kernel mappings of the page outside the direct map */
};

extern struct page *page_list; /* array with one element for each pfn below page_limit */
extern u64 page_limit;
extern u64 page_direct_base; /* the direct map's address for pfn 0 */

/* Returns the page of a pfn; NULL: the pfn is not below page_limit. */
static inline struct page *page_of(pfn_t pfn)
{
    return pfn.n < page_limit ? &page_list[pfn.n] : NULL;
}

/* Returns the pfn of a page. */
static inline pfn_t page_pfn(const struct page *page)
{
    return pfn((u64)(page - page_list));
}

/* Returns the address at which the direct map shows a pfn. */
static inline void *pfn_address(pfn_t pfn)
{
    return (void *)(uintptr_t)(page_direct_base + (pfn.n << PAGE_SHIFT));
}

/* Returns the address at which the direct map shows a page. */
static inline void *page_address(const struct page *page)
{
    return pfn_address(page_pfn(page));
}

/* Returns the pfn that the direct map shows at `address`. */
static inline pfn_t address_pfn(const volatile void *address)
{
    return pfn(((u64)(uintptr_t)address - page_direct_base) >> PAGE_SHIFT);
}

/* Returns the page that the direct map shows at `address`. */
static inline struct page *address_page(const volatile void *address)
{
    return page_of(address_pfn(address));
}

/* Takes a page from the allocator. Its contents are undefined, and it has one use, the caller's.
 * NULL: no page is free. */
struct page *page_take(void);

/* As page_take; the page is filled with zeroes. */
struct page *page_take_zeroed(void);

/* Takes `count` pages with consecutive pfns, with one use each, the caller's.
 * Returns the first page; NULL: there are not that many in a row. */
struct page *page_take_range(u64 count);

/* Adds a use to a page that has at least one. */
void page_hold(struct page *page);

/* Releases a use; with the last one the page returns to the allocator. */
void page_release(struct page *page);

/* Returns how many pages are free. */
u64 pages_free(void);

/* ---- start-up, for backends ---- */

/* Before page_list exists, pages come from one range of memory that is mapped already. This defines
 * it: pfns from `first` up to, but without, `end`. */
void page_early(pfn_t first, pfn_t end);

/* Takes the next page of the range that page_early defined, filled with zeroes. NULL: none is left.
 */
void *page_early_take(void);

/* Returns the pfn of the page that page_early_take would return next. */
pfn_t page_early_next(void);

/* Moves the end of the range that page_early defined, after more memory has been mapped. */
void page_early_extend(pfn_t end);

/* Starts the allocator.
 * list: `limit` zeroed elements, which become page_list. Pages from `first` up to, but without,
 * `end` are free; those below are in use, those from `end` on are empty. */
void page_start(struct page *list, u64 limit, pfn_t first, pfn_t end);

#endif
