/* SPDX-License-Identifier: MIT */
/* A virtual CPU: the state of one processor of a guest.
 *
 * A vCPU is changed by the CPU that runs it; another CPU touches only the members marked "any
 * CPU", which are atomic. */
#ifndef VCPU_VCPU_H
#define VCPU_VCPU_H

#include "hypervisor/cpu/vcpu_offsets.h"
#include "hypervisor/xen.h"
#include "hypervisor/sched/queue_entry.h"
#include "hypervisor/vcpu/vcpu_timer.h"
#include "hypervisor/emulate/fetch.h"
#include "lib/addr.h"
#include "vmmu/vmmu.h"

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

/* A guest address the hypervisor enters it at; 0: not registered. */
struct entry_point {
    u64 address;
    u16 cs;
    bool mask_events; /* set the upcall mask on the way in */
    u8 dpl;           /* trap table: ring that may raise it by an instruction */
};

enum vcpu_state {
    VCPU_DOWN,     /* not brought up yet, or taken down */
    VCPU_RUNNABLE, /* running or in a queue */
    VCPU_BLOCKED,  /* waits for an event (SCHEDOP_block) */
    VCPU_POLLING,  /* waits for a port of poll_ports (SCHEDOP_poll) */
};

/* TSS.RSP0 points at the end of `registers`: an entry from the guest pushes straight into the vCPU,
 * then takes the stack of its CPU from the next member. The entry code reads the members down to
 * `nmi_masked` by the offsets of cpu/vcpu_offsets.h. */
struct vcpu {
    struct registers registers;

    u64 stack;       /* top of the stack of the CPU that runs it */
    struct cpu *cpu; /* the CPU it runs on, or ran on last */
    u64 frame_top;   /* where frames for its kernel end, if one of user mode's fits there */
    u64 fast_entry;  /* where SYSCALL from user mode goes; 0: not the short way */
    u64 fast_fault;  /* the same of a page fault */
    u64 kernel_cr3, user_cr3; /* of the two roots; user 0: none */
    struct vcpu_info *info;   /* in shared_info, or where the guest registered it; our view */
    bool in_kernel;           /* guest kernel mode: which root, whose GS base */
    bool fast_masks;          /* fast_entry wants event upcalls masked */
    bool fast_fault_masks;    /* so does fast_fault */
    bool nmi_masked;

    struct domain *domain;
    u32 id;
    u32 window; /* index of its descriptor window (memory/layout.h) */
    struct vmmu_vcpu mmu;

    /* Virtual processor state. */
    u64 kernel_sp, kernel_ss;
    struct entry_point trap[256];
    struct entry_point callback[CALLBACKS];
    bool fpu_task_switched; /* virtual CR0.TS */
    u64 cr4;                /* the guest's own idea of CR4 */
    u64 debug[8];
    u64 fs_base, gs_base,
        gs_base_inactive; /* when not loaded; gs_base belongs to the present mode */
    u16 ds, es, fs, gs;   /* when not loaded */
    void *fpu_area;       /* one page, XSAVE format */
    u64 xcr0;
    u64 tsc_aux;                 /* when not loaded */
    _Atomic bool nmi_pending;    /* any CPU */
    _Atomic bool initialised;    /* it has a first state: it may come up */
    struct lock initialise_lock; /* whoever gives it that */
    s64 refused;                 /* the errno of a first state that is being taken back; 0: none */
    struct fetched fetched;
    u8 iopl; /* virtual: the least privileged ring that may use ports, CLI and STI */

    mfn_t info_frame;  /* held (vmmu_hold) when registered, else MFN_NONE */
    u64 runstate_area; /* guest virtual address; 0: none */
    struct vcpu_runstate_info runstate;
    u64 time_area; /* guest virtual address of a vcpu_time_info copy; 0: none */

    /* Scheduling and time. `state`, `loaded`: any CPU. */
    _Atomic u32 state;            /* enum vcpu_state; changes under its home's queue's lock */
    _Atomic(struct cpu *) loaded; /* the CPU that has its processor state; NULL: it is saved here */
    struct queue_entry queue;
    bool areas_stale;        /* its runstate area shows an older state */
    struct timer singleshot; /* VIRQ_TIMER */
    struct timer periodic;
    _Atomic u64 period; /* ns; 0: none */
    struct timer poll_timer;
    u32 poll_port_count;
    u16 poll_ports[128];
    _Atomic u32 virq_port[24]; /* NR_VIRQS; 0: not bound */
};

/* The vCPU that this CPU runs. */
struct vcpu *current_vcpu(void);

/* Which of the guest's roots the mode wants: kernel_root or user_root. */
mfn_t vcpu_root(const struct vcpu *vcpu);

/* Changes between guest kernel and guest user mode: root and GS base, now. The vCPU is current. */
void vcpu_toggle_mode(struct vcpu *vcpu);

/* After a change of roots; of stack, traps or callbacks: what entry.S looks at. */
void vcpu_refresh_roots(struct vcpu *vcpu);
void vcpu_refresh_fast(struct vcpu *vcpu);

/* Loads the root of the present mode into CR3. The vCPU is current. */
void vcpu_load_root(struct vcpu *vcpu);

/* Reads the present data-segment selectors into the current vCPU. */
void vcpu_save_selectors(struct vcpu *vcpu);

/* Shows frame `m` as page `page` of a descriptor window; MFN_NONE: zeroes (GDT) or nothing (LDT).
 */
bool window_map(u32 window, u32 page, mfn_t m);

/* A new vCPU, down; NULL: no memory. vcpu_destroy: after vmmu_vcpu_stop. */
struct vcpu *vcpu_create(struct domain *domain, u32 id);
void vcpu_destroy(struct vcpu *vcpu);

/* Puts a vCPU's processor state (segments, bases, FPU, debug registers, descriptor tables, root) on
 * this CPU, after saving `from`'s (NULL: nothing to save); `to` NULL: the CPU idles. */
void vcpu_switch(struct vcpu *from, struct vcpu *to);

#endif
