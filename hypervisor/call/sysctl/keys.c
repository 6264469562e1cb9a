/* SPDX-License-Identifier: MIT */
/* Reports about the running hypervisor, for the log. */
#include "hypervisor/call/sysctl/keys.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/machine.h"
#include "hypervisor/domain/claim.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/report.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/pirq/pirq.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"

#define PORTS_MOST 64u /* ports of a domain that are listed */

typedef unsigned long long ull;

static const char *state_name(const struct vcpu *vcpu)
{
    switch (atomic_load(&vcpu->state)) {
    case VCPU_RUNNABLE:
        return vcpu->runstate.state == RUNSTATE_running ? "running" : "runnable";
    case VCPU_BLOCKED:
        return "blocked";
    case VCPU_POLLING:
        return "polling";
    default:
        return "down";
    }
}

static const char *domain_state(const struct domain *domain)
{
    if (domain_has_ended(domain)) {
        return domain_is_torn_down(domain) ? "torn down" : "ended";
    }
    return domain_is_held(domain) ? "paused or shut down" : "up";
}

static void report_vcpus(const struct domain *domain)
{
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct vcpu *vcpu = domain->vcpu[i];
        struct vcpu_runstate_info times;

        if (!vcpu) {
            continue;
        }
        const struct cpu *home = atomic_load(&vcpu->queue.home);
        sched_read_runstate(vcpu, &times);
        log_line("  vCPU %u: %s, on CPU %d, ran %llu ms, upcall %s%s, rip %#llx", i,
                 state_name(vcpu), home ? (int)home->number : -1,
                 (ull)(times.time[RUNSTATE_running] / 1000000),
                 vcpu->info->evtchn_upcall_pending ? "pending" : "not pending",
                 vcpu->info->evtchn_upcall_mask ? " and masked" : "", (ull)vcpu->registers.rip);
    }
}

static void report_domain(const struct domain *domain)
{
    struct vmmu_counters counters;

    domain_counters(domain, &counters);
    log_line("domain %u \"%s\": %s, %llu of %llu frames, weight %u, cap %u%%", domain->id,
             domain->name, domain_state(domain), (ull)domain->mmu.frames,
             (ull)domain->mmu.frames_max, domain->share.weight, domain->share.cap);
    log_line("  %llu updates, %llu promotions, %llu demotions, %llu refusals, %llu unknown calls",
             (ull)counters.updates, (ull)counters.promotions, (ull)counters.demotions,
             (ull)counters.refusals, (ull)domain->unknown_calls);
    if (!domain_has_ended(domain)) {
        report_vcpus(domain);
    }
}

static void report_cpus(void)
{
    log_line("%u CPUs; system time %llu ms; a vCPU that wakes preempts if it is %llu us behind",
             cpu_count(), (ull)(clock_now() / 1000000), (ull)(share_preempts_ns() / 1000));
    for (u32 i = 0; i < cpu_count(); i++) {
        log_line("CPU %u: APIC id %u, idle for %llu ms", i, cpu_at(i)->apic_id,
                 (ull)(sched_idle_time(cpu_at(i)) / 1000000));
    }
    for (u32 i = 0; i < domain_count(); i++) {
        const struct domain *domain = domain_at(i);

        if (domain && !domain_has_ended(domain)) {
            log_line("domain %u: virtual time %llu ms, weight %u, cap %u%%", domain->id,
                     (ull)(share_time(&domain->share) / 1000000), domain->share.weight,
                     domain->share.cap);
            report_vcpus(domain);
        }
    }
}

static void report_port(const struct evtchn_status *port)
{
    switch (port->status) {
    case EVTCHNSTAT_unbound:
        log_line("  port %u: unbound, for domain %u", port->port, port->u.unbound.dom);
        break;
    case EVTCHNSTAT_interdomain:
        log_line("  port %u: vCPU %u, to port %u of domain %u", port->port, port->vcpu,
                 port->u.interdomain.port, port->u.interdomain.dom);
        break;
    case EVTCHNSTAT_pirq:
        log_line("  port %u: vCPU %u, physical interrupt %u", port->port, port->vcpu, port->u.pirq);
        break;
    case EVTCHNSTAT_virq:
        log_line("  port %u: vCPU %u, virtual interrupt %u", port->port, port->vcpu, port->u.virq);
        break;
    case EVTCHNSTAT_ipi:
        log_line("  port %u: vCPU %u, inter-processor interrupt", port->port, port->vcpu);
        break;
    }
}

static void report_ports(struct domain *domain)
{
    const u32 ports = domain_has_ended(domain) ? 0 : event_ports(domain);
    u32 listed = 0, in_use = 0;

    log_line("domain %u: event channels", domain->id);
    for (u32 i = 1; i < ports; i++) {
        struct evtchn_status port = {.dom = DOMID_SELF, .port = i};

        if (event_status(domain, &port) || port.status == EVTCHNSTAT_closed) {
            continue;
        }
        in_use++;
        if (listed < PORTS_MOST) {
            report_port(&port);
            listed++;
        }
    }
    if (in_use > listed) {
        log_line("  and %u more ports", in_use - listed);
    }
}

static void report_grants(const struct domain *domain)
{
    log_line("domain %u: %u frames of grants, %llu uses of them by others, %u mappings of others'",
             domain->id, domain->grants.frames, (ull)domain->grants.users, domain->grants.mappings);
}

static void report_interrupts(const struct domain *domain)
{
    if (!domain->pirqs) {
        return;
    }
    log_line("domain %u: interrupts of devices", domain->id);
    for (u32 i = 0; i < PIRQS_MAX; i++) {
        struct pirq *pirq = &domain->pirqs->pirq[i];

        lock_take(&pirq->lock);
        const struct pirq now = *pirq;
        lock_release(&pirq->lock);
        if (now.state == PIRQ_MAPPED || now.state == PIRQ_MEMBER) {
            log_line("  pirq %u: vector %#x, port %u%s%s", i, now.vector, now.port,
                     now.waits ? ", masked until it is served" : "",
                     now.stormed ? ", too many came" : "");
        }
    }
}

static void report_memory(void)
{
    log_line("%llu MiB of RAM, %llu frames free, %llu of these dirty, %llu claimed",
             (ull)(boot_memory_pages() >> 8), (ull)frames_free_count(), (ull)frames_dirty_count(),
             (ull)claims_all());
}

static void report_views(void)
{
    if (space_isolates) {
        report_isolation();
    } else {
        log_line("guests are not isolated: every root maps all memory, for the hypervisor alone");
    }
}

static void report_domains(char key)
{
    for (u32 i = 0; i < domain_count(); i++) {
        struct domain *domain = domain_at(i);

        if (!domain) {
            continue;
        }
        switch (key) {
        case 'q':
            report_domain(domain);
            break;
        case 'e':
            report_ports(domain);
            break;
        case 'g':
            report_grants(domain);
            break;
        case 'i':
            report_interrupts(domain);
            break;
        }
    }
}

void key_report(char key)
{
    switch (key) {
    case 'C':
        machine_fail_as_asked();
    case 'h':
        log_line("debug keys: C fail, as a test of the recovery, e event channels, g grants, h "
                 "this help, i interrupts of devices, "
                 "m memory, q domains, r CPUs and scheduler, v what guests' roots map");
        break;
    case 'm':
        report_memory();
        break;
    case 'v':
        report_views();
        break;
    case 'r':
        report_cpus();
        break;
    case 'e':
    case 'g':
    case 'i':
    case 'q':
        report_domains(key);
        break;
    default:
        log_line("debug key '%c' has no report; h lists those that have",
                 key >= ' ' && key <= '~' ? key : '.');
    }
}
