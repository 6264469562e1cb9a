/* SPDX-License-Identifier: MIT */
/* What a CPU does while it waits for another (lib/lock.h). */
#include "hypervisor/cpu/flush.h"
#include "lib/lock.h"

void lock_wait(void)
{
    flush_serve();
    __builtin_ia32_pause();
}
