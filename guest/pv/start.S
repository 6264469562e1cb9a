/* SPDX-License-Identifier: MIT */
/* The ELF notes, which the domain builder reads, and the first instructions of a guest. */
#include "guest/pv/notes.inc"

/* Calls pv_start. in: RSI = start_info, RSP = end of the last page that the domain builder used. */
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
