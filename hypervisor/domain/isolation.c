/* SPDX-License-Identifier: MIT */
/* Isolation: each domain's view, and what is in it. */
#include "hypervisor/domain/isolation.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/flush.h"
#include "hypervisor/cpu/stop.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/direct.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/vcpu/vcpu.h"
#include "lib/x86/pte.h"

bool isolation_start(struct domain *domain)
{
    if (!space_isolates) {
        return true;
    }
    if (!view_start(&domain->view)) {
        return false;
    }
    if (!view_map_pages(&domain->view, domain->shared, 0)) {
        view_stop(&domain->view);
        return false;
    }
    return true;
}

void isolation_attach(struct domain *domain)
{
    if (space_isolates) {
        domain->mmu.hypervisor_slots = domain->view.slots;
        domain->mmu.user_slots = domain->view.user_slots;
        page_mark(domain, DOMAIN_ORDER, domain->id);
        page_mark(domain->events.page[0], 0, domain->id); /* allocated before there was an id */
    }
}

void isolation_stop(struct domain *domain)
{
    if (!space_isolates) {
        return;
    }
    log_line("isolation: the view of %s had %u pages of tables", domain->name, domain->view.tables);
    stop_others(); /* no CPU is in isolation_enter */
    for (u32 i = 0; i < cpu_count(); i++) {
        struct cpu *cpu = cpu_at(i);

        if (cpu->shown == domain) {
            cpu->shown = NULL;
            cpu->unclean = true;
        }
    }
    view_stop(&domain->view);
    stop_end();
}

void isolation_enter(struct cpu *cpu, struct domain *domain)
{
    struct domain *old = cpu->shown;

    if (!space_isolates || old == domain) {
        return;
    }
    if (old) {
        view_show_cpu(&old->view, cpu->number, false);
        flush_cpus(atomic_load_explicit(&old->mmu.cpus, memory_order_seq_cst) &
                   ~(1ull << cpu->number));
    }
    cpu->shown = NULL;
    cpu->unclean = true;
}

void isolation_show(struct cpu *cpu)
{
    struct domain *domain = cpu->current->domain;

    cpu->unclean = false;
    view_show_cpu(&domain->view, cpu->number, true);
    cpu->shown = domain;
}

bool isolation_add_vcpu(struct vcpu *vcpu)
{
    struct domain *domain = vcpu->domain;

    if (!space_isolates) {
        return true;
    }
    page_mark(vcpu, VCPU_ORDER, domain->id);
    page_mark(vcpu->fpu_area, 0, domain->id); /* a page of its own, or one of the vCPU's again */
    return view_map_pages(&domain->view, vcpu, VCPU_ORDER);
}

bool isolation_add_frame(struct domain *domain, mfn_t m)
{
    return !space_isolates || view_map_pages(&domain->view, frame_view(m), 0);
}

bool isolation_map_window(struct domain *domain, u64 address, mfn_t m, u64 flags)
{
    return !space_isolates || view_map(&domain->view, address, m, flags);
}

void isolation_forget(struct domain *domain, mfn_t first, u64 count)
{
    if (space_isolates && view_forget_run(&domain->view, first, count)) {
        flush_cpus(atomic_load_explicit(&domain->mmu.cpus, memory_order_seq_cst));
    }
}

void page_mark_ends(u16 owner, mfn_t m)
{
    struct domain *domain = domain_by_id(owner);

    if (domain) {
        isolation_forget(domain, m, 1);
    }
}

void isolation_return(struct vcpu *vcpu)
{
    struct cpu *cpu = this_cpu();
    mfn_t missed = cpu->own.missed;

    if (!mfn_is_none(missed)) {
        view_learn(&vcpu->domain->view, &vcpu->domain->mmu, missed);
        cpu->own.missed = MFN_NONE;
    }
    vcpu_return_root(vcpu);
}
