/* SPDX-License-Identifier: MIT */
/* Traps: who handles them, and user mode.
 *
 * A kernel is a loop around user_run: it lets a user run, is told why that stopped, acts, and lets
 * the next one run. The kernel itself runs with events masked; they come while a user runs. */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include "guest/vectors.h"
#include "lib/types.h"

struct trap_frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    u64 vector;
    u64 error;
    u64 rip, cs, rflags, rsp, ss;
};

#define RFLAGS_CF   (1ull << 0)
#define RFLAGS_TF   (1ull << 8)
#define RFLAGS_IF   (1ull << 9)
#define RFLAGS_DF   (1ull << 10)
#define RFLAGS_IOPL (3ull << 12)
#define RFLAGS_NT   (1ull << 14)
#define RFLAGS_AC   (1ull << 18)

#define PF_PRESENT 1u
#define PF_WRITE   2u
#define PF_USER    4u
#define PF_FETCH   16u

/* Runs user mode with the registers of `frame` in the active space, until it traps, faults or makes
 * a system call (syscall: VECTOR_SYSCALL, INT 0x80: VECTOR_INT80); then `frame` has its registers
 * and `vector` says why. Selectors are filled in when cs is 0. Every use saves and loads all
 * general registers; floating point is the user's own. */
void user_run(struct trap_frame *frame);

/* The address of the last page fault on this CPU; valid until the next. */
u64 trap_address(void);

/* Takes a vector over, in kernel mode and in user mode; NULL: the default again. The handler
 * changes `frame` as it likes; returning resumes there. */
typedef void trap_handler(struct trap_frame *frame);
void trap_take(unsigned vector, trap_handler *handler);

/* Reads or writes one word of memory that may not be there. False: it trapped. */
bool word_read(const volatile u64 *at, u64 *value);
bool word_write(volatile u64 *at, u64 value);

/* ---- between entry code, backends and trap.c ---- */

/* A vector's handler, or the fix-up of a word access, or the end. */
void trap_kernel(struct trap_frame *frame);
extern trap_handler *trap_handlers[VECTORS];

#endif
