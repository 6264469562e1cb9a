/* SPDX-License-Identifier: MIT */
/* What a vCPU's first state says is what the vCPU starts with: control registers, bases of FS and
 * GS, and flags. An NMI that another vCPU sends reaches it.
 * Vcpus: 2 Cpus: 1 2 */
#include "tests/guests/common/smp.h"
#include "lib/x86/control.h"

#define TURNS 1000000u

static struct vcpu_guest_context context __attribute__((aligned(64)));
static u64 fs_word = 0x6673, gs_word = 0x6773;
static struct {
    u64 cr0, cr0_after, cr2, cr4, fs, gs, flags;
    volatile u32 device_traps, nmis;
    volatile bool ready;
} seen;

static void take_device_trap(struct trap_frame *frame)
{
    (void)frame;
    seen.device_traps++;
}

static void take_nmi(struct trap_frame *frame)
{
    (void)frame;
    seen.nmis++;
}

static void second(void)
{
    __asm__ volatile("mov %%cr0, %0" : "=r"(seen.cr0));
    __asm__ volatile("mov %%cr2, %0" : "=r"(seen.cr2));
    __asm__ volatile("mov %%cr4, %0" : "=r"(seen.cr4));
    __asm__ volatile("mov %%fs:0, %0" : "=r"(seen.fs));
    __asm__ volatile("mov %%gs:0, %0" : "=r"(seen.gs));
    seen.flags = read_flags();
    __asm__ volatile("fninit");
    __asm__ volatile("mov %%cr0, %0" : "=r"(seen.cr0_after));
    seen.ready = true;
    for (;;) {
        sched_op(SCHEDOP_yield, NULL);
    }
}

void test_main(void)
{
    if (smp_count() < 2) {
        skip("there is one processor only");
    }
    trap_take(VECTOR_NM, take_device_trap);
    trap_take(VECTOR_NMI, take_nmi);
    smp_context(&context, 1, second);
    context.ctrlreg[0] = CR0_TS;
    context.ctrlreg[2] = 0x1234;
    context.ctrlreg[4] = CR4_TSD | CR4_DE;
    context.fs_base = address(&fs_word);
    context.gs_base_kernel = address(&gs_word);
    context.user_regs.rflags |= RFLAGS_CF;
    check_equal(vcpu_op(VCPUOP_initialise, 1, &context), 0, "the first state");
    check_equal(vcpu_op(VCPUOP_up, 1, NULL), 0, "up");
    for (u32 i = 0; i < TURNS && !seen.ready; i++) {
        sched_op(SCHEDOP_yield, NULL);
    }
    check(seen.ready, "it does not run");
    check(seen.cr0 & CR0_TS, "TS is clear: cr0 %lx", seen.cr0);
    check_equal(seen.device_traps, 1, "#NM of the first use of the FPU");
    check(!(seen.cr0_after & CR0_TS), "TS is still set: cr0 %lx", seen.cr0_after);
    check_equal(seen.cr2, 0x1234, "cr2");
    check_equal(seen.cr4 & (CR4_TSD | CR4_DE), CR4_TSD | CR4_DE, "TSD and DE of cr4");
    check_equal(seen.fs, fs_word, "the word at fs:0");
    check_equal(seen.gs, gs_word, "the word at gs:0");
    check(seen.flags & RFLAGS_IF, "flags %lx", seen.flags);

    check_equal(vcpu_op(VCPUOP_send_nmi, 1, NULL), 0, "send_nmi");
    for (u32 i = 0; i < TURNS && !seen.nmis; i++) {
        sched_op(SCHEDOP_yield, NULL);
    }
    check_equal(seen.nmis, 1, "NMIs of the other vCPU");
}
