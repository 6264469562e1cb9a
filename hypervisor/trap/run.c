/* SPDX-License-Identifier: MIT */
/* The run loop of a CPU. */
#include "hypervisor/trap/run.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/machine.h"
#include "hypervisor/cpu/hold.h"
#include "hypervisor/build/build.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/report.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/timer.h"
#include "hypervisor/vcpu/deliver.h"
#include "hypervisor/cpu/entry.h"
#include "lib/handoff.h"

#define REAP_STEP_NS 1000000ull

static struct {
    _Atomic bool begun; /* one CPU ends the machine */
} ending;

/* After the last domain: the audit of a machine that should be empty, and off. */
static void end_machine(void)
{
    if (atomic_exchange_explicit(&ending.begun, true, memory_order_relaxed)) {
        return;
    }
    report_audit();
    log_line("all guests have ended");
    machine_exit(domain_any_failed() ? HANDOFF_CRASHED : HANDOFF_ALL_WELL);
}

/* Nothing is left of it; its guest may begin anew. */
static void bury(struct domain *domain)
{
    if (!atomic_exchange_explicit(&domain->buried, true, memory_order_acq_rel) &&
        !domain_rebuild(domain)) {
        domain_gone(domain);
    }
}

/* One step, of REAP_STEP_NS at most, for each ended domain that no other CPU is at. True: there is
 * more to do. */
static bool reap(struct cpu *cpu)
{
    bool more = false;

    for (u32 i = 0; i < domain_count(); i++) {
        struct domain *domain = domain_at(i);

        if (!domain || !domain_has_ended(domain)) {
            continue;
        }
        if (domain_is_torn_down(domain)) {
            bury(domain);
            continue;
        }
        if (cpu->current && cpu->current->domain == domain) {
            vcpu_switch(cpu->current, NULL);
        }
        timers_run(clock_now() + REAP_STEP_NS); /* its interrupt is what stops the step */
        more = true;                            /* when this is the last step: to bury it */
        domain_teardown(domain);
    }
    return more;
}

/* A vCPU that runs while a domain is torn down gets no longer turns than the teardown. */
static u64 turn_end(bool reaping)
{
    u64 slice_end = sched_slice_end(), step_end;

    if (!reaping) {
        return slice_end;
    }
    step_end = clock_now() + REAP_STEP_NS;
    return slice_end && slice_end < step_end ? slice_end : step_end;
}

static void serve_work(struct cpu *cpu)
{
    struct vcpu *next;
    bool reaping;

    reaping = domains_ending() && reap(cpu);
    if (domains_all_gone()) {
        end_machine();
    }
    cpu->work = false; /* whatever asked for it is looked at below; later askers interrupt */
    hold_stand_by();
    guest_console_input();
    next = sched_choose();
    if (next != cpu->current) {
        vcpu_switch(cpu->current, next);
    }
    timers_run(turn_end(reaping));
    if (reaping && !next) {
        cpu->work = true;
    }
}

/* Until there is a vCPU that goes on. */
static _Noreturn __attribute__((noinline)) void run_after_work(struct cpu *cpu)
{
    for (;;) {
        struct vcpu *vcpu = cpu->current;

        if (cpu->work || !vcpu) {
            serve_work(cpu);
            if (cpu->work) { /* for a vCPU of an ended domain, perhaps, that waits for us */
                lock_wait();
                continue;
            }
            if (!cpu->current) {
                __asm__ volatile("sti; hlt; cli" : : : "memory");
                continue;
            }
            vcpu = cpu->current;
        }
        /* What an interrupted call left comes before anything else of this vCPU. */
        if (!mfn_is_none(vcpu->mmu.deferred.frame) && vmmu_finish(&vcpu->mmu) == VMMU_AGAIN) {
            continue;
        }
        if (vcpu->nmi_pending && !vcpu->nmi_masked) {
            vcpu->nmi_pending = false;
            if (vcpu->trap[VECTOR_NMI].address) {
                deliver_trap(vcpu, VECTOR_NMI, 0);
            }
            continue;
        }
        if (event_upcall_due(vcpu)) {
            deliver_event(vcpu);
            continue;
        }
        if (vcpu->areas_stale) {
            sched_refresh_areas(vcpu);
        }
        enter_guest(vcpu);
    }
}

void run(void)
{
    struct cpu *cpu = this_cpu();
    struct vcpu *vcpu = cpu->current;

    if (vcpu && run_may_enter(cpu, vcpu)) {
        enter_guest(vcpu);
    }
    run_after_work(cpu);
}
