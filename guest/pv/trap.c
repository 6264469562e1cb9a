/* SPDX-License-Identifier: MIT */
/* Traps as the hypervisor hands them on, and the leap to user mode. */
#include "guest/trap.h"
#include "guest/kernel.h"
#include "guest/pv/startup.h"

#define STACK_WORDS 2048u

#define TRAP_USER_MAY 3u /* raise it by an instruction */
#define TRAP_MASKS    4u /* enter with events masked */

extern const u64 trap_entries[33]; /* 0..31 the processor's vectors, 32: INT 0x80 */
extern char syscall_entry[], event_entry[], failsafe_entry[];
void user_enter(struct trap_frame *frame);

/* What gs shows: entry.S knows the first two words. */
static struct cpu {
    u64 number;
    u64 *trap_stack_top; /* a frame from user mode ends here; the word here is user_enter's */
    u64 stack[STACK_WORDS] __attribute__((aligned(16)));
} cpus[CPUS] __attribute__((aligned(16)));

unsigned cpu_number(void)
{
    u64 number;

    __asm__("mov %%gs:0, %0" : "=r"(number));
    return (unsigned)number;
}

void cpu_start(unsigned number)
{
    struct cpu *cpu = &cpus[number];

    cpu->number = number;
    cpu->trap_stack_top = &cpu->stack[STACK_WORDS - 2];
    if (hypercall(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, address(cpu), 0) ||
        hypercall(__HYPERVISOR_stack_switch, GUEST_SS, address(cpu->trap_stack_top), 0))
        panic("Start-up: the stack for traps was refused");
}

static void set_callback(unsigned type, unsigned flags, const char *entry)
{
    struct callback_register request = {.type = type, .flags = flags, .address = address(entry)};

    if (hypercall(__HYPERVISOR_callback_op, CALLBACKOP_register, address(&request), 0))
        panic("Start-up: callback %u was refused", type);
}

void trap_start(void)
{
    struct trap_info table[34];

    for (unsigned i = 0; i < 33; i++) {
        table[i].vector = i < 32 ? i : VECTOR_INT80;
        table[i].flags = i == VECTOR_BP || i == VECTOR_OF || i == 32 ? TRAP_USER_MAY : 0;
        table[i].flags |= TRAP_MASKS;
        table[i].cs = FLAT_KERNEL_CS;
        table[i].address = trap_entries[i];
    }
    table[33] = (struct trap_info){.address = 0};
    if (hypercall(__HYPERVISOR_set_trap_table, address(table), 0, 0))
        panic("Start-up: the trap table was refused");
    set_callback(CALLBACKTYPE_event, 0, event_entry);
    set_callback(CALLBACKTYPE_failsafe, 0, failsafe_entry);
    set_callback(CALLBACKTYPE_syscall, CALLBACKF_mask_events, syscall_entry);
}

u64 trap_address(void)
{
    return shared_info->vcpu_info[cpu_number()].arch.cr2;
}

void user_run(struct trap_frame *frame)
{
    if (!frame->cs) {
        frame->cs = USER_CS;
        frame->ss = GUEST_SS;
    }
    frame->error = frame->vector == VECTOR_SYSCALL ? VGCF_in_syscall : 0;
    user_enter(frame);
}
