/* SPDX-License-Identifier: MIT */
/* The ways into the hypervisor, and the way out.
 *
 * An entry from a guest pushes the guest's registers straight into the register block of the
 * current vCPU: TSS.RSP0 and, for the syscall stubs, cpu->syscall_top are the end of `registers`,
 * the first member of struct vcpu. The CPU or a stub fills the block from its end down, then the
 * code here:
 *
 *      struct vcpu                                             offset
 *      +---------------------------------------+
 *      | stack, cpu, frame_top, fast_entry ... |               VCPU_..., read by the code here
 *      +---------------------------------------+ <- TSS.RSP0   REGISTERS_SIZE = VCPU_STACK
 *      | ss                                    |               REGISTERS_SS
 *      | rsp                                   |
 *      | rflags                                |               by the CPU, or by a syscall stub
 *      | cs                                    |
 *      | rip                                   |
 *      | error_code                            |               by the CPU, or 0 by a stub
 *      | vector                                | <- RSP        by a stub; here the fast paths begin
 *      | rdi rsi rdx rcx rax r8 r9 r10 r11     |
 *      | rbx rbp r12 r13 r14 r15               |               by PUSH_REGISTERS
 *      +---------------------------------------+ <- RSP        0: struct registers *, struct vcpu *
 *
 * Then vcpu->stack, the end of the CPU's own stack, becomes RSP, and C runs there. A fast path does
 * not push the registers: it keeps what it overwrites in its place in the block (V), and finds the
 * vCPU below RSP.
 *
 * In the hypervisor (an interrupt while the CPU is idle, a fault in a guest copy) the same block
 * lies on the stack in use, and the code returns to what was interrupted. #DB, NMI, #DF and #MC
 * always come on an interrupt stack of the CPU, in its region (cpu/cpu.h):
 *
 *      0x0000  syscall stubs: a copy of syscall_template, which finds struct cpu by its own address
 *      0x1000  struct cpu
 *      0x3000  interrupt stacks, one page each
 *      0xc000  the CPU's stack, down from 0x10000 */
#include "hypervisor/cpu/entry.inc"
#include "hypervisor/cpu/guest_access.inc"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/memory/layout.h"
#include "lib/assembly.inc"
#include "lib/x86/page_fault.h"
#include "lib/x86/rflags.h"
#include "lib/x86/vector.h"

#define VECTORS_ALL   256
#define VECTORS_ON_IST \
        (BIT_U32(VECTOR_DB) | BIT_U32(VECTOR_NMI) | BIT_U32(VECTOR_DF) | BIT_U32(VECTOR_MC))
#define STUB_SIZE     16
#define ADDRESS_BITS  47 /* of a canonical address below its sign bit (bit 47) */

/* ---- interrupts and exceptions: one stub for each vector ------------------------------------- */
        .text
        .balign 16
LOCAL_FUNCTION stubs
        .set    vector, 0
        .rept   VECTORS_ALL
        .balign STUB_SIZE
        .if     vector >= VECTOR_FIRST_INTERRUPT
        push    $0
        .elseif (VECTORS_WITH_ERROR_CODE >> vector & 1) == 0
        push    $0
        .endif
        push    $vector
        .if     VECTORS_ON_IST >> (vector & 63) & 1 && vector < VECTOR_FIRST_INTERRUPT
        jmp     entry_ist
        .elseif vector == VECTOR_PF
        jmp     entry_page_fault
        .elseif vector == VECTOR_GP
        jmp     entry_protection
        .else
        jmp     entry_common
        .endif
        .set    vector, vector + 1
        .endr
END stubs

/* The slow path of every entry but those on an interrupt stack.
 * in:       RSP = `vector` of a register block: the vCPU's, or one on a stack of the hypervisor's;
 *           all other registers are those of the interrupted code.
 * out:      from a guest: trap_from_guest(block) on the CPU's stack, which does not return; in the
 *           hypervisor: trap_in_hypervisor(block), then back to what was interrupted.
 * clobbers: nothing in the hypervisor. */
        .balign 16
FUNCTION entry_common
        PUSH_REGISTERS
        cld
        ENTRY_BARRIER
        testb   $RING, REGISTERS_CS(%rsp)
        jz      1f
/* Virtual-8086 mode does not exist for a guest, but QEMU lets any IRET enter it. CS is then no
 * selector and does not give the ring: set both to what they are for a guest. */
.Lentry_from_guest:
        andl    $~RFLAGS_VM, REGISTERS_RFLAGS(%rsp)
        orb     $RING, REGISTERS_CS(%rsp)
        mov     %rsp, %rdi
        mov     VCPU_STACK(%rsp), %rsp
        xor     %ebp, %ebp
        call    trap_from_guest
        ud2
1:      testl   $RFLAGS_VM, REGISTERS_RFLAGS(%rsp)
        jnz     .Lentry_from_guest
        mov     %rsp, %rdi
        call    trap_in_hypervisor
        POP_REGISTERS
        add     $REGISTERS_RIP - REGISTERS_VECTOR, %rsp
        iretq
END entry_common

/* The stubs of a page fault and of a #GP while all is traced: no fast path. */
        .balign 16
FUNCTION page_fault_traced
        push    $VECTOR_PF
        jmp     entry_common
END page_fault_traced
        .balign 16
FUNCTION protection_traced
        push    $VECTOR_GP
        jmp     entry_common
END protection_traced

/* ---- fast paths ------------------------------------------------------------------------------ */
/* Nearly all entries are a system call or page fault of user mode that is delivered to the guest's
 * kernel, that kernel's IRET back, a hypercall that completes and leaves no other work, a store of
 * that kernel to its page tables, or its IN, OUT, CLI or STI. The first three call no C and save
 * only the registers that they use; the last three are in entry_quick.S. Any other case continues
 * on the slow path, with the register block and all registers as they were.
 *
 * Each begins with RSP at `vector` of the vCPU's register block. */
#define V(offset) (offset) - REGISTERS_VECTOR(%rsp) /* a member of the vCPU, while RSP = `vector` */

/* The frame that a guest's handler finds on its kernel stack (vcpu/deliver.c builds the same), as
 * offsets from its end, vcpu->frame_top. */
#define FRAME_SS            -8
#define FRAME_RSP           -16
#define FRAME_RFLAGS        -24
#define FRAME_CS            -32
#define FRAME_RIP           -40
#define FRAME_SYSCALL_R11   -48
#define FRAME_SYSCALL_RCX   -56 /* the frame's beginning */
#define FRAME_FAULT_ERROR   -48
#define FRAME_FAULT_R11     -56
#define FRAME_FAULT_RCX     -64 /* the frame's beginning */

/* The bits of user mode's RFLAGS that a handler starts with. A fault leaves DF as it was. */
#define RFLAGS_AT_FAULT \
        ~(RFLAGS_TF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC)
#define RFLAGS_AT_SYSCALL (RFLAGS_AT_FAULT & ~RFLAGS_DF)

/* The fast path returns to user mode only if no other bits of RFLAGS are set in the frame. RF is
 * among them, because the processor sets it in the frame of each fault. */
#define RFLAGS_FAST_IRET \
        (RFLAGS_ARITHMETIC | RFLAGS_FIXED | RFLAGS_IF | RFLAGS_DF | RFLAGS_RF | RFLAGS_AC | \
         RFLAGS_ID)

/* Switches from guest user mode to guest kernel mode.
 * in:       RDI = vCPU.
 * out:      R11 = vcpu->frame_top; RSP = the end of the CPU's stack, because the stores to the
 *           guest's stack that follow may fault. */
        .macro  TO_GUEST_KERNEL
        mov     VCPU_STACK(%rdi), %rsp
        mov     VCPU_KERNEL_CR3(%rdi), %r11
        mov     %r11, %cr3
        swapgs
        movb    $1, VCPU_IN_KERNEL(%rdi)
        mov     VCPU_FRAME_TOP(%rdi), %r11
        .endm

/* Undoes TO_GUEST_KERNEL after a store to the guest's stack faulted. The slow path then finds why.
 * in:       RDI = vCPU.
 * clobbers: RCX. */
        .macro  BACK_TO_USER
        movb    $0, VCPU_IN_KERNEL(%rdi)
        swapgs
        mov     VCPU_USER_CR3(%rdi), %rcx
        mov     %rcx, %cr3
        .endm

/* SYSCALL from 64-bit code: of user mode, delivered to the guest's kernel; of its kernel, a
 * hypercall.
 * in:       RSP = `vector` of the vCPU's register block; RCX and R11 are free (SYSCALL overwrote
 *           them), all other registers are the guest's.
 * out:      the guest's syscall handler, entered with its frame; or entry_common. */
        .balign 64
FUNCTION entry_syscall
        cmpb    $0, V(VCPU_IN_KERNEL)
        jne     syscall_of_kernel
        mov     %rdi, V(REGISTERS_RDI)
        mov     V(VCPU_INFO), %rdi
        cmpb    $0, INFO_MASK(%rdi)
        jne     .Lsyscall_slow                  /* the frame must record that events are masked */
        cmpq    $0, V(VCPU_FAST_ENTRY)
        je      .Lsyscall_slow
        lea     V(VCPU_REGISTERS), %rdi
        TO_GUEST_KERNEL                         /* RCX is still RIP */
        GUEST   .Lsyscall_faulted, mov %rcx, FRAME_SYSCALL_RCX(%r11)
        GUEST   .Lsyscall_faulted, mov %rcx, FRAME_RIP(%r11)
        mov     REGISTERS_RFLAGS(%rdi), %rcx
        GUEST   .Lsyscall_faulted, mov %rcx, FRAME_SYSCALL_R11(%r11)
        and     $~RFLAGS_IOPL, %ecx
        GUEST   .Lsyscall_faulted, mov %rcx, FRAME_RFLAGS(%r11)
        GUEST   .Lsyscall_faulted, movq $SELECTOR_USER_CS64, FRAME_CS(%r11)
        mov     REGISTERS_RSP(%rdi), %rcx
        GUEST   .Lsyscall_faulted, mov %rcx, FRAME_RSP(%r11)
        GUEST   .Lsyscall_faulted, movq $SELECTOR_USER_DS, FRAME_SS(%r11)
        lea     FRAME_SYSCALL_RCX(%r11), %rsp
        mov     VCPU_INFO(%rdi), %r11
        movzbl  VCPU_FAST_MASKS(%rdi), %ecx
        movb    %cl, INFO_MASK(%r11)            /* it was 0 */
        mov     VCPU_FAST_ENTRY(%rdi), %rcx     /* canonical since it was registered */
        mov     REGISTERS_RFLAGS(%rdi), %r11
        and     $RFLAGS_AT_SYSCALL, %r11
        mov     REGISTERS_RDI(%rdi), %rdi
        CLEAR_BUFFERS
        sysretq

.Lsyscall_faulted:
        BACK_TO_USER
/* To the slow path with what SYSCALL left. in: RDI = vCPU, whose block has RDI. */
.Lsyscall_slow_by_vcpu:
        lea     REGISTERS_VECTOR(%rdi), %rsp
        mov     REGISTERS_RFLAGS(%rdi), %r11
        mov     REGISTERS_RIP(%rdi), %rcx
.Lsyscall_slow:
        mov     V(REGISTERS_RDI), %rdi
        jmp     entry_common
END entry_syscall

/* A page fault. One of user mode is delivered to the guest's kernel, at any address: user mode has
 * no mapping of a page table, so that no store of it is meant for one. The error code's user bit
 * excludes accesses of the hypervisor's and the processor's accesses to descriptors. RCX and R11
 * are in the handler's frame, so that SYSRET may overwrite them.
 * in:       RSP = `vector` of a register block, the vCPU's if the fault is of ring 3; all other
 *           registers are the interrupted code's.
 * out:      the guest's page-fault handler, entered with its frame; fault_of_kernel; or
 *           entry_common. */
        .balign 64
FUNCTION entry_page_fault
        testb   $PF_USER, V(REGISTERS_ERROR_CODE)
        jz      entry_common
        cmpb    $0, V(VCPU_IN_KERNEL)
        jne     fault_of_kernel
        cmpq    $0, V(VCPU_FAST_FAULT)
        je      entry_common
        mov     %rcx, V(REGISTERS_RCX)
        mov     V(VCPU_INFO), %rcx
        cmpb    $0, INFO_MASK(%rcx)             /* events masked: slow path records it */
        jne     .Lfault_slow
        mov     %rdi, V(REGISTERS_RDI)
        mov     %r11, V(REGISTERS_R11)
        mov     %cr2, %r11
        mov     %r11, INFO_CR2(%rcx)
        lea     V(VCPU_REGISTERS), %rdi
        TO_GUEST_KERNEL
        mov     REGISTERS_RCX(%rdi), %rcx
        GUEST   .Lfault_faulted, mov %rcx, FRAME_FAULT_RCX(%r11)
        mov     REGISTERS_R11(%rdi), %rcx
        GUEST   .Lfault_faulted, mov %rcx, FRAME_FAULT_R11(%r11)
        mov     REGISTERS_ERROR_CODE(%rdi), %ecx
        GUEST   .Lfault_faulted, mov %rcx, FRAME_FAULT_ERROR(%r11)
        mov     REGISTERS_RIP(%rdi), %rcx
        GUEST   .Lfault_faulted, mov %rcx, FRAME_RIP(%r11)
        movzwl  REGISTERS_CS(%rdi), %ecx
        or      $RING, %ecx                     /* as entry_common, for virtual-8086 mode */
        GUEST   .Lfault_faulted, mov %rcx, FRAME_CS(%r11)
        mov     REGISTERS_RSP(%rdi), %rcx
        GUEST   .Lfault_faulted, mov %rcx, FRAME_RSP(%r11)
        mov     REGISTERS_SS(%rdi), %rcx
        GUEST   .Lfault_faulted, mov %rcx, FRAME_SS(%r11)
        mov     REGISTERS_RFLAGS(%rdi), %rcx
        and     $~(RFLAGS_IOPL | RFLAGS_VM), %ecx
        GUEST   .Lfault_faulted, mov %rcx, FRAME_RFLAGS(%r11)
        lea     FRAME_FAULT_RCX(%r11), %rsp
        mov     VCPU_INFO(%rdi), %r11
        movzbl  VCPU_FAST_FAULT_MASKS(%rdi), %ecx
        movb    %cl, INFO_MASK(%r11)            /* it was 0 */
        mov     REGISTERS_RFLAGS(%rdi), %r11
        and     $RFLAGS_AT_FAULT, %r11
        mov     VCPU_FAST_FAULT(%rdi), %rcx     /* canonical since it was registered */
        mov     REGISTERS_RDI(%rdi), %rdi
        CLEAR_BUFFERS
        sysretq

.Lfault_slow:
        mov     V(REGISTERS_RCX), %rcx
        jmp     entry_common
.Lfault_faulted:
        BACK_TO_USER
        mov     VCPU_INFO(%rdi), %rcx           /* the store's fault has overwritten CR2 */
        mov     INFO_CR2(%rcx), %rcx
        mov     %rcx, %cr2
        lea     REGISTERS_VECTOR(%rdi), %rsp
        mov     REGISTERS_R11(%rdi), %r11
        mov     REGISTERS_RCX(%rdi), %rcx
        mov     REGISTERS_RDI(%rdi), %rdi
        jmp     entry_common
END entry_page_fault

/* Switches from guest kernel mode to guest user mode, with events unmasked.
 * in:       RDI = vCPU.
 * out:      RDI = the guest's, from the vCPU's block.
 * clobbers: RCX. */
        .macro  TO_GUEST_USER
        mov     VCPU_INFO(%rdi), %rcx
        movb    $0, INFO_MASK(%rcx)
        movb    $0, VCPU_IN_KERNEL(%rdi)
        swapgs
        mov     VCPU_USER_CR3(%rdi), %rcx
        mov     %rcx, %cr3
        mov     REGISTERS_RDI(%rdi), %rdi
        .endm

/* A hypercall. An IRET to user mode that needs no other work continues here, all others on the slow
 * path. The members of the guest's frame that are checked are copied first and the copy is used:
 * another vCPU may write to the frame meanwhile.
 * in:       as entry_syscall; EAX = the number of the hypercall.
 * out:      user mode as the frame says; or hypercall; or entry_common. */
#define COPY(member) (member) - IRET_RIP(%rsp) /* in the copy of the frame, from RIP on */
        .balign 16
LOCAL_FUNCTION syscall_of_kernel
        cmp     $CALL_IRET, %eax
        jne     hypercall
        mov     %rdi, V(REGISTERS_RDI)
        lea     V(VCPU_REGISTERS), %rdi
        mov     VCPU_STACK(%rdi), %rsp          /* the loads below may fault */
        mov     REGISTERS_RSP(%rdi), %rax
        lea     IRET_SIZE(%rax), %rcx
        cmp     VCPU_FRAME_TOP(%rdi), %rcx
        jne     .Liret_elsewhere
.Liret_at_guests_address:
        mov     VCPU_CPU(%rdi), %rcx
        cmpb    $0, CPU_WORK(%rcx)
        jne     .Liret_slow
        cmpw    $0, VCPU_SLOW_IRET(%rdi)
        jne     .Liret_slow
        cmpq    $0, VCPU_USER_CR3(%rdi)
        je      .Liret_slow
        mov     VCPU_INFO(%rdi), %rcx
        cmpb    $0, INFO_PENDING(%rcx)
        jne     .Liret_slow
        GUEST   .Liret_slow, pushq IRET_SS(%rax)
        GUEST   .Liret_slow, pushq IRET_RSP(%rax)
        GUEST   .Liret_slow, pushq IRET_RFLAGS(%rax)
        GUEST   .Liret_slow, pushq IRET_CS(%rax)
        GUEST   .Liret_slow, pushq IRET_RIP(%rax)
        mov     COPY(IRET_CS), %ecx             /* CS and SS: both of ring 3 */
        and     COPY(IRET_SS), %ecx
        and     $RING, %ecx
        cmp     $RING, %ecx
        jne     .Liret_slow
        mov     COPY(IRET_RFLAGS), %r11
        test    $~RFLAGS_FAST_IRET, %r11
        jnz     .Liret_slow
        test    $RFLAGS_IF, %r11d               /* the frame must unmask events */
        jz      .Liret_slow
        mov     COPY(IRET_RIP), %rcx
        shr     $ADDRESS_BITS, %rcx             /* SYSRET needs a canonical RIP */
        jnz     .Liret_slow
        GUEST   .Liret_slow, testl $IRET_IN_SYSCALL, IRET_FLAGS(%rax)
        jnz     .Liret_to_syscall
/* To where an exception or interrupt was: RCX, R11, CS and SS are the interrupted code's. */
        GUEST   .Liret_slow, pushq IRET_RCX(%rax)
        GUEST   .Liret_slow, mov IRET_R11(%rax), %r11
        GUEST   .Liret_slow, mov IRET_RAX(%rax), %rax
        TO_GUEST_USER
        pop     %rcx
        CLEAR_BUFFERS
        .globl  fast_iret                       /* this IRETQ may fault: trap.c knows its address */
fast_iret:
        iretq

/* Behind a SYSCALL: R11 is RFLAGS, from the copy. */
.Liret_to_syscall:
        GUEST   .Liret_slow, mov IRET_RAX(%rax), %rax
        TO_GUEST_USER
        mov     COPY(IRET_RIP), %rcx
        mov     COPY(IRET_RSP), %rsp
        CLEAR_BUFFERS
        sysretq

/* The frame does not end where those of entries from user mode do: check its address. */
.Liret_elsewhere:
        movabs  $LAYOUT_END, %rcx
        cmp     %rcx, %rax
        jb      .Liret_slow
        cmp     $-IRET_SIZE, %rax
        jbe     .Liret_at_guests_address
/* The slow path reads the guest's frame itself. */
.Liret_slow:
        mov     $CALL_IRET, %eax
        jmp     .Lsyscall_slow_by_vcpu
END syscall_of_kernel

/* ---- #DB, NMI, #DF, #MC ---------------------------------------------------------------------- */
/* in:       RSP = `vector` of a register block on an interrupt stack; all other registers are the
 *           interrupted code's, which may be a guest, or the hypervisor anywhere.
 * out:      trap_on_ist(block) returned false: back to what was interrupted. True, the block is now
 *           the vCPU's: trap_from_guest(it) on the CPU's stack, which does not return. */
        .balign 16
LOCAL_FUNCTION entry_ist
        PUSH_REGISTERS
        cld
        ENTRY_BARRIER
        mov     %rsp, %rdi
        call    trap_on_ist
        test    %al, %al
        jnz     .List_from_guest
        POP_REGISTERS
        add     $REGISTERS_RIP - REGISTERS_VECTOR, %rsp
        CLEAR_BUFFERS                           /* an NMI may have interrupted a guest */
        iretq
.List_from_guest:
        mov     %rsp, %rax
        and     $~(CPU_REGION - 1), %rax
        lea     CPU_STACK_END(%rax), %rsp
        mov     CPU_STATE + CPU_SYSCALL_TOP(%rax), %rdi
        sub     $REGISTERS_SIZE, %rdi
        xor     %ebp, %ebp
        call    trap_from_guest
        ud2
END entry_ist

/* ---- syscall stubs: SYSCALL and SYSENTER, copied to each CPU's region ------------------------ */
/* A jump with a distance of 32 bits, which cpu/start.c corrects in each copy. */
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

/* Each begins the vCPU's register block, as an interrupt and its stub would.
 * in:       RCX = RIP, R11 = RFLAGS for SYSCALL; nothing of either for SYSENTER, which loads RSP
 *           and loses return address, stack and flags; all other registers are the guest's.
 * out:      RSP = `vector` of the block; entry_syscall for SYSCALL from 64-bit code, else
 *           entry_common. */
        .balign 64
        .globl  syscall_template_end
FUNCTION syscall_template
        SYSCALL_STUB SELECTOR_USER_CS64, ENTRY_SYSCALL, entry_syscall, syscall_jump_end
END syscall_template
        .balign 16
FUNCTION syscall32_template
        SYSCALL_STUB SELECTOR_USER_CS32, ENTRY_SYSCALL32, entry_common, syscall32_jump_end
END syscall32_template
        .balign 16
FUNCTION sysenter_template
        mov     syscall_template + CPU_STATE + CPU_SYSCALL_TOP(%rip), %rsp
        push    $SELECTOR_USER_DS
        push    $0
        pushfq
        orl     $RFLAGS_IF, (%rsp)              /* SYSENTER cleared it */
        push    $RFLAGS_FIXED
        popfq                                   /* NT would make the hypervisor's IRETQ fault */
        push    $SELECTOR_USER_CS32
        push    $0
        push    $0
        push    $ENTRY_SYSENTER
        JUMP_AIMED entry_common, sysenter_jump_end
END sysenter_template
/* As syscall_template, while all is traced. */
        .balign 16
FUNCTION traced_template
        SYSCALL_STUB SELECTOR_USER_CS64, ENTRY_SYSCALL, entry_syscall_traced, traced_jump_end
END traced_template
syscall_template_end:

/* ---- the way out ----------------------------------------------------------------------------- */
/* void enter_guest(struct vcpu *vcpu): enters the guest with the registers of its block.
 * in:       RDI = vCPU, current; RSP = anywhere on the CPU's stack.
 * out:      the guest. The frame for IRETQ is on the CPU's stack: if IRETQ faults, because the
 *           guest's CS, SS or RIP is not valid, the fault's block there has all other registers as
 *           the guest's (trap/trap.c). */
        .balign 16
FUNCTION enter_guest
        push    REGISTERS_SS(%rdi)
        push    REGISTERS_RSP(%rdi)
        push    REGISTERS_RFLAGS(%rdi)
        push    REGISTERS_CS(%rdi)
        push    REGISTERS_RIP(%rdi)
        mov     REGISTERS_R15(%rdi), %r15
        mov     REGISTERS_R14(%rdi), %r14
        mov     REGISTERS_R13(%rdi), %r13
        mov     REGISTERS_R12(%rdi), %r12
        mov     REGISTERS_RBP(%rdi), %rbp
        mov     REGISTERS_RBX(%rdi), %rbx
        mov     REGISTERS_R11(%rdi), %r11
        mov     REGISTERS_R10(%rdi), %r10
        mov     REGISTERS_R9(%rdi), %r9
        mov     REGISTERS_R8(%rdi), %r8
        mov     REGISTERS_RAX(%rdi), %rax
        mov     REGISTERS_RCX(%rdi), %rcx
        mov     REGISTERS_RDX(%rdi), %rdx
        mov     REGISTERS_RSI(%rdi), %rsi
        mov     REGISTERS_RDI(%rdi), %rdi
        CLEAR_BUFFERS
        .globl  enter_guest_iret
enter_guest_iret:
        iretq
END enter_guest

        .section .rodata
OBJECT verw_selector                            /* of a segment that may be written */
        .word   SELECTOR_DATA
END verw_selector

        .balign 8
OBJECT entry_stubs
        .set    vector, 0
        .rept   VECTORS_ALL
        .quad   stubs + vector * STUB_SIZE
        .set    vector, vector + 1
        .endr
END entry_stubs
        .section .note.GNU-stack, "", @progbits
