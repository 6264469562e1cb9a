/* SPDX-License-Identifier: MIT */
/* The way into the guest kernel (traps, callbacks) and out of it (iret). guest/entry_points.inc
 * draws the frame. */
#include "guest/pv/abi.h"
#include "guest/pv/cpu_offsets.h"
#include "guest/pv/entry_points.inc"
#include "lib/assembly.inc"

#define RING     3      /* the bits of CS that hold the ring */
#define SELECTORS_SIZE 32 /* ds, es, fs, gs in a failsafe frame */

/* The failsafe callback, by which the hypervisor reports that it cannot load a segment register.
 * in:       on the kernel's stack, low to high: rcx, r11, ds, es, fs, gs, rip, cs, rflags, rsp, ss.
 * out:      entry_common. */
    .text
    .type failsafe_entry, @function
failsafe_entry:
    begin_entry
    add $SELECTORS_SIZE, %rsp
    push $0
    push $VECTOR_FAILSAFE
    jmp entry_common
END failsafe_entry

/* in:       rsp = vector of a struct trap_frame; all other registers are the interrupted code's.
 * out:      in user mode, unless a handler has the vector: user_run returns. Else
 *           trap_kernel(frame), then back to the registers of the frame. */
LOCAL_FUNCTION entry_common
    save_registers
    cld
    testb $RING, TRAP_FRAME_CS(%rsp)
    jz 1f
    mov TRAP_FRAME_VECTOR(%rsp), %rax
    movabs $trap_handlers, %rcx
    cmpq $0, (%rcx,%rax,8)
    je user_return
1:  mov %rsp, %rdi
    mov %rsp, %rbx
    and $-16, %rsp
    call trap_kernel
    mov %rbx, %rsp
    movq $0, TRAP_FRAME_ERROR(%rsp)
END entry_common

/* in:       rsp = a struct trap_frame with the flags of iret in place of the error code.
 * out:      the iret hypercall, whose frame is, low to high: rax, r11, rcx, flags, rip, cs, rflags,
 *           rsp, ss. */
LOCAL_FUNCTION leave_kernel
    restore_registers
    add $TRAP_FRAME_ERROR - TRAP_FRAME_VECTOR, %rsp
    push %rcx
    push %r11
    push %rax
    mov $__HYPERVISOR_iret, %eax
    syscall
    ud2
END leave_kernel

/* void user_enter(struct trap_frame *frame): enters user mode; returns through user_return.
 * in:       rdi = frame, with the flags of iret in place of the error code.
 * out:      the caller's stack pointer in the word at the CPU's trap_stack_top. */
FUNCTION user_enter
    save_callee_saved
    push %rdi
    mov %gs:CPU_TRAP_STACK_TOP, %rax
    mov %rsp, (%rax)
    mov %rdi, %rsp
    jmp leave_kernel
END user_enter

/* in:       rsp = a struct trap_frame that ends at the CPU's trap_stack_top.
 * out:      user_enter has returned; its frame is that one. */
LOCAL_FUNCTION user_return
    mov %rsp, %rsi
    mov TRAP_FRAME_SIZE(%rsp), %rsp
    pop %rdi
    mov $TRAP_FRAME_SIZE / 8, %ecx
    rep movsq
    restore_callee_saved
    ret
END user_return

    .section .note.GNU-stack, "", @progbits
