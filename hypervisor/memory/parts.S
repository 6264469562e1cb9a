/* SPDX-License-Identifier: MIT */
/* Which parts of a page hold anything (lib/parts.h), 16 bytes at a time. */
#include "lib/assembly.inc"
#include "lib/parts.h"

#define REGISTER 16 /* bytes */

/* u32 parts_in_use_vectors(const void *page): as parts_in_use. The vector registers are a guest's,
 * or nobody's: the one that is used here gets its value back. No instruction here changes MXCSR.
 * in:       RDI = the page; CR0.TS = 0.
 * out:      EAX = a bit for each part.
 * clobbers: RCX, RDI, RFLAGS. */
        .text
        .balign 64
FUNCTION parts_in_use_vectors
        sub     $REGISTER, %rsp
        movups  %xmm0, (%rsp)
        add     $(PARTS_OF_PAGE - 1) * PART_SIZE, %rdi
        mov     $1 << (32 - PARTS_OF_PAGE), %eax /* is shifted out when all parts are done */
1:      movdqa  (%rdi), %xmm0
        .set    at, REGISTER
        .rept   PART_SIZE / REGISTER - 1
        por     at(%rdi), %xmm0
        .set    at, at + REGISTER
        .endr
        pcmpeqb zeroes(%rip), %xmm0
        pmovmskb %xmm0, %ecx
        cmp     $0xffff, %ecx                   /* carry: a byte is not 0 */
        adc     %eax, %eax
        lea     -PART_SIZE(%rdi), %rdi
        jnc     1b
        movups  (%rsp), %xmm0
        add     $REGISTER, %rsp
        ret
END parts_in_use_vectors

        .section .rodata
        .balign REGISTER
OBJECT zeroes
        .zero   REGISTER
END zeroes
        .section .note.GNU-stack, "", @progbits
