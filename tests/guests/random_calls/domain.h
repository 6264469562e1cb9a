/* SPDX-License-Identifier: MIT */
/* Makers of random requests about the domain: its memory, vCPU and callbacks; and the guest's own
 * loads and stores. */
#ifndef GUESTS_RANDOM_CALLS_DOMAIN_H
#define GUESTS_RANDOM_CALLS_DOMAIN_H

#include "tests/guests/random_calls/makers.h"

extern u64 leaving[POOL]; /* 1: the pool's frame was given back in this episode */

struct reservation {
    struct xen_memory_reservation ask;
    u64 list[4];
    unsigned slot[4]; /* an index of `extra`, or EXTRAS plus that of a pool frame */
};

void make_memory(struct request *r);

void make_vcpu(struct request *r);

void make_callback(struct request *r);

/* Uses only vectors that nothing raises. */
void make_trap_table(struct request *r);

void make_simple(struct request *r);

/* Stores to an L1 entry. The hypervisor emulates the store if the table is live and mapped
 * read-only. */
void store_entry(void);

/* Loads or stores through a window. Stores go to the pool's frames only. */
void touch(void);

#endif
