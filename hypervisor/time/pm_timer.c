/* SPDX-License-Identifier: MIT */
/* ACPI's power management timer. */
#include "hypervisor/time/pm_timer.h"
#include "hypervisor/cpu/asm.h"

#define MASK_NARROW 0xffffffu

static struct {
    u16 port;
    u32 mask;
} timer;

void pm_timer_found(u16 port, bool wide)
{
    timer.port = port;
    timer.mask = wide ? ~0u : MASK_NARROW;
}

u32 pm_timer_mask(void)
{
    return timer.mask;
}

u32 pm_timer_count(void)
{
    return in32(timer.port);
}
