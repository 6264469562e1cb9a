/* SPDX-License-Identifier: MIT */
/* The first instructions: Multiboot 1 leaves us in 32-bit mode without paging; start.c wants 64-bit mode
 * at our own addresses. */
#include "hypervisor/memory/layout.h"
#include "lib/x86/control.h"
#include "lib/x86/descriptor.h"
#include "lib/x86/msr.h"
#include "lib/x86/pte.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define TABLE           (PTE_PRESENT | PTE_WRITABLE)
#define MULTIBOOT_FLAGS 0x00010003 /* addresses below are valid; modules on pages; memory map */

        .macro  LOAD_SEGMENTS
        xor     %eax, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %fs
        mov     %eax, %gs
        mov     $16, %eax
        mov     %eax, %ss
        .endm

        .section .boot, "awx"
        .code32
        .balign 4
multiboot_header:
        .long MULTIBOOT_MAGIC
        .long MULTIBOOT_FLAGS
        .long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
        .long multiboot_header
        .long LAYOUT_IMAGE_LOAD
        .long boot_load_end
        .long boot_bss_end
        .long boot_start

        .globl boot_start
boot_start:
        cli
        cld
        cmp     $0x2badb002, %eax
        jne     .
        mov     %ebx, %esi                      /* the loader's information */
        lgdt    boot_gdt_pointer
to_64_bit:
        mov     %cr4, %eax
        or      $CR4_PAE, %eax
        mov     %eax, %cr4
        mov     $boot_l4, %eax
        mov     %eax, %cr3
        mov     $MSR_EFER, %ecx
        rdmsr
        or      $(EFER_LME | EFER_NXE | EFER_SCE), %eax
        wrmsr
        mov     %cr0, %eax
        and     $~(CR0_EM | CR0_TS), %eax
        or      $(CR0_PG | CR0_WP | CR0_NE | CR0_MP), %eax
        mov     %eax, %cr0
        ljmp    $8, $1f
        .code64
1:      movabs  $boot_high, %rax
        movabs  $other_high, %rcx
        test    %esi, %esi
        cmovz   %rcx, %rax
        jmp     *%rax

        .code32
other_flat:
        mov     $16, %eax
        mov     %eax, %ds
        mov     %eax, %ss
        xor     %esi, %esi
        jmp     to_64_bit

        /* Identity and direct map of the first 4 GiB, and the image, with 2 MiB pages. */
        .balign 4096
boot_l4:
        .quad   boot_l3_identity + TABLE
        .fill   255, 8, 0
        .fill   5, 8, 0
        .quad   boot_l3_image + TABLE           /* slot 261 */
        .quad   boot_l3_identity + TABLE        /* slot 262 */
        .fill   249, 8, 0
boot_l3_identity:
        .quad   boot_l2 + TABLE, boot_l2 + 0x1000 + TABLE, boot_l2 + 0x2000 + TABLE, boot_l2 + 0x3000 + TABLE
        .fill   508, 8, 0
boot_l3_image:
        .quad   boot_l2_image + TABLE
        .fill   511, 8, 0
boot_l2_image:
        .quad   LAYOUT_IMAGE_LOAD + TABLE + PTE_LARGE
        .fill   511, 8, 0
boot_l2:
        .set    at, 0
        .rept   2048
        .quad   at + TABLE + PTE_LARGE
        .set    at, at + 0x200000
        .endr

        .balign 8
boot_gdt:
        .quad   0, DESCRIPTOR_FLAT_CODE64, DESCRIPTOR_FLAT_DATA, DESCRIPTOR_FLAT_CODE32
boot_gdt_pointer:
        .word   31
        .quad   boot_gdt

        .text
        .code64
boot_high:
        LOAD_SEGMENTS
        lea     image_data_end(%rip), %rdi      /* the loader may not have cleared it */
        lea     image_end(%rip), %rcx
        sub     %rdi, %rcx
        shr     $3, %rcx
        xor     %eax, %eax
        rep stosq
        lea     boot_stack_end(%rip), %rsp
        xor     %ebp, %ebp
        mov     %esi, %edi
        call    start
        ud2

other_high:
        LOAD_SEGMENTS
        mov     other_root(%rip), %rax
        mov     %rax, %cr3
        xor     %ecx, %ecx                      /* whoever comes too late finds none */
        xchg    %rcx, other_stack(%rip)
        test    %rcx, %rcx
        jz      2f
        mov     %rcx, %rsp
        xor     %ebp, %ebp
        call    smp_other_start
2:      cli
        hlt
        jmp     2b

/* Another CPU begins in real mode, in a copy of this at the start of a page of low memory: by way of flat
 * 32-bit mode to where the first CPU was, with no loader's information. */
        .globl  trampoline, trampoline_end
        .section .rodata
        .code16
trampoline:
        cli
        cld
        mov     %cs, %ax
        mov     %ax, %ds
        lgdtl   trampoline_gdt - trampoline
        mov     %cr0, %eax
        or      $CR0_PE, %eax
        mov     %eax, %cr0
        ljmpl   $24, $other_flat
trampoline_gdt:
        .word   31
        .long   boot_gdt
trampoline_end:
        .code64

        .bss
        .balign 65536
boot_stack:
        .skip   65536
boot_stack_end:
        .section .note.GNU-stack, "", @progbits
