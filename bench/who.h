/* SPDX-License-Identifier: MIT */
/* Whose instruction it is, by its address, once the guest's first process runs. */
#ifndef BENCH_WHO_H
#define BENCH_WHO_H

#include <stdint.h>

#define HYPERVISOR_LOW  0xffff800000000000ull /* the hypervisor's slots, by the ABI */
#define HYPERVISOR_HIGH 0xffff880000000000ull

enum who { HYPERVISOR, KERNEL, LOW, WHOS }; /* LOW: user mode */

static inline enum who who_executes(uint64_t address)
{
    if (address < HYPERVISOR_LOW) {
        return LOW;
    }
    return address < HYPERVISOR_HIGH ? HYPERVISOR : KERNEL;
}

#endif
