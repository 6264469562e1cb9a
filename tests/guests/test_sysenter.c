/* SPDX-License-Identifier: MIT */
/* SYSENTER, and the flags that it finds.
 *
 * SYSENTER clears neither TF nor NT nor AC. A step of it ends at the first instruction of the
 * hypervisor's entry code, before that has saved any flag; the guest's kernel must find each flag
 * in its frame all the same. An AMD processor has no SYSENTER in 64-bit mode: there the instruction
 * faults, where it stands, CPUID does not show it, and a callback is never called. The system test
 * runs this on processors of both kinds. */
#include "tests/guests/common/user.h"

#define CPUID_SEP (1u << 11)

static struct user_space space;

struct leaf {
    u32 eax, ebx, ecx, edx;
};

static struct leaf cpuid(u32 leaf)
{
    struct leaf r;

    __asm__ volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(0));
    return r;
}

static bool is_amd(void)
{
    return cpuid(0).ecx == 0x444d4163; /* "cAMD" */
}

static void run_sysenter(struct trap_frame *frame, u64 cs, u64 flags)
{
    static const u8 code[] = {0x0f, 0x34, 0x0f, 0x0b}; /* sysenter; ud2 */

    memcpy(space.code, code, sizeof code);
    *frame = (struct trap_frame){
        .rip = USER_CODE, .rsp = USER_STACK, .cs = cs, .rflags = RFLAGS_IF | RFLAGS_FIXED | flags};
    user_run(frame, 0);
}

static void check_flags(u64 cs, u64 flags, u64 syscall_vector)
{
    struct trap_frame frame;

    check_equal(hypercall(__HYPERVISOR_set_debugreg, 6, 0, 0), 0, "dr6");
    run_sysenter(&frame, cs, flags);
    /* A processor sets RF in the frame of a fault, QEMU's emulator does not. */
    check_equal(frame.rflags & ~(is_amd() ? RFLAGS_RF : 0), RFLAGS_IF | RFLAGS_FIXED | flags,
                "cs %lx: the flags", cs);
    if (is_amd()) {
        check(frame.vector == VECTOR_UD || frame.vector == VECTOR_GP, "flags %lx: trap %lu", flags,
              frame.vector);
        check_equal(frame.rip, USER_CODE, "flags %lx: its rip", flags);
        check_equal(frame.rsp, USER_STACK, "flags %lx: its rsp", flags);
    } else {
        check_equal(frame.vector, syscall_vector, "flags %lx: sysenter", flags);
        check_equal(frame.rip, 0, "flags %lx: its rip, which SYSENTER does not save", flags);
        check_equal(frame.rsp, 0, "flags %lx: its rsp, which SYSENTER does not save", flags);
    }
}

void test_main(void)
{
    static const u8 code[] = {0x0f, 0x05}; /* syscall */
    static const u64 flags[] = {0,
                                RFLAGS_TF,
                                RFLAGS_DF,
                                RFLAGS_NT,
                                RFLAGS_AC,
                                RFLAGS_ID,
                                RFLAGS_TF | RFLAGS_NT | RFLAGS_AC | RFLAGS_DF};
    struct trap_frame frame = {.rip = USER_CODE, .rsp = USER_STACK, .rflags = RFLAGS_IF};

    user_space_make(&space);
    check_equal(!!(cpuid(1).edx & CPUID_SEP), !is_amd(), "CPUID shows SYSENTER");
    memcpy(space.code, code, sizeof code);
    user_run(&frame, 0);
    check_equal(set_callback(CALLBACKTYPE_sysenter, 0, address(syscall_entry)), 0, "the callback");
    for (unsigned i = 0; i < ARRAY_LENGTH(flags); i++) {
        check_flags(FLAT_USER_CS32, flags[i], frame.vector);
        check_flags(FLAT_USER_CS64, flags[i], frame.vector);
    }
    check_equal(set_callback(CALLBACKTYPE_sysenter, 0, 0), 0, "no callback");
    run_sysenter(&frame, FLAT_USER_CS32, RFLAGS_TF);
    check(frame.vector == VECTOR_GP || frame.vector == VECTOR_UD, "without a callback: %lu",
          frame.vector);
    check(frame.rflags & RFLAGS_TF, "without a callback: the flags %lx", frame.rflags);
}
