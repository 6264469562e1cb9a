/* SPDX-License-Identifier: MIT */
/* For tests/system/test_canary.sh and test_dom0_isolation.sh: a guest that fills its memory, its
 * registers and its vector registers, of each vCPU, with words that are found nowhere else. With
 * `hide` on its command line these are the canaries; otherwise markers, by which the test knows the
 * roots of that guest, and then its first vCPU is in user mode half of the time. The words are
 * computed here, so that the image of the kernel holds none. It prints which machine frames three
 * of the filled pages are. Afterwards it goes in and out of the hypervisor for ever. It has no
 * verdict of its own. */
#include "tests/guests/common/smp.h"
#include "tests/guests/common/user.h"

#define WORDS (1u << 19)

static u64 memory[WORDS];
static volatile u64 seed = 0xd1b54a32d192ed03; /* tests/system/canary/walk.c has the same */
static bool hides;
static _Atomic u32 ready; /* vCPUs whose registers are filled */

/* User mode for about as long as the loop of `work` takes in an emulator, with none of the words in
 * a register. */
extern const u8 spin[], spin_end[];
__asm__(".pushsection .rodata\n"
        "spin: mov $1000000, %ecx\n"
        "1: dec %ecx\n"
        "jnz 1b\n"
        "int $0x80\n"
        "spin_end:\n"
        ".popsection");

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

/* Fills the vector registers and those of the x87, which the compiler uses nowhere. */
static void fill_vectors(u64 word)
{
#define XMM(n) "movq %0, %%xmm" #n "\npunpcklqdq %%xmm" #n ", %%xmm" #n "\n"
#define MM(n)  "movq %0, %%mm" #n "\n"
    __asm__ volatile(XMM(0) XMM(1) XMM(2) XMM(3) XMM(4) XMM(5) XMM(6) XMM(7) XMM(8) XMM(9) XMM(10)
                         XMM(11) XMM(12) XMM(13) XMM(14) XMM(15)
                     :
                     : "r"(word));
    __asm__ volatile(MM(0) MM(1) MM(2) MM(3) MM(4) MM(5) MM(6) MM(7) : : "r"(word));
}

static void work(unsigned self)
{
    const u64 word = seed * (hides ? 9 : 5);
    struct user_space space;
    struct trap_frame frame;

    fill_vectors(seed * (hides ? 11 : 5));
    if (!hides && self == 0) {
        user_space_make(&space);
        *(u64 *)space.data = seed * 7;
    }
    if (atomic_fetch_add(&ready, 1) + 1 == smp_count()) {
        print("canary: %s\n", hides ? "hidden" : "here");
    }
    for (;;) {
        yield_with(word);
        if (!hides && self == 0) {
            user_run_code(&space, spin, spin_end, &frame);
        }
        for (u32 i = 0; i < 1000000; i++) {
            __asm__ volatile("" : : "r"(word), "m"(memory[i % WORDS]));
        }
    }
}

void test_main(void)
{
    hides = starts_with((const char *)start_info->cmd_line, "hide");
    for (u32 i = 0; i < WORDS; i++) {
        memory[i] = seed * (hides ? 3 : 5);
    }
    print("canary: frames %lx %lx %lx\n", mfn_of(&memory[WORDS / 4]), mfn_of(&memory[WORDS / 2]),
          mfn_of(&memory[WORDS / 4 * 3]));
    smp_start(smp_count());
    smp_run(work);
}
