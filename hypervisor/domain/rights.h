/* SPDX-License-Identifier: MIT */
/* Rights: what a domain may do to which domain. Every hypercall that takes a domain id asks
 * here. */
#ifndef DOMAIN_RIGHTS_H
#define DOMAIN_RIGHTS_H

#include "lib/addr.h"
#include "vmmu/vmmu.h"

struct domain;

/* An action on the domain that a hypercall names, the target. */
enum right {
    RIGHT_MEMORY,      /* read or change the size of the target's memory (memory_op) */
    RIGHT_PAGE_TABLES, /* write entries of the target's page tables (mmu_update, upper half of
                          foreigndom) */
    RIGHT_MAP_FRAMES,  /* map the target's frames in the actor's page tables (lower half of
                          foreigndom) */
    RIGHT_PORTS,       /* open a port in the target, read a port's state, reset all ports */
    RIGHT_CONNECT,     /* bind a port of the actor to a port that the target has opened to it */
    RIGHT_GRANT_TABLE, /* set up the target's grant table; read the table's size and version */
    RIGHT_MAP_GRANTS,  /* map, or copy to and from, a frame that the target has granted to the actor
                        */
    RIGHT_COPY_FRAMES, /* copy to and from a frame of the target without a grant */
    RIGHT_SHUT_DOWN,   /* end the target (sched_op remote_shutdown) */
    RIGHT_CONTROL,     /* make, change, pause and destroy the target (domctl) */
    RIGHTS
};

/* Says whether `actor` may use the calls about the machine: sysctl, platform_op, and the part of
 * physdev_op and console_io that is about devices. A call that is refused for this answers
 * -XEN_EPERM. */
bool rights_machine(const struct domain *actor);

/* What a domain may do with an I/O port of the machine. */
enum port_right {
    PORT_NONE,     /* nothing: it reads as where no device is, and writes have no effect */
    PORT_FILTERED, /* what emulate/machine_port.h lets through, as it is shared with the hypervisor
                    */
    PORT_FREE,     /* everything */
};

/* The least right that `actor` has to one of the `size` ports from `port` on. */
enum port_right rights_port(const struct domain *actor, u16 port, u32 size);

/* Finds the domain that `id`, as `actor` gave it, names (DOMID_SELF: `actor`), if `actor` has
 * `right` over it. NULL: refused, and *error is -XEN_EPERM, or -XEN_ESRCH where the ABI does not
 * reveal that there is such a domain; otherwise *error is unchanged. The domain may have ended. The
 * result is valid as long as that of domain_by_id. */
struct domain *rights_target(struct domain *actor, enum right right, u16 id, s64 *error);

/* Finds the owner that `id`, as `actor` gave it, names as that of the frames which an entry may
 * map: what rights_target finds for RIGHT_MAP_FRAMES, and for a privileged actor also the owner of
 * device frames (DOMID_IO) and that of the pages that the hypervisor shows (DOMID_XEN). NULL and
 * *error: as for rights_target. */
struct vmmu_domain *rights_frame_owner(struct domain *actor, u16 id, s64 *error);

/* Says what `domain` may do by mapping the frame `m`, any number, which is no RAM: nothing, read,
 * or read and write. A privileged domain may do with every frame what nobody is forbidden to do;
 * other domains nothing. */
enum vmmu_access rights_frame(const struct domain *domain, mfn_t m);

/* Forbids every domain, for ever, to map `count` frames from `first` on, which are no RAM (or to
 * map them writable). Entries that map them already stay until vmmu_restrict_devices has been
 * called (pirq/forbid.h does), unless no domain runs yet. The local APIC's page and all other
 * addresses at which messages of interrupts arrive are forbidden from the start. False: there is no
 * room for another range. Takes RANK_RIGHTS. */
bool rights_forbid(mfn_t first, u64 count);
bool rights_forbid_writing(mfn_t first, u64 count);

#endif
