/* SPDX-License-Identifier: MIT */
/* The system calls of programs in user mode. A program is one section of the kernel's image, copied
 * to USER_IMAGE. It must be independent of its position and have no data, so its helpers are
 * inlined. */
#ifndef GUEST_KERNELS_PROCESS_USER_H
#define GUEST_KERNELS_PROCESS_USER_H

#include "guest/guest.h"

#define USER_IMAGE       0x400000ull
#define USER_STACK_END   0x7fffffff0000ull
#define USER_STACK_START (USER_STACK_END - 16 * PAGE_SIZE)

#define RIGHT_WRITE   1u
#define RIGHT_EXECUTE 2u

/* The numbers of the system calls. A comment lists the arguments of a call and its result, if it
 * has one besides 0 and errors. */
enum call {
    CALL_NOTHING,
    CALL_EXIT,  /* arguments: exit code */
    CALL_FORK,  /* result: the child's number; in the child 0 */
    CALL_EXEC,  /* arguments: number of an image, argument for the program */
    CALL_WAIT,  /* arguments: address for the exit code, or 0; result: number of the ended child */
    CALL_MAP,   /* arguments: address, length, RIGHT_... */
    CALL_UNMAP, /* arguments: address, length */
    CALL_PROTECT, /* arguments: address, length, RIGHT_... */
    CALL_HANDLER, /* arguments: address of the fault handler (va, error code) */
    CALL_RETURN,  /* ends the fault handler; arguments: bytes to skip at the fault */
    CALL_YIELD,   /* lets other processes run */
    CALL_REPORT   /* arguments: three values, which are passed to process_report */
};

/* Puts a function that does not return into the section of a program. */
#define IN_PROGRAM(section_name) __attribute__((section(section_name), noreturn, used))
#define USER_INLINE              static inline __attribute__((always_inline))

/* Makes a system call. Returns its result, negative for an error. */
USER_INLINE u64 call(u64 number, u64 a, u64 b, u64 c)
{
    u64 result = number;

    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(a), "+S"(b), "+d"(c)
                     :
                     : "rcx", "r11", "r8", "r9", "r10", "memory");
    return result;
}

/* Ends the process with an exit code. */
USER_INLINE void __attribute__((noreturn)) leave(u64 code)
{
    for (;;) {
        call(CALL_EXIT, code, 0, 0);
    }
}

/* Checks a claim. If it does not hold, reports its line and `value`, and ends the process with exit
 * code 1. */
#define claim(condition, value)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            call(CALL_REPORT, __LINE__, (u64)(value), 0);                                          \
            leave(1);                                                                              \
        }                                                                                          \
    } while (0)

/* The word at a user address. */
#define AT(address) (*(volatile u64 *)(address))

#endif
