/* SPDX-License-Identifier: MIT */
/* A guest's console: the ring page in the guest's memory, and the serial port COM2, which carries
 * the consoles of all guests. */
#include "hypervisor/console/guest_console.h"
#include "hypervisor/console/input.h"
#include "hypervisor/log/uart.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/ranks.h"
#include "lib/handoff.h"

#define CHUNK 256

static struct input_bytes input_buffer IMAGE_PRIVATE;

static struct {
    struct lock lock;
    bool named;
    u32 source; /* `slot` of the console whose bytes were sent last; only if `named` */
    struct input input;
} com2 = {.lock = {.rank = RANK_PORT}, .input = {.uart = UART_GUESTS, .bytes = &input_buffer}};

void guest_console_write(struct domain *domain, const char *bytes, u64 count)
{
    const volatile char *from = bytes;
    char chunk[CHUNK];
    u64 used = 0;

    if (!count) {
        return;
    }
    lock_take(&com2.lock);
    if (!com2.named || com2.source != domain->console.slot) {
        com2.named = true;
        com2.source = domain->console.slot;
        chunk[used++] = HANDOFF_ESCAPE;
        chunk[used++] = (char)('A' + domain->console.slot);
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
    lock_release(&com2.lock);
}

/* Sends everything that is in the guest's output ring, which is then empty. False: it was empty
 * before. */
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
    } /* else the guest's indices are inconsistent: send nothing, continue at its write index */
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

void guest_console_ended(void)
{
    static const char ended[] = {HANDOFF_ESCAPE, HANDOFF_ENDED};

    lock_take(&com2.lock);
    uart_write(UART_GUESTS, ended, sizeof ended);
    lock_release(&com2.lock);
}

void guest_console_receive(void)
{
    lock_take(&com2.lock);
    input_fill(&com2.input);
    lock_release(&com2.lock);
}

/* Moves as many bytes as fit into the guest's input ring, none if its indices are inconsistent.
 * Returns how many. */
static u32 deliver(struct xencons_interface *ring)
{
    u32 end = __atomic_load_n(&ring->in_prod, __ATOMIC_RELAXED);
    u32 start = __atomic_load_n(&ring->in_cons, __ATOMIC_ACQUIRE);
    u32 moved = 0;

    if (end - start > sizeof ring->in) {
        return 0;
    }
    lock_take(&com2.lock);
    for (; com2.input.in != com2.input.out && end - start < sizeof ring->in; moved++) {
        ring->in[MASK_XENCONS_IDX(end, ring->in)] = input_at(&com2.input, com2.input.out++);
        end++;
        if (com2.input.in == com2.input.out && com2.input.held) {
            input_fill(&com2.input);
        }
    }
    lock_release(&com2.lock);
    if (moved) {
        __atomic_store_n(&ring->in_prod, end, __ATOMIC_RELEASE);
    }
    return moved;
}

static void discard(void)
{
    lock_take(&com2.lock);
    com2.input.out = com2.input.in;
    /* Read once only: a sender that never stops must not keep this CPU here. */
    if (com2.input.held) {
        input_fill(&com2.input);
        com2.input.out = com2.input.in;
    }
    lock_release(&com2.lock);
}

void guest_console_input(void)
{
    /* The common case; if `held` is set, the buffer is not empty. */
    if (com2.input.in == com2.input.out) {
        return;
    }
    struct domain *domain = domain_count() == 1 ? domain_at(0) : NULL;
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
