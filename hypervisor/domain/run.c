/* SPDX-License-Identifier: MIT */
/* The run loop of a CPU. */
#include "hypervisor/domain/run.h"
#include "hypervisor/console/log.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/machine.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/report.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/trap/bounce.h"
#include "hypervisor/trap/entry.h"

#define REAP_STEP_NS 1000000ull

/* After the last domain: the audit of a machine that should be empty, and off. */
static _Noreturn void end_machine(bool crashed)
{
    report_audit();
    log_line("all guests have ended");
    machine_exit(crashed ? HANDOFF_CRASHED : HANDOFF_ALL_WELL);
}

/* One step, of REAP_STEP_NS at most, for each ended domain. True: there is more to do. */
static bool reap(struct cpu *cpu)
{
    bool crashed = false, alive = false, more = false;

    for (u32 i = 0; i < domain_count(); i++) {
        struct domain *domain = domain_at(i);

        if (!domain_has_ended(domain)) {
            alive = true;
            continue;
        }
        crashed |= domain->end == DOMAIN_CRASHED;
        if (domain->torn_down)
            continue;
        if (cpu->current && cpu->current->domain == domain)
            vcpu_switch(NULL, NULL);
        timers_run(clock_now() + REAP_STEP_NS); /* its interrupt is what stops the step */
        more |= !domain_teardown(domain);
    }
    if (!alive && !more)
        end_machine(crashed || !domain_all_built());
    return more;
}

/* A vCPU that runs while a domain is torn down gets no longer turns than the teardown. */
static u64 turn_end(const struct vcpu *next, bool reaping)
{
    u64 step_end;

    if (!reaping)
        return next ? next->slice_end : 0;
    step_end = clock_now() + REAP_STEP_NS;
    return next && next->slice_end && next->slice_end < step_end ? next->slice_end : step_end;
}

static void serve_work(struct cpu *cpu)
{
    struct vcpu *next;
    bool reaping;

    reaping = reap(cpu);
    cpu->work = false; /* whatever asked for it is looked at below */
    guest_console_input();
    next = sched_choose();
    if (next != cpu->current)
        vcpu_switch(cpu->current, next);
    timers_run(turn_end(next, reaping));
    cpu->work |= reaping && !next;
}

/* Until there is a vCPU that goes on. */
static _Noreturn __attribute__((noinline)) void run_after_work(struct cpu *cpu)
{
    for (;;) {
        struct vcpu *vcpu = cpu->current;

        if (cpu->work || !vcpu) {
            serve_work(cpu);
            if (cpu->work)
                continue;
            if (!cpu->current) {
                __asm__ volatile("sti; hlt; cli" : : : "memory");
                continue;
            }
            vcpu = cpu->current;
        }
        /* What an interrupted call left comes before anything else of this vCPU. */
        if (!mfn_is_none(vcpu->mmu.deferred.frame) && vmmu_finish(&vcpu->mmu) == VMMU_AGAIN)
            continue;
        if (vcpu->nmi_pending && !vcpu->nmi_masked) {
            vcpu->nmi_pending = false;
            if (vcpu->trap[VECTOR_NMI].address)
                bounce_trap(vcpu, VECTOR_NMI, 0);
            continue;
        }
        if (event_upcall_due(vcpu)) {
            bounce_event(vcpu);
            continue;
        }
        if (vcpu->areas_stale)
            sched_refresh_areas(vcpu);
        enter_guest(vcpu);
    }
}

void run(void)
{
    struct cpu *cpu = this_cpu();
    struct vcpu *vcpu = cpu->current;

    /* Nearly always nothing is to be done first. A masked upcall is not: that is seen there. */
    if (vcpu && !cpu->work && mfn_is_none(vcpu->mmu.deferred.frame) && !vcpu->nmi_pending &&
        !vcpu->areas_stale &&
        !__atomic_load_n(&vcpu->info->evtchn_upcall_pending, __ATOMIC_SEQ_CST))
        enter_guest(vcpu);
    run_after_work(cpu);
}
