/* SPDX-License-Identifier: MIT */
/* What programs in user mode ask of the kernel. A program is one section, copied to USER_IMAGE: it
 * must not use any address of its own but relative to rip, nor data; so all helpers are inlined. */
#ifndef GUEST_KERNELS_PROCESS_USER_H
#define GUEST_KERNELS_PROCESS_USER_H

#include "guest/guest.h"

#define USER_IMAGE       0x400000ull
#define USER_STACK_END   0x7fffffff0000ull
#define USER_STACK_START (USER_STACK_END - 16 * PAGE_SIZE)

#define RIGHT_WRITE   1u
#define RIGHT_EXECUTE 2u

enum call {
    CALL_NOTHING,
    CALL_EXIT,
    CALL_FORK,
    CALL_EXEC,
    CALL_WAIT,
    CALL_MAP,
    CALL_UNMAP,
    CALL_PROTECT,
    CALL_HANDLER,
    CALL_RETURN,
    CALL_YIELD,
    CALL_REPORT
};

#define IN_PROGRAM(section_name) __attribute__((section(section_name), noreturn, used))
#define USER_INLINE              static inline __attribute__((always_inline))

USER_INLINE u64 call(u64 number, u64 a, u64 b, u64 c)
{
    u64 result = number;

    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(a), "+S"(b), "+d"(c)
                     :
                     : "rcx", "r11", "r8", "r9", "r10", "memory");
    return result;
}

USER_INLINE void __attribute__((noreturn)) leave(u64 code)
{
    for (;;) {
        call(CALL_EXIT, code, 0, 0);
    }
}

/* A claim: what is wrong is printed, and the process ends with an error. */
#define claim(condition, value)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            call(CALL_REPORT, __LINE__, (u64)(value), 0);                                          \
            leave(1);                                                                              \
        }                                                                                          \
    } while (0)

#define AT(address) (*(volatile u64 *)(address))

#endif
