/* SPDX-License-Identifier: MIT */
/* For tests/system/test_canary.sh: a guest that fills its memory and its registers with a word that
 * is found nowhere else. With `hide` on its command line it does so with the pattern; otherwise
 * with the marker, by which the test knows the roots of that guest. The words are computed here, so
 * that the image of the kernel holds neither. Afterwards it goes in and out of the hypervisor for
 * ever. It has no verdict of its own. */
#include "tests/guests/common/guest.h"

#define WORDS (1u << 19)

static u64 memory[WORDS];
static volatile u64 seed = 0x9e3779b97f4a7c15; /* tests/system/canary/walk.c has the same */

/* Yields with `word` in the registers that a call does not use and preserves. */
static void yield_with(u64 word)
{
    register u64 r8 __asm__("r8") = word;
    register u64 r9 __asm__("r9") = word;
    register u64 r12 __asm__("r12") = word;
    register u64 r13 __asm__("r13") = word;
    register u64 r14 __asm__("r14") = word;
    register u64 r15 __asm__("r15") = word;
    register u64 r10 __asm__("r10") = word;
    u64 result = __HYPERVISOR_sched_op, command = SCHEDOP_yield, nothing = 0;

    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(command), "+S"(nothing), "+r"(r8), "+r"(r9), "+r"(r10),
                       "+r"(r12), "+r"(r13), "+r"(r14), "+r"(r15)
                     : "b"(word), "d"(word)
                     : "rcx", "r11", "memory");
}

void test_main(void)
{
    const bool hides = starts_with((const char *)start_info->cmd_line, "hide");
    const u64 word = seed * (hides ? 3 : 5);

    for (u32 i = 0; i < WORDS; i++) {
        memory[i] = word;
    }
    print("canary: %s\n", hides ? "hidden" : "here");
    for (;;) {
        yield_with(word);
        for (u32 i = 0; i < 100000; i++) {
            __asm__ volatile("" : : "r"(word), "m"(memory[i]));
        }
    }
}
