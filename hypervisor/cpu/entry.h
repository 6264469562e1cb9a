/* SPDX-License-Identifier: MIT */
/* The entry points of the hypervisor and the exit to a guest, in entry.S, and the C functions that
 * entry.S calls. */
#ifndef CPU_ENTRY_H
#define CPU_ENTRY_H

#include "lib/types.h"

struct registers;
struct vcpu;

/* The system call stubs: position-independent code that is copied to page 0 of each CPU's
 * region. */
extern char syscall_template[], syscall32_template[], sysenter_template[], traced_template[],
    syscall_template_end[];
/* The ends of the jumps out of the stubs. A copied stub needs a new distance in its jump. */
extern char syscall_jump_end[], syscall32_jump_end[], sysenter_jump_end[], traced_jump_end[];

extern const u64 entry_stubs[256]; /* the address of the stub for each vector, for the IDT */
/* The targets of the stubs' jumps. entry_syscall: SYSCALL from 64-bit code. entry_common: the slow
 * path, and the other system call instructions. entry_syscall_traced: as entry_syscall, but without
 * the fast path of hypercalls. */
void entry_common(void);
void entry_syscall(void);
void entry_syscall_traced(void);
/* The stubs of a page fault and of a #GP without a fast path. */
void page_fault_traced(void);
void protection_traced(void);

void idt_start(void); /* fills the IDTs; once, before idt_load */
/* Loads an IDT on this CPU. `traced`: the one by which each page fault and #GP takes the slow
 * path. */
void idt_load(bool traced);

/* Loads CS and SS with the hypervisor's selectors, and DS, ES, FS and GS with null selectors. A GDT
 * with the reserved page (cpu/segments.h) must be loaded. */
void load_hypervisor_segments(void);

/* Enters the guest with the registers in the vCPU's register block. The vCPU is current; interrupts
 * are off. */
_Noreturn void enter_guest(struct vcpu *vcpu);

/* Called by entry.S with interrupts off. trap_from_guest, on the CPU's main stack, serves an entry
 * from the guest and continues in the run loop. trap_in_hypervisor, on the stack in use, serves an
 * exception or interrupt of the hypervisor's own code and returns to it; it panics if no exception
 * was to be expected there, and a faulting exit to a guest becomes the failsafe callback. */
_Noreturn void trap_from_guest(struct registers *registers);
void trap_in_hypervisor(struct registers *registers);
/* Called by entry.S on an interrupt stack (#DF, NMI, #MC, #DB); the interrupted code may be a
 * guest's or any code of the hypervisor. True: a #DB interrupted a guest, whose registers are now
 * in the current vCPU, and trap_from_guest serves the trap. False: return to the interrupted code.
 * Panics after #DF and #MC. */
bool trap_on_ist(struct registers *registers);

/* The addresses of the two IRETQ instructions that enter a guest. They fault if the guest's
 * selectors or RIP are not valid. */
extern char enter_guest_iret[], fast_iret[];

/* Each loads one segment register with a guest's selector. False: the load faulted, and the
 * register holds a null selector instead. */
bool load_ds(u16 selector);
bool load_es(u16 selector);
bool load_fs(u16 selector);
bool load_gs(u16 selector);

#endif
