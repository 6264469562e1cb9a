/* SPDX-License-Identifier: MIT */
/* The run loop of a CPU. */
#include "hypervisor/trap/run.h"
#include "hypervisor/trace/trace.h"
#include "hypervisor/trap/traced.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/machine.h"
#include "hypervisor/cpu/start.h"
#include "hypervisor/cpu/stop.h"
#include "hypervisor/build/build.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/isolation.h"
#include "hypervisor/domain/report.h"
#include "hypervisor/irq/interrupt.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/timer.h"
#include "hypervisor/vcpu/deliver.h"
#include "hypervisor/cpu/entry.h"
#include "lib/handoff.h"
#include "vmmu/port.h"

#define TEARDOWN_STEP_NS 1000000ull
#define HUSK_CHECK_NS    10000000ull
#define BUILD_SPARE      1024u /* clean frames beyond the guest's memory, for its domain and vCPUs */

static struct {
    _Atomic bool announced; /* the log says that all guests have ended */
    _Atomic bool begun;     /* set by the CPU that ends the machine */
} ending;

/* Ends the machine as the privileged domain, if there was one, has ended. */
static _Noreturn void leave_machine(void)
{
    const struct domain *privileged = domain_by_id(0);
    u32 end = privileged ? atomic_load(&privileged->end) : DOMAIN_RUNNING;

    switch (end) {
    case DOMAIN_POWERED_OFF:
        machine_switch_off(HANDOFF_ALL_WELL);
    case DOMAIN_REBOOTED:
        machine_restart();
    case DOMAIN_CRASHED:
        machine_fail(HANDOFF_CRASHED);
    default:
        machine_exit(domain_any_failed() ? HANDOFF_CRASHED : HANDOFF_ALL_WELL);
    }
}

/* Ends the machine after the end of the last domain. Nobody is left for whom memory would have to
 * be given back, so the machine is switched off at once; only if there is to be an audit, not
 * before all domains are torn down. No vCPU, page table or hold should be left by then; the audit
 * does not report a frame that only still has an owner. */
static void end_machine(void)
{
    if (!atomic_exchange_explicit(&ending.announced, true, memory_order_relaxed)) {
        log_line("all guests have ended");
        guest_console_ended();
    }
    if (report_audits() && domains_ending()) {
        return;
    }
    if (atomic_exchange_explicit(&ending.begun, true, memory_order_relaxed)) {
        return;
    }
    report_audit();
    leave_machine();
}

/* Begins a step of the end of a domain: the timer's interrupt sets cpu->work, by which
 * port_should_stop ends the step. */
static void begin_step(void)
{
    timers_run(clock_now() + TEARDOWN_STEP_NS);
}

/* Cleans free memory, for one step, if there is not enough that is clean to start the guest of
 * `domain` again: the build itself is one step. True: there is enough, or nothing is dirty. */
static bool clean_for(const struct domain *domain)
{
    begin_step();
    while (frames_dirty_count() &&
           frames_free_count() - frames_dirty_count() < domain->pages + BUILD_SPARE) {
        if (!frames_clean() || port_should_stop()) {
            return false;
        }
    }
    return true;
}

/* Finishes a torn-down domain: its guest is started again, or counts as ended for good; a managed
 * domain is freed if nobody has frames of it. True: there is more to do, so call it again. */
static bool finish(struct domain *domain)
{
    if (domain->managed) {
        domain_collect(domain);
        return false;
    }
    if (domain->finished) {
        return false;
    }
    if (domain_restarts(domain) && !clean_for(domain)) {
        return true;
    }
    if (!atomic_exchange_explicit(&domain->finished, true, memory_order_acq_rel) &&
        !domain_rebuild(domain)) {
        domain_finish(domain);
    }
    return false;
}

/* Shuts down domains whose watchdog has expired, and tears down ended domains: one step, of at most
 * TEARDOWN_STEP_NS, for each that no other CPU is tearing down. True: at least one ended domain was
 * not torn down yet when this was called, so it must be called again. */
static bool teardown_ended(struct cpu *cpu)
{
    bool more = false;

    for (u32 i = 0; i < domain_count(); i++) {
        struct domain *domain = domain_at(i);

        if (domain) {
            watchdog_serve(domain);
        }
        if (!domain || !domain_has_ended(domain)) {
            continue;
        }
        if (domain_is_torn_down(domain)) {
            more |= finish(domain);
            continue;
        }
        if (cpu->current && cpu->current->domain == domain) {
            vcpu_switch(cpu->current, NULL);
        }
        if (cpu->parked && cpu->parked->domain == domain) {
            vcpu_unpark();
        }
        begin_step();
        more = true; /* even after the last step: the domain must still be finished */
        domain_teardown(domain);
    }
    return more;
}

/* The system time at which the run loop must be entered again; 0: no limit. While a domain is torn
 * down, a vCPU runs no longer between two steps than a step takes. While there is a husk, it is
 * checked every HUSK_CHECK_NS whether its frames are free. */
static u64 next_pass(bool tearing_down)
{
    u64 slice_end = sched_slice_end(), step_end;

    if (!tearing_down && !domains_ending()) {
        return slice_end;
    }
    step_end = clock_now() + (tearing_down ? TEARDOWN_STEP_NS : HUSK_CHECK_NS);
    return slice_end && slice_end < step_end ? slice_end : step_end;
}

/* The rest of a switch to another domain, on stacks of that domain. */
static void run_on_other_stacks(void)
{
    vcpu_switch_turned();
    run();
}

static void serve_work(struct cpu *cpu)
{
    struct vcpu *next;
    bool tearing_down = false;

    /* Before the question whether a domain ends, so that who ends one later sends an interrupt; and
     * before the teardown, of which port_should_stop would end each step otherwise. */
    cpu->work = false;
    if (domains_ending()) {
        tearing_down = teardown_ended(cpu);
        cpu->work = false;
    }
    if (domains_all_gone()) {
        end_machine();
    }
    /* Work that was requested before `work` was cleared is found below; later requests send an
     * interrupt. */
    stop_for_others();
    guest_console_input();
    if (log_holds()) {
        log_send_held();
    }
    next = sched_choose();
    if (next != cpu->current) {
        if (!vcpu_switch(cpu->current, next)) {
            cpu->work = true; /* the rest of this pass is done in another one */
            cpu_enter_stacks(cpu, run_on_other_stacks);
        }
    } else if (next) {
        vcpu_refresh_iopl(next); /* another vCPU may have changed the domain's vm_assist */
    } else if (cpu->parked && !sched_may_park(cpu->parked)) {
        vcpu_unpark();
    }
    timers_run(next_pass(tearing_down));
    if (tearing_down && !next) {
        cpu->work = true;
    }
}

/* Waits until this CPU has work: cleans free memory, and sleeps when there is none to clean. The
 * steps are small, since what wakes the CPU waits for one of them. */
static void idle(struct cpu *cpu)
{
    while (!cpu->work && frames_clean()) {
        interrupts_let_in();
    }
    if (!cpu->work) {
        __asm__ volatile("sti; hlt; cli" : : : "memory");
    }
}

/* True while the vCPU must not go on, because a CPU still has a vCPU loaded of the domain that this
 * one has paused. */
static bool run_awaits(struct vcpu *vcpu)
{
    const struct domain *paused = domain_by_id(vcpu->awaits);

    if (paused && !domain_is_stopped(paused) && domain_is_held(paused)) {
        return true;
    }
    vcpu->awaits = 0;
    return false;
}

/* Serves work until there is a vCPU that can run, and enters it. */
static _Noreturn __attribute__((noinline)) void run_after_work(struct cpu *cpu)
{
    for (;;) {
        struct vcpu *vcpu = cpu->current;

        if (cpu->work || !vcpu) {
            serve_work(cpu);
            if (cpu->work) { /* for example, a vCPU of an ended domain that must leave another CPU
                                first */
                lock_wait();
                interrupts_let_in();
                continue;
            }
            if (!cpu->current) {
                idle(cpu);
                continue;
            }
            vcpu = cpu->current;
        }
        if (vcpu->awaits && run_awaits(vcpu)) {
            cpu->work = true;
            lock_wait();
            interrupts_let_in();
            continue;
        }
        /* A deferred release of an interrupted operation is completed before anything else of this
         * vCPU. */
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
            if (trace_is_on()) {
                traced_upcall(vcpu);
            }
            deliver_event(vcpu);
            continue;
        }
        if (vcpu->runstate_stale) {
            sched_refresh_areas(vcpu);
        }
        if (cpu->away) {
            isolation_return(vcpu);
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
