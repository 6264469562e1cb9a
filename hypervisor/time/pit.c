/* SPDX-License-Identifier: MIT */
/* The 8254 timer. Channel 2 is used, because it raises no interrupt. */
#include "hypervisor/cpu/asm.h"
#include "hypervisor/time/pit.h"
#include "hypervisor/time/span.h"

#define PORT_COUNTER 0x42
#define PORT_COMMAND 0x43
#define PORT_GATE    0x61

#define GATE_OPEN     0x01
#define GATE_SPEAKER  0x02
#define COMMAND_COUNT 0xb0 /* channel 2, low byte then high byte, count down once */
#define COMMAND_LATCH 0x80

#define HERTZ 1193182ull
#define EDGES 16
#define TRIES 20000  /* readings for some edges: the counter changes every 838 ns */
#define LOOKS 200000 /* readings for the whole time, which is at most 20 ms */

/* A change of the PIT's counter, which counts down: the value after it, and the TSC value in the
 * middle between the two readings that differ. */
struct edge {
    u64 tsc;
    u32 count;
};

/* Starts the counter at 65535. It reaches 0 and wraps after 55 ms. */
static void start(void)
{
    out8(PORT_GATE, (u8)((in8(PORT_GATE) & ~GATE_SPEAKER) | GATE_OPEN));
    out8(PORT_COMMAND, COMMAND_COUNT);
    out8(PORT_COUNTER, 0xff);
    out8(PORT_COUNTER, 0xff);
}

static u32 look(struct span *span)
{
    span_look(span, read_tsc());
    out8(PORT_COMMAND, COMMAND_LATCH);
    u32 low = in8(PORT_COUNTER);
    return low | (u32)in8(PORT_COUNTER) << 8;
}

/* Finds several changes (edges) of the PIT's counter and stores the one whose time is known best in
 * *edge. An edge lies between two readings that differ. The time between these readings is the
 * uncertainty: it is large if this CPU was interrupted between them (by an emulator's host, for
 * example), and then another edge is better. False: no edge was found. */
static bool find_edge(struct span *span, struct edge *edge)
{
    u64 narrowest = ~0ull;
    u32 count = look(span);
    u64 before = span->last;

    for (u32 tries = 0, edges = 0; tries < TRIES && edges < EDGES; tries++) {
        u32 now = look(span);
        u64 after = read_tsc();

        if (now != count) {
            edges++;
            if (after - before < narrowest) {
                narrowest = after - before;
                edge->tsc = before + narrowest / 2;
                edge->count = now;
            }
        }
        before = span->last;
        count = now;
    }
    return narrowest != ~0ull;
}

bool pit_is_present(void)
{
    struct span span = {0};
    struct edge edge;

    start();
    return find_edge(&span, &edge);
}

u64 pit_measure_tsc(u64 ns, bool *sure)
{
    u32 ticks = (u32)(HERTZ * ns / 1000000000);
    struct span span = {0};
    struct edge first, last;

    start();
    if (!find_edge(&span, &first)) {
        return 0;
    }
    for (u32 looks = 0; first.count - look(&span) < ticks; looks++) {
        if (looks == LOOKS) {
            return 0;
        }
        __builtin_ia32_pause();
    }
    if (!find_edge(&span, &last) || last.count >= first.count) {
        return 0;
    }
    *sure = span_is_dense(&span);
    return (last.tsc - first.tsc) * HERTZ / (first.count - last.count);
}
