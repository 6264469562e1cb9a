/* SPDX-License-Identifier: MIT */
/* The fast paths that call C: a hypercall; a page fault of the guest's kernel, which is mostly a
 * store to one of its page tables; and a #GP of the guest's kernel, which is mostly one for IN or OUT.
 *
 * Each calls a quick C function first. If that function completes what is asked, it returns the
 * vCPU, or true. Otherwise it returns NULL or false, and the general function does the rest, with
 * all registers in the vCPU's block. After a hypercall or #GP only those registers are loaded that C
 * does not preserve. If other work waits then, the run loop follows (trap/run.h has the same
 * conditions). */
#include "hypervisor/cpu/entry.inc"
#include "lib/assembly.inc"
#include "lib/x86/rflags.h"

/* Continues at `elsewhere` if the vCPU must not be entered without a pass through the run loop.
 * in:       RAX = vCPU.
 * clobbers: RCX, RFLAGS. */
        .macro  UNLESS_WORK elsewhere
        mov     VCPU_CPU(%rax), %rcx
        cmpw    $0, CPU_WORK(%rcx)
        jne     \elsewhere
        cmpw    $0, VCPU_SLOW_EXIT(%rax)
        jne     \elsewhere
        mov     VCPU_INFO(%rax), %rcx
        cmpb    $0, INFO_PENDING(%rcx)
        jne     \elsewhere
        .endm

/* out:      RDI = the current vCPU. in: RSP = the end of the CPU's stack. */
        .macro  FIND_VCPU
        lea     -1(%rsp), %rdi
        and     $~(CPU_REGION - 1), %rdi
        mov     CPU_STATE + CPU_SYSCALL_TOP(%rdi), %rdi
        sub     $REGISTERS_SIZE, %rdi
        .endm

/* Stores the registers that PUSH_VOLATILE has left out, which C has preserved, in the block of the
 * vCPU in the register \vcpu. */
        .macro  STORE_PRESERVED vcpu
        mov     %rbx, REGISTERS_RBX(\vcpu)
        mov     %rbp, REGISTERS_RBP(\vcpu)
        mov     %r12, REGISTERS_R12(\vcpu)
        mov     %r13, REGISTERS_R13(\vcpu)
        mov     %r14, REGISTERS_R14(\vcpu)
        mov     %r15, REGISTERS_R15(\vcpu)
        .endm

/* Loads the registers of the guest that C does not preserve, except RAX. Continues at `elsewhere` if
 * SYSRET cannot return: it needs a canonical RIP, and RIP behind a SYSCALL in the upper half is one.
 * in:       RAX = vCPU.
 * clobbers: RFLAGS. */
        .macro  LOAD_FOR_SYSRET elsewhere
        mov     REGISTERS_RIP(%rax), %rcx
        test    %rcx, %rcx
        jns     \elsewhere
        mov     REGISTERS_RFLAGS(%rax), %r11
        mov     REGISTERS_RDI(%rax), %rdi
        mov     REGISTERS_RSI(%rax), %rsi
        mov     REGISTERS_RDX(%rax), %rdx
        mov     REGISTERS_R8(%rax), %r8
        mov     REGISTERS_R9(%rax), %r9
        mov     REGISTERS_R10(%rax), %r10
        mov     REGISTERS_RSP(%rax), %rsp
        .endm

/* A hypercall, except an IRET that the fast path in entry.S has done.
 * in:       RSP = `vector` of the vCPU's register block; RCX and R11 are free, all other registers
 *           are the guest's; interrupts are off.
 * out:      the guest, if the call completed and no other work is there; otherwise the run loop. */
        .text
        .balign 64
FUNCTION hypercall
        PUSH_VOLATILE
        ENTRY_BARRIER
        lea     -REGISTERS_R11(%rsp), %rdi
        mov     VCPU_STACK(%rdi), %rsp
        push    %rdi                            /* twice, because C expects an aligned stack */
        push    %rdi
        call    call_quick
        test    %al, %al
        mov     (%rsp), %rax
        jz      .Lhypercall_left
        UNLESS_WORK .Lhypercall_quick_run
        LOAD_FOR_SYSRET .Lhypercall_quick_run
        xor     %eax, %eax
        CLEAR_BUFFERS
        sysretq

.Lhypercall_done:
        UNLESS_WORK .Lhypercall_run
        LOAD_FOR_SYSRET .Lhypercall_run
        mov     REGISTERS_RAX(%rax), %rax
        CLEAR_BUFFERS
        sysretq

.Lhypercall_left:
        mov     %rax, %rdi
.Lhypercall_general:
        STORE_PRESERVED %rdi
        call    call_from_guest
        test    %rax, %rax
        jnz     .Lhypercall_done
        jmp     .Lrun
.Lhypercall_quick_run:
        movq    $0, REGISTERS_RAX(%rax)
.Lhypercall_run:
        STORE_PRESERVED %rax
.Lrun:
        xor     %ebp, %ebp
        call    run
        ud2
END hypercall

/* SYSCALL from 64-bit code while all is traced: a hypercall goes straight to the general function.
 * in, out:  as entry_syscall. */
        .balign 16
FUNCTION entry_syscall_traced
        cmpb    $0, VCPU_IN_KERNEL - REGISTERS_VECTOR(%rsp)
        je      entry_syscall
        cmp     $CALL_IRET, %eax
        je      entry_syscall
        PUSH_VOLATILE
        ENTRY_BARRIER
        lea     -REGISTERS_R11(%rsp), %rdi
        mov     VCPU_STACK(%rdi), %rsp
        jmp     .Lhypercall_general
END entry_syscall_traced

/* A page fault of guest kernel mode.
 * in:       RSP = `vector` of the vCPU's register block; all other registers are the guest's.
 * out:      the guest behind its instruction, if that was a store which has been executed and no
 *           other work is there; otherwise the run loop, or trap_from_guest. The block is the frame
 *           of the IRETQ, which cannot fault: emulate_quick has seen that its CS, SS and RIP are
 *           valid, and the guest cannot change that. */
        .balign 64
FUNCTION fault_of_kernel
        PUSH_REGISTERS
        cld
        ENTRY_BARRIER
        mov     %rsp, %rdi
        mov     %cr2, %rsi
        mov     VCPU_STACK(%rsp), %rsp
        call    emulate_quick
        test    %rax, %rax
        jz      .Lfault_general
        UNLESS_WORK .Lrun
        mov     %rax, %rsp
        POP_REGISTERS
        add     $REGISTERS_RIP - REGISTERS_VECTOR, %rsp
        CLEAR_BUFFERS
        iretq
/* As entry_common, for virtual-8086 mode; for all other code of ring 3 this changes nothing. */
.Lfault_general:
        FIND_VCPU
.Ltrap_general:
        andl    $~RFLAGS_VM, REGISTERS_RFLAGS(%rdi)
        orb     $RING, REGISTERS_CS(%rdi)
        xor     %ebp, %ebp
        call    trap_from_guest
        ud2
END fault_of_kernel

/* A #GP. The guest's kernel gets one for each of its port instructions, CLI and STI.
 * in:       RSP = `vector` of a register block, the vCPU's if the fault is of ring 3; all other
 *           registers are the interrupted code's.
 * out:      the guest behind its instruction, if emulate_privileged_quick has executed it and no
 *           other work is there; otherwise the run loop, trap_from_guest, or entry_common. The
 *           IRETQ cannot fault, as that of fault_of_kernel. */
        .balign 64
FUNCTION entry_protection
        testb   $RING, REGISTERS_CS - REGISTERS_VECTOR(%rsp)
        jz      entry_common
        cmpb    $0, VCPU_IN_KERNEL - REGISTERS_VECTOR(%rsp)
        je      entry_common
        PUSH_VOLATILE
        cld
        ENTRY_BARRIER
        lea     -REGISTERS_R11(%rsp), %rdi
        mov     VCPU_STACK(%rdi), %rsp
        call    emulate_privileged_quick
        test    %rax, %rax
        jz      .Lprotection_general
        UNLESS_WORK .Lhypercall_run
        lea     REGISTERS_R11(%rax), %rsp
        POP_VOLATILE
        add     $REGISTERS_RIP - REGISTERS_VECTOR, %rsp
        CLEAR_BUFFERS
        iretq
.Lprotection_general:
        FIND_VCPU
        STORE_PRESERVED %rdi
        jmp     .Ltrap_general
END entry_protection
        .section .note.GNU-stack, "", @progbits
