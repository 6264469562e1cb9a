/* SPDX-License-Identifier: MIT */
/* Two domains with event channels, and stand-ins for the rest of the hypervisor. A frame of a
 * domain is a page of the test, and its number is the page's address divided by the page size. */
#ifndef UNIT_EVENT_EVENT_WORLD_H
#define UNIT_EVENT_EVENT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/sched/sched.h"
#include "vmmu/port.h"

struct world {
    struct domain *domain[2];
    _Atomic u32 wakes, drains;
    _Atomic u32 holds;
    bool hold_again; /* the next hold of a page returns VMMU_AGAIN */
    u32 pages_left;  /* pages of hypervisor memory that can still be allocated */
    /* How many of the next questions "does other work wait?" are answered with yes. */
    u32 stops;
    /* The pirq that was bound last, its port (0: it is not bound) and the vCPU at which it aims;
     * what the next binding answers. */
    u32 pirq, pirq_bound;
    const struct vcpu *pirq_vcpu;
    s64 pirq_result;
};

extern struct world world;

#define A (world.domain[0])
#define B (world.domain[1])

void *page_new(void);

void world_start(u32 vcpus);

/* Ends the world, and asserts that all memory and all holds were given back. */
void world_stop(void);

u32 unbound(struct domain *domain, u16 remote);

u32 status_of(struct domain *domain, u32 port);

void reset(struct domain *domain);

#endif
