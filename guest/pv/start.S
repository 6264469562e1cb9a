/* SPDX-License-Identifier: MIT */
/* What the domain builder reads (the ELF notes) and the guest's first instructions. */
#include "guest/pv/abi.h"

.macro note type, kind:vararg
    .pushsection .note.Xen, "a", @note
    .balign 4
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  \kind
2:  .balign 4
    .popsection
.endm

    note XEN_ELFNOTE_GUEST_OS, .asciz "pinion-guest"
    note XEN_ELFNOTE_GUEST_VERSION, .asciz "1"
    note XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
    note XEN_ELFNOTE_LOADER, .asciz "generic"
    note XEN_ELFNOTE_FEATURES, .asciz "!writable_page_tables|pae_pgdir_above_4gb"
    note XEN_ELFNOTE_PAE_MODE, .asciz "yes"
    note XEN_ELFNOTE_VIRT_BASE, .quad guest_virt_base
    note XEN_ELFNOTE_PADDR_OFFSET, .quad 0
    note XEN_ELFNOTE_ENTRY, .quad _start
    note XEN_ELFNOTE_HV_START_LOW, .quad __HYPERVISOR_VIRT_START

/* rsi: start_info; rsp: the end of the last page that the builder used. */
    .section .text.start, "ax"
    .global _start
_start:
    mov %rsi, %rdi
    mov %rsp, %rsi
    lea boot_stack_top(%rip), %rsp
    cld
    xor %ebp, %ebp
    call pv_start
    ud2

    .bss
    .balign 4096
    .skip 16384
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
