/* SPDX-License-Identifier: MIT */
/* The default of what a CPU does while it waits for another CPU. A program may define its own. */
#include "lib/lock.h"

__attribute__((weak)) void lock_wait(void)
{
    __builtin_ia32_pause();
}
