/* SPDX-License-Identifier: MIT */
/* The ways into the hypervisor, and the way out.
 *
 * From a guest the CPU pushes into the current vCPU (TSS.RSP0 and the syscall stub point at the end of
 * its registers), we push the rest, then take the CPU's stack from just above. Inside the hypervisor
 * (an interrupt while idle, a fault in a guest copy) everything stays on the stack that it is on. */
#include "hypervisor/cpu/registers.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/cpu/speculation.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/memory/layout.h"
#include "lib/x86/msr.h"
#include "lib/x86/page_fault.h"
#include "lib/x86/rflags.h"
#include "lib/x86/vector.h"


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

/* ---- what only some processors need: taken out at boot on the others (cpu/speculation.c) ----------- */
        .macro  SITE measure
        .pushsection .speculation, "a"
        .quad   771b
        .long   772b - 771b, \measure
        .popsection
        .endm

        .macro  ENTRY_BARRIER                   /* RAX, RCX, RDX */
771:    mov     $MSR_PRED_CMD, %ecx
        mov     $PRED_CMD_IBPB, %eax
        xor     %edx, %edx
        wrmsr
772:    SITE    MEASURE_ENTRY_BARRIER
        .endm

        .macro  CLEAR_BUFFERS                   /* flags */
771:    verw    verw_selector(%rip)
772:    SITE    MEASURE_CLEAR_BUFFERS
        .endm

        .text
/* ---- interrupts and exceptions: one stub for each vector --------------------------------------- */
        .balign 16
stubs:
        .set    vector, 0
        .rept   256
        .balign 16
        .if     vector >= VECTOR_FIRST_INTERRUPT
        push    $0
        .elseif (VECTORS_WITH_ERROR_CODE >> vector & 1) == 0
        push    $0
        .endif
        push    $vector
        .if     vector == VECTOR_DB || vector == VECTOR_NMI || vector == VECTOR_DF || vector == VECTOR_MC
        jmp     entry_ist
        .elseif vector == VECTOR_PF
        jmp     entry_page_fault
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
        ENTRY_BARRIER
        testb   $3, REGISTERS_CS(%rsp)
        jz      1f
0:      mov     %rsp, %rdi
        mov     REGISTERS_SIZE(%rsp), %rsp
        xor     %ebp, %ebp
        call    trap_from_guest
        ud2
1:      testl   $RFLAGS_VM, REGISTERS_RFLAGS(%rsp)
        jnz     2f
        mov     %rsp, %rdi
        call    trap_in_hypervisor
        POP_REGISTERS
        add     $16, %rsp
        iretq
/* There is no virtual-8086 mode for a guest, but QEMU lets any IRET enter it. Its CS says nothing of
 * privilege: never to be returned to as it is. */
2:      andl    $~RFLAGS_VM, REGISTERS_RFLAGS(%rsp)
        orb     $3, REGISTERS_CS(%rsp)
        jmp     0b

/* ---- the short ways ------------------------------------------------------------------------------ */
/* Nearly all entries are a user's system call or page fault on its way to the guest's kernel, that
 * kernel's IRET back, or a hypercall that is done at once. The first three do without C, and without
 * saving what nobody looks at; the last puts back only what C does not keep. Whatever is out of the
 * ordinary goes the common way, and finds everything as it was. Each begins on the stack that is the
 * vCPU's registers, with the vector pushed. */
#define V(offset) (offset) - REGISTERS_VECTOR(%rsp) /* of the vCPU, from there */
#define INFO_MASK(register) 1(register)             /* in struct vcpu_info: evtchn_upcall_mask */
#define INFO_CR2(register)  16(register)            /* arch.cr2 */
#define RFLAGS_BOUNCED_FAULT ~(RFLAGS_TF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC)
#define RFLAGS_BOUNCED (RFLAGS_BOUNCED_FAULT & ~RFLAGS_DF) /* a fault leaves DF alone */
#define RFLAGS_PLAIN /* RF: in the frame of each fault */ \
        (RFLAGS_ARITHMETIC | RFLAGS_FIXED | RFLAGS_IF | RFLAGS_DF | RFLAGS_RF | RFLAGS_AC | RFLAGS_ID)
#define CALL_IRET      23
#define IRET_CONTEXT   72

/* Into the guest's kernel, from user mode: RDI is the vCPU; takes R11 and the stack. The CPU's own,
 * because stores to the guest's stack, for which R11 is the place, may fault. */
        .macro  TO_GUEST_KERNEL
        mov     VCPU_STACK(%rdi), %rsp
        mov     VCPU_KERNEL_CR3(%rdi), %r11
        mov     %r11, %cr3
        swapgs
        movb    $1, VCPU_IN_KERNEL(%rdi)
        mov     VCPU_FRAME_TOP(%rdi), %r11
        .endm

/* And back, by way of RCX, when they did: the common way finds out why. */
        .macro  BACK_TO_USER
        movb    $0, VCPU_IN_KERNEL(%rdi)
        swapgs
        mov     VCPU_USER_CR3(%rdi), %rcx
        mov     %rcx, %cr3
        .endm

/* SYSCALL from 64-bit code, which has taken RCX and R11 itself. */
        .balign 64
        .globl  entry_syscall
entry_syscall:
        cmpb    $0, V(VCPU_IN_KERNEL)
        jne     from_kernel
        mov     V(VCPU_INFO), %rcx
        cmpb    $0, INFO_MASK(%rcx)             /* the frame would tell it */
        jne     from_user_slowly
        cmpq    $0, V(VCPU_FAST_ENTRY)
        je      from_user_slowly
        mov     %rdi, V(REGISTERS_RDI)
        lea     V(0), %rdi
        TO_GUEST_KERNEL
        mov     REGISTERS_RIP(%rdi), %rcx
1:      mov     %rcx, -56(%r11)                 /* RCX */
2:      mov     %rcx, -40(%r11)                 /* RIP */
        mov     REGISTERS_RFLAGS(%rdi), %rcx
3:      mov     %rcx, -48(%r11)                 /* R11 */
        and     $~RFLAGS_IOPL, %ecx
4:      mov     %rcx, -24(%r11)                 /* RFLAGS */
5:      movq    $SELECTOR_USER_CS64, -32(%r11)
        mov     REGISTERS_RSP(%rdi), %rcx
6:      mov     %rcx, -16(%r11)
7:      movq    $SELECTOR_USER_DS, -8(%r11)
        cmpb    $0, VCPU_FAST_MASKS(%rdi)
        je      8f
        mov     VCPU_INFO(%rdi), %rcx
        movb    $1, INFO_MASK(%rcx)
8:      mov     VCPU_FAST_ENTRY(%rdi), %rcx     /* canonical since it was registered */
        lea     -56(%r11), %rsp
        mov     REGISTERS_RFLAGS(%rdi), %r11
        and     $RFLAGS_BOUNCED, %r11
        mov     REGISTERS_RDI(%rdi), %rdi
        CLEAR_BUFFERS
        sysretq

9:      BACK_TO_USER
slowly:
        lea     REGISTERS_VECTOR(%rdi), %rsp
        mov     REGISTERS_RFLAGS(%rdi), %r11
        mov     REGISTERS_RDI(%rdi), %rdi
from_user_slowly:
        mov     V(REGISTERS_RIP), %rcx
        jmp     entry_common
        .pushsection .extable, "a"
        .quad   1b, 9b, 2b, 9b, 3b, 9b, 4b, 9b, 5b, 9b, 6b, 9b, 7b, 9b
        .popsection

/* A page fault. Of user mode it is the guest kernel's, whatever it was about: user mode sees no page
 * table that a store of it could be meant for. The error code says that it was no access of ours and none of
 * the processor's to a descriptor. The handler gets RCX and R11 in its frame, so they are free. */
        .balign 64
        .globl  entry_page_fault
entry_page_fault:
        testb   $PF_USER, REGISTERS_ERROR_CODE - REGISTERS_VECTOR(%rsp)
        jz      entry_common
        cmpb    $0, V(VCPU_IN_KERNEL)
        jne     entry_common
        cmpq    $0, V(VCPU_FAST_FAULT)
        je      entry_common
        mov     %rcx, V(REGISTERS_RCX)
        mov     V(VCPU_INFO), %rcx
        cmpb    $0, INFO_MASK(%rcx)
        jne     10f
        mov     %rdi, V(REGISTERS_RDI)
        mov     %r11, V(REGISTERS_R11)
        mov     %cr2, %r11
        mov     %r11, INFO_CR2(%rcx)
        lea     V(0), %rdi
        TO_GUEST_KERNEL
        mov     REGISTERS_RCX(%rdi), %rcx
1:      mov     %rcx, -64(%r11)
        mov     REGISTERS_R11(%rdi), %rcx
2:      mov     %rcx, -56(%r11)
        mov     REGISTERS_ERROR_CODE(%rdi), %ecx
3:      mov     %rcx, -48(%r11)
        mov     REGISTERS_RIP(%rdi), %rcx
4:      mov     %rcx, -40(%r11)
        movzwl  REGISTERS_CS(%rdi), %ecx
5:      mov     %rcx, -32(%r11)
        mov     REGISTERS_RSP(%rdi), %rcx
6:      mov     %rcx, -16(%r11)
        mov     REGISTERS_SS(%rdi), %rcx
7:      mov     %rcx, -8(%r11)
        mov     REGISTERS_RFLAGS(%rdi), %rcx
        and     $~RFLAGS_IOPL, %ecx
8:      mov     %rcx, -24(%r11)
        lea     -64(%r11), %rsp
        mov     %rcx, %r11
        and     $RFLAGS_BOUNCED_FAULT, %r11
        cmpb    $0, VCPU_FAST_FAULT_MASKS(%rdi)
        je      9f
        mov     VCPU_INFO(%rdi), %rcx
        movb    $1, INFO_MASK(%rcx)
9:      mov     VCPU_FAST_FAULT(%rdi), %rcx     /* canonical since it was registered */
        mov     REGISTERS_RDI(%rdi), %rdi
        CLEAR_BUFFERS
        sysretq

10:     mov     V(REGISTERS_RCX), %rcx
        jmp     entry_common
11:     BACK_TO_USER
        mov     VCPU_INFO(%rdi), %rcx           /* CR2 is the latest fault's */
        mov     INFO_CR2(%rcx), %rcx
        mov     %rcx, %cr2
        lea     REGISTERS_VECTOR(%rdi), %rsp
        mov     REGISTERS_R11(%rdi), %r11
        mov     REGISTERS_RCX(%rdi), %rcx
        mov     REGISTERS_RDI(%rdi), %rdi
        jmp     entry_common
        .pushsection .extable, "a"
        .quad   1b, 11b, 2b, 11b, 3b, 11b, 4b, 11b, 5b, 11b, 6b, 11b, 7b, 11b, 8b, 11b
        .popsection

/* A hypercall. The IRET to user mode that needs nothing else done goes on here. What it needs of
 * the guest's frame is read once, and then checked: another vCPU may be writing there. */
        .balign 16
from_kernel:
        cmp     $CALL_IRET, %eax
        jne     hypercall
        mov     %rdi, V(REGISTERS_RDI)
        lea     V(0), %rdi
        mov     VCPU_STACK(%rdi), %rsp          /* the loads below may fault */
        mov     REGISTERS_RSP(%rdi), %r11
        movabs  $LAYOUT_END, %rcx
        cmp     %rcx, %r11
        jb      slowly
        cmp     $-IRET_CONTEXT, %r11
        ja      slowly
        mov     VCPU_CPU(%rdi), %rcx
        cmpb    $0, CPU_WORK(%rcx)
        jne     slowly
        cmpb    $0, VCPU_NMI_MASKED(%rdi)
        jne     slowly
        cmpq    $0, VCPU_USER_CR3(%rdi)
        je      slowly
        mov     VCPU_INFO(%rdi), %rcx
        cmpb    $0, (%rcx)                      /* evtchn_upcall_pending */
        jne     slowly
1:      pushq   64(%r11)                        /* SS */
2:      pushq   56(%r11)                        /* RSP */
3:      pushq   48(%r11)                        /* RFLAGS */
4:      pushq   40(%r11)                        /* CS */
5:      pushq   32(%r11)                        /* RIP */
6:      pushq   24(%r11)                        /* flags */
7:      pushq   16(%r11)                        /* RCX */
8:      pushq   8(%r11)                         /* R11 */
9:      mov     (%r11), %rax
        mov     32(%rsp), %ecx                  /* CS and SS: both of ring 3 */
        and     56(%rsp), %ecx
        and     $3, %ecx
        cmp     $3, %ecx
        jne     10f
        mov     40(%rsp), %r11
        test    $~RFLAGS_PLAIN, %r11
        jnz     10f
        test    $RFLAGS_IF, %r11d               /* events unmasked */
        jz      10f
        mov     24(%rsp), %rcx
        shr     $47, %rcx                       /* SYSRET must not see a non-canonical RIP */
        jnz     10f
        mov     VCPU_INFO(%rdi), %rcx
        movb    $0, INFO_MASK(%rcx)
        movb    $0, VCPU_IN_KERNEL(%rdi)
        swapgs
        mov     VCPU_USER_CR3(%rdi), %rcx
        mov     %rcx, %cr3
        mov     REGISTERS_RDI(%rdi), %rdi
        testl   $0x100, 16(%rsp)                /* VGCF_in_syscall */
        jz      to_interrupted
        mov     24(%rsp), %rcx
        mov     48(%rsp), %rsp
        CLEAR_BUFFERS
        sysretq

/* Where an exception or interrupt was: RCX and R11 are its own, and so are CS and SS. */
        .globl  short_iret
to_interrupted:
        pop     %r11
        pop     %rcx
        add     $8, %rsp
        CLEAR_BUFFERS
short_iret:
        iretq

/* The common way reads the frame itself. */
10:     mov     $CALL_IRET, %eax
        jmp     slowly
        .pushsection .extable, "a"
        .quad   1b, 10b, 2b, 10b, 3b, 10b, 4b, 10b, 5b, 10b, 6b, 10b, 7b, 10b, 8b, 10b, 9b, 10b
        .popsection

/* Any other hypercall. C says whether it is done with nothing left to be looked at: then RAX is the vCPU,
 * and its registers are in their places but for those that C may use. */
        .balign 64
        .globl  hypercall
hypercall:
        PUSH_REGISTERS
        ENTRY_BARRIER
        mov     %rsp, %rdi
        mov     VCPU_STACK(%rsp), %rsp
        call    call_from_guest
        test    %rax, %rax
        jz      1f
        mov     REGISTERS_RIP(%rax), %rcx
        mov     %rcx, %rdx                      /* SYSRET must not see a non-canonical RIP */
        sar     $47, %rdx
        inc     %rdx
        cmp     $1, %rdx
        ja      1f
        mov     REGISTERS_RFLAGS(%rax), %r11
        mov     REGISTERS_RDI(%rax), %rdi
        mov     REGISTERS_RSI(%rax), %rsi
        mov     REGISTERS_RDX(%rax), %rdx
        mov     REGISTERS_R8(%rax), %r8
        mov     REGISTERS_R9(%rax), %r9
        mov     REGISTERS_R10(%rax), %r10
        mov     REGISTERS_RSP(%rax), %rsp
        mov     REGISTERS_RAX(%rax), %rax
        CLEAR_BUFFERS
        sysretq
1:      xor     %ebp, %ebp
        call    run
        ud2

        .balign 16
entry_ist:
        PUSH_REGISTERS
        cld
        ENTRY_BARRIER
        mov     %rsp, %rdi
        call    trap_on_ist
        test    %al, %al
        jnz     2f
        POP_REGISTERS
        add     $16, %rsp
        CLEAR_BUFFERS                           /* an NMI may have come while a guest ran */
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
/* A jump as wide as can be: the copy aims it anew (cpu.c). */
        .macro  JUMP_AIMED target, end
        .byte   0xe9
        .long   \target - . - 4
        .globl  \end
\end:
        .endm

        .macro  SYSCALL_STUB cs, entry, target, end
        mov     %rsp, syscall_template + CPU_STATE + CPU_SYSCALL_RSP(%rip)
        mov     syscall_template + CPU_STATE + CPU_SYSCALL_TOP(%rip), %rsp
        push    $SELECTOR_USER_DS
        push    syscall_template + CPU_STATE + CPU_SYSCALL_RSP(%rip)
        push    %r11
        push    $\cs
        push    %rcx
        push    $0
        push    $\entry
        JUMP_AIMED \target, \end
        .endm

        .balign 64
        .globl  syscall_template, syscall32_template, sysenter_template, syscall_template_end
syscall_template:
        SYSCALL_STUB SELECTOR_USER_CS64, ENTRY_SYSCALL, entry_syscall, syscall_jump_end
        .balign 16
syscall32_template:
        SYSCALL_STUB SELECTOR_USER_CS32, ENTRY_SYSCALL32, entry_common, syscall32_jump_end
        .balign 16
sysenter_template:                              /* keeps no return address, stack or flags */
        mov     syscall_template + CPU_STATE + CPU_SYSCALL_TOP(%rip), %rsp
        push    $SELECTOR_USER_DS
        push    $0
        pushfq
        orl     $RFLAGS_IF, (%rsp)                /* SYSENTER cleared IF */
        push    $RFLAGS_FIXED
        popfq                                   /* NT must not reach our IRETQ */
        push    $SELECTOR_USER_CS32
        push    $0
        push    $0
        push    $ENTRY_SYSENTER
        JUMP_AIMED entry_common, sysenter_jump_end
syscall_template_end:

/* ---- the way out ----------------------------------------------------------------------------------- */
/* void enter_guest(struct vcpu *): the frame for IRETQ is built on the CPU's stack; a fault in it (the
 * guest's CS or SS is no good) finds the guest's registers there. */
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
        CLEAR_BUFFERS
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

/* u64 copy_bytes_in(void *to, const void *from, u64 count), copy_bytes_out: how many were left when a
 * byte faulted. No branch keeps the guest's address out of our slots: -16, in units of their size. */
#define SLOTS_SHIFT 43
        .macro  KEEP_OUT address
        mov     \address, %rax
        sar     $SLOTS_SHIFT, %rax
        add     $16, %rax
        neg     %rax
        sbb     %rax, %rax                      /* 0 for ours, else all ones */
        and     %rax, \address
        .endm

        .globl  copy_bytes_in, copy_bytes_out
copy_bytes_out:
        KEEP_OUT %rdi
        jmp     copy_bytes
copy_bytes_in:
        KEEP_OUT %rsi
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
verw_selector:
        .word   SELECTOR_DATA
        .balign 8
        .globl  entry_stubs
entry_stubs:
        .set    vector, 0
        .rept   256
        .quad   stubs + vector * 16
        .set    vector, vector + 1
        .endr
        .section .note.GNU-stack, "", @progbits
