/* SPDX-License-Identifier: MIT */
/* What the generic part of the library asks of a backend, and what its files share. Only the
 * library includes this header. Results are 0 or a negative XEN_E... number. */
#ifndef GUEST_BACKEND_H
#define GUEST_BACKEND_H

#include "guest/space.h"

/* What batch_now saves of an open batch, which it interrupts for a group of requests whose result
 * the caller needs immediately. */
struct batch_now {
    unsigned depth; /* how deeply the interrupted batch was nested */
    int error;      /* the first error of the interrupted batch */
};

/* Sends the requests of the open batch, if there is one, and begins a batch of its own.
 * Returns what batch_now_end needs to continue the interrupted batch. */
struct batch_now batch_now(void);

/* Sends the requests made since batch_now and continues the batch that was open before.
 * Returns 0 or the first error of these requests, which the continued batch does not report. */
int batch_now_end(struct batch_now now);

/* Says whether a space needs a separate root for user mode. */
bool backend_two_roots(void);

/* Makes a page ready to be a live page table: all its kernel mappings become read-only, and from
 * now on its entries are changed by requests. To be called in a batch, which reports a refusal. */
int backend_protect(struct page *page);

/* The reverse of backend_protect, for a page that is no longer a live page table. */
int backend_unprotect(struct page *page);

/* Pins a space: protects all its tables, then pins its roots. On failure nothing has changed.
 * The caller holds the lock of the list of spaces and the space's lock. */
int backend_pin(struct space *space);

/* Unpins a space: unpins its roots, then makes all its tables writable.
 * The caller holds the space's lock. */
int backend_unpin(struct space *space);

/* Loads a pinned space's roots into this CPU. */
int backend_activate(const struct space *space);

/* Flushes translations of the space's user half on all CPUs on which the space is active.
 * va: the page to flush; ~0: all pages. */
int backend_flush(const struct space *space, u64 va);

/* Writes `value` to `at`, the space's level 1 entry for `va`, and flushes the translation of `va`
 * on all CPUs on which the space is active. */
int backend_set_flush(const struct space *space, entry_t *at, u64 va, entry_t value);

/* Writes `value` to `at`, the kernel's level 1 entry for `va`, and flushes the translation of `va`
 * on all CPUs. */
int backend_kernel_set(entry_t *at, u64 va, entry_t value);

/* ---- shared by the files of the library ---- */

/* Returns the level 1 entry for `va`, a user or kernel address; makes the tables that are missing.
 * NULL: there was no memory for them, or the hypervisor refused one; then none was made.
 * The caller holds the space's lock. */
entry_t *space_grow(struct space *space, u64 va);

/* Returns the address, in the direct map, of the table that `entry` points to. */
static inline entry_t *entry_table(entry_t entry)
{
    return pfn_address(entry_pfn(entry));
}

/* Returns the page that a level 1 entry maps; NULL: the entry is not present, or maps a frame that
 * is not the guest's. */
static inline struct page *entry_page(entry_t entry)
{
    pfn_t pfn = entry_pfn(entry);

    return pfn_is_none(pfn) ? NULL : page_of(pfn);
}

/* Takes the space's lock and opens a batch. */
void space_begin(struct space *space);

/* Closes the batch and releases the space's lock. Returns the result of batch_close. */
int space_end(struct space *space);

#endif
