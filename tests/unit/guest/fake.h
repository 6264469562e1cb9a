/* SPDX-License-Identifier: MIT */
/* A hypervisor for the guest library's unit tests. It enforces the one rule that counts, by a check
 * of all tables after each request.
 *
 * Guest memory is an arena. Pages of tables in use are write-protected on the host, so that a plain
 * store to one ends the test. Frames have shuffled numbers. After every request all tables that are
 * reachable from a pin or from a root in use are visited anew: each must have a single level, and
 * no entry may map one writable; otherwise the request is undone and refused. */
#ifndef TESTS_UNIT_GUEST_FAKE_H
#define TESTS_UNIT_GUEST_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guest/batch.h"
#include "guest/error.h"
#include "guest/kernel.h"
#include "guest/memory.h"
#include "guest/page.h"
#include "guest/pv/startup.h"
#include "guest/space.h"

#define FAKE_PAGES  2048u /* pages of the guest at its start; it may grow to twice as many */
#define FAKE_FRAMES 8192u /* frames of the machine */

struct fake {
    u64 calls;      /* hypercalls; a multicall counts as one */
    u64 multicalls; /* how many of them were multicalls */
    u64 updates, extended, mappings;
    u64 flushes;
    u64 refuse_after; /* this many more requests are allowed, the next is refused; ~0: never */
    /* Bits that the fake processor sets in a present entry just before its update. */
    u64 set_before;
    u64 pins;
    struct refusal refusal; /* the last refusal that the library reported */
    u64 refusals;
};
extern struct fake fake;

/* cmocka's set-up: a guest of FAKE_PAGES pages that has just started, with direct map, allocator
 * and kernel_space. */
int fake_start(void **state);
int fake_stop(void **state);

/* Runs each test in a process of its own, because the library has global state. */
int fake_run(const struct CMUnitTest *tests, size_t count);

/* The entry of the direct map that maps the page. */
entry_t *fake_direct_entry(const struct page *page);

/* Whether the host stops a plain store to the page at `address` at present. */
bool fake_is_protected(const void *address);

/* The kernel root that the CPU has loaded. */
u64 fake_kernel_root(void);
u64 fake_user_root(void);

/* Takes all free pages but `count`; fake_release_pages gives them back. */
void fake_leave_pages(u64 count);
void fake_release_pages(void);

/* Changes an entry of the M2P. */
void fake_set_m2p(u64 frame, u64 pfn);
u64 fake_m2p(u64 frame);

#endif
