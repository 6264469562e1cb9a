/* SPDX-License-Identifier: MIT */
/* Copies between the hypervisor's and guests' memory. */
#include "hypervisor/cpu/guest_access.inc"
#include "lib/assembly.inc"

/* 16 L4 slots are 2^43 bytes. An address shifted right by this, signed, is the number of its group;
 * the hypervisor's is group -16 (layout.h). */
#define SLOT_GROUP_SHIFT 43

/* Replaces an address in the hypervisor's L4 slots by 0, without a branch, so that no access reads
 * them even if a check of the address was mispredicted (Spectre v1).
 * clobbers: RAX, RFLAGS. */
        .macro  KEEP_OUT address
        mov     \address, %rax
        sar     $SLOT_GROUP_SHIFT, %rax
        add     $16, %rax
        neg     %rax
        sbb     %rax, %rax                      /* 0 for the hypervisor's slots, else all ones */
        and     %rax, \address
        .endm

/* u64 copy_bytes_out(void *to, const void *from, u64 count): `to` is the guest's.
 * u64 copy_bytes_in(void *to, const void *from, u64 count): `from` is the guest's.
 * in:       RDI = to, RSI = from, RDX = count.
 * out:      RAX = how many bytes were not copied: 0 unless an access faulted.
 * clobbers: RCX, RSI, RDI, RFLAGS. */
        .text
FUNCTION copy_bytes_out
        KEEP_OUT %rdi
        jmp     .Lcopy_bytes
END copy_bytes_out

FUNCTION copy_bytes_in
        KEEP_OUT %rsi
.Lcopy_bytes:
        mov     %rdx, %rcx
        test    $7, %dl
        jnz     .Lsingle_bytes
        shr     $3, %rcx
        GUEST   .Lwords_faulted, rep movsq
        xor     %eax, %eax
        ret
.Lwords_faulted:
        lea     (, %rcx, 8), %rax
        ret
.Lsingle_bytes:
        GUEST   .Lsingle_bytes_faulted, rep movsb
        xor     %eax, %eax
        ret
.Lsingle_bytes_faulted:
        mov     %rcx, %rax
        ret
END copy_bytes_in
        .section .note.GNU-stack, "", @progbits
