/* SPDX-License-Identifier: MIT */
/* The way into the guest kernel (traps, callbacks) and out of it (iret, entering user mode).
 * guest/entry_points.inc draws the frame. */
#include "guest/pv/abi.h"
#include "guest/pv/entry_points.inc"
#include "lib/assembly.inc"

/* The failsafe callback, by which the hypervisor reports that it cannot load a segment register.
 * in:       on the kernel's stack, low to high: rcx, r11, ds, es, fs, gs, rip, cs, rflags, rsp, ss.
 * out:      failsafe_selectors; entry_common. */
    .text
    .type failsafe_entry, @function
failsafe_entry:
    begin_entry
    popq failsafe_selectors + 0(%rip) /* ds */
    popq failsafe_selectors + 8(%rip) /* es */
    popq failsafe_selectors + 16(%rip) /* fs */
    popq failsafe_selectors + 24(%rip) /* gs */
    push $0
    push $VECTOR_FAILSAFE
    jmp entry_common
END failsafe_entry

/* in:       rsp = vector of a struct trap_frame; all other registers are the interrupted code's.
 * out:      trap_dispatch(frame), then the registers of the frame. */
LOCAL_FUNCTION entry_common
    save_registers
    cld
    mov %rsp, %rdi
    mov %rsp, %rbx
    and $-16, %rsp
    call trap_dispatch
    mov %rbx, %rsp
    xor %eax, %eax
    mov %rax, iret_flags(%rip)
END entry_common

/* in:       rsp = a struct trap_frame; iret_flags = the flags of iret.
 * out:      the iret hypercall, whose frame is, low to high: rax, r11, rcx, flags, rip, cs, rflags,
 *           rsp, ss. */
LOCAL_FUNCTION leave_kernel
    restore_registers
    add $TRAP_FRAME_RIP - TRAP_FRAME_VECTOR, %rsp
    pushq iret_flags(%rip)
    push %rcx
    push %r11
    push %rax
    mov $__HYPERVISOR_iret, %eax
    syscall
    ud2
END leave_kernel

/* bool trap_catch(void (*function)(void *), void *argument): true when function(argument) trapped.
 * in:       rdi = function, rsi = argument.
 * out:      eax; trap_caught, if true. */
FUNCTION trap_catch
    save_callee_saved
    mov %rsp, trap_catch_stack(%rip)
    movq $-1, trap_caught + TRAP_FRAME_VECTOR(%rip) /* none yet */
    mov %rdi, %rax
    mov %rsi, %rdi
    sub $8, %rsp
    call *%rax
    add $8, %rsp
    xor %eax, %eax
    jmp 1f
/* trap_dispatch continues here. in: rsp = trap_catch_stack. */
    .globl trap_catch_return
trap_catch_return:
    mov $1, %eax
1:  movq $0, trap_catch_stack(%rip)
    restore_callee_saved
    ret
END trap_catch

/* void user_enter(struct trap_frame *frame, u64 flags): enters user mode by iret; returns through
 * user_return.
 * in:       rdi = frame, rsi = the flags of iret. */
FUNCTION user_enter
    save_callee_saved
    mov %rsp, user_return_stack(%rip)
    mov %rsi, iret_flags(%rip)
    mov %rdi, %rsp
    jmp leave_kernel
/* trap_dispatch continues here. in: rsp = user_return_stack. out: user_enter has returned. */
    .globl user_return
user_return:
    movq $0, user_return_stack(%rip)
    restore_callee_saved
    ret
END user_enter

    .bss
    .balign 8
OBJECT trap_catch_stack /* trap_catch's stack pointer; 0: none */
    .skip 8
END trap_catch_stack
OBJECT user_return_stack /* user_enter's stack pointer; 0: none */
    .skip 8
END user_return_stack
LOCAL_OBJECT iret_flags
    .skip 8
END iret_flags
OBJECT failsafe_selectors
    .skip 32
END failsafe_selectors

    .section .note.GNU-stack, "", @progbits
