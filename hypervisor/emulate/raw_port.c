/* SPDX-License-Identifier: MIT */
/* The machine's I/O ports. */
#include "hypervisor/emulate/raw_port.h"
#include "hypervisor/cpu/asm.h"

u32 raw_port_read(u16 port, u32 size)
{
    return size == 1 ? in8(port) : size == 2 ? in16(port) : in32(port);
}

void raw_port_write(u16 port, u32 size, u32 value)
{
    if (size == 1) {
        out8(port, (u8)value);
    } else if (size == 2) {
        out16(port, (u16)value);
    } else {
        out32(port, value);
    }
}
