/* SPDX-License-Identifier: MIT */
/* Registers the trap handlers with the hypervisor, and enters user mode. */
#include "guest/trap.h"
#include "guest/kernel.h"
#include "guest/pv/startup.h"

#define TRAP_USER_MAY 3u /* user mode may raise the trap by an instruction (INT n, INT3, INTO) */
#define TRAP_MASKS    4u /* the handler starts with events masked */

extern const u64 trap_entries[TRAP_ENTRIES];
void user_enter(struct trap_frame *frame);

/* Registers a callback, or panics. type: CALLBACKTYPE_...; entry: its entry point. */
static void set_callback(unsigned type, unsigned flags, const char *entry)
{
    struct callback_register request = {.type = type, .flags = flags, .address = address(entry)};

    if (hypercall(__HYPERVISOR_callback_op, CALLBACKOP_register, address(&request), 0)) {
        panic("Start-up: callback %u was refused", type);
    }
}

void trap_table(struct trap_info *table)
{
    for (unsigned i = 0; i < TRAP_ENTRIES; i++) {
        table[i].vector = i < 32 ? (u8)i : VECTOR_INT80;
        table[i].flags = i == VECTOR_BP || i == VECTOR_OF || i == 32 ? TRAP_USER_MAY : 0;
        table[i].flags |= TRAP_MASKS;
        table[i].cs = FLAT_KERNEL_CS;
        table[i].address = trap_entries[i];
    }
}

void trap_start(void)
{
    struct trap_info table[TRAP_ENTRIES + 1] = {{.address = 0}};

    trap_table(table);
    if (hypercall(__HYPERVISOR_set_trap_table, address(table), 0, 0)) {
        panic("Start-up: the trap table was refused");
    }
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
