/* SPDX-License-Identifier: MIT */
/* The console: the ring in a plain domain, console_io in Xen's initial domain, which has no ring.
 */
#include "guest/console.h"
#include "guest/pv/pv.h"
#include "guest/lock.h"

#include <xen/io/console.h>

#define FLUSH_TRIES 1000000u

static volatile struct xencons_interface *ring;
static struct lock lock = {.rank = 5};

void console_start(volatile struct xencons_interface *at)
{
    ring = at;
}

static void notify(void)
{
    struct evtchn_send send = {.port = start_info->console.domU.evtchn};

    event_channel_op(EVTCHNOP_send, &send);
}

/* What the reader sends back is of no interest: it takes no event. */
void console_mask(void)
{
    evtchn_port_t port = start_info->console.domU.evtchn;

    if (ring) {
        shared_info->evtchn_mask[port / 64] |= 1ull << port % 64;
    }
}

void console_flush(void)
{
    for (unsigned i = 0; ring && ring->out_cons != ring->out_prod && i < FLUSH_TRIES; i++) {
        sched_op(SCHEDOP_yield, NULL);
    }
}

static void write_ring(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        XENCONS_RING_IDX at = ring->out_prod;

        if (at - ring->out_cons == sizeof ring->out) {
            notify();
            console_flush();
        }
        ring->out[MASK_XENCONS_IDX(at, ring->out)] = text[i];
        __asm__ volatile("" ::: "memory");
        ring->out_prod = at + 1;
    }
    notify();
}

void console_write(const char *text, size_t length)
{
    guest_lock(&lock);
    if (ring) {
        write_ring(text, length);
    } else {
        hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, length, address(text));
    }
    guest_unlock(&lock);
}
