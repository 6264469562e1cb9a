/* SPDX-License-Identifier: MIT */
/* Domains: their list, their beginning, their end. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/console/log.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/report.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/time/clock.h"
#include "lib/index.h"
#include "lib/string.h"

#define DOMAIN_ORDER 1u

static struct {
    _Atomic u32 count;
    struct domain *domain[HANDOFF_GUESTS_MAX];
    u32 unbuilt; /* guests for which there was not even memory for this */
} state;

u32 domain_count(void)
{
    return atomic_load_explicit(&state.count, memory_order_acquire);
}

struct domain *domain_at(u32 index)
{
    if (index >= domain_count())
        return NULL;
    return state.domain[index_masked(index, HANDOFF_GUESTS_MAX)];
}

struct domain *domain_by_id(u16 id)
{
    return id ? domain_at(id - 1u) : NULL;
}

/* The pages that it cannot be without; NULL: no memory, and none is held. */
static struct domain *allocate(void)
{
    struct domain *domain = page_alloc(DOMAIN_ORDER);

    _Static_assert(sizeof *domain <= PAGE_SIZE << DOMAIN_ORDER, "a domain fits its pages");
    if (!domain)
        return NULL;
    domain->shared = page_alloc(0);
    if (domain->shared && events_start(domain))
        return domain;
    if (domain->shared)
        page_free(domain->shared, 0);
    page_free(domain, DOMAIN_ORDER);
    return NULL;
}

struct domain *domain_create(const char *name, u32 index, u64 pages, u32 vcpus)
{
    u32 count = domain_count();
    struct domain *domain = count < HANDOFF_GUESTS_MAX ? allocate() : NULL;

    if (!domain) {
        state.unbuilt++;
        return NULL;
    }
    domain->id = (u16)(count + 1);
    domain->index = index;
    memcpy(domain->name, name, strlen(name) + 1);
    domain->pages = pages;
    domain->console.frame = MFN_NONE;
    domain->shared_frame = frame_of_view(domain->shared);
    grants_start(domain);
    vmmu_domain_start(&domain->mmu, domain->id, pages);
    domain->mmu.user = domain;
    domain->started_at = clock_now();
    state.domain[count] = domain;
    atomic_store_explicit(&state.count, count + 1, memory_order_release);
    vmmu_share(&domain->mmu, domain->shared_frame, true);
    for (u32 i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        domain->shared->vcpu_info[i].evtchn_upcall_mask = 1;
    while (domain->vcpu_count < vcpus &&
           (domain->vcpu[domain->vcpu_count] = vcpu_create(domain, domain->vcpu_count)))
        domain->vcpu_count++;
    return domain;
}

bool domain_all_built(void)
{
    return state.unbuilt == 0;
}

bool domain_start_console(struct domain *domain, mfn_t ring)
{
    if (vmmu_hold(&domain->mmu, ring) != VMMU_DONE)
        return false;
    domain->console.frame = ring;
    domain->console.ring = frame_view(ring);
    domain->console.port = events_bind_console(domain);
    return domain->console.port != 0;
}

void domain_shutdown(struct domain *domain, enum domain_end end)
{
    u32 running = DOMAIN_RUNNING;

    if (atomic_compare_exchange_strong_explicit(&domain->end, &running, end, memory_order_acq_rel,
                                                memory_order_acquire)) {
        static const char *const how[] = {[DOMAIN_POWERED_OFF] = "powered off",
                                          [DOMAIN_REBOOTED] = "rebooted",
                                          [DOMAIN_CRASHED] = "crashed"};

        log_line("%s: %s", domain->name, how[end]);
        atomic_store_explicit(&domain->mmu.dying, true, memory_order_release);
    }
    this_cpu()->work = true;
}

void domain_crash(struct domain *domain, const char *reason)
{
    if (domain_has_ended(domain))
        return;
    log_line("%s: crash: %s", domain->name, reason);
    report_crash(current_vcpu());
    domain_shutdown(domain, DOMAIN_CRASHED);
}
