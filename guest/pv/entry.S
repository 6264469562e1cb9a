/* SPDX-License-Identifier: MIT */
/* Entering a guest's kernel (by traps and callbacks) and leaving it (by the hypercall iret).
 *
 * Every entry point builds a struct trap_frame on the stack. From low to high addresses:
 *   r15 r14 r13 r12 r11 r10 r9 r8 rbp rdi rsi rdx rcx rbx rax    pushed by save_registers
 *   vector, error                                                pushed by the entry point
 *   rip cs rflags rsp ss                                         pushed by the hypervisor */
#include "guest/pv/abi.h"
#include "guest/vectors.h"

#define FRAME_VECTOR (15 * 8)
#define FRAME_FLAGS  (16 * 8) /* when entering: error code; when leaving: flags of iret */
#define FRAME_CS     (18 * 8)
#define FRAME_WORDS  22

#include "guest/pv/entry_points.inc"

    .text
/* Entry point of the failsafe callback, which the hypervisor calls when it cannot load a segment
 * register.
 * in: on the stack, from low to high addresses: rcx r11 ds es fs gs rip cs rflags rsp ss. */
failsafe_entry:
    pop %rcx
    pop %r11
    add $32, %rsp
    push $0
    push $VECTOR_FAILSAFE
    jmp entry_common

/* Completes the frame. A trap from user mode whose vector has no handler continues at user_return,
 * so that user_run returns. Any other trap is handled by trap_kernel, after which execution
 * continues with the registers in the frame. */
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
/* Loads all registers from a frame and continues there, by the hypercall iret.
 * in: RSP = struct trap_frame, in which the flags of iret have the place of the error code. */
leave:
    restore_registers
    add $8, %rsp
    push %rcx
    push %r11
    push %rax
    mov $__HYPERVISOR_iret, %eax
    syscall
    ud2

/* void user_enter(struct trap_frame *frame)
 * Saves the kernel's registers on its stack and enters user mode. The stack pointer is kept in the
 * word above the trap stack's frame. in: RDI = frame. out: returns through user_return, with the
 * user's registers in *frame. */
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
/* Copies the frame on the trap stack to the frame of user_enter, and returns from user_enter.
 * in: RSP = struct trap_frame, which ends where the trap stack begins. */
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
