/* SPDX-License-Identifier: MIT */
/* The console ring.
 *
 * One page shared with the reader of the console: two rings and four counters that only ever grow.
 * The guest may write more than the ring holds, if it waits; everything must be taken, in order,
 * and the other side writes only its two counters and the input. */
#include "tests/guests/common/guest.h"

#include <xen/io/console.h>

#define LINES 200

static volatile struct xencons_interface *ring;

static void check_page(void)
{
    check_equal(ring->in_cons, 0, "in_cons at the start");
    check(ring->out_prod - ring->out_cons <= sizeof ring->out, "out_prod %u, out_cons %u",
          ring->out_prod, ring->out_cons);
    check(ring->in_prod - ring->in_cons <= sizeof ring->in, "in_prod %u, in_cons %u", ring->in_prod,
          ring->in_cons);
}

/* Writes nine kilobytes through a ring of two kilobytes. */
static void check_much(void)
{
    XENCONS_RING_IDX before = ring->out_prod, after;

    for (unsigned i = 0; i < LINES; i++) {
        print("line %03u: 0123456789abcdefghijklmnopqrst\n", i);
    }
    after = ring->out_prod;
    check_equal(after - before, LINES * 41, "bytes put into the ring");
    console_flush();
    check_equal(ring->out_cons, ring->out_prod, "out_cons after all is taken");
    check_equal(after, ring->out_prod, "out_prod, which is ours");
}

/* Impossible counters harm only the guest: the domain continues to run, and the console works again
 * when the counters are correct again. */
static void check_nonsense(void)
{
    XENCONS_RING_IDX prod = ring->out_prod;
    struct evtchn_send send = {.port = start_info->console.domU.evtchn};

    console_flush();
    ring->out_prod = prod + 100000;
    check_equal(event_channel_op(EVTCHNOP_send, &send), 0, "notify");
    for (unsigned i = 0; i < 1000; i++) {
        sched_op(SCHEDOP_yield, NULL);
    }
    ring->out_prod = ring->out_cons;
    check_equal(event_channel_op(EVTCHNOP_send, &send), 0, "notify");
    print("The console works again.\n");
    console_flush();
    check_equal(ring->out_cons, ring->out_prod, "out_cons at the end");
}

void test_main(void)
{
    char input[8];

    if (is_initial_domain()) {
        for (unsigned i = 0; i < LINES; i++) {
            print("line %03u: 0123456789abcdefghijklmnopqrst\n", i);
        }
        check_equal(
            hypercall(__HYPERVISOR_console_io, CONSOLEIO_read, sizeof input, address(input)), 0,
            "console_io read without input");
        return;
    }
    ring = page_of_pfn(mfn_to_pfn(start_info->console.domU.mfn));
    check_page();
    check_much();
    check_nonsense();
}
