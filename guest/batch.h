/* SPDX-License-Identifier: MIT */
/* Batches: changes that wait and go to the hypervisor together ("lazy mode").
 *
 * Between batch_open and batch_close, requests of this CPU are kept. Neighbours of one kind become
 * one call, several calls become one multicall, a batch of one is the plain call. A batch goes out
 * when it is closed, when it is full, on batch_flush, and before anything reads back what it may
 * change. Opening nests. On the bare machine a change is a store and a batch is nothing.
 *
 * When a request is refused, the others are still made, those behind it in the same call last; then
 * guest_refused() is told which one it was, and the batch's result is its error. A batch belongs to
 * the CPU that opened it: no other thread of control may run on that CPU meanwhile. */
#ifndef GUEST_BATCH_H
#define GUEST_BATCH_H

#include "lib/types.h"

struct space;

void batch_open(void);

/* Closes the innermost; the outermost flushes. 0, or the first error since the batch was opened or
 * last flushed by the caller. */
int batch_close(void);

/* Everything that waits goes out now. */
int batch_flush(void);

/* A request that the hypervisor did not grant. */
struct refusal {
    const char *request;       /* "mmu_update", "pin level 4", ... */
    u64 argument, value;       /* as the hypervisor got them */
    unsigned level, index;     /* of the table and in it; level 0: it is about none */
    const struct space *space; /* of the table; NULL: the kernel's, or none */
    long error;
};

#define REFUSAL_WHOLE_TABLE (~0u) /* as the index */

/* Told about each one. The library's own writes a line on the console; a kernel may define another.
 */
void guest_refused(const struct refusal *refusal);

/* Writes that line to `text`. */
int refusal_print(char *text, size_t size, const struct refusal *refusal);

/* What this CPU has asked for so far. */
struct batch_counts {
    u64 calls;    /* into the hypervisor */
    u64 requests; /* in them */
    u64 refused;
};
struct batch_counts batch_counts(void);

#endif
