/* SPDX-License-Identifier: MIT */
/* The ELF notes, which the domain builder reads, and the guest's first instructions. */
#include "guest/pv/notes.inc"
#include "lib/assembly.inc"

#define STACK_SIZE 16384

/* The first instructions.
 * in:       rsi = start_info; rsp = the end of the last page that the domain builder used.
 * out:      pv_start(start_info, that end), which does not return. */
    .section .text.start, "ax"
FUNCTION _start
    mov %rsi, %rdi
    mov %rsp, %rsi
    lea boot_stack_top(%rip), %rsp
    cld
    xor %ebp, %ebp
    call pv_start
    ud2
END _start

    .bss
    .balign 4096
    .skip STACK_SIZE
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
