/* SPDX-License-Identifier: MIT */
/* The page allocator: a list of free pages, and a count of uses for each page. */
#include "guest/page.h"
#include "guest/lock.h"
#include "lib/string.h"

struct page *page_list;
u64 page_limit;
u64 page_direct_base;

static struct lock page_lock = {.rank = 4}; /* protects free_list and free_count */
static struct page *free_list;
static u64 free_count;
static pfn_t early_next, early_end; /* what is left of the memory that page_early defined */

void page_early(pfn_t first, pfn_t end)
{
    early_next = first;
    early_end = end;
}

void page_early_extend(pfn_t end)
{
    early_end = end;
}

void *page_early_take(void)
{
    void *page;

    if (early_next.n >= early_end.n) {
        return NULL;
    }
    page = pfn_address(early_next);
    early_next.n++;
    page_clear(page);
    return page;
}

pfn_t page_early_next(void)
{
    return early_next;
}

void page_start(struct page *list, u64 limit, pfn_t first, pfn_t end)
{
    page_list = list;
    page_limit = limit;
    for (u64 i = 0; i < limit; i++) {
        list[i].empty = i >= end.n;
    }
    free_list = NULL;
    free_count = 0;
    for (u64 i = end.n; i > first.n; i--) {
        list[i - 1].next = free_list;
        free_list = &list[i - 1];
        free_count++;
    }
    for (u64 i = 0; i < first.n; i++) {
        list[i].uses = 1;
    }
}

struct page *page_take(void)
{
    guest_lock(&page_lock);
    struct page *page = free_list;
    if (page) {
        free_list = page->next;
        free_count--;
        page->next = NULL;
        page->uses = 1;
    }
    guest_unlock(&page_lock);
    return page;
}

struct page *page_take_zeroed(void)
{
    struct page *page = page_take();

    if (page) {
        page_clear(page_address(page));
    }
    return page;
}

/* Returns the first of `count` free pages in a row, or NULL. The caller holds the lock. */
static struct page *find_range(u64 count)
{
    u64 run = 0;

    for (u64 i = 0; i < page_limit; i++) {
        run = page_list[i].uses || page_list[i].empty ? 0 : run + 1;
        if (run == count) {
            return &page_list[i + 1 - count];
        }
    }
    return NULL;
}

struct page *page_take_range(u64 count)
{
    struct page *first = NULL, **link;

    guest_lock(&page_lock);
    if (count && count <= free_count) {
        first = find_range(count);
    }
    for (link = &free_list; first && *link;) {
        struct page *page = *link;

        if (page < first || page >= first + count) {
            link = &page->next;
            continue;
        }
        *link = page->next;
        page->next = NULL;
        page->uses = 1;
        free_count--;
    }
    guest_unlock(&page_lock);
    return first;
}

void page_hold(struct page *page)
{
    __atomic_fetch_add(&page->uses, 1, __ATOMIC_RELAXED);
}

void page_release(struct page *page)
{
    if (__atomic_fetch_sub(&page->uses, 1, __ATOMIC_ACQ_REL) != 1) {
        return;
    }
    guest_lock(&page_lock);
    page->next = free_list;
    free_list = page;
    free_count++;
    guest_unlock(&page_lock);
}

u64 pages_free(void)
{
    return __atomic_load_n(&free_count, __ATOMIC_RELAXED);
}
