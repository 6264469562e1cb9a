/* SPDX-License-Identifier: MIT */
/* The console of a domain: its console ring, or the hypercall console_io in Xen's initial domain,
 * which has no ring. */
#include "guest/console.h"
#include "guest/pv/pv.h"
#include "guest/lock.h"

#include <xen/io/console.h>

#define FLUSH_TRIES 1000000u /* times console_flush yields before it gives up */

static volatile struct xencons_interface *console_ring; /* NULL: the domain has no console ring */
static struct lock console_lock = {.rank = 5};

void console_start(volatile struct xencons_interface *at)
{
    console_ring = at;
}

/* Notifies the ring's reader, by an event, that there is text. */
static void notify(void)
{
    struct evtchn_send send = {.port = start_info->console.domU.evtchn};

    event_channel_op(EVTCHNOP_send, &send);
}

void console_mask(void)
{
    evtchn_port_t port = start_info->console.domU.evtchn;

    if (console_ring) {
        shared_info->evtchn_mask[port / 64] |= 1ull << port % 64;
    }
}

void console_flush(void)
{
    for (unsigned i = 0;
         console_ring && console_ring->out_cons != console_ring->out_prod && i < FLUSH_TRIES; i++) {
        sched_op(SCHEDOP_yield, NULL);
    }
}

/* Writes to the ring; when it is full, waits until the reader has emptied it. */
static void write_ring(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        XENCONS_RING_IDX at = console_ring->out_prod;

        if (at - console_ring->out_cons == sizeof console_ring->out) {
            notify();
            console_flush();
        }
        console_ring->out[MASK_XENCONS_IDX(at, console_ring->out)] = text[i];
        __asm__ volatile("" ::: "memory");
        console_ring->out_prod = at + 1;
    }
    notify();
}

void console_write(const char *text, size_t length)
{
    guest_lock(&console_lock);
    if (console_ring) {
        write_ring(text, length);
    } else {
        hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, length, address(text));
    }
    guest_unlock(&console_lock);
}
