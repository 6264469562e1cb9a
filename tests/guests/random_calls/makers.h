/* SPDX-License-Identifier: MIT */
/* Makers of random requests, one for each hypercall: each fills in a request and adds to the line
 * what it asks for. Left out is what a privileged domain gets another answer to, and what would end
 * the guest. */
#ifndef GUESTS_RANDOM_CALLS_MAKERS_H
#define GUESTS_RANDOM_CALLS_MAKERS_H

#include "tests/guests/random_calls/pool.h"

#define PORTS  10 /* how many ports are printed */
#define NOBODY 4242

struct request {
    u64 number, argument[6];
    bool sign_only; /* print only the sign of the result: its value depends on the machine */
    void (*after)(struct request *, long); /* adds the rest of the answer to the line */
    void *data;
};

extern size_t arena_used;
extern u32 first_port; /* the first port that was free at the start */
extern u16 own_domain;

void *take(size_t size);

/* Returns `good`, or sometimes an address that cannot be read. */
u64 maybe_bad(const void *good);

void make_mmu_update(struct request *r);

void make_update_va(struct request *r);

/* Returns a frame to copy from, without a hypervisor's entries in it. */
u64 a_source_frame(void);

void make_mmuext(struct request *r, bool alone);

void make_descriptor(struct request *r);

u64 a_base(void);

void make_segment_base(struct request *r);

void make_debugreg(struct request *r);

u16 a_domain(void);

void add_domain(u16 domain);

union ask {
    evtchn_alloc_unbound_t unbound;
    evtchn_bind_interdomain_t interdomain;
    evtchn_bind_virq_t virq;
    evtchn_bind_ipi_t ipi;
    evtchn_bind_vcpu_t vcpu;
    evtchn_close_t close;
    evtchn_status_t status;
};

void make_event(struct request *r);

#endif
