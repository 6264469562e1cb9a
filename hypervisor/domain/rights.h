/* SPDX-License-Identifier: MIT */
/* Rights: what a domain may do to which domain. Every call that takes a domain id asks here. */
#ifndef DOMAIN_RIGHTS_H
#define DOMAIN_RIGHTS_H

#include "lib/types.h"

struct domain;

/* What is asked for: "of it" is of the domain that the call names. */
enum right {
    RIGHT_MEMORY,      /* change or read the size of its reservation (memory_op) */
    RIGHT_PAGE_TABLES, /* write entries of its page tables (mmu_update, upper half of foreigndom) */
    RIGHT_MAP_FRAMES,  /* show its frames in own page tables (foreigndom) */
    RIGHT_PORTS,       /* open, read and reset its event channels */
    RIGHT_CONNECT,     /* bind an own port to a port that it opened to this domain */
    RIGHT_GRANT_TABLE, /* set up its grant table, read the table's size and version */
    RIGHT_MAP_GRANTS,  /* map, or copy to and from, a frame that it granted to this domain */
    RIGHT_COPY_FRAMES, /* copy to and from a frame of it without a grant */
    RIGHT_SHUT_DOWN,   /* end it (sched_op remote_shutdown) */
    RIGHTS
};

/* Finds the domain that `id`, as `actor` gave it, names (DOMID_SELF: `actor`), if `actor` has
 * `right` over it. NULL: refused, and *error is a negative errno: -XEN_EPERM, or -XEN_ESRCH where
 * the ABI does not admit that there is such a domain; otherwise *error is unchanged. The domain may
 * have ended. The result stays valid until the CPU is back in its run loop (domain_by_id). */
struct domain *rights_target(struct domain *actor, enum right right, u16 id, s64 *error);

#endif
