/* SPDX-License-Identifier: MIT */
/* The ELF notes, which the domain builder reads, and the guest's first instructions. */
#include "guest/pv/notes.inc"

/* Saves the initial registers for the test of the start state, and calls guest_main. */
    .section .text.start, "ax"
    .global _start
_start:
    mov %rax, initial_registers + 0(%rip)
    mov %rbx, initial_registers + 8(%rip)
    mov %rcx, initial_registers + 16(%rip)
    mov %rdx, initial_registers + 24(%rip)
    mov %rsi, initial_registers + 32(%rip)
    mov %rdi, initial_registers + 40(%rip)
    mov %rbp, initial_registers + 48(%rip)
    mov %rsp, initial_registers + 56(%rip)
    mov %cs, initial_registers + 64(%rip)
    mov %ss, initial_registers + 72(%rip)
    mov %ds, initial_registers + 80(%rip)
    mov %es, initial_registers + 88(%rip)
    mov %fs, initial_registers + 96(%rip)
    mov %gs, initial_registers + 104(%rip)
    lea boot_stack_top(%rip), %rsp
    pushf
    popq initial_registers + 112(%rip)
    cld
    mov %rsi, %rdi
    xor %ebp, %ebp
    call guest_main
    ud2

    .bss
    .balign 16
    .global initial_registers
initial_registers:
    .skip 120
    .balign 4096
    .skip 16384
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
