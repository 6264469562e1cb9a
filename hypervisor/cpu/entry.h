/* SPDX-License-Identifier: MIT */
/* The ways into the hypervisor, in entry.S, and the C that they call. */
#ifndef CPU_ENTRY_H
#define CPU_ENTRY_H

#include "lib/types.h"

struct registers;
struct vcpu;

/* Position-independent stubs that are copied to page 0 of each CPU's region. */
extern char syscall_template[], syscall32_template[], sysenter_template[], syscall_template_end[];
/* Where the jump of each ends, whose target the copy needs anew. */
extern char syscall_jump_end[], syscall32_jump_end[], sysenter_jump_end[];

extern const u64 entry_stubs[256]; /* one for each vector, for the IDT */
void entry_common(void);
void entry_syscall(void);

void idt_start(void); /* fills the IDT, once */
void idt_load(void);  /* on each CPU */

/* Loads CS, SS and null data segments of the hypervisor. */
void load_hypervisor_segments(void);

/* Enters the guest with its registers as they are. */
_Noreturn void enter_guest(struct vcpu *vcpu);

/* Called by entry.S, interrupts off, on the CPU's stack. The first does not return: it ends in the
 * run loop. */
_Noreturn void trap_from_guest(struct registers *registers);
void trap_in_hypervisor(struct registers *registers);
/* On an interrupt stack, whatever it interrupted. True: the registers were moved to the current
 * vCPU and the trap goes on as trap_from_guest; false: return to what was interrupted. */
bool trap_on_ist(struct registers *registers);

/* The IRETQs that may fault with a guest's selectors. */
extern char enter_guest_iret[], fast_iret[];

/* `load_*` set a segment register from a guest's selector; false: it faulted, the register is null.
 */
bool load_ds(u16 selector);
bool load_es(u16 selector);
bool load_fs(u16 selector);
bool load_gs(u16 selector);

#endif
