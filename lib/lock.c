/* SPDX-License-Identifier: MIT */
/* What a CPU does while it waits for another: nothing, where nobody says better. */
#include "lib/lock.h"

__attribute__((weak)) void lock_wait(void)
{
    __builtin_ia32_pause();
}
