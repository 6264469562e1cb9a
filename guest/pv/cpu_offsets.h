/* SPDX-License-Identifier: MIT */
/* Offsets in struct cpu, in bytes, for the entry code: asserted in cpu.c. */
#ifndef GUEST_PV_CPU_OFFSETS_H
#define GUEST_PV_CPU_OFFSETS_H

#define CPU_NUMBER         0
#define CPU_TRAP_STACK_TOP 8

#endif
