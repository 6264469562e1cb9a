/* SPDX-License-Identifier: MIT */
/* The bases of fs and gs: by hypercall, by wrmsr, by rdmsr.
 *
 * Linux's very first act is a wrmsr of the gs base. A non-canonical base must be refused: loading
 * it would fault in the hypervisor. */
#include "tests/guests/common/guest.h"

#include "lib/x86/msr.h"

static u64 words[2] = {0x1111, 0x2222};

static void write_msr(u32 index, u64 value)
{
    __asm__ volatile("wrmsr" ::"c"(index), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static u64 read_msr(u32 index)
{
    u32 low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return low | (u64)high << 32;
}

static u64 by_fs(void)
{
    u64 value;
    __asm__ volatile("mov %%fs:0, %0" : "=r"(value)::"memory");
    return value;
}

static u64 by_gs(void)
{
    u64 value;
    __asm__ volatile("mov %%gs:0, %0" : "=r"(value)::"memory");
    return value;
}

static long set_base(unsigned which, u64 base)
{
    return hypercall(__HYPERVISOR_set_segment_base, which, base, 0);
}

static void check_hypercall(void)
{
    check_equal(set_base(SEGBASE_FS, address(&words[0])), 0, "FS");
    check_equal(by_fs(), 0x1111, "by fs");
    check_equal(set_base(SEGBASE_GS_KERNEL, address(&words[1])), 0, "GS_KERNEL");
    check_equal(by_gs(), 0x2222, "by gs");
    check_equal(set_base(SEGBASE_GS_USER, address(&words[0])), 0, "GS_USER");
    check_equal(by_gs(), 0x2222, "by gs, after GS_USER");
    check_equal(read_msr(MSR_FS_BASE), address(&words[0]), "rdmsr FS_BASE");
    check_equal(read_msr(MSR_GS_BASE), address(&words[1]), "rdmsr GS_BASE");
    check_equal(read_msr(MSR_KERNEL_GS_BASE), address(&words[0]), "rdmsr SHADOW_GS_BASE");
    check_equal(set_base(SEGBASE_GS_USER_SEL, 0), 0, "GS_USER_SEL 0");
    check_equal(by_gs(), 0x2222, "by gs, after GS_USER_SEL");
}

static void check_msr(void)
{
    write_msr(MSR_FS_BASE, address(&words[1]));
    check_equal(by_fs(), 0x2222, "by fs, after wrmsr");
    write_msr(MSR_GS_BASE, address(&words[0]));
    check_equal(by_gs(), 0x1111, "by gs, after wrmsr");
    write_msr(MSR_KERNEL_GS_BASE, address(&words[1]));
    check_equal(by_gs(), 0x1111, "by gs, after wrmsr of the shadow");
    check_equal(read_msr(MSR_KERNEL_GS_BASE), address(&words[1]), "rdmsr of the shadow");
}

static void write_bad_msr(void *argument)
{
    u64 *pair = argument;

    write_msr((u32)pair[0], pair[1]);
}

static void check_refused(void)
{
    static const u64 bad[] = {1ull << 63, 1ull << 47, 0xffff7fffffffffff, 0x8000000000000fff};
    static const unsigned which[] = {SEGBASE_FS, SEGBASE_GS_USER, SEGBASE_GS_KERNEL};
    static const u32 msr[] = {MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE};

    for (unsigned i = 0; i < ARRAY_LENGTH(bad); i++) {
        for (unsigned j = 0; j < ARRAY_LENGTH(which); j++) {
            u64 pair[2] = {msr[j], bad[i]};

            check_equal(set_base(which[j], bad[i]), -XEN_EINVAL, "base %u = %lx", which[j], bad[i]);
            check_traps(VECTOR_GP, write_bad_msr, pair, "wrmsr %x = %lx", msr[j], bad[i]);
        }
    }
    check_equal(by_fs(), 0x2222, "by fs, after refusals");
    check_equal(by_gs(), 0x1111, "by gs, after refusals");
}

/* The bases stay across a trap and an iret. */
static void skip_ud2(struct trap_frame *frame)
{
    frame->rip += 2;
}

static void check_trap(void)
{
    trap_take(VECTOR_UD, skip_ud2);
    __asm__ volatile("ud2");
    trap_take(VECTOR_UD, NULL);
    check_equal(by_fs(), 0x2222, "by fs, after a trap");
    check_equal(by_gs(), 0x1111, "by gs, after a trap");
}

void test_main(void)
{
    check_hypercall();
    check_msr();
    check_refused();
    check_trap();
}
