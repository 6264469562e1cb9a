/* SPDX-License-Identifier: MIT */
/* A vCPU that sleeps finds its processor state again: FPU registers, segment bases and debug
 * registers, whether its CPU stayed idle meanwhile or ran another vCPU, which has others.
 * Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/smp.h"

#include "lib/x86/msr.h"

#define VCPUS  4u
#define ROUNDS 60u

static u64 words[VCPUS][2]; /* to which FS and GS of each vCPU point */
static u64 watched[VCPUS];

static u64 read_msr(u32 index)
{
    u32 low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return low | (u64)high << 32;
}

static u64 own_xmm(unsigned self, u32 round)
{
    return (u64)(self + 1) << 32 | round;
}

static void set_state(unsigned self, u32 round)
{
    u64 fs = address(&words[self][0]), gs = address(&words[self][1]);

    __asm__ volatile("movq %0, %%xmm3; movq %1, %%xmm14" ::"r"(own_xmm(self, round)),
                     "r"(~own_xmm(self, round)));
    check_equal(hypercall(__HYPERVISOR_set_segment_base, SEGBASE_FS, fs, 0), 0, "FS");
    check_equal(hypercall(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, gs, 0), 0, "GS");
    check_equal(hypercall(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER, gs + round, 0), 0,
                "user GS");
    check_equal(hypercall(__HYPERVISOR_set_debugreg, 0, address(&watched[self]), 0), 0, "DR0");
}

static void check_state(unsigned self, u32 round)
{
    u64 low, high, by_fs, by_gs;

    __asm__ volatile("movq %%xmm3, %0; movq %%xmm14, %1" : "=r"(low), "=r"(high));
    check_equal(low, own_xmm(self, round), "xmm3 of vCPU %u in round %u", self, round);
    check_equal(high, ~own_xmm(self, round), "xmm14 of vCPU %u in round %u", self, round);
    __asm__ volatile("mov %%fs:0, %0; mov %%gs:0, %1" : "=r"(by_fs), "=r"(by_gs)::"memory");
    check_equal(by_fs, self + 1, "by FS of vCPU %u in round %u", self, round);
    check_equal(by_gs, ~(u64)self, "by GS of vCPU %u in round %u", self, round);
    check_equal(read_msr(MSR_KERNEL_GS_BASE), address(&words[self][1]) + round,
                "user GS of vCPU %u in round %u", self, round);
    check_equal((u64)hypercall(__HYPERVISOR_get_debugreg, 0, 0, 0), address(&watched[self]),
                "DR0 of vCPU %u in round %u", self, round);
}

static void sleep_until(u64 time)
{
    struct sched_poll request = {.nr_ports = 0, .timeout = time};

    check_equal(sched_op(SCHEDOP_poll, &request), 0, "poll");
}

static void work(unsigned self)
{
    words[self][0] = self + 1;
    words[self][1] = ~(u64)self;
    for (u32 round = 0; round < ROUNDS; round++) {
        set_state(self, round);
        sleep_until(smp_now() + 20000 + smp_below(400000));
        check_state(self, round);
    }
}

void test_main(void)
{
    smp_start(VCPUS);
    smp_run(work);
}
