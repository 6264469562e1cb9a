/* SPDX-License-Identifier: MIT */
/* Entering the kernel (by the IDT and by SYSCALL) and leaving it (by IRETQ and SYSRETQ).
 *
 * Every entry point builds a struct trap_frame on the stack. From low to high addresses:
 *   r15 r14 r13 r12 r11 r10 r9 r8 rbp rdi rsi rdx rcx rbx rax    pushed by entry_common
 *   vector, error                                                pushed by the entry point
 *   rip cs rflags rsp ss                                         pushed by the processor */
#include "guest/vectors.h"

#define FRAME_VECTOR (15 * 8)
#define FRAME_ERROR  (16 * 8) /* when leaving: 0 selects IRETQ, other values SYSRETQ */
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
trap_entries: /* addresses of the entry points: vectors 0..31, then INT 0x80 */

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

/* Entry point of the SYSCALL instruction. Its frame has what an interrupt would have pushed. The
 * user's stack pointer is kept in one word of memory meanwhile, because there is only one CPU.
 * in: RCX = user's RIP, R11 = user's RFLAGS. */
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

/* Completes the frame. A trap from user mode whose vector has no handler continues at user_return,
 * so that user_run returns. Any other trap is handled by trap_kernel, after which execution
 * continues with the registers in the frame. */
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
/* Loads all registers from a frame and continues there. in: RSP = struct trap_frame. */
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

/* void user_enter(struct trap_frame *frame)
 * Saves the kernel's registers on its stack and enters user mode. in: RDI = frame. out: returns
 * through user_return, with the user's registers in *frame. */
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
/* Copies the frame on the trap stack to the frame of user_enter, and returns from user_enter.
 * in: RSP = struct trap_frame. */
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
