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
#include "lib/string.h"
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

/* The frame to which an entry of a set of stacks leads. */
static mfn_t stack_frame(u64 entry)
{
    return mfn((entry & PTE_ADDRESS) >> PAGE_SHIFT);
}

/* The set is no domain's any more. */
static void unmark_stacks(struct stacks *set)
{
    set->domain = NULL;
    set->turn = 0;
    for (u32 i = 0; i < CPU_SET_PAGES; i++) {
        if (set->entry[i]) {
            page_unmark(frame_view(stack_frame(set->entry[i])), 0);
        }
    }
}

void isolation_stop(struct domain *domain)
{
    if (!domain->view.tables) { /* there is none, or it has ended in an earlier step of the end */
        return;
    }
    log_line("isolation: the view of %s had %u pages of tables", domain->name, domain->view.tables);
    stop_others(); /* no CPU is in isolation_turns */
    for (u32 i = 0; i < cpu_count(); i++) {
        struct cpu *cpu = cpu_at(i);

        for (u32 k = 0; k < CPU_SETS; k++) {
            if (cpu->set[k].domain == domain) {
                unmark_stacks(&cpu->set[k]);
            }
        }
    }
    view_stop(&domain->view);
    stop_end();
}

/* The set of the CPU's stacks that `domain` has, or else the one to which the CPU has not turned
 * for the longest time, which it is not on. */
static struct stacks *stacks_for(struct cpu *cpu, const struct domain *domain)
{
    struct stacks *oldest = NULL;

    for (struct stacks *set = cpu->set; set < cpu->set + CPU_SETS; set++) {
        if (set->domain == domain) {
            return set;
        }
        if (set != cpu->stacks && (!oldest || set->turn < oldest->turn)) {
            oldest = set;
        }
    }
    return oldest;
}

/* Removes the set of the CPU's stacks from the view of the domain that has it. */
static void take_stacks(struct cpu *cpu, struct stacks *set)
{
    struct domain *old = set->domain;

    unmark_stacks(set);
    view_show_cpu(&old->view, cpu->number, NULL);
    for (u32 i = 0; i < CPU_SET_PAGES; i++) {
        if (set->entry[i]) {
            view_forget(&old->view, stack_frame(set->entry[i]));
        }
    }
    flush_cpus(atomic_load_explicit(&old->mmu.cpus, memory_order_seq_cst) & ~(1ull << cpu->number));
}

/* The words of an exception's frame from its CS to its end: CS, RFLAGS, RSP, SS. */
#define FRAME_WORDS_FROM_CS 4

/* Clears a set of stacks, which nobody uses; of the interrupt stacks those on which an exception
 * has begun, with a store of CS, which is never 0. Without an exception only the stubs write to
 * one, a single word. */
static void clear_stacks(const struct stacks *set)
{
    for (u32 i = 0; i < CPU_SET_PAGES; i++) {
        u64 *page = frame_view(stack_frame(set->entry[i]));

        if (set->entry[i] && (i >= (CPU_STACK - CPU_IST_FIRST) / PAGE_SIZE ||
                              page[PAGE_SIZE / sizeof(u64) - FRAME_WORDS_FROM_CS])) {
            memset(page, 0, PAGE_SIZE);
        }
    }
    *(u64 *)frame_view(stack_frame(set->entry[0])) = 0; /* CPU_SYSCALL_RSP */
}

bool isolation_turns(struct cpu *cpu, const struct domain *domain)
{
    if (!space_isolates || cpu->stacks->domain == domain) {
        return false;
    }
    cpu->next_stacks = stacks_for(cpu, domain);
    if (cpu->next_stacks->domain != domain) {
        if (cpu->next_stacks->domain) {
            take_stacks(cpu, cpu->next_stacks);
        }
        clear_stacks(cpu->next_stacks);
    }
    return true;
}

void isolation_show(struct cpu *cpu, struct domain *domain)
{
    struct stacks *set = cpu->next_stacks;

    cpu->stacks = set;
    set->turn = ++cpu->turns;
    if (!set->domain) {
        for (u32 i = 0; i < CPU_SET_PAGES; i++) {
            if (set->entry[i]) {
                page_mark(frame_view(stack_frame(set->entry[i])), 0, domain->id);
            }
        }
        view_show_cpu(&domain->view, cpu->number, set->entry);
        set->domain = domain;
    }
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
