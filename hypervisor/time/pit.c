/* SPDX-License-Identifier: MIT */
/* The 8254 timer. Channel 2 is used, because it raises no interrupt. */
#include "hypervisor/time/pit.h"
#include "hypervisor/cpu/asm.h"

#define PORT_COUNTER 0x42
#define PORT_COMMAND 0x43
#define PORT_GATE    0x61

#define GATE_OPEN     0x01
#define GATE_SPEAKER  0x02
#define COMMAND_COUNT 0xb0 /* channel 2, low byte then high byte, count down once */
#define COMMAND_LATCH 0x80

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
    return PIT_MASK - (low | (u32)in8(PORT_COUNTER) << 8);
}
