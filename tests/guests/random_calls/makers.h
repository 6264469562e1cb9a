/* SPDX-License-Identifier: MIT */
/* Random requests, one maker a hypercall: each fills in a request and writes into the line what it
 * asks for. What a privileged domain is answered otherwise than a plain one is left out, and so is
 * what would end the guest. */
#ifndef GUESTS_RANDOM_CALLS_MAKERS_H
#define GUESTS_RANDOM_CALLS_MAKERS_H

#include "tests/guests/random_calls/pool.h"

#define PORTS  10 /* of the ports that are looked at */
#define NOBODY 4242

struct request {
    u64 number, argument[6];
    bool sign_only;                        /* the value is the machine's */
    void (*after)(struct request *, long); /* adds what else it answered */
    void *data;
};

extern size_t arena_used;
extern u32 first_port; /* the first that was free */
extern u16 own_domain;

void *take(size_t size);

/* An address that cannot be read, or `good`. */
u64 maybe_bad(const void *good);

void make_mmu_update(struct request *r);

void make_update_va(struct request *r);

/* To copy from: no hypervisor's entries. */
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
