/* SPDX-License-Identifier: MIT */
/* Hypercalls by a bare `syscall`, no hypercall page needed. Results: negative XEN_E... or a value.
 */
#ifndef GUESTS_HYPERCALL_H
#define GUESTS_HYPERCALL_H

#include "lib/types.h"
#include "tests/guests/common/abi.h"

static inline long hypercall6(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
    u64 result = number;
    register u64 r10 __asm__("r10") = d;
    register u64 r8 __asm__("r8") = e;
    register u64 r9 __asm__("r9") = f;

    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8), "+r"(r9)
                     :
                     : "rcx", "r11", "memory");
    return (long)result;
}

static inline long hypercall(u64 number, u64 a, u64 b, u64 c)
{
    return hypercall6(number, a, b, c, 0, 0, 0);
}

static inline u64 address(const volatile void *pointer)
{
    return (u64)(uintptr_t)pointer;
}

/* One request each. */
long mmu_update(u64 machine_address_and_command, u64 value);
long mmuext(unsigned command, u64 argument1, u64 argument2);
long update_va_mapping(u64 va, u64 entry, u64 flags);

static inline long sched_op(unsigned command, const void *argument)
{
    return hypercall(__HYPERVISOR_sched_op, command, address(argument), 0);
}

static inline long memory_op(unsigned command, const void *argument)
{
    return hypercall(__HYPERVISOR_memory_op, command, address(argument), 0);
}

static inline long xen_version(unsigned command, void *argument)
{
    return hypercall(__HYPERVISOR_xen_version, command, address(argument), 0);
}

static inline long event_channel_op(unsigned command, void *argument)
{
    return hypercall(__HYPERVISOR_event_channel_op, command, address(argument), 0);
}

static inline long vcpu_op(unsigned command, unsigned vcpu, const void *argument)
{
    return hypercall(__HYPERVISOR_vcpu_op, command, vcpu, address(argument));
}

/* ---- instructions that the hypervisor emulates or passes on ---- */

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
