/* SPDX-License-Identifier: MIT */
/* A guest's console: its ring page, and the way to COM2 and back. */
#include "hypervisor/console/guest_console.h"
#include "hypervisor/log/uart.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/ranks.h"

#define CHUNK       256
#define INPUT_BYTES 1024 /* a power of two */

static struct {
    struct lock lock;
    bool named;
    u32 source; /* index of the domain whose bytes follow */
    u8 input[INPUT_BYTES];
    u32 in, out; /* counts of bytes put and taken */
    bool held;   /* more waits in the port */
} port = {.lock = {.rank = RANK_PORT}};

void guest_console_write(struct domain *domain, const char *bytes, u64 count)
{
    const volatile char *from = bytes;
    char chunk[CHUNK];
    u64 used = 0;

    if (!count) {
        return;
    }
    lock_take(&port.lock);
    if (!port.named || port.source != domain->index) {
        port.named = true;
        port.source = domain->index;
        chunk[used++] = HANDOFF_ESCAPE;
        chunk[used++] = (char)('A' + domain->index);
    }
    for (u64 i = 0; i < count; i++) {
        char c = from[i];

        if (c == HANDOFF_ESCAPE) {
            chunk[used++] = c;
        }
        chunk[used++] = c;
        if (used > CHUNK - 2) {
            uart_write(UART_GUESTS, chunk, used);
            used = 0;
        }
    }
    uart_write(UART_GUESTS, chunk, used);
    lock_release(&port.lock);
}

/* Takes all there is; true: the guest has room it did not have. */
static bool drain(struct domain *domain, struct xencons_interface *ring)
{
    u32 end = __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE);
    u32 start = __atomic_load_n(&ring->out_cons, __ATOMIC_RELAXED);
    u32 count = end - start;

    if (!count) {
        return false;
    }
    if (count <= sizeof ring->out) {
        u32 at = MASK_XENCONS_IDX(start, ring->out);
        u32 first = (u32)sizeof ring->out - at;

        if (first > count) {
            first = count;
        }
        guest_console_write(domain, ring->out + at, first);
        guest_console_write(domain, ring->out, count - first);
    } /* else its indices are nonsense: begin anew where it writes */
    __atomic_store_n(&ring->out_cons, end, __ATOMIC_RELEASE);
    return true;
}

void guest_console_drain(struct domain *domain)
{
    struct guest_console *console = &domain->console;

    lock_take(&console->lock);
    bool moved = console->ring && drain(domain, console->ring);
    lock_release(&console->lock);
    if (moved && console->port) {
        event_raise(domain, console->port);
    }
}

/* The port's lock is held. What does not fit stays in the port, which then holds its sender. */
static void fill(void)
{
    while (port.in - port.out < INPUT_BYTES) {
        int byte = uart_read(UART_GUESTS);
        if (byte < 0) {
            port.held = false;
            return;
        }
        port.input[port.in++ % INPUT_BYTES] = (u8)byte;
    }
    port.held = true;
}

void guest_console_receive(void)
{
    lock_take(&port.lock);
    fill();
    lock_release(&port.lock);
}

/* Moves what fits into the ring; the number of bytes. */
static u32 deliver(struct xencons_interface *ring)
{
    u32 end = __atomic_load_n(&ring->in_prod, __ATOMIC_RELAXED);
    u32 start = __atomic_load_n(&ring->in_cons, __ATOMIC_ACQUIRE);
    u32 moved = 0;

    if (end - start > sizeof ring->in) {
        return 0;
    }
    lock_take(&port.lock);
    for (; port.in != port.out && end - start < sizeof ring->in; moved++) {
        ring->in[MASK_XENCONS_IDX(end, ring->in)] = (char)port.input[port.out++ % INPUT_BYTES];
        end++;
        if (port.in == port.out && port.held) {
            fill();
        }
    }
    lock_release(&port.lock);
    if (moved) {
        __atomic_store_n(&ring->in_prod, end, __ATOMIC_RELEASE);
    }
    return moved;
}

static void discard(void)
{
    lock_take(&port.lock);
    port.out = port.in;
    if (port.held) { /* once: an endless sender is not to keep us here */
        fill();
        port.out = port.in;
    }
    lock_release(&port.lock);
}

void guest_console_input(void)
{
    struct domain *domain = domain_count() == 1 ? domain_at(0) : NULL;

    if (port.in == port.out) { /* as nearly always; `held` implies that something is kept */
        return;
    }
    if (!domain) {
        discard();
        return;
    }
    struct guest_console *console = &domain->console;
    lock_take(&console->lock);
    u32 moved = console->ring ? deliver(console->ring) : 0;
    lock_release(&console->lock);
    if (moved && console->port) {
        event_raise(domain, console->port);
    }
}
