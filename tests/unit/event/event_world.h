/* SPDX-License-Identifier: MIT */
/* Two domains with event channels, and stand-ins for the rest of the hypervisor. A frame of theirs
 * is a page of the test's, by the number that its view has. */
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
    bool hold_again; /* the next hold wants to be asked again */
    u32 pages_left;  /* of hypervisor memory */
    u32 stops;       /* how often something will wait for the CPU */
};

extern struct world world;

#define A (world.domain[0])
#define B (world.domain[1])

void *page_new(void);

void world_start(u32 vcpus);

/* Everything comes back. */
void world_stop(void);

u32 unbound(struct domain *domain, u16 remote);

u32 status_of(struct domain *domain, u32 port);

void reset(struct domain *domain);

#endif
