/* SPDX-License-Identifier: MIT */
/* One physical CPU: its region of the address space, its state, and what it runs.
 *
 * A CPU's region is CPU_REGION bytes, aligned: page 0 is the syscall stub (read, execute), page 1
 * is struct cpu, then one page for each interrupt stack, then the main stack. So whatever stack it
 * is on, it finds itself by masking its stack pointer. */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#define CPU_REGION     0x10000
#define CPU_STATE      0x1000
#define CPU_IST_FIRST  0x3000 /* #DF, NMI, #MC, #DB: one page each, an unmapped one below each */
#define CPU_IST_STRIDE 0x2000
#define CPU_STACK      0xc000
#define CPU_STACK_END  0x10000

/* Offsets in struct cpu, in bytes, for the entry code. */
#define CPU_SYSCALL_RSP 0
#define CPU_SYSCALL_TOP 8
#define CPU_WORK        16

#ifndef __ASSEMBLY__

#include <stdatomic.h>

#include "hypervisor/sched/queue.h"
#include "hypervisor/time/timer.h"
#include "lib/addr.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "lib/x86/tss.h"

struct vcpu;
struct vmmu_domain;

/* What other CPUs want of this one (cpu/flush.h). */
struct flushes {
    _Atomic u32 asked; /* counts requests */
    _Atomic u32 done;  /* of them, those that a flush has come after */
};

struct cpu {
    u64 syscall_rsp;   /* scratch of the syscall stub */
    u64 syscall_top;   /* where the current vCPU's registers end */
    _Atomic bool work; /* something waits for this CPU: port_should_stop; set by any CPU */
    u32 number;
    u32 apic_id;
    struct vcpu *current;      /* NULL: idle, on the hypervisor's own root */
    struct vmmu_domain *space; /* of `current`: its root is loaded (memory/space.h); NULL: idle */
    u16 last_domain;           /* that ran here: it is what the predictors know; 0: none */
    struct timers timers;
    struct queue queue; /* of the scheduler */
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

/* How many CPUs run, and the one with number 0..cpu_count()-1. */
u32 cpu_count(void);
struct cpu *cpu_at(u32 number);

/* Builds the region of CPU `number`, on any CPU; cpu_start_tables once before. NULL: no memory, and
 * then never call it again for that number. */
struct cpu *cpu_build(u32 number);
void cpu_start_tables(void);

/* On the CPU itself: moves its descriptor tables in place and sets its control registers and MSRs;
 * the first then leaves the boot stack by cpu_enter_stack. False: it lacks what the first CPU has.
 */
bool cpu_load(struct cpu *cpu);

/* Counts it among those that run: one after the other, in the order of their numbers. */
void cpu_set_online(struct cpu *cpu);

/* Has the CPU go through its run loop soon: for whoever left it something to find there. */
void cpu_kick(struct cpu *cpu);

/* Goes to `then` on the CPU's own stack, for good. */
_Noreturn void cpu_enter_stack(struct cpu *cpu, void (*then)(void));

/* Points this CPU's entries at a vCPU's registers and loads its GDT window. */
void cpu_attach(struct cpu *cpu, struct vcpu *vcpu);

static inline struct cpu *this_cpu(void)
{
    u64 sp;
    __asm__("mov %%rsp, %0" : "=r"(sp));
    return (struct cpu *)((sp & ~(u64)(CPU_REGION - 1)) + CPU_STATE);
}

#endif
#endif
