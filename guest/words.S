/* SPDX-License-Identifier: MIT */
/* Accesses that may trap: trap_kernel continues at their fixups. */
#include "lib/assembly.inc"

    .section .rodata
    .balign 8
    .global word_fixups_end
OBJECT word_fixups /* pairs: instruction, fixup */

/* Executes `instruction`; if it traps, execution continues at `fixup`. */
.macro may_trap fixup, instruction:vararg
770:\instruction
    .pushsection .rodata
    .quad 770b, \fixup
    .popsection
.endm

    .text
/* bool word_read(const u64 *at, u64 *value): *value = *at; false: it trapped.
 * in:       rdi = at, rsi = value.
 * out:      eax.
 * clobbers: rax. */
FUNCTION word_read
    may_trap .Ltrapped, mov (%rdi), %rax
    mov %rax, (%rsi)
    mov $1, %eax
    ret
END word_read

/* bool word_write(u64 *at, u64 value): *at = value; false: it trapped.
 * in:       rdi = at, rsi = value.
 * out:      eax. */
FUNCTION word_write
    may_trap .Ltrapped, mov %rsi, (%rdi)
    mov $1, %eax
    ret
.Ltrapped:
    xor %eax, %eax
    ret
END word_write

    .section .rodata
word_fixups_end:
END word_fixups

    .section .note.GNU-stack, "", @progbits
