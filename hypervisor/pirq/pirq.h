/* SPDX-License-Identifier: MIT */
/* Physical interrupts (pirqs): a device's interrupt as an event channel of the privileged domain.
 *
 * A pirq is the domain's number for an interrupt line (irq/line.h). Mapped, the line is open; bound
 * to a port, it is unmasked, and each interrupt marks the port pending. A line that interrupts as
 * long as its device asserts it is masked at each interrupt until the guest reports the end of it
 * (PHYSDEVOP_eoi). So is every line whose interrupts come faster than the guest takes them; when
 * the guest reports the end, its port is marked pending once more, because masking may have lost
 * one.
 *
 * Locks: pirqs.lock (RANK_PIRQS) guards which pirqs are mapped, pirq.lock (RANK_PIRQ) the state of
 * one. A port is bound, moved and closed with the event lock of the domain held. Functions that
 * return s64 return 0 or a negated error number of the ABI, and have changed nothing then. Source:
 * the ABI's physdev.h. */
#ifndef PIRQ_PIRQ_H
#define PIRQ_PIRQ_H

#include "lib/addr.h"
#include "lib/lock.h"

struct domain;
struct vcpu;

#define PIRQS_MAX 512u

/* After so many interrupts of a line, in a row, that found the event of an earlier one still
 * pending, the line is masked until the guest has taken that. */
#define PIRQ_UNSERVED_MAX 64u

enum pirq_state {
    PIRQ_FREE,
    PIRQ_RESERVED, /* PHYSDEVOP_get_free_pirq gave the number out */
    PIRQ_MAPPED,
    PIRQ_MEMBER, /* mapped as one of several messages of one MSI, but not the first */
};

struct pirq {
    struct lock lock;
    u8 state; /* enum pirq_state; changed with pirqs.lock and this lock held */
    u8 vector;
    u8 count;             /* mapped: how many pirqs from this on belong to one MSI; else 1 */
    bool waits;           /* the line is masked until the guest reports the end of an interrupt */
    bool stormed;         /* because too many came */
    bool reported;        /* the log says that too many came, or that nobody takes them */
    u32 port;             /* 0: not bound */
    _Atomic u32 unserved; /* interrupts in a row that found the port pending */
};

struct pirqs {
    struct lock lock;
    u32 first_message; /* no pirq below this number is chosen for a message */
    mfn_t page;        /* the guest's page, with a hold, that shows which pirqs need PHYSDEVOP_eoi;
                          MFN_NONE: none */
    u64 *needs_eoi;    /* its view: a bit a pirq */
    bool unmasks;      /* PHYSDEVOP_eoi unmasks the port, too */
    struct pirq pirq[PIRQS_MAX];
};

/* pirqs_start lets the domain map interrupts of the machine; false: no memory. pirqs_stop unmaps
 * all pirqs: call it when all ports of the domain are closed and its vCPUs are stopped. The memory
 * stays, because another CPU may still be serving an interrupt. */
bool pirqs_start(struct domain *domain);
void pirqs_stop(struct domain *domain);

/* For the audit: writes the frame of the guest on which there is a hold, if there is one, to
 * *frame. Returns how many there are. */
u32 pirqs_held(const struct domain *domain, mfn_t *frame);

/* Maps pin `gsi` as *pirq; -1: as any pirq, with the pin's number if that is free. Of a pin that is
 * mapped already *pirq becomes its number, and nothing is changed. -EINVAL: no such pin or pirq;
 * -EEXIST: *pirq is in use, or the pin is mapped as another; -ENOSPC. */
s64 pirq_map_pin(struct domain *domain, u32 gsi, s32 *pirq);

/* Maps `count` (1 to MSI_MESSAGES_MAX) messages of a PCI function as in line_open_messages, as
 * *pirq and those that follow it; -1: as any. Errors also as there. */
s64 pirq_map_messages(struct domain *domain, u16 function, bool extended, u32 number, u32 count,
                      s32 *pirq);

/* Unmaps a pirq, and with the first of several messages of one MSI all of them. A reserved one is
 * free again. -EINVAL: it is not mapped, or not the first; -EBUSY: one is bound to a port. */
s64 pirq_unmap(struct domain *domain, u32 pirq);

/* Reserves a free pirq for a later map. -ENOSPC: there is none. */
s64 pirq_reserve(struct domain *domain, u32 *pirq);

/* The vector of a mapped pirq; 0: it is not mapped. */
u32 pirq_vector(struct domain *domain, u32 pirq);

/* Sets how pin `gsi` is triggered. -EINVAL: there is no such pin; -EBUSY: its pirq is bound to a
 * port, and the pin is triggered otherwise. */
s64 pirq_set_form(struct domain *domain, u32 gsi, bool level, bool low);

/* The guest has served an interrupt of this pirq. -EINVAL: it is not mapped. */
s64 pirq_end(struct domain *domain, u32 pirq);

/* Shows which pirqs need PHYSDEVOP_eoi in the guest's frame `gfn`. `unmasks`: PHYSDEVOP_eoi unmasks
 * the port from now on. -EBUSY: there is such a page already; -EINVAL: the frame cannot be held.
 * *again, false before: interrupted, repeat the call. */
s64 pirq_share_page(struct domain *domain, u64 gfn, bool unmasks, bool *again);

/* ---- for event/; the event lock of the domain is held ---- */

/* Binds a pirq to `port` and unmasks its line. -EINVAL: it is not mapped; -EEXIST: it is bound;
 * -EBUSY: the hypervisor uses the pin itself. */
s64 pirq_bind(struct domain *domain, u32 pirq, u32 port);

/* Masks the line of a pirq whose port is being closed. */
void pirq_unbind(struct domain *domain, u32 pirq);

/* Makes the line interrupt the CPU on which `vcpu` runs. */
void pirq_aim(struct domain *domain, u32 pirq, const struct vcpu *vcpu);

#endif
