/* SPDX-License-Identifier: MIT */
/* The functions that the virtual MMU asks its machine to define (contracts: vmmu/port.h). */
#include "vmmu/port.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/flush.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/isolation.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/irq/interrupt.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/trace/trace.h"

u32 port_cpu(void)
{
    return this_cpu()->number;
}

void *port_frame_view(mfn_t m)
{
    return frame_view(m);
}

enum vmmu_access port_device_access(u16 id, mfn_t m)
{
    return rights_frame(domain_by_id(id), m);
}

void port_flush(u64 cpus)
{
    const u64 begin = trace_begin();

    flush_cpus(cpus);
    if (begin) {
        trace_put(TRACE_FLUSH, 0, 0, cpus, begin);
    }
}

void port_work_begins(enum vmmu_work work, u32 level)
{
    if (trace_is_on()) {
        trace_step_begins(work == VMMU_WORK_DEMOTION, level);
    }
}

/* Records work of the engine for the timeline. */
static __attribute__((noinline)) void
record_work(enum vmmu_work work, const struct vmmu_domain *domain, mfn_t m, u32 level)
{
    if (work == VMMU_WORK_PROMOTION || work == VMMU_WORK_DEMOTION) {
        trace_step_ends(work == VMMU_WORK_DEMOTION, level, domain->id, m.n);
    } else {
        trace_put(work == VMMU_WORK_PIN ? TRACE_PINNED : TRACE_UNPINNED, level, domain->id, m.n, 0);
    }
}

void port_work_done(enum vmmu_work work, const struct vmmu_domain *domain, mfn_t m, u32 level)
{
    if (trace_is_on()) {
        record_work(work, domain, m, level);
    }
}

bool port_should_stop(void)
{
    /* A pending interrupt may set `work`. */
    interrupts_let_in();
    return this_cpu()->work;
}

void port_frames_free(struct vmmu_domain *domain, mfn_t first, u64 count)
{
    isolation_forget(domain->user, first, count);
    frames_free_range(first, count, true);
}

void port_descriptor_map(struct vmmu_vcpu *vcpu, u32 slot, mfn_t m)
{
    const struct vcpu *owner = vcpu->user;
    u32 page = slot < VMMU_GDT_FRAMES ? slot : slot - VMMU_GDT_FRAMES + WINDOW_LDT;

    window_map(owner, page, m);
}

void port_pause(void)
{
    lock_wait();
}

struct vmmu_domain *port_domain(u16 id)
{
    struct domain *domain = domain_by_id(id);

    return domain ? &domain->mmu : NULL;
}

void port_refused(struct vmmu_domain *domain, enum vmmu_result rule, u64 word)
{
    struct domain *of = domain->user;

    if (trace_is_on()) {
        trace_put(TRACE_REFUSED, rule, domain->id, word, 0);
    }
    atomic_fetch_add_explicit(&of->refused[rule], 1, memory_order_relaxed);
    log_limited(of->place, domain->id, "d%u: refused, %s: %s %#llx", domain->id,
                vmmu_result_name(rule), vmmu_result_sentence(rule), (unsigned long long)word);
}

void port_audit_found(const struct vmmu_finding *finding)
{
    log_line("audit: frame %#llx: %s: expected %llu, found %llu",
             (unsigned long long)finding->frame.n, finding->what,
             (unsigned long long)finding->expected, (unsigned long long)finding->found);
}

void port_panic(const char *sentence, u64 word)
{
    panic("virtual MMU: %s (%#llx)", sentence, (unsigned long long)word);
}
