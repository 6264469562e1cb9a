/* SPDX-License-Identifier: MIT */
/* vCPUs start, stop and query each other while they work: each is initialised once, even if several
 * vCPUs try it at a time; one that is taken down does nothing until it is up again, and then
 * continues where it was.
 * Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/smp.h"

#define TURNS 20u
#define STILL (3 * MILLISECOND)
#define THIRD 3u /* vCPU 3 belongs to this test: it is not one of those that smp_start starts */

static _Atomic u64 steps; /* steps of vCPU 3 */

static void third(void)
{
    u64 expected = 0;

    for (;; expected++) {
        if (atomic_fetch_add(&steps, 1) != expected) {
            error("the third vCPU runs twice, or lost its registers");
        }
        if (expected % 64 == 0) {
            cpu_relax();
        }
    }
}

static struct vcpu_guest_context contexts[SMP_MAX] __attribute__((aligned(64)));
static _Atomic unsigned started, late;

/* All vCPUs try to give vCPU 3 its first state. */
static void initialise(unsigned self)
{
    long result;

    smp_context(&contexts[self], THIRD, third);
    smp_barrier();
    result = vcpu_op(VCPUOP_initialise, THIRD, &contexts[self]);
    if (!result) {
        atomic_fetch_add(&started, 1);
    } else if (result == -XEN_EEXIST) {
        atomic_fetch_add(&late, 1);
    } else {
        check_equal(result, -XEN_EEXIST, "a first state, a second time");
    }
}

/* An invalid state is refused, and does not affect a valid one. */
static void initialise_badly(unsigned self)
{
    smp_context(&contexts[self], THIRD, third);
    contexts[self].ctrlreg[3] = xen_pfn_to_cr3(mfn_of(root_first()) + (1ull << 39));
    smp_barrier();
    check_equal(vcpu_op(VCPUOP_initialise, THIRD, &contexts[self]), -XEN_EINVAL, "a bad root");
    check_equal(vcpu_op(VCPUOP_up, THIRD, NULL), -XEN_EINVAL, "up without a first state");
    check_equal(vcpu_op(VCPUOP_is_up, THIRD, NULL), 0, "is_up");
}

static bool moves(u64 before, u64 patience)
{
    u64 end = smp_now() + patience;

    while (steps == before && smp_now() < end) {
        cpu_relax();
    }
    return steps != before;
}

/* Says whether vCPU 3 stops within some time: the ABI lets it finish its current work. */
static bool stands(void)
{
    u64 end = smp_now() + PATIENCE;

    while (moves(steps, STILL)) {
        if (smp_now() > end) {
            return false;
        }
    }
    return true;
}

static void check_down_and_up(void)
{
    for (unsigned i = 0; i < TURNS; i++) {
        u64 before = steps;

        check_equal(vcpu_op(VCPUOP_up, THIRD, NULL), 0, "up");
        check_equal(vcpu_op(VCPUOP_is_up, THIRD, NULL), 1, "is_up after up");
        check(moves(before, PATIENCE), "up, but it does nothing, turn %u", i);
        for (u32 spins = smp_below(3000); spins; spins--) {
            __builtin_ia32_pause();
        }
        check_equal(vcpu_op(VCPUOP_down, THIRD, NULL), 0, "down");
        check_equal(vcpu_op(VCPUOP_is_up, THIRD, NULL), 0, "is_up after down");
        check(stands(), "down, but it works, turn %u", i);
    }
}

/* Every vCPU takes vCPU 3 up and down at random, and reads its runstate. */
static void up_against_down(unsigned self)
{
    struct vcpu_runstate_info account;

    (void)self;
    check_equal(vcpu_op(smp_below(2) ? VCPUOP_up : VCPUOP_down, THIRD, NULL), 0, "up or down");
    check_equal(vcpu_op(VCPUOP_get_runstate_info, THIRD, &account), 0, "its account");
    check(account.state <= RUNSTATE_offline, "its state: %u", account.state);
}

void test_main(void)
{
    u64 before;

    if (smp_count() < 4) {
        skip("this takes 4 vCPUs");
    }
    smp_start(3);
    smp_run(initialise_badly);
    smp_run(initialise);
    check_equal(started, 1, "how many gave the third its first state");
    check_equal(late, 2, "how many came too late");
    check_equal(steps, 0, "it runs before it is up");
    check_down_and_up();
    smp_race(up_against_down, 200, NULL);
    before = steps;
    check_equal(vcpu_op(VCPUOP_up, THIRD, NULL), 0, "up at the end");
    check(moves(before, PATIENCE), "it does nothing at the end");
    check_equal(vcpu_op(VCPUOP_initialise, THIRD, &contexts[0]), -XEN_EEXIST,
                "a first state for one that runs");
    print("Note: %lu steps\n", steps);
}
