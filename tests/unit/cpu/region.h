/* SPDX-License-Identifier: MIT */
/* this_cpu() computes the CPU from the stack pointer: tests of code that calls it run on a stack
 * that lies in a region as a CPU's does. On another stack this_cpu() would point into that stack.
 */
#ifndef UNIT_CPU_REGION_H
#define UNIT_CPU_REGION_H

#include <pthread.h>

#include "hypervisor/cpu/cpu.h"

/* Calls run_all(&failed), which stores the number of failed tests, on such a stack, and returns
 * that number. The CPU there is all zeroes: CPU 0. Once a program. */
static inline int region_run(void *(*run_all)(void *failed))
{
    static _Alignas(CPU_REGION) char region[CPU_REGION];
    pthread_attr_t attributes;
    pthread_t thread;
    int failed = 1;

    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, region + CPU_IST_FIRST, CPU_REGION - CPU_IST_FIRST);
    if (pthread_create(&thread, &attributes, run_all, &failed)) {
        return 1;
    }
    pthread_join(thread, NULL);
    return failed;
}

#endif
