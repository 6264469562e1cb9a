/* SPDX-License-Identifier: MIT */
/* A CPU of the machine: its region of the address space, and its state.
 *
 * A CPU's region is CPU_REGION bytes, aligned: page 0 is the system call stub (read, execute), page
 * 1 begins with struct cpu, then there is one page for each interrupt stack, then the main stack.
 * On each of its stacks a CPU finds its state by masking the stack pointer. */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#define CPU_REGION 0x10000
#define CPU_STATE  0x1000
#define CPU_IST_FIRST                                                                              \
    0x3000 /* stacks of #DF, NMI, #MC, #DB: a page each, unmapped pages between                    \
            */
#define CPU_IST_STRIDE 0x2000
#define CPU_STACK      0xc000
#define CPU_STACK_END  0x10000

/* Offsets in struct cpu, in bytes, for the entry code. */
#define CPU_SYSCALL_RSP 0
#define CPU_SYSCALL_TOP 8
#define CPU_WORK        16

#ifndef __ASSEMBLY__

#include <stdatomic.h>

#include "hypervisor/time/timer_list.h"
#include "lib/addr.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "lib/x86/tss.h"

struct vcpu;
struct vmmu_domain;

/* Flushes that other CPUs ask of this CPU (cpu/flush.h). */
struct flushes {
    _Atomic u32 asked; /* the number of requests so far */
    _Atomic u32 done;  /* how many of them a flush has served */
};

struct cpu {
    u64 syscall_rsp;   /* scratch of the syscall stub */
    u64 syscall_top;   /* where the current vCPU's registers end */
    _Atomic bool work; /* there is work for the run loop (port_should_stop); set by any CPU */
    u32 number;
    u32 apic_id;
    struct vcpu *current;      /* the vCPU that is loaded; NULL: idle, on the idle root */
    struct vmmu_domain *space; /* the domain whose root is loaded (memory/space.h); NULL: idle */
    u16 last_domain; /* the domain that ran here last and has trained the branch predictors; 0: none
                      */
    struct timers timers;
    struct tss tss;
    _Alignas(64) struct flushes flushes;
};

_Static_assert(__builtin_offsetof(struct cpu, syscall_rsp) == CPU_SYSCALL_RSP &&
                   __builtin_offsetof(struct cpu, syscall_top) == CPU_SYSCALL_TOP &&
                   __builtin_offsetof(struct cpu, work) == CPU_WORK,
               "as the entry code has them");

/* The page attribute table that the ABI promises: WB, WT, UC-, UC, WC, WP, UC, UC. */
#define CPU_PAT 0x0000050100070406ull

/* Interrupt stack table numbers, 1 upwards. */
enum ist { IST_NONE, IST_DF, IST_NMI, IST_MC, IST_DB, ISTS };

/* The number of CPUs that run, and the CPU with `number`, 0 to cpu_count() - 1. */
u32 cpu_count(void);
struct cpu *cpu_at(u32 number);

/* Counts `cpu`, which has been set up (cpu/start.h), among the CPUs that run: one CPU after
 * another, in the order of their numbers. */
void cpu_set_online(struct cpu *cpu);

/* Makes a CPU go through its run loop soon, because there is work for it. Any CPU. */
void cpu_kick(struct cpu *cpu);

/* The CPU that executes this, from the stack pointer. */
static inline struct cpu *this_cpu(void)
{
    u64 sp;
    __asm__("mov %%rsp, %0" : "=r"(sp));
    return (struct cpu *)((sp & ~(u64)(CPU_REGION - 1)) + CPU_STATE);
}

#endif
#endif
