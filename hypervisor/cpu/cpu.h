/* SPDX-License-Identifier: MIT */
/* One physical CPU: its region of the address space, its state, and what it runs.
 *
 * A CPU's region is CPU_REGION bytes, aligned: page 0 is the syscall stub (read, execute), page 1 is
 * struct cpu, then one page for each interrupt stack, then the main stack. So whatever stack it is
 * on, it finds itself by masking its stack pointer. */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#define CPU_REGION      0x10000
#define CPU_STATE       0x1000
#define CPU_IST_FIRST   0x2000 /* #DF, NMI, #MC, #DB: one page each, each below an unmapped one */
#define CPU_IST_STRIDE  0x2000
#define CPU_STACK       0xc000
#define CPU_STACK_END   0x10000

/* In struct cpu, used by entry.S. */
#define CPU_SYSCALL_RSP 0
#define CPU_SYSCALL_TOP 8
#define CPU_SYSCALL_GO  16
#define CPU_SYSCALL_GO32 24
#define CPU_SYSENTER_GO 32

#ifndef __ASSEMBLY__

#include "hypervisor/time/timer.h"
#include "lib/addr.h"
#include "lib/types.h"

struct vcpu;
struct tss;

struct cpu {
    u64 syscall_rsp; /* scratch of the syscall stub */
    u64 syscall_top; /* where the current vCPU's registers end */
    u64 syscall_go, syscall32_go, sysenter_go;
    u32 number;
    u32 apic_id;
    struct vcpu *current; /* NULL: idle, on the hypervisor's own root */
    bool need_resched;    /* an interrupt wants the run loop to choose again */
    bool work;            /* something waits for this CPU: port_should_stop */
    struct timers timers;
    struct vcpu *run_head, *run_tail;
    u64 tsc_stamp, time_stamp; /* a point on its clock: TSC and system time */
    struct tss *tss;
    u64 *gdt;
};

static inline struct cpu *this_cpu(void)
{
    u64 sp;
    __asm__("mov %%rsp, %0" : "=r"(sp));
    return (struct cpu *)((sp & ~(u64)(CPU_REGION - 1)) + CPU_STATE);
}

#endif
#endif
