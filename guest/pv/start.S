/* SPDX-License-Identifier: MIT */
/* What the domain builder reads (the ELF notes) and the guest's first instructions. */
#include "guest/pv/notes.inc"

/* rsi: start_info; rsp: the end of the last page that the builder used. */
    .section .text.start, "ax"
    .global _start
_start:
    mov %rsi, %rdi
    mov %rsp, %rsi
    lea boot_stack_top(%rip), %rsp
    cld
    xor %ebp, %ebp
    call pv_start
    ud2

    .bss
    .balign 4096
    .skip 16384
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
