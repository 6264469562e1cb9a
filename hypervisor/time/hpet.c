/* SPDX-License-Identifier: MIT */
/* The high precision event timer: its counter is started, and nothing more. */
#include "hypervisor/time/hpet.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/map.h"

#define REGISTER_CAPABILITIES  0x000
#define REGISTER_CONFIGURATION 0x010
#define REGISTER_TIMER         0x100 /* the first timer's configuration */
#define TIMER_STRIDE           0x20

#define CAPABILITIES_TIMERS 8 /* shift of the number of the last timer */
#define CONFIGURATION_RUN   0x1u
#define CONFIGURATION_OLD   0x2u /* the timers replace the PIT and the RTC */
#define TIMER_INTERRUPTS    0x4u

static u64 hpet_address;

void hpet_found(u64 address)
{
    hpet_address = address;
}

u64 hpet_start(void)
{
    volatile char *registers = hpet_address ? device_map(maddr(hpet_address)) : NULL;

    if (!registers) {
        return 0;
    }
    u32 last = *(volatile u32 *)(registers + REGISTER_CAPABILITIES) >> CAPABILITIES_TIMERS & 0x1f;
    for (u32 i = 0; i <= last; i++) {
        *(volatile u32 *)(registers + REGISTER_TIMER + i * TIMER_STRIDE) &= ~TIMER_INTERRUPTS;
    }
    volatile u32 *configuration = (volatile u32 *)(registers + REGISTER_CONFIGURATION);
    *configuration = (*configuration & ~CONFIGURATION_OLD) | CONFIGURATION_RUN;
    return hpet_address;
}
