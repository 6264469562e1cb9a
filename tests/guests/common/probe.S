/* SPDX-License-Identifier: MIT */
/* Accesses that may fault: the fault's handler goes on at probe_faulted. */
    .text
    .global probe_write, probe_read, probe_faulted
/* int probe_write(void *at, u64 value): 0, or 1 when it faulted. */
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
probe_faulted:
    mov $1, %eax
    ret

    .section .note.GNU-stack, "", @progbits
