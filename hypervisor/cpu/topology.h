/* SPDX-License-Identifier: MIT */
/* How the machine's CPUs are grouped to cores and sockets. */
#ifndef CPU_TOPOLOGY_H
#define CPU_TOPOLOGY_H

#include "lib/types.h"

/* Where one CPU is. */
struct topology {
    u32 core;   /* number of its core within its socket */
    u32 socket; /* number of its socket */
};

/* The place of the CPU with number `cpu`, below cpu_count(), by its APIC id and what CPUID says of
 * the APIC ids (Intel SDM, volume 3, 8.9; AMD64 manual, volume 3, E.5). */
struct topology topology_of(u32 cpu);

/* The number of the CPU that executes this among the threads of its core, from 0, by CPUID alone:
 * the CPU need not be online yet. */
u32 topology_this_thread(void);

/* How many of the CPUs that are online share the core of CPU 0, and how many cores share its
 * socket. */
u32 topology_threads_a_core(void);
u32 topology_cores_a_socket(void);

#endif
