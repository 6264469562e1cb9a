/* SPDX-License-Identifier: MIT */
/* Aliases: a page's kernel mappings outside the direct map. Each page has a list of its aliases, so
 * that all of them can be made read-only when the page becomes a page table. */
#ifndef GUEST_ALIAS_H
#define GUEST_ALIAS_H

#include "guest/entry.h"

struct alias {
    struct alias *next; /* the page's next alias; in an unused struct, the next unused one */
    entry_t *at;        /* the level 1 entry that maps the page */
    u64 va;             /* the kernel address at which the page is mapped */
    u64 flags;          /* the entry's flags while the page is not a page table */
};

/* Maps `page` at `va` and adds the alias to the page's list.
 * at: the level 1 entry for `va`, which is empty. flags: PTE_... bits.
 * Returns 0, -XEN_ENOMEM, or the hypervisor's error; then nothing has changed.
 * The caller holds the kernel space's lock. */
int alias_add(struct page *page, entry_t *at, u64 va, u64 flags);

/* Unmaps `page` at `va`, whose level 1 entry is `at`, and drops the alias.
 * Returns 0, -XEN_EINVAL if the page has no alias at `va`, or the hypervisor's error; then nothing
 * has changed. The caller holds the kernel space's lock. */
int alias_remove(struct page *page, entry_t *at, u64 va);

/* Returns the flags with which a kernel mapping of `page` may be made at present: `flags`, without
 * PTE_WRITABLE if the page is a live page table. */
static inline u64 alias_flags(const struct page *page, u64 flags)
{
    return page->pinned && page->level ? flags & ~PTE_WRITABLE : flags;
}

#endif
