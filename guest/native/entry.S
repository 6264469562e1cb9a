/* SPDX-License-Identifier: MIT */
/* The way into the kernel (the IDT's entries, syscall) and out of it (iretq, sysretq).
 * guest/entry_points.inc draws the frame. */
#include "guest/native/selectors.h"
#include "lib/assembly.inc"

.macro begin_entry
.endm
#include "guest/entry_points.inc"

#define RING       3 /* the bits of CS that hold the ring */
#define STACK_SIZE 16384

/* in:       rcx = rip, r11 = rflags; all other registers are the user's.
 * out:      entry_common. */
FUNCTION syscall_entry
    mov %rsp, syscall_rsp(%rip) /* there is one CPU */
    lea trap_stack_top(%rip), %rsp
    push $USER_SS
    push syscall_rsp(%rip)
    push %r11
    push $USER_CS
    push %rcx
    push $0
    push $VECTOR_SYSCALL
END syscall_entry

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

/* in:       rsp = a struct trap_frame; its error code is not 0 if SYSRET may leave, as after a
 *           system call, whose rcx and r11 are lost.
 * out:      the registers of the frame. */
#define LEFT(member) (member) - TRAP_FRAME_VECTOR(%rsp) /* in the frame, after restore_registers */
LOCAL_FUNCTION leave_kernel
    restore_registers
    cmpq $0, LEFT(TRAP_FRAME_ERROR)
    jne 1f
    add $TRAP_FRAME_RIP - TRAP_FRAME_VECTOR, %rsp
    iretq
1:  mov LEFT(TRAP_FRAME_RIP), %rcx
    mov LEFT(TRAP_FRAME_RFLAGS), %r11
    mov LEFT(TRAP_FRAME_RSP), %rsp
    sysretq
END leave_kernel

/* void user_enter(struct trap_frame *frame): enters user mode; returns through user_return.
 * in:       rdi = frame, as leave_kernel has it. */
FUNCTION user_enter
    save_callee_saved
    push %rdi
    mov %rsp, user_return_stack(%rip)
    mov %rdi, %rsp
    jmp leave_kernel
END user_enter

/* in:       rsp = a struct trap_frame.
 * out:      user_enter has returned; its frame is that one. */
LOCAL_FUNCTION user_return
    mov %rsp, %rsi
    mov user_return_stack(%rip), %rsp
    pop %rdi
    mov $TRAP_FRAME_SIZE / 8, %ecx
    rep movsq
    restore_callee_saved
    ret
END user_return

    .bss
    .balign 16
    .global trap_stack_top
    .skip STACK_SIZE
trap_stack_top:
    .skip 16
syscall_rsp: /* the user's stack pointer while a system call's frame is pushed */
    .skip 8
user_return_stack: /* user_enter's stack pointer */
    .skip 8

    .section .note.GNU-stack, "", @progbits
