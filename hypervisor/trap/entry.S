/* SPDX-License-Identifier: MIT */
/* The ways into the hypervisor, and the way out.
 *
 * From a guest the CPU pushes into the current vCPU (TSS.RSP0 and the syscall stub point at the end of
 * its registers), we push the rest, then take the CPU's stack from just above. Inside the hypervisor
 * (an interrupt while idle, a fault in a guest copy) everything stays on the stack that it is on. */
#include "hypervisor/trap/registers.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/segments.h"

#define VECTORS_WITH_ERROR_CODE (1<<8 | 1<<10 | 1<<11 | 1<<12 | 1<<13 | 1<<14 | 1<<17 | 1<<21 | 1<<29 | 1<<30)

        .macro  PUSH_REGISTERS
        push    %rdi
        push    %rsi
        push    %rdx
        push    %rcx
        push    %rax
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        .endm

        .macro  POP_REGISTERS
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rax
        pop     %rcx
        pop     %rdx
        pop     %rsi
        pop     %rdi
        .endm

        .text
/* ---- interrupts and exceptions: one stub for each vector --------------------------------------- */
        .balign 16
stubs:
        .set    vector, 0
        .rept   256
        .balign 16
        .if     vector >= 32
        push    $0
        .elseif (VECTORS_WITH_ERROR_CODE >> vector & 1) == 0
        push    $0
        .endif
        push    $vector
        .if     vector == 1 || vector == 2 || vector == 8 || vector == 18
        jmp     entry_ist
        .else
        jmp     entry_common
        .endif
        .set    vector, vector + 1
        .endr

/* The stub pushed error code, then vector: `struct registers` has vector below error_code. */
        .balign 16
        .globl  entry_common
entry_common:
        PUSH_REGISTERS
        cld
        testb   $3, REGISTERS_CS(%rsp)
        jz      1f
        mov     %rsp, %rdi
        mov     REGISTERS_SIZE(%rsp), %rsp
        xor     %ebp, %ebp
        call    trap_from_guest
        ud2
1:      mov     %rsp, %rdi
        call    trap_in_hypervisor
        POP_REGISTERS
        add     $16, %rsp
        iretq

        .balign 16
entry_ist:
        PUSH_REGISTERS
        cld
        mov     %rsp, %rdi
        call    trap_on_ist
        test    %al, %al
        jnz     2f
        POP_REGISTERS
        add     $16, %rsp
        iretq
2:      mov     %rsp, %rax                      /* on to the CPU's own stack */
        and     $~(CPU_REGION - 1), %rax
        lea     CPU_STACK_END(%rax), %rsp
        mov     CPU_STATE + CPU_SYSCALL_TOP(%rax), %rdi
        sub     $REGISTERS_SIZE, %rdi
        xor     %ebp, %ebp
        call    trap_from_guest
        ud2

/* ---- SYSCALL and SYSENTER: copied to each CPU's region ------------------------------------------- */
        .macro  SYSCALL_STUB cs, entry, go
        mov     %rsp, syscall_template + CPU_STATE + CPU_SYSCALL_RSP(%rip)
        mov     syscall_template + CPU_STATE + CPU_SYSCALL_TOP(%rip), %rsp
        push    $SELECTOR_USER_DS
        push    syscall_template + CPU_STATE + CPU_SYSCALL_RSP(%rip)
        push    %r11
        push    $\cs
        push    %rcx
        push    $0
        push    $\entry
        jmp     *syscall_template + CPU_STATE + \go(%rip)
        .endm

        .balign 64
        .globl  syscall_template, syscall32_template, sysenter_template, syscall_template_end
syscall_template:
        SYSCALL_STUB SELECTOR_USER_CS64, ENTRY_SYSCALL, CPU_SYSCALL_GO
        .balign 16
syscall32_template:
        SYSCALL_STUB SELECTOR_USER_CS32, ENTRY_SYSCALL32, CPU_SYSCALL_GO32
        .balign 16
sysenter_template:                              /* keeps no return address, stack or flags */
        mov     syscall_template + CPU_STATE + CPU_SYSCALL_TOP(%rip), %rsp
        push    $SELECTOR_USER_DS
        push    $0
        pushfq
        orl     $0x200, (%rsp)                  /* SYSENTER cleared IF */
        push    $2
        popfq                                   /* NT must not reach our IRETQ */
        push    $SELECTOR_USER_CS32
        push    $0
        push    $0
        push    $ENTRY_SYSENTER
        jmp     *syscall_template + CPU_STATE + CPU_SYSENTER_GO(%rip)
syscall_template_end:

/* ---- the way out ----------------------------------------------------------------------------------- */
/* void enter_guest(struct vcpu *): the frame for IRETQ is built on the CPU's stack, so that a fault in it
 * (the guest's CS or SS is no good) leaves the vCPU's registers as they are. */
        .balign 16
        .globl  enter_guest, enter_guest_iret
enter_guest:
        push    REGISTERS_SS(%rdi)
        push    REGISTERS_RSP(%rdi)
        push    REGISTERS_RFLAGS(%rdi)
        push    REGISTERS_CS(%rdi)
        push    REGISTERS_RIP(%rdi)
        mov     0(%rdi), %r15
        mov     8(%rdi), %r14
        mov     16(%rdi), %r13
        mov     24(%rdi), %r12
        mov     32(%rdi), %rbp
        mov     40(%rdi), %rbx
        mov     48(%rdi), %r11
        mov     56(%rdi), %r10
        mov     64(%rdi), %r9
        mov     72(%rdi), %r8
        mov     80(%rdi), %rax
        mov     88(%rdi), %rcx
        mov     96(%rdi), %rdx
        mov     104(%rdi), %rsi
        mov     112(%rdi), %rdi
enter_guest_iret:
        iretq

/* ---- segments -------------------------------------------------------------------------------------- */
        .globl  load_hypervisor_segments
load_hypervisor_segments:
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

/* bool load_X(u16 selector): a fault goes to the fixup, which loads null instead. */
        .macro  LOAD_SEGMENT name, register
        .globl  load_\name
load_\name:
1:      mov     %edi, %\register
        mov     $1, %eax
        ret
2:      xor     %eax, %eax
        mov     %eax, %\register
        ret
        .pushsection .extable, "a"
        .quad   1b, 2b
        .popsection
        .endm
        LOAD_SEGMENT ds, ds
        LOAD_SEGMENT es, es
        LOAD_SEGMENT fs, fs
        LOAD_SEGMENT gs, gs

/* u64 copy_bytes(void *to, const void *from, u64 count): how many were left when a byte faulted. */
        .globl  copy_bytes
copy_bytes:
        mov     %rdx, %rcx
        test    $7, %dl
        jnz     3f
        shr     $3, %rcx
1:      rep movsq
        xor     %eax, %eax
        ret
2:      lea     (, %rcx, 8), %rax
        ret
3:      rep movsb
        xor     %eax, %eax
        ret
4:      mov     %rcx, %rax
        ret
        .pushsection .extable, "a"
        .quad   1b, 2b, 3b, 4b
        .popsection

        .section .rodata
        .balign 8
        .globl  entry_stubs
entry_stubs:
        .set    vector, 0
        .rept   256
        .quad   stubs + vector * 16
        .set    vector, vector + 1
        .endr
        .section .note.GNU-stack, "", @progbits
