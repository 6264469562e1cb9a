/* SPDX-License-Identifier: MIT */
/* lock_wait: what a CPU executes in each turn of a loop that waits for another CPU (lib/lock.h). */
#include "hypervisor/cpu/flush.h"
#include "lib/lock.h"

void lock_wait(void)
{
    flush_serve();
    __builtin_ia32_pause();
}
