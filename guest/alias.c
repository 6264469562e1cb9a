/* SPDX-License-Identifier: MIT */
/* The notes of mappings outside the direct map, cut from whole pages. */
#include "guest/alias.h"
#include "guest/backend.h"
#include "guest/error.h"

static struct alias *unused;

static struct alias *take(void)
{
    struct alias *alias;
    struct page *page;

    if (!unused) {
        page = page_take();
        if (!page) {
            return NULL;
        }
        alias = page_address(page);
        for (unsigned i = 0; i < PAGE_SIZE / sizeof *alias; i++) {
            alias[i].next = unused;
            unused = &alias[i];
        }
    }
    alias = unused;
    unused = alias->next;
    return alias;
}

static void give(struct alias *alias)
{
    alias->next = unused;
    unused = alias;
}

int alias_add(struct page *page, entry_t *at, u64 va, u64 flags)
{
    struct alias *alias = take();
    int result;

    if (!alias) {
        return -XEN_ENOMEM;
    }
    result = backend_kernel_set(at, va, entry_make(page_pfn(page), alias_flags(page, flags)));
    if (result) {
        give(alias);
        return result;
    }
    *alias = (struct alias){.next = page->aliases, .at = at, .va = va, .flags = flags};
    page->aliases = alias;
    return 0;
}

int alias_remove(struct page *page, entry_t *at, u64 va)
{
    struct alias **link = &page->aliases, *alias;
    int result;

    while (*link && (*link)->va != va) {
        link = &(*link)->next;
    }
    alias = *link;
    if (!alias) {
        return -XEN_EINVAL;
    }
    result = backend_kernel_set(at, va, ENTRY_NONE);
    if (result) {
        return result;
    }
    *link = alias->next;
    give(alias);
    return 0;
}
