/* SPDX-License-Identifier: MIT */
/* The way into the kernel (the IDT's entries, syscall) and out of it (iretq, sysretq). */
#include "guest/vectors.h"

#define FRAME_VECTOR (15 * 8)
#define FRAME_ERROR  (16 * 8) /* on the way out: not 0 after a syscall, whose rcx and r11 are lost */
#define FRAME_CS     (18 * 8)
#define FRAME_WORDS  22
#define USER_CS      0x23
#define USER_SS      0x1b

.macro entry_point vector, has_error
    .balign 16
entry_\vector:
    .if \has_error == 0
    push $0
    .endif
    push $\vector
    jmp entry_common
    .pushsection .rodata
    .quad entry_\vector
    .popsection
.endm

    .section .rodata
    .balign 8
    .global trap_entries
trap_entries: /* vectors 0..31, then 32 for INT 0x80 */

    .text
    .altmacro
.macro entry_points_to last
    .set i, 0
    .rept \last + 1
    .if (VECTORS_WITH_ERROR_CODE >> i) & 1
    entry_one %i, 1
    .else
    entry_one %i, 0
    .endif
    .set i, i + 1
    .endr
.endm
.macro entry_one number, has_error
    entry_point \number, \has_error
.endm
    entry_points_to 31
    entry_point VECTOR_INT80, 0
    .noaltmacro

/* One CPU: the user's stack pointer waits in a word of ours. */
    .global syscall_entry
syscall_entry:
    mov %rsp, syscall_rsp(%rip)
    lea trap_stack_top(%rip), %rsp
    push $USER_SS
    push syscall_rsp(%rip)
    push %r11
    push $USER_CS
    push %rcx
    push $0
    push $VECTOR_SYSCALL

/* Saves what struct trap_frame names. From user mode, unless a handler took the vector over, this is
 * the return of user_run; else trap_kernel, and back to where it was. */
entry_common:
    push %rax
    push %rbx
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %rbp
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
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
    movq $0, FRAME_ERROR(%rsp)
/* rsp: a struct trap_frame. */
leave:
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rbp
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rbx
    pop %rax
    cmpq $0, 8(%rsp)
    jne 1f
    add $16, %rsp
    iretq
1:  mov 16(%rsp), %rcx
    mov 32(%rsp), %r11
    mov 40(%rsp), %rsp
    sysretq

/* void user_enter(struct trap_frame *frame) */
    .global user_enter
user_enter:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    push %rdi
    mov %rsp, user_return_stack(%rip)
    mov %rdi, %rsp
    jmp leave
user_return:
    mov %rsp, %rsi
    mov user_return_stack(%rip), %rsp
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

    .bss
    .balign 16
    .global trap_stack_top
    .skip 16384
trap_stack_top:
    .skip 16
syscall_rsp:
    .skip 8
user_return_stack:
    .skip 8

    .section .note.GNU-stack, "", @progbits
