/* SPDX-License-Identifier: MIT */
/* Accesses that may fault. The handler of the fault knows their addresses (smp.c) and continues at
 * probe_faulted. */
#include "lib/assembly.inc"

    .text
/* int probe_write(void *at, u64 value): *at = value. 0, or 1 when it faulted.
 * in:       rdi = at, rsi = value.
 * out:      eax. */
FUNCTION probe_write
    mov %rsi, (%rdi)
    xor %eax, %eax
    ret
END probe_write

/* int probe_read(const void *at, u64 *value): *value = *at. 0, or 1 when it faulted.
 * in:       rdi = at, rsi = value.
 * out:      eax.
 * clobbers: rcx. */
FUNCTION probe_read
    mov (%rdi), %rcx
    mov %rcx, (%rsi)
    xor %eax, %eax
    ret
END probe_read

/* int probe_selector(u64 selector, u64 *rights): *rights = the descriptor's rights as LAR has them,
 * or 0 when there are none. 0, or 1 when it faulted.
 * in:       di = selector, rsi = rights.
 * out:      eax. */
FUNCTION probe_selector
    xor %eax, %eax
    .globl probe_selector_lar
probe_selector_lar:
    lar %di, %ax
    movzwl %ax, %eax
    mov %rax, (%rsi)
    xor %eax, %eax
    ret
    .globl probe_faulted
probe_faulted:
    mov $1, %eax
    ret
END probe_selector

    .section .note.GNU-stack, "", @progbits
