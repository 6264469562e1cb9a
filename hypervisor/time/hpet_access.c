/* SPDX-License-Identifier: MIT */
/* Access to the registers of the high precision event timer. */
#include "hypervisor/memory/map.h"
#include "hypervisor/time/hpet.h"

void *hpet_map(u64 address)
{
    return device_map(maddr(address));
}

u32 hpet_register(volatile void *registers, u32 offset)
{
    return *(volatile u32 *)((volatile char *)registers + offset);
}

void hpet_set_register(volatile void *registers, u32 offset, u32 value)
{
    *(volatile u32 *)((volatile char *)registers + offset) = value;
}
