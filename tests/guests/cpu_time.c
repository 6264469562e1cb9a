/* SPDX-License-Identifier: MIT */
/* A guest of tests/system/test_shares.sh: prints how much CPU time it got between FROM and TO, in
 * system time, which all guests share. On the command line: `spin` (all of its vCPUs) or `sleep`
 * (it works briefly and sleeps, and prints how late it woke at worst). */
#include "tests/guests/common/guest.h"

#define US       1000ul
#define MS       1000000ul
#define FROM     (500 * MS)
#define TO       (4500 * MS)
#define END      (4700 * MS) /* until then it continues, so that the other guests have the same load */
#define WORK     (1 * MS)
#define SLEEP    (6 * MS) /* not a multiple of a slice */
#define VCPU_MAX 8u

static u8 stacks[VCPU_MAX][4096] __attribute__((aligned(16)));
static struct vcpu_guest_context context __attribute__((aligned(64)));
static unsigned vcpus;

static u64 system_time(void)
{
    const volatile struct vcpu_time_info *time = &shared_info->vcpu_info[0].time;
    u64 ticks = read_tsc() - time->tsc_timestamp;

    ticks = time->tsc_shift < 0 ? ticks >> -time->tsc_shift : ticks << time->tsc_shift;
    return time->system_time + (u64)((unsigned __int128)ticks * time->tsc_to_system_mul >> 32);
}

static u64 cpu_time(void)
{
    struct vcpu_runstate_info runstate;
    u64 used = 0;

    for (unsigned i = 0; i < vcpus; i++) {
        if (vcpu_op(VCPUOP_get_runstate_info, i, &runstate)) {
            error("no runstate of vCPU %u", i);
        }
        used += runstate.time[RUNSTATE_running];
    }
    return used;
}

/* Works without reading the clock, which is slow under emulation. */
static void work_a_little(void)
{
    for (volatile unsigned i = 0; i < 200; i++)
        ;
}

static void spin(void)
{
    for (;;) {
        work_a_little();
    }
}

/* Makes all vCPUs but this one spin. */
static void start_spinners(void)
{
    context.flags = VGCF_in_kernel;
    context.user_regs.rip = (u64)spin;
    context.user_regs.cs = 0xe033;
    context.user_regs.ss = context.kernel_ss = 0xe02b;
    context.user_regs.rflags = RFLAGS_IF | RFLAGS_FIXED;
    context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of(root_first()));
    for (vcpus = 1; vcpus < VCPU_MAX; vcpus++) {
        context.user_regs.rsp = context.kernel_sp = (u64)(stacks[vcpus] + sizeof stacks[vcpus] - 8);
        if (vcpu_op(VCPUOP_initialise, vcpus, &context)) {
            break;
        }
        check_equal(vcpu_op(VCPUOP_up, vcpus, NULL), 0, "vCPU %u is up", vcpus);
    }
}

static void wait_until(u64 time)
{
    while (system_time() < time) {
        work_a_little();
    }
}

/* Returns how late it woke at worst. */
static u64 work_and_sleep_until(u64 time)
{
    u64 worst = 0;

    for (u64 now = system_time(); now < time; now = system_time()) {
        struct sched_poll poll = {.timeout = now + WORK + SLEEP};

        wait_until(now + WORK);
        sched_op(SCHEDOP_poll, &poll);
        now = system_time();
        check(now >= poll.timeout, "it woke %lu us early", (poll.timeout - now) / US);
        if (now - poll.timeout > worst) {
            worst = now - poll.timeout;
        }
    }
    return worst;
}

void test_main(void)
{
    bool sleeps = starts_with((const char *)start_info->cmd_line, "sleep");
    u64 started, used, worst = 0;

    vcpus = 1;
    if (!sleeps) {
        start_spinners();
    }
    check(system_time() < FROM, "it starts too late");
    if (sleeps) {
        work_and_sleep_until(FROM);
    } else {
        wait_until(FROM);
    }
    started = system_time();
    used = cpu_time();
    if (sleeps) {
        worst = work_and_sleep_until(TO);
    } else {
        wait_until(TO);
    }
    used = cpu_time() - used;
    print("ran: %lu us of %lu us\n", used / US, (system_time() - started) / US);
    if (sleeps) {
        print("late: %lu us\n", worst / US);
    }
    wait_until(END);
}
