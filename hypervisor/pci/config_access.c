/* SPDX-License-Identifier: MIT */
/* Access to configuration space by two ports: one takes the address, the other shows the data. */
#include "hypervisor/cpu/asm.h"
#include "hypervisor/pci/config.h"
#include "hypervisor/ranks.h"
#include "lib/lock.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc
#define ENABLE       0x80000000u

static struct lock ports_lock = {.rank = RANK_PCI};

static u16 select(u16 function, u32 offset)
{
    out32(PORT_ADDRESS, ENABLE | (u32)function << 8 | (offset & ~3u));
    return (u16)(PORT_DATA + (offset & 3));
}

u32 pci_read(u16 function, u32 offset, u32 size)
{
    lock_take(&ports_lock);
    u16 port = select(function, offset);
    u32 value = size == 1 ? in8(port) : size == 2 ? in16(port) : in32(port);
    lock_release(&ports_lock);
    return value;
}

void pci_write(u16 function, u32 offset, u32 size, u32 value)
{
    lock_take(&ports_lock);
    u16 port = select(function, offset);
    if (size == 1) {
        out8(port, (u8)value);
    } else if (size == 2) {
        out16(port, (u16)value);
    } else {
        out32(port, value);
    }
    lock_release(&ports_lock);
}
