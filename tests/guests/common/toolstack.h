/* SPDX-License-Identifier: MIT */
/* For a test that runs as dom0: making, building and destroying a domain by the calls of a
 * toolstack, in the order of Debian's `xl create`. The test includes this header and no other.
 *
 * The domain runs a tiny kernel (tiny.S), which counts and does what its mode says. Its memory is
 * TINY_PAGES frames: the tables, the code, and a page that dom0 reads and writes while it runs. */
#ifndef GUESTS_TOOLSTACK_H
#define GUESTS_TOOLSTACK_H

#define __XEN_TOOLS__
#include "tests/guests/common/guest.h"
#include <xen/domctl.h>
#include <xen/sysctl.h>

#define TINY_PAGES 32u

/* What the tiny kernel is to do; it does so once, and then counts. */
enum tiny_mode {
    TINY_COUNTS,
    TINY_SHUTS_DOWN, /* with the reason in `reason` */
    TINY_BLOCKS,
    TINY_CRASHES,
    TINY_CALLS, /* makes the hypercalls of `call` */
};

#define TINY_CALLS_MAX 24u
#define TINY_PAGE      0xffffffff80001000ull /* the tiny kernel's address of struct tiny */

/* The page by which dom0 and the tiny kernel speak; tiny.S has the offsets. */
struct tiny {
    volatile u64 count;
    volatile u64 mode;    /* enum tiny_mode */
    volatile u64 reason;  /* SHUTDOWN_*, for the kernel's shutdown */
    volatile u64 result;  /* of the last shutdown */
    volatile u64 resumed; /* how often a shutdown has returned */
    volatile u64 calls;   /* how many of `call` are to be made */
    u64 unused[2];
    struct {
        u64 number, argument[6];
        s64 result;
    } call[TINY_CALLS_MAX];
    u64 memory[256]; /* for structures of calls */
};

/* A domain that the test makes. */
struct made {
    u16 id;
    xen_pfn_t mfn[TINY_PAGES];
    struct tiny *tiny; /* dom0's mapping of the page; NULL: it is not mapped */
};

/* The hypercall domctl, for domain `id`; version and id are filled in. */
long domctl(u32 command, u16 id, struct xen_domctl *op);

/* A memory_op inside a multicall with one entry, as libxenctrl makes all of them. */
long memory_op_in_multicall(u32 command, void *argument);

/* The steps of making a domain. tiny_create: an empty, paused domain with `vcpus` vCPUs;
 * tiny_build: gives it memory and vCPU 0 its state; tiny_make: both. Each returns 0 or a negated
 * error. */
long tiny_create(struct made *made, u32 vcpus);
long tiny_build(struct made *made);
long tiny_make(struct made *made);

/* Maps frame `m` of domain `id` at an address of dom0's own; it is the same address for each call
 * with the same `slot` (0 to 3). NULL: refused. */
void *foreign_map(u32 slot, u16 id, u64 m);
void foreign_unmap(u32 slot);

/* Maps and unmaps the page of the tiny kernel (in slot 3). */
bool tiny_map(struct made *made);
void tiny_unmap(struct made *made);

/* Lets the tiny kernel, which must run and be mapped, make the first `count` of its calls. False:
 * it does not. */
bool tiny_calls(const struct made *made, u32 count);

/* Reads the domain's state; *found: the number that answered. */
long tiny_info(u16 id, struct xen_domctl_getdomaininfo *info);

/* Counts the machine's free frames that nobody has claimed, by physinfo. Where guests are isolated,
 * dom0's own view may have taken a few for its tables since the last time: it grows with what dom0
 * uses. */
long free_frames(u64 *count);

/* Lets others run for a moment: sleeps for that time. */
void sleep_ms(u64 ms);

long tiny_command(u32 command, u16 id); /* a domctl without arguments */

#endif
