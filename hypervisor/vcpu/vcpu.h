/* SPDX-License-Identifier: MIT */
/* A virtual CPU: the state of one processor of a guest.
 *
 * While a vCPU is loaded, only the CPU that runs it changes it. The exceptions are the atomic
 * members, which any CPU may change, and those of the scheduler, which the queue lock guards. */
#ifndef VCPU_VCPU_H
#define VCPU_VCPU_H

#include "hypervisor/cpu/vcpu_offsets.h"
#include "hypervisor/xen.h"
#include "hypervisor/sched/queue_entry.h"
#include "hypervisor/vcpu/vcpu_timer.h"
#include "hypervisor/emulate/fetch.h"
#include "lib/addr.h"
#include "vmmu/vmmu.h"

#define VCPU_ORDER 1u /* of the pages of struct vcpu */

struct domain;
struct cpu;

enum callback {
    CALLBACK_EVENT,
    CALLBACK_FAILSAFE,
    CALLBACK_SYSCALL,
    CALLBACK_SYSCALL32,
    CALLBACK_SYSENTER,
    CALLBACKS
};

/* A guest address at which the hypervisor enters the guest; 0: not registered. */
struct entry_point {
    u64 address;
    u16 cs;
    bool mask_events; /* the entry sets the upcall mask */
    u8 dpl;           /* trap table only: INT n may raise the trap in rings 0 to `dpl` */
};

enum vcpu_state {
    VCPU_DOWN,     /* not brought up yet, or taken down */
    VCPU_RUNNABLE, /* running, or waiting in a run queue */
    VCPU_BLOCKED,  /* waits for an event (SCHEDOP_block) */
    VCPU_POLLING,  /* waits for a port of poll_ports (SCHEDOP_poll) */
};

/* While a vCPU is current, TSS.RSP0 points to the end of `registers`, so an entry from the guest
 * pushes its registers directly into the vCPU. The entry code then switches to the stack in the
 * next member, and uses the members down to `runstate_stale` by their offsets in
 * cpu/vcpu_offsets.h. */
struct vcpu {
    struct registers registers;

    u64 stack;       /* top of the main stack of the CPU in the next member */
    struct cpu *cpu; /* the CPU that runs the vCPU, or ran it last; NULL: it has never run */
    u64 frame_top;   /* top of the guest kernel's stack for entries from user mode, 16-byte aligned;
                        a frame below it lies at guest addresses; 0: take the slow path */
    u64 fast_entry;  /* the kernel's handler for SYSCALL from user mode; 0: take the slow path */
    u64 fast_fault;  /* the kernel's handler for page faults; 0: take the slow path */
    u64 kernel_cr3, user_cr3; /* CR3 of the two roots; user_cr3 0: none */
    struct vcpu_info *info; /* the hypervisor's view of vcpu_info: in shared_info, or in a page that
                               the guest registered */
    bool in_kernel;         /* guest kernel mode; else guest user mode */
    bool fast_masks;        /* the handler at fast_entry starts with upcalls masked */
    bool fast_fault_masks;  /* the handler at fast_fault starts with upcalls masked */
    bool nmi_masked;        /* until the guest's next iret, which takes the slow path */
    u8 shown_iopl;          /* the second byte of RFLAGS in the guest's frames shows these bits: the
                               virtual IOPL, if the guest has asked for it; not 0: all frames are built
                               and loaded by the slow paths */
    _Atomic bool nmi_pending; /* any CPU: an NMI waits to be delivered */
    bool runstate_stale; /* the guest's copy at runstate_area or time_area is out of date: write it
                            before the next entry to its kernel */

    struct domain *domain;
    u32 id;
    u32 window; /* number of the vCPU's descriptor window (memory/layout.h) */
    struct vmmu_vcpu mmu;

    /* Virtual processor state. */
    u64 kernel_sp, kernel_ss;
    struct entry_point trap[256];
    struct entry_point callback[CALLBACKS];
    bool fpu_task_switched; /* virtual CR0.TS */
    u64 cr4;                /* CR4 as the guest reads it */
    u64 debug[8];
    u64 fs_base, gs_base,
        gs_base_inactive; /* valid while the vCPU is not loaded; gs_base is the base in its present
                             mode, gs_base_inactive that in the other mode */
    u16 ds, es, fs, gs;   /* valid while the vCPU is not loaded */
    void *fpu_area;       /* in the format of XSAVE or FXSAVE; xsave_area_size() bytes */
    u64 xcr0;
    u64 tsc_aux;                 /* valid while the vCPU is not loaded */
    _Atomic bool initialised;    /* any CPU: the vCPU has been given its first state */
    struct lock initialise_lock; /* held by the CPU that gives the first state */
    s64 refused; /* error of a refused first state, whose references are being dropped; 0: none */
    u16 awaits;  /* id of a domain that the vCPU has paused: the vCPU goes on when no CPU has a vCPU
                    of that domain loaded; 0: none */
    u64 hard_affinity, soft_affinity; /* the CPUs that a toolstack named: those that may run it, and
                                         those that it prefers, which is only kept */
    struct fetched fetched;
    u8 iopl;             /* virtual: least privileged ring that may use ports, CLI, STI */
    u32 io_bitmap_ports; /* how many ports the next member has a bit for; 0: there is none */
    u64 io_bitmap; /* guest virtual address in the kernel root: a clear bit permits its port to
                      modes that `iopl` does not; the memory may be gone */

    mfn_t info_frame; /* the registered page of vcpu_info, with a hold (vmmu_hold); else MFN_NONE */
    u64 runstate_area; /* guest virtual address of the runstate copy; 0: none */
    struct vcpu_runstate_info runstate;
    u64 time_area;   /* guest virtual address of a vcpu_time_info copy; 0: none */
    bool time_stale; /* the copy at time_area could not be written so far: try again */

    /* Scheduling and time. Any CPU may change `state` and `loaded`. */
    _Atomic u32 state; /* enum vcpu_state; changed with the queue lock of the vCPU's home held */
    _Atomic(struct cpu *) loaded; /* the CPU that has the vCPU's state in its registers: it runs
                                     the vCPU or has parked it; NULL: none, it is saved */
    struct queue_entry queue;
    struct timer singleshot; /* raises VIRQ_TIMER once */
    struct timer periodic;
    _Atomic u64 period; /* the period of `periodic`, in ns; 0: none */
    struct timer poll_timer;
    u32 poll_port_count;
    u16 poll_ports[128];
    _Atomic u32 trace_raised;  /* events for the vCPU that the timeline has recorded; any CPU */
    u32 trace_told;            /* how many of them had been recorded at its last recorded upcall */
    _Atomic u32 virq_port[24]; /* the port of each VIRQ (NR_VIRQS); 0: not bound */
};

/* The vCPU that this CPU has loaded; NULL: this CPU is idle. */
struct vcpu *current_vcpu(void);

/* The root of the vCPU's present mode: its kernel root or its user root. */
mfn_t vcpu_root(const struct vcpu *vcpu);

/* Switches the current vCPU between guest kernel mode and guest user mode: exchanges the GS bases
 * and loads the other root. */
void vcpu_toggle_mode(struct vcpu *vcpu);

/* Update the members that the entry code reads, of the vCPU that this CPU runs or is about to run:
 * vcpu_refresh_roots after a change of its roots, which for the guest is a load of both roots,
 * vcpu_refresh_fast after a change of its kernel stack, trap table or callbacks, vcpu_refresh_iopl
 * after a change of its virtual IOPL or of the domain's VMASST_TYPE_architectural_iopl. */
void vcpu_refresh_roots(struct vcpu *vcpu);
void vcpu_refresh_fast(struct vcpu *vcpu);
void vcpu_refresh_iopl(struct vcpu *vcpu);

/* Makes `sp` and `ss` the stack of the guest's kernel for entries from user mode. */
void vcpu_set_kernel_stack(struct vcpu *vcpu, u64 ss, u64 sp);

/* Loads CR3 with the root of the current vCPU's present mode. */
void vcpu_load_root(struct vcpu *vcpu);

/* As vcpu_load_root, just before the vCPU is entered, where this CPU may be on its own root
 * (memory/space.h). */
void vcpu_return_root(struct vcpu *vcpu);

/* Stores this CPU's data segment selectors in the current vCPU. */
void vcpu_save_selectors(struct vcpu *vcpu);

/* Maps frame `m` as page number `page` of the vCPU's descriptor window. MFN_NONE: maps zeroes (in
 * the GDT half) or nothing (in the LDT half). False: no memory, which cannot happen after
 * vcpu_create. */
bool window_map(const struct vcpu *vcpu, u32 page, mfn_t m);

/* vcpu_create makes vCPU `id` of a domain, in state VCPU_DOWN. NULL: no memory, or no descriptor
 * window is free. vcpu_destroy frees the vCPU; call it after vmmu_vcpu_stop, when no CPU has the
 * vCPU loaded. */
struct vcpu *vcpu_create(struct domain *domain, u32 id);
void vcpu_destroy(struct vcpu *vcpu);

/* Saves the processor state of `from`, the current vCPU (NULL: this CPU is idle), and loads that of
 * `to` (NULL: this CPU becomes idle): root, descriptor tables, segments, bases, FPU, debug and
 * control registers. Other CPUs may run `from` afterwards; not if this CPU becomes idle and
 * sched_may_park: then it leaves the root and keeps the rest of the state in its registers, so that
 * the vCPU can go on here without a load when it wakes. That vCPU is parked on this CPU, and counts
 * as loaded, until this CPU runs it, switches to another one, or calls vcpu_unpark.
 *
 * False: where guests are isolated `to` needs other stacks. `from` is saved but still current; the
 * caller turns to the other stacks (cpu_enter_stacks) and calls vcpu_switch_turned there, which
 * does the rest. */
bool vcpu_switch(struct vcpu *from, struct vcpu *to);
void vcpu_switch_turned(void);

/* Saves the state of the vCPU that is parked on this CPU, if there is one. Other CPUs may run it
 * afterwards. */
void vcpu_unpark(void);

#endif
