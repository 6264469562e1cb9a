/* SPDX-License-Identifier: MIT */
/* A page's kernel mappings outside the direct map, so that they can follow what the page becomes.
 */
#ifndef GUEST_ALIAS_H
#define GUEST_ALIAS_H

#include "guest/entry.h"

struct alias {
    struct alias *next;
    entry_t *at;
    u64 va;
    u64 flags; /* while the page is no table */
};

/* Maps and notes it; under the lock of the kernel's space. */
int alias_add(struct page *page, entry_t *at, u64 va, u64 flags);
int alias_remove(struct page *page, entry_t *at, u64 va);

/* What such a mapping may have now. */
static inline u64 alias_flags(const struct page *page, u64 flags)
{
    return page->pinned && page->level ? flags & ~PTE_WRITE : flags;
}

#endif
