/* SPDX-License-Identifier: MIT */
/* A CPU of the machine: its region of the address space, and its state.
 *
 * A CPU's region has CPU_REGION bytes and is aligned to that size. Page 0 holds the system call
 * stubs (read, execute). Page 1 is the state page, which begins with struct cpu. Then come the
 * interrupt stacks, of one page each, and the main stack. A CPU finds its state by masking its
 * stack pointer, since all of its stacks lie in its region. */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#define CPU_REGION     0x10000
#define CPU_STATE      0x1000
#define CPU_IST_FIRST  0x3000 /* stacks of #DF, NMI, #MC, #DB; an unmapped page follows each */
#define CPU_IST_STRIDE 0x2000
#define CPU_STACK      0xc000
#define CPU_STACK_END  0x10000
#define CPU_SETS       4 /* sets of stacks of a CPU, where guests are isolated */

/* Offsets in struct cpu, in bytes, for the entry code. */
#define CPU_SYSCALL_TOP 0
#define CPU_WORK        8 /* `work`, and `away` behind it */

/* Where a system call stub keeps the guest's RSP until it has pushed it, as an offset in struct
 * cpu: the lowest word of the stack of #DF, since other guests may map the state page. */
#define CPU_SYSCALL_RSP (CPU_IST_FIRST - CPU_STATE)

#ifndef __ASSEMBLY__

#include <stdatomic.h>

#include "lib/contexts.h"
#include "hypervisor/time/timer_list.h"
#include "lib/addr.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "lib/x86/tss.h"

struct domain;
struct vcpu;
struct vmmu_domain;

/* Requests by other CPUs that this CPU flush its TLB (cpu/flush.h). */
struct flushes {
    _Atomic u32 asked; /* flushes requested of this CPU since it started; all are served when `done`
                          equals it */
    _Atomic u32 done;  /* how many of the requested flushes have been served */
    _Atomic bool caches; /* the next flush also writes the caches back */
};

#define COPIED_GROUP 8u /* slots of an L4 table */

/* The root of a CPU that maps all memory, where guests' roots do not, and of the guest's part of
 * the address space what was needed. Only memory/space.c reads and writes it. */
struct own_root {
    u64 cr3;      /* its value of CR3; 0: there is no such root */
    u64 *table;   /* the table, in the direct map */
    u64 copied;   /* which slots were copied from the guest's root: a bit for COPIED_GROUP slots */
    mfn_t missed; /* a frame that the guest's root did not map when the hypervisor needed it;
                      MFN_NONE: none since the guest was entered */
};

/* A set of stacks of a CPU: its interrupt stacks and its main stack. Where guests are isolated a
 * CPU has CPU_SETS of them, and its region maps one at a time, so that a stack has the same address
 * in each. A set belongs to one domain: what a guest may have left on it is of that domain alone,
 * whose view maps it, and no other one's (domain/isolation.h). */
#define CPU_SET_PAGES ((CPU_REGION - CPU_IST_FIRST) >> PAGE_SHIFT)
struct stacks {
    u64 entry[CPU_SET_PAGES]; /* what maps them, from CPU_IST_FIRST on; 0: no page of a stack */
    struct domain *domain;    /* NULL: none; there may be traces of one that has ended */
    u64 turn; /* when the CPU turned to them last; the higher, the later; 0: no domain's */
};

struct cpu {
    u64 syscall_top;   /* the end of the current vCPU's register block */
    _Atomic bool work; /* there is work for the run loop; set by any CPU */
    bool
        away; /* the own root may be loaded: a root of `current` must be loaded before it is entered
               */
    u32 number;
    u32 apic_id;
    struct vcpu *current; /* the vCPU that this CPU runs; NULL: idle, on the idle root */
    struct vcpu *parked;  /* while the CPU is idle: the vCPU whose state its registers still hold
                             (vcpu_switch); NULL: none */
    struct vmmu_domain *space; /* the domain whose root is loaded (memory/space.h); NULL: idle */
    bool entered;              /* `space` has changed, and none of its roots has been loaded yet */
    u16 last_domain; /* the id of the domain that this CPU ran last; when another comes, the
                        mitigations between domains are applied (speculation_switch); 0: none yet */
    struct timers timers;
    struct tss tss;
    struct stacks set[CPU_SETS]; /* where guests are isolated */
    struct stacks *stacks;       /* the set that the region maps */
    struct stacks *next_stacks;  /* the set to which the CPU turns (vcpu_switch) */
    u64 turns;                   /* how often it has turned to a set */
    struct {
        struct vcpu *from, *to;
    } turning;                /* meanwhile: the arguments of vcpu_switch */
    struct own_root own;      /* a root that maps all memory (memory/space.h) */
    struct contexts contexts; /* of roots of `space`; used where PCID is (memory/space.h) */
    _Alignas(64) struct flushes flushes;
};

_Static_assert(__builtin_offsetof(struct cpu, syscall_top) == CPU_SYSCALL_TOP &&
                   __builtin_offsetof(struct cpu, work) == CPU_WORK &&
                   __builtin_offsetof(struct cpu, away) == CPU_WORK + 1,
               "as the entry code has them");

/* The value of MSR_PAT that the ABI prescribes: WB, WT, UC-, UC, WC, WP, UC, UC. */
#define CPU_PAT 0x0000050100070406ull

/* Numbers of the interrupt stacks, as in the IDT (IST field); 0: the main stack. */
enum ist { IST_NONE, IST_DF, IST_NMI, IST_MC, IST_DB, ISTS };

/* cpu_count: the number of CPUs that are online. cpu_at: the address of CPU `number`'s struct cpu,
 * which exists once cpu_build has been called for that number. */
u32 cpu_count(void);
struct cpu *cpu_at(u32 number);

/* Puts `cpu`, which has been set up (cpu/start.h), online: other CPUs may now kick it and ask it
 * for flushes. CPUs must be put online one after another, in the order of their numbers. */
void cpu_set_online(struct cpu *cpu);

/* Sets the work flag of `cpu`, so that it goes through its run loop soon. Interrupts that CPU if
 * the flag was clear and it is not this CPU. May be called on any CPU, with locks held. */
void cpu_kick(struct cpu *cpu);

/* True if the vCPU that `cpu`, this CPU, runs must not be entered without a pass through the run
 * loop: there is work, or the own root may be loaded. Reads both members at once. */
static inline bool cpu_must_pass(const struct cpu *cpu)
{
    return __atomic_load_n((const u16 *)&cpu->work, __ATOMIC_RELAXED);
}

/* The CPU that executes this function, found by masking the stack pointer. Not valid on the boot
 * stack. */
static inline struct cpu *this_cpu(void)
{
    u64 sp;
    __asm__("mov %%rsp, %0" : "=r"(sp));
    return (struct cpu *)((sp & ~(u64)(CPU_REGION - 1)) + CPU_STATE);
}

#endif
#endif
