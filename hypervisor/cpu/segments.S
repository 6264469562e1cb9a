/* SPDX-License-Identifier: MIT */
/* Loads of segment registers. */
#include "hypervisor/cpu/guest_access.inc"
#include "hypervisor/cpu/segments.h"
#include "lib/assembly.inc"

        .text
/* void load_hypervisor_segments(void): CS, SS and null data segments, from the loaded GDT.
 * in:       a GDT with the reserved page.
 * clobbers: RAX, RCX. */
FUNCTION load_hypervisor_segments
        mov     $SELECTOR_DATA, %eax
        mov     %eax, %ss
        xor     %eax, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %fs
        mov     %eax, %gs
        pop     %rcx
        push    $SELECTOR_CODE
        push    %rcx
        lretq
END load_hypervisor_segments

/* bool load_X(u16 selector): loads X from a guest's selector.
 * in:       EDI = selector.
 * out:      EAX = 1; or 0 and X is null: the load faulted. */
        .macro  LOAD_SEGMENT register
FUNCTION load_\register
        GUEST   .Lload_\register\()_faulted, mov %edi, %\register
        mov     $1, %eax
        ret
.Lload_\register\()_faulted:
        xor     %eax, %eax
        mov     %eax, %\register
        ret
END load_\register
        .endm

        LOAD_SEGMENT ds
        LOAD_SEGMENT es
        LOAD_SEGMENT fs
        LOAD_SEGMENT gs
        .section .note.GNU-stack, "", @progbits
