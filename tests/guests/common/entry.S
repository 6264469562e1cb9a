/* SPDX-License-Identifier: MIT */
/* Entries into the guest kernel (traps, callbacks) and exits from it (iret, the switch to user
 * mode). */
#include "guest/pv/abi.h"

#include "guest/pv/entry_points.inc"

    .text
/* The failsafe callback's stack, from low to high: rcx, r11, ds, es, fs, gs, rip, cs, rflags, rsp,
 * ss. */
failsafe_entry:
    pop %rcx
    pop %r11
    popq failsafe_selectors + 0(%rip)
    popq failsafe_selectors + 8(%rip)
    popq failsafe_selectors + 16(%rip)
    popq failsafe_selectors + 24(%rip)
    push $0
    push $VECTOR_FAILSAFE
    jmp entry_common

/* Saves the registers as a struct trap_frame, calls trap_dispatch, and leaves with the frame that
 * it returns. */
entry_common:
    save_registers
    cld
    mov %rsp, %rdi
    mov %rsp, %rbx
    and $-16, %rsp
    call trap_dispatch
    mov %rbx, %rsp
    xor %eax, %eax
    mov %rax, iret_flags(%rip)
/* Returns to what a struct trap_frame describes. in: rsp = its address. */
leave:
    restore_registers
    add $16, %rsp
    pushq iret_flags(%rip)
    push %rcx
    push %r11
    push %rax
    mov $__HYPERVISOR_iret, %eax
    syscall
    ud2

.macro save_callee_saved
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
.endm
.macro restore_callee_saved
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
.endm

/* bool trap_catch(void (*function)(void *), void *argument): returns true if it trapped. */
    .global trap_catch, trap_catch_return
trap_catch:
    save_callee_saved
    mov %rsp, trap_catch_stack(%rip)
    movq $-1, trap_caught + 15 * 8(%rip) /* no vector so far */
    mov %rdi, %rax
    mov %rsi, %rdi
    sub $8, %rsp
    call *%rax
    add $8, %rsp
    xor %eax, %eax
    jmp 1f
trap_catch_return: /* trap_dispatch continues here, with rsp = trap_catch_stack */
    mov $1, %eax
1:  movq $0, trap_catch_stack(%rip)
    restore_callee_saved
    ret

/* void user_enter(struct trap_frame *frame, u64 flags): goes there by iret; returns through
 * user_return. */
    .global user_enter, user_return
user_enter:
    save_callee_saved
    mov %rsp, user_return_stack(%rip)
    mov %rsi, iret_flags(%rip)
    mov %rdi, %rsp
    jmp leave
user_return: /* trap_dispatch continues here, with rsp = user_return_stack */
    movq $0, user_return_stack(%rip)
    restore_callee_saved
    ret

    .bss
    .balign 8
    .global trap_catch_stack, user_return_stack, failsafe_selectors
trap_catch_stack:
    .skip 8
user_return_stack:
    .skip 8
iret_flags:
    .skip 8
failsafe_selectors:
    .skip 32

    .section .note.GNU-stack, "", @progbits
