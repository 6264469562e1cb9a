/* SPDX-License-Identifier: MIT */
/* The tiny kernel that tests as dom0 run in a domain (toolstack.h). It is copied to a page; the next
 * page is struct tiny. */
#include "lib/assembly.inc"

    .section .rodata
    .balign 16
    .globl tiny_code, tiny_code_end
tiny_code:
    lea tiny_code + 4096(%rip), %rbx
1:  incq 0(%rbx)
    mov 8(%rbx), %rax
    cmp $1, %rax
    je 2f
    cmp $2, %rax
    je 3f
    cmp $3, %rax
    je 4f
    cmp $4, %rax
    je 5f
    pause
    jmp 1b
2:  mov $29, %eax            /* sched_op: shutdown */
    mov $2, %edi
    lea 16(%rbx), %rsi
    syscall
    mov %rax, 24(%rbx)
    movq $0, 8(%rbx)
    incq 32(%rbx)
    jmp 1b
3:  movq $0, 8(%rbx)
    mov $29, %eax            /* sched_op: block */
    mov $1, %edi
    xor %esi, %esi
    syscall
    jmp 1b
4:  ud2
5:  mov 40(%rbx), %r12       /* hypercalls: how many, and the list of them */
    lea 64(%rbx), %r13
6:  test %r12, %r12
    jz 7f
    mov 0(%r13), %rax
    mov 8(%r13), %rdi
    mov 16(%r13), %rsi
    mov 24(%r13), %rdx
    mov 32(%r13), %r10
    mov 40(%r13), %r8
    mov 48(%r13), %r9
    syscall
    mov %rax, 56(%r13)
    add $64, %r13
    dec %r12
    jmp 6b
7:  movq $0, 8(%rbx)
    jmp 1b
tiny_code_end:

    .section .note.GNU-stack, "", @progbits
