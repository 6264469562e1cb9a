/* SPDX-License-Identifier: MIT */
/* The first instructions of each CPU.
 *
 *      first CPU                               another CPU
 *      boot_start: 32-bit mode, no paging      trampoline: real mode, in low memory
 *          |                                   other_flat: 32-bit mode, no paging, ESI = 0
 *          +----------- to_64_bit -------------+
 *              boot_l4: low memory at 0 and at the direct map, the image at its address
 *          +-----------------------------------+
 *      boot_high, at the image's address       other_high, at the image's address
 *      start(), on boot_stack                  smp_other_start(), on the stack in other_stack */
#include "hypervisor/boot/multiboot_magic.h"
#include "hypervisor/memory/layout.h"
#include "lib/assembly.inc"
#include "lib/handoff.h"
#include "lib/x86/control.h"
#include "lib/x86/cpuid.h"
#include "lib/x86/descriptor.h"
#include "lib/x86/msr.h"
#include "lib/x86/pte.h"

#define TABLE            (PTE_PRESENT | PTE_WRITABLE)
#define MULTIBOOT_MAGIC  0x1badb002
#define MULTIBOOT_FLAGS  0x00010003 /* modules on page boundaries; memory map; addresses valid */
#define MULTIBOOT2_MAGIC 0xe85250d6
#define MULTIBOOT2_I386  0          /* entered in 32-bit mode */
#define HEADER_END       0          /* tags of the Multiboot 2 header */
#define HEADER_REQUEST   1
#define HEADER_ALIGN     6
#define HEADER_OPTIONAL  1          /* a flag: a loader that does not know the tag goes on */
#define BOOT_CODE64      8          /* selectors of boot_gdt */
#define BOOT_DATA        16
#define BOOT_CODE32      24
#define LARGE_SIZE       0x200000
#define STACK_SIZE       65536
#define LOG_DATA         0x3f8      /* COM1: its data and its status */
#define LOG_STATUS       0x3fd
#define LOG_ROOM         0x20       /* in its status; a missing port has it, too */
#define LOG_TRIES        1000000
#define VGA_OUTPUT       0x3cc      /* reads as ff where there is no VGA */
#define VGA_GRAPHICS     0x3ce
#define VGA_MODE         6          /* as in screen/machine_screen.c */
#define VGA_MODE_MASK    0x0d
#define VGA_MODE_TEXT    0x0c
#define VGA_TEXT         0xb8000
#define VGA_CELLS        2000
#define VGA_BLANK        0x0720
#define RESTART_TICKS    7          /* of 2^32 TSC ticks: 10 seconds at 3 GHz */
#define RESET_CHIPSET    0xcf9
#define RESET_KEYBOARD   0xfe

/* Loads null data segments, and SS. clobbers: RAX. */
        .macro  LOAD_SEGMENTS
        xor     %eax, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %fs
        mov     %eax, %gs
        mov     $BOOT_DATA, %eax
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
        .balign 8
multiboot2_header:
        .long MULTIBOOT2_MAGIC
        .long MULTIBOOT2_I386
        .long multiboot2_header_end - multiboot2_header
        .long -(MULTIBOOT2_MAGIC + MULTIBOOT2_I386 + (multiboot2_header_end - multiboot2_header))
multiboot2_request:
        .word HEADER_REQUEST, HEADER_OPTIONAL
        .long multiboot2_request_end - multiboot2_request
        .long MULTIBOOT2_MAP, MULTIBOOT2_POINTER_OLD, MULTIBOOT2_POINTER_NEW
multiboot2_request_end:
        .balign 8
        .word HEADER_ALIGN, 0
        .long 8
        .word HEADER_END, 0
        .long 8
multiboot2_header_end:

/* Ends the machine with a sentence if the carry flag is clear. clobbers: EDI. */
        .macro  REQUIRE sentence
        mov     $\sentence, %edi
        jnc     boot_fail
        .endm

/* in:       EAX = MULTIBOOT_LOADED or MULTIBOOT2_LOADED, EBX = the loader's information; 32-bit mode
 *           without paging. Nothing is assumed of the stack, the descriptor tables and the other
 *           control bits.
 * out:      to_64_bit, with ESI = the loader's information, EBP = EAX. Another EAX, or a processor
 *           without what to_64_bit uses: boot_fail. */
FUNCTION boot_start
        cli
        cld
        lgdt    boot_gdt_pointer
        lidt    boot_idt_pointer
        ljmp    $BOOT_CODE32, $1f
1:      mov     %ebx, %esi
        mov     %eax, %ebp
        mov     $BOOT_DATA, %ecx
        mov     %ecx, %ds
        mov     %ecx, %es
        mov     %ecx, %ss
        mov     $no_loader, %edi
        cmp     $MULTIBOOT_LOADED, %eax
        je      2f
        cmp     $MULTIBOOT2_LOADED, %eax
        jne     boot_fail
2:      mov     $0x80000000, %eax
        cpuid
        mov     $0x80000000, %ecx
        cmp     %eax, %ecx
        REQUIRE no_64_bit
        mov     $0x80000001, %eax
        cpuid
        bt      $CPUID_80000001_EDX_LM, %edx
        REQUIRE no_64_bit
        bt      $CPUID_80000001_EDX_NX, %edx
        REQUIRE no_nx
        jmp     to_64_bit
END boot_start

/* Writes a sentence to COM1 and, if there is a VGA in text mode, to its first line; ends the machine
 * as panic does, with the restart after some 10 seconds.
 * in:       EDI = the sentence, which ends with 0. */
LOCAL_FUNCTION boot_fail
        mov     %edi, %ebp
        mov     %edi, %esi
1:      mov     $LOG_TRIES, %ecx
        mov     $LOG_STATUS, %edx
2:      in      %dx, %al
        test    $LOG_ROOM, %al
        loopz   2b
        mov     $LOG_DATA, %edx
        lodsb
        test    %al, %al
        jz      3f
        out     %al, %dx
        jmp     1b
3:      mov     %ebp, %esi
        mov     $VGA_OUTPUT, %edx
        in      %dx, %al
        cmp     $0xff, %al
        je      6f
        mov     $VGA_GRAPHICS, %edx
        mov     $VGA_MODE, %al
        out     %al, %dx
        inc     %edx
        in      %dx, %al
        and     $VGA_MODE_MASK, %al
        cmp     $VGA_MODE_TEXT, %al
        jne     6f
        mov     $VGA_TEXT, %edi
        mov     $VGA_CELLS, %ecx
        mov     $VGA_BLANK, %eax
        rep stosw
        mov     $VGA_TEXT, %edi
4:      lodsb
        cmp     $0x0a, %al
        je      6f
        stosw                                   /* AH is the colour */
        jmp     4b
6:      mov     $HANDOFF_FAILED, %al
        mov     $HANDOFF_EXIT_PORT, %edx
        out     %al, %dx
        rdtsc
        lea     RESTART_TICKS(%edx), %ecx
7:      pause
        rdtsc
        cmp     %ecx, %edx
        js      7b
        mov     $RESET_CHIPSET, %edx
        mov     $2, %al                         /* a full reset */
        out     %al, %dx
        mov     $6, %al                         /* now */
        out     %al, %dx
        mov     $RESET_KEYBOARD, %al
        out     %al, $0x64
        ud2                                     /* without a descriptor table: resets */
END boot_fail

no_loader:
        .asciz  "Pinion must be started by a Multiboot 1 or Multiboot 2 boot loader\n"
no_64_bit:
        .asciz  "this processor does not report a 64-bit mode (CPUID leaf 0x80000001)\n"
no_nx:
        .asciz  "this processor does not report the NX bit, or it is switched off\n"

/* in:       ESI = the loader's information, or 0 on any CPU but the first; boot_gdt is loaded.
 *           Control registers are written whole: firmware leaves its own bits in them.
 * out:      boot_high, or other_high where ESI is 0: in 64-bit mode, on boot_l4. */
LOCAL_FUNCTION to_64_bit
        mov     $CR4_PAE, %eax
        mov     %eax, %cr4
        mov     $boot_l4, %eax
        mov     %eax, %cr3
        mov     $MSR_EFER, %ecx
        mov     $(EFER_LME | EFER_NXE | EFER_SCE), %eax
        xor     %edx, %edx
        wrmsr
        mov     $(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
        mov     %eax, %cr0
        ljmp    $BOOT_CODE64, $1f
        .code64
1:      movabs  $boot_high, %rax
        movabs  $other_high, %rcx
        test    %esi, %esi
        cmovz   %rcx, %rax
        jmp     *%rax
END to_64_bit

/* in:       CS = BOOT_CODE32; boot_gdt is loaded.
 * out:      to_64_bit, with ESI = 0. */
        .code32
LOCAL_FUNCTION other_flat
        mov     $BOOT_DATA, %eax
        mov     %eax, %ds
        mov     %eax, %ss
        xor     %esi, %esi
        jmp     to_64_bit
END other_flat

/* Maps the first 4 GiB at 0 and at the direct map, and the image, with 2 MiB pages. */
        .balign 4096
boot_l4:
        .quad   boot_l3_identity + TABLE
        .fill   255, 8, 0
        .fill   5, 8, 0
        .quad   boot_l3_image + TABLE           /* slot 261 */
        .quad   boot_l3_identity + TABLE        /* slot 262 */
        .fill   249, 8, 0
boot_l3_identity:
        .quad   boot_l2 + TABLE, boot_l2 + 0x1000 + TABLE
        .quad   boot_l2 + 0x2000 + TABLE, boot_l2 + 0x3000 + TABLE
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
        .set    at, at + LARGE_SIZE
        .endr

        .balign 8
boot_gdt:
        .quad   0, DESCRIPTOR_FLAT_CODE64, DESCRIPTOR_FLAT_DATA, DESCRIPTOR_FLAT_CODE32
boot_gdt_end:
boot_idt_pointer:
        .word   0 /* none: any exception resets the machine */
        .quad   0
boot_gdt_pointer:
        .word   boot_gdt_end - boot_gdt - 1
        .quad   boot_gdt

        .text
        .code64
/* in:       ESI = the loader's information, EBP = what the loader left in EAX.
 * out:      start(ESI, EBP), on boot_stack; .bss is clear. */
LOCAL_FUNCTION boot_high
        LOAD_SEGMENTS
        lea     image_data_end(%rip), %rdi      /* clear .bss: the loader may not have */
        lea     image_end(%rip), %rcx
        sub     %rdi, %rcx
        shr     $3, %rcx
        xor     %eax, %eax
        rep stosq
        lea     boot_stack_end(%rip), %rsp
        mov     %esi, %edi
        mov     %ebp, %esi
        xor     %ebp, %ebp
        call    start
        ud2
END boot_high

/* in:       other_root, other_stack (smp.c).
 * out:      smp_other_start(), on that stack; or, if another CPU has taken it, this CPU stops. */
LOCAL_FUNCTION other_high
        LOAD_SEGMENTS
        mov     other_root(%rip), %rax
        mov     %rax, %cr3
        xor     %ecx, %ecx
/* Takes the stack on offer and leaves 0: another CPU that comes here gets none and stops. */
        xchg    %rcx, other_stack(%rip)
        test    %rcx, %rcx
        jz      2f
        mov     %rcx, %rsp
        xor     %ebp, %ebp
        call    smp_other_start
2:      cli
        hlt
        jmp     2b
END other_high

/* A CPU other than the first begins in a copy of this.
 * in:       real mode, CS:0 = the copy, at the beginning of a page of low memory.
 * out:      other_flat, in 32-bit mode. */
        .globl  trampoline_end
        .section .rodata
        .balign 8
OBJECT boot_l2_image_at
        .quad   boot_l2_image
END boot_l2_image_at
        .code16
FUNCTION trampoline
        cli
        cld
        mov     %cs, %ax
        mov     %ax, %ds
        lgdtl   trampoline_gdt - trampoline
        mov     %cr0, %eax
        or      $CR0_PE, %eax
        mov     %eax, %cr0
        ljmpl   $BOOT_CODE32, $other_flat
trampoline_gdt:
        .word   boot_gdt_end - boot_gdt - 1
        .long   boot_gdt
trampoline_end:
END trampoline
        .code64

        .bss
        .balign STACK_SIZE
boot_stack:
        .skip   STACK_SIZE
boot_stack_end:
        .section .note.GNU-stack, "", @progbits
