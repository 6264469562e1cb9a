/* SPDX-License-Identifier: MIT */
/* Random requests about the domain: its memory, vCPU, callbacks; and the guest's own loads and
 * stores. */
#ifndef GUESTS_RANDOM_CALLS_DOMAIN_H
#define GUESTS_RANDOM_CALLS_DOMAIN_H

#include "tests/guests/random_calls/makers.h"

extern u64 leaving[POOL]; /* pool frames handed back in this episode: 1 */

struct reservation {
    struct xen_memory_reservation ask;
    u64 list[4];
    unsigned slot[4]; /* of `extra`, or POOL's frame plus EXTRAS */
};

void make_memory(struct request *r);

void make_vcpu(struct request *r);

void make_callback(struct request *r);

/* Vectors that nothing raises. */
void make_trap_table(struct request *r);

void make_simple(struct request *r);

/* To an L1 entry: done by the hypervisor if it is a live one that is seen read-only. */
void store_entry(void);

/* By a window, whatever it shows; stores go to the pool's frames only. */
void touch(void);

#endif
