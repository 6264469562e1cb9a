/* SPDX-License-Identifier: MIT */
/* long hypercall6(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
 * Makes a hypercall, by SYSCALL: the number in RAX, the arguments in RDI, RSI, RDX, R10, R8, R9.
 * Source: the ABI for 64-bit PV guests (xen/arch-x86/xen-x86_64.h). */
    .text
    .global hypercall6
hypercall6:
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    mov 8(%rsp), %r9
    syscall
    ret

    .section .note.GNU-stack, "", @progbits
