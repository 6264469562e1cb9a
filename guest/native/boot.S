/* SPDX-License-Identifier: MIT */
/* The first instructions on the bare machine. A Multiboot loader starts the kernel in 32-bit mode
 * without paging; this switches to 64-bit mode, with the first 4 GiB mapped at address 0 and in the
 * direct map, and calls native_start. */
#include "guest/native/selectors.h"
#include "lib/assembly.inc"
#include "lib/x86/control.h"
#include "lib/x86/descriptor.h"
#include "lib/x86/msr.h"
#include "lib/x86/pte.h"

#define MAGIC      0x1badb002
#define FLAGS      0x00010003 /* modules on page boundaries; memory size; the addresses are valid */
#define LOADED     0x2badb002 /* what a Multiboot loader leaves in EAX */
#define INFO_UPPER 8          /* in the loader's information: KiB of memory above 1 MiB */
#define LOAD       0x100000
#define TABLE      (PTE_PRESENT | PTE_WRITABLE)
#define LARGE_SIZE 0x200000
#define STACK_SIZE 16384
#define PHYSICAL(symbol) (symbol - guest_virt_base_number)
.set guest_virt_base_number, 0xffff880000000000

    .section .text.start, "ax"
    .code32
    .balign 4
header:
    .long MAGIC
    .long FLAGS
    .long -(MAGIC + FLAGS)
    .long PHYSICAL(header)
    .long LOAD
    .long PHYSICAL(guest_load_end)
    .long PHYSICAL(guest_end)
    .long PHYSICAL(_start)

/* in:       EAX = LOADED, EBX = the loader's information; 32-bit mode without paging.
 * out:      native_start(KiB of memory above 1 MiB), on boot_stack, in 64-bit mode. */
FUNCTION _start
    cli
    cld
    cmp $LOADED, %eax
    jne .
    mov INFO_UPPER(%ebx), %esi
    lgdt PHYSICAL(boot_gdt_pointer)
    mov %cr4, %eax
    or $(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
    mov %eax, %cr4
    mov $PHYSICAL(boot_root), %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $(EFER_LME | EFER_NXE | EFER_SCE), %eax
    wrmsr
    mov %cr0, %eax
    and $~(CR0_EM | CR0_TS), %eax
    or $(CR0_PG | CR0_WP | CR0_NE | CR0_MP), %eax
    mov %eax, %cr0
    ljmp $KERNEL_CS, $PHYSICAL(1f)
    .code64
1:  movabs $2f, %rax
    jmp *%rax
2:  movabs $boot_stack_top, %rsp
    mov $KERNEL_SS, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    mov %esi, %edi
    xor %ebp, %ebp
    call native_start
    ud2
END _start

    .balign 8
boot_gdt: /* by KERNEL_CS and KERNEL_SS */
    .quad 0, DESCRIPTOR_FLAT_CODE64, DESCRIPTOR_FLAT_DATA
boot_gdt_end:
boot_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .long PHYSICAL(boot_gdt)

/* Page tables for the first 4 GiB, mapped at the direct map and at address 0; native_start removes
 * the mapping at 0. */
    .data
    .balign 4096
    .global boot_root
boot_root:
    .quad PHYSICAL(boot_l3) + TABLE
    .fill 271, 8, 0
    .quad PHYSICAL(boot_l3) + TABLE /* slot 272: the direct map */
    .fill 239, 8, 0
boot_l3:
    .quad PHYSICAL(boot_l2) + TABLE, PHYSICAL(boot_l2) + 0x1000 + TABLE
    .quad PHYSICAL(boot_l2) + 0x2000 + TABLE, PHYSICAL(boot_l2) + 0x3000 + TABLE
    .fill 508, 8, 0
boot_l2:
    .set at, 0
    .rept 2048
    .quad at + TABLE + PTE_LARGE
    .set at, at + LARGE_SIZE
    .endr

    .bss
    .balign 4096
    .skip STACK_SIZE
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
