/* SPDX-License-Identifier: MIT */
/* The run loop of a CPU. */
#include "hypervisor/domain/run.h"
#include "hypervisor/console/log.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/machine.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/report.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/trap/bounce.h"
#include "hypervisor/trap/entry.h"

/* After the last domain: the audit of a machine that should be empty, and off. */
static _Noreturn void end_machine(bool crashed)
{
    report_audit();
    log_line("all guests have ended");
    machine_exit(crashed ? HANDOFF_CRASHED : HANDOFF_ALL_WELL);
}

/* One step for each ended domain. */
static void reap(struct cpu *cpu)
{
    bool crashed = false, alive = false;

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
        if (!domain_teardown(domain)) {
            cpu->work = true;
            alive = true;
        }
    }
    if (!alive)
        end_machine(crashed);
}

static void serve_work(struct cpu *cpu)
{
    struct vcpu *next;

    cpu->work = false;
    cpu->need_resched = false;
    guest_console_input();
    reap(cpu);
    next = sched_choose();
    if (next != cpu->current)
        vcpu_switch(cpu->current, next);
    timers_run(next ? next->slice_end : 0);
}

void run(void)
{
    struct cpu *cpu = this_cpu();

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
        enter_guest(vcpu);
    }
}
