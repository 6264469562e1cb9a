/* SPDX-License-Identifier: MIT */
/* The ELF notes, which the domain builder reads, and the guest's first instructions. */
#include "guest/pv/notes.inc"
#include "lib/assembly.inc"
#include "tests/guests/common/initial_registers.h"

#define STACK_SIZE 16384

/* Stores the registers for the test of the start state.
 * in:       rsi = start_info; all registers are the hypervisor's choice.
 * out:      initial_registers; guest_main(start_info), which does not return. */
    .section .text.start, "ax"
FUNCTION _start
    mov %rax, initial_registers + INITIAL_RAX(%rip)
    mov %rbx, initial_registers + INITIAL_RBX(%rip)
    mov %rcx, initial_registers + INITIAL_RCX(%rip)
    mov %rdx, initial_registers + INITIAL_RDX(%rip)
    mov %rsi, initial_registers + INITIAL_RSI(%rip)
    mov %rdi, initial_registers + INITIAL_RDI(%rip)
    mov %rbp, initial_registers + INITIAL_RBP(%rip)
    mov %rsp, initial_registers + INITIAL_RSP(%rip)
    mov %cs, initial_registers + INITIAL_CS(%rip)
    mov %ss, initial_registers + INITIAL_SS(%rip)
    mov %ds, initial_registers + INITIAL_DS(%rip)
    mov %es, initial_registers + INITIAL_ES(%rip)
    mov %fs, initial_registers + INITIAL_FS(%rip)
    mov %gs, initial_registers + INITIAL_GS(%rip)
    lea boot_stack_top(%rip), %rsp
    pushf
    popq initial_registers + INITIAL_RFLAGS(%rip)
    cld
    mov %rsi, %rdi
    xor %ebp, %ebp
    call guest_main
    ud2
END _start

    .bss
    .balign 16
OBJECT initial_registers
    .skip INITIAL_SIZE
END initial_registers
    .balign 4096
    .skip STACK_SIZE
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
