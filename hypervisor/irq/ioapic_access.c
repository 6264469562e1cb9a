/* SPDX-License-Identifier: MIT */
/* Access to the registers of an IO-APIC: one register selects which one the other shows. */
#include "hypervisor/irq/ioapic.h"
#include "hypervisor/memory/map.h"

#define SELECT 0x00
#define WINDOW 0x10

void *ioapic_map(u64 address)
{
    return device_map(maddr(address));
}

u32 ioapic_register(volatile void *registers, u32 index)
{
    volatile u32 *at = registers;

    at[SELECT / 4] = index;
    return at[WINDOW / 4];
}

void ioapic_set_register(volatile void *registers, u32 index, u32 value)
{
    volatile u32 *at = registers;

    at[SELECT / 4] = index;
    at[WINDOW / 4] = value;
}
