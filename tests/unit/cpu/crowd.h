/* SPDX-License-Identifier: MIT */
/* Host threads in the role of CPUs: each has a stack in a region of its own, so that this_cpu()
 * works. An interrupt is a bit that its CPU reads when it enables interrupts. */
#ifndef UNIT_CPU_CROWD_H
#define UNIT_CPU_CROWD_H

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/cpu.h"
#include "vmmu/vmmu.h"

#define CROWD 4u

struct crowd {
    _Alignas(CPU_REGION) char region[CROWD][CPU_REGION];
    _Atomic u32 interrupts[CROWD]; /* one bit for each vector from VECTOR_APIC_TIMER up */
    _Atomic u32 sent;
};

extern struct crowd crowd;

/* Whether this CPU got an interrupt with `vector` since the last call; clears it. */
bool crowd_interrupted_by(u32 vector);

/* Runs `body` on every CPU, and waits until all have ended. */
void crowd_run(void *(*body)(void *));

#endif
