/* SPDX-License-Identifier: MIT */
/* The caches of a CPU. */
#include "hypervisor/cpu/flush.h"

void write_back_caches(void)
{
    __asm__ volatile("wbinvd" : : : "memory");
}
