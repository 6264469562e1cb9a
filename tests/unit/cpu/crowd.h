/* SPDX-License-Identifier: MIT */
/* Host threads as CPUs: each on a stack in a region of its own, so that it finds itself by it. An
 * interrupt is a note that its CPU finds when it lets interrupts in. */
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
    _Atomic u32 interrupts[CROWD]; /* bit set of vectors from VECTOR_APIC_TIMER up */
    _Atomic u32 sent;
};

extern struct crowd crowd;

/* What came for this CPU since it looked last. */
bool crowd_interrupted_by(u32 vector);

/* Runs `body` on every CPU, and waits for all. */
void crowd_run(void *(*body)(void *));

#endif
