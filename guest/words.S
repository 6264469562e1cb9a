/* SPDX-License-Identifier: MIT */
/* Accesses that may trap: each has a place to go on at. */
    .text
/* bool word_read(const u64 *at, u64 *value) */
    .global word_read, word_write
word_read:
1:  mov (%rdi), %rax
    mov %rax, (%rsi)
    mov $1, %eax
    ret
/* bool word_write(u64 *at, u64 value) */
word_write:
2:  mov %rsi, (%rdi)
    mov $1, %eax
    ret
3:  xor %eax, %eax
    ret

    .section .rodata
    .balign 8
    .global word_fixups, word_fixups_end
word_fixups:
    .quad 1b, 3b
    .quad 2b, 3b
word_fixups_end:

    .section .note.GNU-stack, "", @progbits
