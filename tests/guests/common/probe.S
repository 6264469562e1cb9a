/* SPDX-License-Identifier: MIT */
/* Accesses that may fault. The handler of the fault continues at probe_faulted. */
    .text
    .global probe_write, probe_read, probe_selector, probe_selector_lar, probe_faulted
/* int probe_write(void *at, u64 value): returns 0, or 1 if it faulted. */
probe_write:
    mov %rsi, (%rdi)
    xor %eax, %eax
    ret
/* int probe_read(const void *at, u64 *value) */
probe_read:
    mov (%rdi), %rcx
    mov %rcx, (%rsi)
    xor %eax, %eax
    ret
/* int probe_selector(u64 selector, u64 *rights): returns the descriptor's rights, or 0 if it cannot
 * be loaded. */
probe_selector:
    xor %eax, %eax
probe_selector_lar:
    lar %di, %ax
    movzwl %ax, %eax
    mov %rax, (%rsi)
    xor %eax, %eax
    ret
probe_faulted:
    mov $1, %eax
    ret

    .section .note.GNU-stack, "", @progbits
