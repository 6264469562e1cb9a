/* SPDX-License-Identifier: MIT */
/* A hypervisor for the guest library's unit tests: it keeps the one rule that counts, by looking at
 * everything after each request.
 *
 * Memory is an arena; the pages of tables in use are write-protected on the host, so that a plain
 * store to one ends the test. Frames have shuffled numbers. After every request the tables that are
 * reachable from a root in use or a pin are counted anew: each must be of one level, and no entry
 * may show one writable; else the request is undone and refused. */
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

#define FAKE_PAGES  2048u /* of the guest at first; it may grow to twice that */
#define FAKE_FRAMES 8192u /* of the machine */

struct fake {
    u64 calls;      /* hypercalls, a multicall is one */
    u64 multicalls; /* of them */
    u64 updates, extended, mappings;
    u64 flushes;
    u64 refuse_after; /* so many more requests are good, the next is refused; ~0: never */
    u64 set_before;   /* bits that "the processor" sets in a present entry just before its update */
    u64 pins;
    struct refusal refusal; /* the last one that was reported */
    u64 refusals;
};
extern struct fake fake;

/* A guest of FAKE_PAGES pages, just started: direct map, allocator, kernel_space. For cmocka. */
int fake_start(void **state);
int fake_stop(void **state);

/* Runs each test in a process of its own, as the library keeps state. */
int fake_run(const struct CMUnitTest *tests, size_t count);

/* The frame's present entry word in the arena. */
entry_t *fake_direct_entry(const struct page *page);

/* Whether the host would stop a plain store to that page now. */
bool fake_is_protected(const void *address);

/* The root that a CPU would use now. */
u64 fake_kernel_root(void);
u64 fake_user_root(void);

/* All pages but `count` are taken; given back by fake_release_pages. */
void fake_leave_pages(u64 count);
void fake_release_pages(void);

/* Changes what the machine's map says. */
void fake_set_m2p(u64 frame, u64 pfn);
u64 fake_m2p(u64 frame);

#endif
