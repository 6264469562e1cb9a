/* SPDX-License-Identifier: MIT */
/* Dispatch of traps: to a handler of the test, to trap_catch, to the end of user_run, or to the end
 * of the test. */
#include "tests/guests/common/guest.h"

#define TRAP_STACK 16384

extern u64 trap_catch_stack, user_return_stack;
extern char trap_catch_return[], user_return[];
void trap_dispatch(struct trap_frame *frame);
void user_enter(struct trap_frame *frame, u64 flags);

struct trap_frame trap_caught;
u64 trap_caught_cr2;

static trap_handler *handlers[VECTORS];
static struct trap_frame user_frame;
static u8 user_mask_before;
static char user_entry_stack[TRAP_STACK] __attribute__((aligned(16)));

struct trap_info trap_description(unsigned i)
{
    struct trap_info description = {.vector = i < 32 ? i : VECTOR_INT80,
                                    .flags = i == VECTOR_BP || i == VECTOR_OF || i == 32 ? 3 : 0,
                                    .cs = FLAT_KERNEL_CS,
                                    .address = trap_entries[i]};
    return description;
}

void traps_start(void)
{
    struct trap_info table[TRAP_ENTRIES + 1];

    memset(table, 0, sizeof table);
    for (unsigned i = 0; i < TRAP_ENTRIES; i++) {
        table[i] = trap_description(i);
    }
    if (hypercall(__HYPERVISOR_set_trap_table, address(table), 0, 0)) {
        error("set_trap_table failed");
    }
}

long set_callback(unsigned type, unsigned flags, u64 entry)
{
    struct callback_register request = {.type = type, .flags = flags, .address = entry};

    return hypercall(__HYPERVISOR_callback_op, CALLBACKOP_register, address(&request), 0);
}

long stack_switch(u64 rsp)
{
    return hypercall(__HYPERVISOR_stack_switch, GUEST_SS, rsp, 0);
}

void trap_take(unsigned vector, trap_handler *handler)
{
    handlers[vector] = handler;
}

static void resume_at(struct trap_frame *frame, const char *rip, u64 rsp)
{
    frame->rip = address(rip);
    frame->rsp = rsp;
    frame->cs = KERNEL_CS;
    frame->ss = GUEST_SS;
    frame->rflags &= ~(RFLAGS_TF | RFLAGS_DF | RFLAGS_AC | RFLAGS_NT);
}

void trap_dispatch(struct trap_frame *frame)
{
    u64 cr2 = vcpu_info()->arch.cr2;

    if (handlers[frame->vector]) {
        handlers[frame->vector](frame);
    } else if ((frame->cs & 3) == 3 && user_return_stack) {
        user_frame = *frame;
        trap_caught_cr2 = cr2;
        resume_at(frame, user_return, user_return_stack);
        frame->rflags &= ~RFLAGS_IF;
        if (!user_mask_before) {
            frame->rflags |= RFLAGS_IF;
        }
    } else if (trap_catch_stack) {
        trap_caught = *frame;
        trap_caught_cr2 = cr2;
        resume_at(frame, trap_catch_return, trap_catch_stack);
    } else {
        error("unexpected trap %lu, error code %lx, rip %lx, rsp %lx, cs %lx, cr2 %lx",
              frame->vector, frame->error, frame->rip, frame->rsp, frame->cs, cr2);
    }
}

static void write_one(void *argument)
{
    u64 *pair = argument;

    *(volatile u64 *)(uintptr_t)pair[0] = pair[1];
}

bool write_traps(volatile void *at, u64 value)
{
    u64 pair[2] = {address(at), value};

    return trap_catch(write_one, pair);
}

static void read_one(void *argument)
{
    (void)*(volatile u8 *)argument;
}

bool read_traps(const volatile void *at)
{
    return trap_catch(read_one, (void *)(uintptr_t)address(at));
}

void user_start(void)
{
    if (stack_switch(address(user_entry_stack + TRAP_STACK))) {
        error("stack_switch failed");
    }
    if (set_callback(CALLBACKTYPE_syscall, 0, address(syscall_entry))) {
        error("the syscall callback was refused");
    }
}

void user_run(struct trap_frame *frame, u64 flags)
{
    user_frame = *frame;
    user_mask_before = vcpu_info()->evtchn_upcall_mask;
    if (!user_frame.cs) {
        user_frame.cs = USER_CS;
    }
    if (!user_frame.ss) {
        user_frame.ss = GUEST_SS;
    }
    user_enter(&user_frame, flags);
    *frame = user_frame;
}
