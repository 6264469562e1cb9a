/* SPDX-License-Identifier: MIT */
/* The way into the guest kernel (traps, callbacks) and out of it (iret). */
#include "guest/pv/abi.h"
#include "guest/vectors.h"

#define FRAME_VECTOR (15 * 8)
#define FRAME_FLAGS  (16 * 8) /* the error code on the way in, the flags of iret on the way out */
#define FRAME_CS     (18 * 8)
#define FRAME_WORDS  22

#include "guest/pv/entry_points.inc"

    .text
/* Low to high: rcx, r11, ds, es, fs, gs, rip, cs, rflags, rsp, ss. */
failsafe_entry:
    pop %rcx
    pop %r11
    add $32, %rsp
    push $0
    push $VECTOR_FAILSAFE
    jmp entry_common

/* Saves what struct trap_frame names. From user mode, unless a handler took the vector over, this is
 * the return of user_run; else trap_kernel, and back to where it was. */
entry_common:
    save_registers
    cld
    testb $3, FRAME_CS(%rsp)
    jz 1f
    mov FRAME_VECTOR(%rsp), %rax
    movabs $trap_handlers, %rcx
    cmpq $0, (%rcx,%rax,8)
    je user_return
1:  mov %rsp, %rdi
    mov %rsp, %rbx
    and $-16, %rsp
    call trap_kernel
    mov %rbx, %rsp
    movq $0, FRAME_FLAGS(%rsp)
/* rsp: a struct trap_frame with the flags of iret in place of the error code. */
leave:
    restore_registers
    add $8, %rsp
    push %rcx
    push %r11
    push %rax
    mov $__HYPERVISOR_iret, %eax
    syscall
    ud2

/* void user_enter(struct trap_frame *frame): the word above the trap stack keeps our own. */
    .global user_enter
user_enter:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    push %rdi
    mov %gs:8, %rax
    mov %rsp, (%rax)
    mov %rdi, %rsp
    jmp leave
/* rsp: the frame, at the very top of the trap stack. */
user_return:
    mov %rsp, %rsi
    mov FRAME_WORDS * 8(%rsp), %rsp
    pop %rdi
    mov $FRAME_WORDS, %ecx
    rep movsq
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret

    .section .note.GNU-stack, "", @progbits
