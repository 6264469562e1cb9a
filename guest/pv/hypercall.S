/* SPDX-License-Identifier: MIT */
/* The hypercall, by SYSCALL (xen/arch-x86/xen-x86_64.h). */
#include "lib/assembly.inc"

/* long hypercall6(u64 number, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
 * in:       rdi = number; rsi, rdx, rcx, r8, r9 and the first word of the stack = the arguments.
 * out:      rax = what the hypercall returned; the hypervisor had the number in rax and the
 *           arguments in rdi, rsi, rdx, r10, r8, r9.
 * clobbers: rcx, rdx, rsi, rdi, r8, r9, r10, r11. */
    .text
FUNCTION hypercall6
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    mov 8(%rsp), %r9 /* above the return address */
    syscall
    ret
END hypercall6

    .section .note.GNU-stack, "", @progbits
