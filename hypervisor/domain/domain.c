/* SPDX-License-Identifier: MIT */
/* Domains: their list, their beginning, their end. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/hold.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/ranks.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "lib/index.h"
#include "lib/string.h"

#define DOMAIN_ORDER 1u

static struct {
    _Atomic u32 count;
    _Atomic(struct domain *) domain[HANDOFF_GUESTS_MAX];
    u16 lives[HANDOFF_GUESTS_MAX]; /* of each guest, earlier ones */
    _Atomic u32 live;              /* guests that have not ended for good */
    _Atomic u32 ending;            /* domains that have ended, and not come to that yet */
    _Atomic bool failed;
} state;

u32 domain_count(void)
{
    return atomic_load_explicit(&state.count, memory_order_acquire);
}

struct domain *domain_at(u32 index)
{
    if (index >= domain_count()) {
        return NULL;
    }
    return atomic_load_explicit(&state.domain[index_masked(index, HANDOFF_GUESTS_MAX)],
                                memory_order_acquire);
}

/* Each guest has a number, and each of its lives another HANDOFF_GUESTS_MAX on. */
static u16 id_of(u32 index)
{
    return (u16)(1 + index + state.lives[index] * HANDOFF_GUESTS_MAX);
}

struct domain *domain_by_id(u16 id)
{
    struct domain *domain = id ? domain_at((id - 1u) % HANDOFF_GUESTS_MAX) : NULL;

    return domain && domain->id == id ? domain : NULL;
}

static void guest_is_gone(bool failed)
{
    if (failed) {
        atomic_store_explicit(&state.failed, true, memory_order_relaxed);
    }
    atomic_fetch_sub_explicit(&state.live, 1, memory_order_acq_rel);
}

/* The pages that it cannot be without; NULL: no memory, and none is held. */
static struct domain *allocate(void)
{
    struct domain *domain = page_alloc(DOMAIN_ORDER);

    _Static_assert(sizeof *domain <= PAGE_SIZE << DOMAIN_ORDER, "a domain fits its pages");
    if (!domain) {
        return NULL;
    }
    domain->shared = page_alloc(0);
    if (domain->shared && events_start(domain)) {
        return domain;
    }
    if (domain->shared) {
        page_free(domain->shared, 0);
    }
    page_free(domain, DOMAIN_ORDER);
    return NULL;
}

struct domain *domain_create(const char *name, u32 index, u64 pages, u32 vcpus)
{
    struct domain *domain = allocate();

    if (!domain) {
        guest_is_gone(true);
        return NULL;
    }
    domain->id = id_of(index);
    domain->index = index;
    memcpy(domain->name, name, strlen(name) + 1);
    domain->pages = pages;
    domain->console.frame = MFN_NONE;
    domain->console.lock.rank = RANK_CONSOLE;
    domain->teardown_lock.rank = RANK_TEARDOWN;
    domain->lock.rank = RANK_DOMAIN;
    domain->shared_frame = frame_of_view(domain->shared);
    grants_start(domain);
    vmmu_domain_start(&domain->mmu, domain->id, pages);
    domain->mmu.user = domain;
    domain->started_at = clock_now();
    atomic_store_explicit(&state.domain[index], domain, memory_order_release);
    if (index >= domain_count()) {
        atomic_store_explicit(&state.count, index + 1, memory_order_release);
    }
    vmmu_share(&domain->mmu, domain->shared_frame, true);
    for (u32 i = 0; i < XEN_LEGACY_MAX_VCPUS; i++) {
        domain->shared->vcpu_info[i].evtchn_upcall_mask = 1;
    }
    while (domain->vcpu_count < vcpus &&
           (domain->vcpu[domain->vcpu_count] = vcpu_create(domain, domain->vcpu_count))) {
        domain->vcpu_count++;
    }
    return domain;
}

void domains_expect(u32 guests)
{
    atomic_store_explicit(&state.live, guests, memory_order_release);
}

bool domains_ending(void)
{
    return atomic_load_explicit(&state.ending, memory_order_acquire) != 0;
}

bool domains_all_gone(void)
{
    return atomic_load_explicit(&state.live, memory_order_acquire) == 0;
}

bool domain_any_failed(void)
{
    return atomic_load_explicit(&state.failed, memory_order_relaxed);
}

void domain_gone(struct domain *domain)
{
    guest_is_gone(domain->end == DOMAIN_CRASHED);
    atomic_fetch_sub_explicit(&state.ending, 1, memory_order_acq_rel);
}

void domain_destroy(struct domain *domain)
{
    u32 index = domain->index;

    state.lives[index] =
        (u16)((state.lives[index] + 1) % (DOMID_FIRST_RESERVED / HANDOFF_GUESTS_MAX - 1));
    atomic_store_explicit(&state.domain[index], NULL, memory_order_seq_cst);
    hold_others(); /* whoever found it has now let go of it */
    page_free(domain, DOMAIN_ORDER);
    hold_end();
    atomic_fetch_sub_explicit(&state.ending, 1, memory_order_acq_rel);
}

bool domain_start_console(struct domain *domain, mfn_t ring)
{
    if (vmmu_hold(&domain->mmu, ring) != VMMU_DONE) {
        return false;
    }
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
        atomic_fetch_add_explicit(&state.ending, 1, memory_order_acq_rel);
        sched_kick_domain(domain);
    }
    this_cpu()->work = true;
}

void domain_crash(struct domain *domain, const char *reason)
{
    lock_take(&domain->lock);
    bool first = !domain_has_ended(domain) && !domain->crashed;
    if (first) {
        domain->crashed = current_vcpu();
    }
    lock_release(&domain->lock);
    if (first) {
        log_line("%s: crash: %s", domain->name, reason);
        domain_shutdown(domain, DOMAIN_CRASHED);
    }
    this_cpu()->work = true;
}
