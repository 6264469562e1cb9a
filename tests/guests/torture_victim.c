/* SPDX-License-Identifier: MIT */
/* The guest of the torture that is started again and again: all its vCPUs use its page tables until
 * one of them, at a random time, ends it by a crash, a reboot, or the loss of its stack. With
 * `retire` on its command line it powers off instead. It has no verdict of its own:
 * tests/system/torture/run checks what is left. */
#include "tests/guests/common/hammer.h"

static bool retires;
static unsigned executioner;
static u64 at; /* the time of the end */

static void end(void)
{
    u32 kind = smp_below(3);

    if (retires) {
        print("torture: the victim retires\n");
        shut_down(SHUTDOWN_poweroff);
    }
    if (kind == 0) {
        shut_down(SHUTDOWN_crash);
    }
    if (kind == 1) {
        shut_down(SHUTDOWN_reboot);
    }
    __asm__ volatile("mov %0, %%rsp; push $0" ::"r"(0x1000ul) : "memory");
    __builtin_unreachable();
}

static void strike(unsigned self)
{
    for (;;) {
        hammer_strike(self);
        if (self == executioner && smp_now() > at) {
            end();
        }
    }
}

void test_main(void)
{
    u64 chance = read_tsc();

    smp_start(smp_count());
    for (chance &= 63; chance; chance--) {
        smp_below(2);
    }
    hammer_make();
    retires = starts_with((const char *)start_info->cmd_line, "retire");
    executioner = smp_below(smp_count());
    at = smp_now() + (20 + smp_below(400)) * MILLISECOND;
    print("torture: the victim begins\n");
    smp_run(strike);
}
