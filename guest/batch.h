/* SPDX-License-Identifier: MIT */
/* Batches: requests that are collected and sent to the hypervisor together ("lazy mode").
 *
 * Between batch_open and batch_close the requests of this CPU are queued. Consecutive requests of
 * one kind become one call, several calls become one multicall, and a batch of a single call is
 * sent as that call. A batch is sent when it is closed, when it is full, by batch_flush, and before
 * anything reads an entry that a queued request may change. Batches nest. On the bare machine a
 * change is a store, and a batch does nothing.
 *
 * When the hypervisor refuses a request, all others are still made; those that follow it in the
 * same call are made last. guest_refused is called with the refused request, and its error becomes
 * the batch's result. A batch belongs to the CPU that opened it: no other thread of control may run
 * on that CPU until it is closed. */
#ifndef GUEST_BATCH_H
#define GUEST_BATCH_H

#include "lib/types.h"

struct space;

/* Opens a batch, or adds a level of nesting to the open one. */
void batch_open(void);

/* Ends one level of nesting. Closing the outermost level sends the batch.
 * Returns 0 for an inner level; for the outermost, 0 or the first error since the batch was opened
 * or since the caller last called batch_flush. */
int batch_close(void);

/* Sends all queued requests now. The batch stays open.
 * Returns 0 or the first error since the batch was opened or last flushed by this function. */
int batch_flush(void);

/* A request that the hypervisor refused. */
struct refusal {
    const char *request;       /* name of the request: "mmu_update", "pin of level 4" and so on */
    u64 argument, value;       /* the arguments that the hypervisor refused */
    unsigned level;            /* level of the table that the request is about; 0: no table */
    unsigned index;            /* index of the entry in that table, or REFUSAL_WHOLE_TABLE */
    const struct space *space; /* the space of that table; NULL: the kernel's, or no table */
    long error;                /* the hypervisor's negative XEN_E... number */
};

/* As a refusal's index: the request is not about one entry (a pin, a new root, a flush). */
#define REFUSAL_WHOLE_TABLE (~0u)

/* Called once for each refused request, on the CPU that made it. The library's own function prints
 * a line on the console; a kernel may define another one. */
void guest_refused(const struct refusal *refusal);

/* Writes one line that describes a refusal, without a line end, to `text`.
 * size: bytes at `text`. Returns the length of the whole line, which may exceed `size` - 1. */
int refusal_print(char *text, size_t size, const struct refusal *refusal);

/* Totals of one CPU's batches since that CPU started. */
struct batch_counts {
    u64 calls;    /* hypercalls that sent batches */
    u64 requests; /* requests that these hypercalls contained */
    u64 refused;  /* requests that the hypervisor refused */
};

/* Returns the totals of this CPU's batches. */
struct batch_counts batch_counts(void);

#endif
