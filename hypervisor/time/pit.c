/* SPDX-License-Identifier: MIT */
/* The 8254 timer: channel 2, which interrupts nobody. */
#include "hypervisor/cpu/asm.h"
#include "hypervisor/time/pit.h"

#define PORT_COUNTER 0x42
#define PORT_COMMAND 0x43
#define PORT_GATE    0x61

#define GATE_OPEN     0x01
#define GATE_SPEAKER  0x02
#define COMMAND_COUNT 0xb0 /* channel 2, low byte then high, count down once */
#define COMMAND_LATCH 0x80

#define EDGES 16
#define TRIES 20000

void pit_start(void)
{
    out8(PORT_GATE, (u8)((in8(PORT_GATE) & ~GATE_SPEAKER) | GATE_OPEN));
    out8(PORT_COMMAND, COMMAND_COUNT);
    out8(PORT_COUNTER, 0xff);
    out8(PORT_COUNTER, 0xff);
}

u32 pit_count(void)
{
    out8(PORT_COMMAND, COMMAND_LATCH);
    u32 low = in8(PORT_COUNTER);
    return low | (u32)in8(PORT_COUNTER) << 8;
}

/* Between two reads that differ lies an edge; whoever was kept from running between them makes the
 * pair wide, and a narrower one wins. */
bool pit_edge(struct pit_edge *edge)
{
    u64 narrowest = ~0ull;
    u64 before = read_tsc();
    u32 count = pit_count();

    for (u32 tries = 0, edges = 0; tries < TRIES && edges < EDGES; tries++) {
        u64 start = read_tsc();
        u32 now = pit_count();
        u64 after = read_tsc();

        if (now != count) {
            edges++;
            if (after - before < narrowest) {
                narrowest = after - before;
                edge->tsc = before + narrowest / 2;
                edge->count = now;
            }
        }
        before = start;
        count = now;
    }
    return narrowest != ~0ull;
}
