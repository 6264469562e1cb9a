/* SPDX-License-Identifier: MIT */
/* Hypercalls with one request each, and instructions that a test executes. */
#ifndef GUESTS_HYPERCALL_H
#define GUESTS_HYPERCALL_H

#include "guest/pv/hypercall.h"

long mmu_update(u64 machine_address_and_command, u64 value);
long mmuext(unsigned command, u64 argument1, u64 argument2);

static inline u64 read_cr3(void)
{
    u64 value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

static inline u64 read_tsc(void)
{
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low | (u64)high << 32;
}

static inline u64 read_flags(void)
{
    u64 value;
    __asm__ volatile("pushf; pop %0" : "=r"(value)::"memory");
    return value;
}

#endif
