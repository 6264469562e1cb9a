/* SPDX-License-Identifier: MIT */
/* Accesses to memory that may not be mapped. If one traps, trap_kernel continues at its fixup. */
    .text
/* bool word_read(const volatile u64 *at, u64 *value)
 * in: RDI = at, RSI = value. out: EAX = 1, or 0 if the access trapped. */
    .global word_read, word_write
word_read:
1:  mov (%rdi), %rax
    mov %rax, (%rsi)
    mov $1, %eax
    ret
/* bool word_write(volatile u64 *at, u64 value)
 * in: RDI = at, RSI = value. out: EAX = 1, or 0 if the access trapped. */
word_write:
2:  mov %rsi, (%rdi)
    mov $1, %eax
    ret
3:  xor %eax, %eax
    ret

    .section .rodata
    .balign 8
    .global word_fixups, word_fixups_end
/* Pairs: an instruction that may trap, and its fixup. */
word_fixups:
    .quad 1b, 3b
    .quad 2b, 3b
word_fixups_end:

    .section .note.GNU-stack, "", @progbits
