/* SPDX-License-Identifier: MIT */
/* Adds and removes aliases. The structs are cut from whole pages, which are never given back. */
#include "guest/alias.h"
#include "guest/backend.h"
#include "guest/error.h"

static struct alias *unused_aliases; /* list of structs that stand for no mapping */

/* Takes an unused struct; NULL: no memory. The caller holds the kernel space's lock. */
static struct alias *take_alias(void)
{
    struct alias *alias;
    struct page *page;

    if (!unused_aliases) {
        page = page_take();
        if (!page) {
            return NULL;
        }
        alias = page_address(page);
        for (unsigned i = 0; i < PAGE_SIZE / sizeof *alias; i++) {
            alias[i].next = unused_aliases;
            unused_aliases = &alias[i];
        }
    }
    alias = unused_aliases;
    unused_aliases = alias->next;
    return alias;
}

static void give_alias(struct alias *alias)
{
    alias->next = unused_aliases;
    unused_aliases = alias;
}

int alias_add(struct page *page, entry_t *at, u64 va, u64 flags)
{
    struct alias *alias = take_alias();

    if (!alias) {
        return -XEN_ENOMEM;
    }
    int result = backend_kernel_set(at, va, entry_make(page_pfn(page), alias_flags(page, flags)));
    if (result) {
        give_alias(alias);
        return result;
    }
    *alias = (struct alias){.next = page->aliases, .at = at, .va = va, .flags = flags};
    page->aliases = alias;
    return 0;
}

int alias_remove(struct page *page, entry_t *at, u64 va)
{
    struct alias **link = &page->aliases, *alias;

    while (*link && (*link)->va != va) {
        link = &(*link)->next;
    }
    alias = *link;
    if (!alias) {
        return -XEN_EINVAL;
    }
    int result = backend_kernel_set(at, va, ENTRY_NONE);
    if (result) {
        return result;
    }
    *link = alias->next;
    give_alias(alias);
    return 0;
}
