/* SPDX-License-Identifier: MIT */
/* The high precision event timer: its counter is started and read, and nothing more. */
#include "hypervisor/time/hpet.h"

#define REGISTER_CAPABILITIES  0x000
#define REGISTER_PERIOD        0x004 /* of the counter, in units of 10^-15 s */
#define REGISTER_CONFIGURATION 0x010
#define REGISTER_COUNT         0x0f0
#define REGISTER_TIMER         0x100 /* the first timer's configuration */
#define TIMER_STRIDE           0x20

#define CAPABILITIES_TIMERS 8 /* shift of the number of the last timer */
#define CONFIGURATION_RUN   0x1u
#define CONFIGURATION_OLD   0x2u /* the timers replace the PIT and the RTC */
#define TIMER_INTERRUPTS    0x4u
#define PERIOD_MOST         100000000u /* a period is that long at most, and never 0 */
#define PERIODS_A_SECOND    1000000000000000ull

static struct {
    u64 address;
    void *registers; /* NULL: not started */
} hpet;

void hpet_found(u64 address)
{
    hpet.address = address;
}

static u32 read(u32 offset)
{
    return hpet_register(hpet.registers, offset);
}

static void write(u32 offset, u32 value)
{
    hpet_set_register(hpet.registers, offset, value);
}

u64 hpet_start(void)
{
    if (hpet.registers || !hpet.address) {
        return hpet.address;
    }
    hpet.registers = hpet_map(hpet.address);
    if (!hpet.registers) {
        return 0;
    }
    u32 last = read(REGISTER_CAPABILITIES) >> CAPABILITIES_TIMERS & 0x1f;
    for (u32 i = 0; i <= last; i++) {
        u32 timer = REGISTER_TIMER + i * TIMER_STRIDE;

        write(timer, read(timer) & ~TIMER_INTERRUPTS);
    }
    write(REGISTER_CONFIGURATION,
          (read(REGISTER_CONFIGURATION) & ~CONFIGURATION_OLD) | CONFIGURATION_RUN);
    return hpet.address;
}

u64 hpet_hertz(void)
{
    u32 period = hpet_start() ? read(REGISTER_PERIOD) : 0;

    return period && period <= PERIOD_MOST ? PERIODS_A_SECOND / period : 0;
}

u32 hpet_count(void)
{
    return read(REGISTER_COUNT);
}
