/* SPDX-License-Identifier: MIT */
/* What the generic part asks of a backend. Nobody else includes this. */
#ifndef GUEST_BACKEND_H
#define GUEST_BACKEND_H

#include "guest/space.h"

/* A stretch of requests whose own result is wanted, whatever batch is open: what waits goes out,
 * the stretch is a batch by itself, and the open one goes on behind it. */
struct batch_now {
    unsigned depth;
    int error;
};
struct batch_now batch_now(void);
int batch_now_end(struct batch_now now);

/* Whether a space needs a user root of its own. */
bool backend_two_roots(void);

/* A page becomes a table of a pinned tree: all its kernel mappings read-only, its entries changed
 * by requests; and the reverse. To be used in a batch. */
int backend_protect(struct page *page);
int backend_unprotect(struct page *page);

/* The whole space. A pin that fails has changed nothing. */
int backend_pin(struct space *space);
int backend_unpin(struct space *space);

/* Loads the roots. */
int backend_activate(const struct space *space);

/* Flushes one page of the user half, or all of it (va ~0), on the CPUs it is active on. */
int backend_flush(const struct space *space, u64 va);

/* Writes a level 1 entry of the space and flushes what it maps. */
int backend_set_flush(const struct space *space, entry_t *at, u64 va, entry_t value);

/* The same for a kernel mapping, on all CPUs. */
int backend_kernel_set(entry_t *at, u64 va, entry_t value);

/* ---- the generic part among itself ---- */

/* The space's lock and its tables; see space.h. */
entry_t *space_grow(struct space *space, u64 va);

static inline entry_t *entry_table(entry_t entry)
{
    return pfn_address(entry_pfn(entry));
}

/* The page behind a level 1 entry; NULL: none of the guest's own. */
static inline struct page *entry_page(entry_t entry)
{
    pfn_t pfn = entry_pfn(entry);

    return pfn_is_none(pfn) ? NULL : page_of(pfn);
}

/* A batch with the space's lock. */
void space_begin(struct space *space);
int space_end(struct space *space);

#endif
