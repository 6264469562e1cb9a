/* SPDX-License-Identifier: MIT */
/* Domains: creation, shutdown and crash. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/domain_table.h"
#include "hypervisor/domain/isolation.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/stop.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/ranks.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/vcpu/clock_page.h"
#include "lib/print.h"
#include "lib/string.h"

static struct {
    _Atomic u32 live; /* domains that were announced (domains_expect) and have not ended for good */
    _Atomic u32 ending; /* domains that were shut down or crashed, and are neither finished nor
                           freed yet */
    _Atomic bool failed;
    _Atomic bool privileged_gone; /* the machine ends with its privileged domain */
} domains;

/* Counts one domain as ended for good; `failed`: it crashed or could not be made. */
static void count_as_gone(bool failed)
{
    if (failed) {
        atomic_store_explicit(&domains.failed, true, memory_order_relaxed);
    }
    atomic_fetch_sub_explicit(&domains.live, 1, memory_order_acq_rel);
}

/* Allocates struct domain and the pages that every domain needs. NULL: no memory, and nothing stays
 * allocated. */
static struct domain *allocate(void)
{
    struct domain *domain = page_alloc(DOMAIN_ORDER);

    _Static_assert(sizeof *domain <= PAGE_SIZE << DOMAIN_ORDER, "a domain fits its pages");
    if (!domain) {
        return NULL;
    }
    domain->shared = page_alloc(0);
    if (domain->shared && isolation_start(domain)) {
        if (events_start(domain)) {
            return domain;
        }
        view_stop(&domain->view);
    }
    if (domain->shared) {
        page_free(domain->shared, 0);
    }
    page_free(domain, DOMAIN_ORDER);
    return NULL;
}

/* Sets all members of a new domain that are not zero, gives it its shared page and puts it into the
 * domain table. */
static void set_up(struct domain *domain, const char *name, u32 place, u64 pages)
{
    domain->id = domain_table_id(place);
    domain->place = place;
    domain->privileged = domain->id == 0;
    print_to(domain->name, sizeof domain->name, "%s", name);
    domain->pages = pages;
    domain->console.frame = MFN_NONE;
    domain->console.lock.rank = RANK_CONSOLE;
    domain->teardown_lock.rank = RANK_TEARDOWN;
    domain->lock.rank = RANK_DOMAIN;
    domain->shared_frame = frame_of_view(domain->shared);
    grants_start(domain);
    if (domain->privileged && !pirqs_start(domain)) {
        panic("no memory for the interrupts of the privileged domain");
    }
    vmmu_domain_start(&domain->mmu, domain->id, pages);
    domain->mmu.user = domain;
    isolation_attach(domain);
    domain->started_at = clock_now();
    domain->shutdown_code = DOMAIN_NO_CODE;
    for (u32 i = 0; i < XEN_LEGACY_MAX_VCPUS; i++) {
        domain->shared->vcpu_info[i].evtchn_upcall_mask = 1;
    }
    /* Before others find the domain: a share without a weight divides by zero. */
    sched_start_domain(domain, SHARE_WEIGHT, 0);
    domain_table_put(domain);
    vmmu_share(&domain->mmu, domain->shared_frame, true);
}

struct domain *domain_create(const char *name, u32 place, u64 pages, u32 vcpus)
{
    struct domain *domain = allocate();

    if (!domain) {
        count_as_gone(true);
        return NULL;
    }
    set_up(domain, name, place, pages);
    while (domain->vcpu_count < vcpus &&
           (domain->vcpu[domain->vcpu_count] = vcpu_create(domain, domain->vcpu_count))) {
        domain->vcpu_count++;
    }
    return domain;
}

struct domain *domain_create_managed(u32 place, u32 vcpus_max, const u8 *handle, u32 ssidref)
{
    struct domain *domain = allocate();
    char name[sizeof "d65535"];

    if (!domain) {
        return NULL;
    }
    print_to(name, sizeof name, "d%u", domain_table_id(place));
    domain->managed = true;
    domain->holds = DOMAIN_HELD_PAUSED;
    domain->toolstack = (struct toolstack){.lock = {.rank = RANK_CONTROL},
                                           .ssidref = ssidref,
                                           .vcpus_max = vcpus_max,
                                           .pauses = 1,
                                           .reason = DOMAIN_NO_REASON,
                                           .nodes = 1};
    memcpy(domain->toolstack.handle, handle, sizeof domain->toolstack.handle);
    set_up(domain, name, place, 0);
    clock_page_update_wall(domain);
    return domain;
}

void domains_expect(u32 count)
{
    atomic_store_explicit(&domains.live, count, memory_order_release);
}

bool domains_ending(void)
{
    return atomic_load_explicit(&domains.ending, memory_order_acquire) != 0;
}

void domains_ending_add(void)
{
    atomic_fetch_add_explicit(&domains.ending, 1, memory_order_acq_rel);
}

void domains_ending_drop(void)
{
    atomic_fetch_sub_explicit(&domains.ending, 1, memory_order_acq_rel);
}

bool domains_all_gone(void)
{
    return atomic_load_explicit(&domains.live, memory_order_acquire) == 0 ||
           atomic_load_explicit(&domains.privileged_gone, memory_order_acquire);
}

bool domain_any_failed(void)
{
    return atomic_load_explicit(&domains.failed, memory_order_relaxed);
}

void domain_gone(struct domain *domain)
{
    if (!domain->managed && !atomic_exchange_explicit(&domain->gone, true, memory_order_relaxed)) {
        count_as_gone(domain->end == DOMAIN_CRASHED);
        if (domain->privileged) {
            atomic_store_explicit(&domains.privileged_gone, true, memory_order_release);
        }
    }
}

void domain_finish(struct domain *domain)
{
    domain_gone(domain);
    domains_ending_drop();
}

void domain_destroy(struct domain *domain)
{
    domain_table_remove(domain);
    stop_others(); /* When this returns, no CPU uses a domain pointer that it found earlier. */
    watchdog_serve(domain);
    if (domain->managed) {
        lock_release(&domain->teardown_lock);
    }
    page_free(domain, DOMAIN_ORDER);
    stop_end();
    domains_ending_drop();
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

/* The ABI's reason for an end of a managed domain that the hypervisor itself causes. */
static u32 reason_of(enum domain_end end)
{
    return end == DOMAIN_POWERED_OFF ? SHUTDOWN_poweroff
           : end == DOMAIN_REBOOTED  ? SHUTDOWN_reboot
                                     : SHUTDOWN_crash;
}

void domain_shutdown(struct domain *domain, enum domain_end end)
{
    u32 running = DOMAIN_RUNNING;

    if (domain->managed && end != DOMAIN_DESTROYED) {
        domain_stop(domain, reason_of(end));
    } else if (atomic_compare_exchange_strong_explicit(
                   &domain->end, &running, end, memory_order_acq_rel, memory_order_acquire)) {
        static const char *const how[] = {[DOMAIN_POWERED_OFF] = "powered off",
                                          [DOMAIN_REBOOTED] = "rebooted",
                                          [DOMAIN_CRASHED] = "crashed",
                                          [DOMAIN_DESTROYED] = "destroyed"};

        log_line("%s: %s", domain->name, how[end]);
        atomic_fetch_or_explicit(&domain->holds, DOMAIN_HELD_ENDED, memory_order_acq_rel);
        atomic_store_explicit(&domain->mmu.dying, true, memory_order_release);
        domains_ending_add();
        sched_kick_domain(domain);
    }
    this_cpu()->work = true;
}

void domain_crash(struct domain *domain, const char *reason)
{
    lock_take(&domain->lock);
    bool first = !domain_is_over(domain) && !domain->crashed;
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

/* Ends the domain as crashed because its guest asked for an end with this reason. */
static void crash_for(struct domain *domain, u32 reason)
{
    char sentence[80];

    switch (reason) {
    case SHUTDOWN_crash:
        domain_crash(domain, "the guest asked for it: SCHEDOP_shutdown crash");
        return;
    case SHUTDOWN_watchdog:
        domain_crash(domain, "the guest asked for it: SCHEDOP_shutdown watchdog");
        return;
    case SHUTDOWN_soft_reset:
        domain_crash(domain, "the guest asked for a soft reset, which is not implemented");
        return;
    }
    print_to(sentence, sizeof sentence,
             "the guest asked for it: SCHEDOP_shutdown with the unknown reason %u", reason);
    domain_crash(domain, sentence);
}

void domain_fix_reason(struct domain *domain, u32 reason)
{
    u32 none = DOMAIN_NO_CODE;

    atomic_compare_exchange_strong_explicit(&domain->shutdown_code, &none, reason,
                                            memory_order_relaxed, memory_order_relaxed);
}

bool domain_shutdown_for(struct domain *domain, u32 reason)
{
    u32 fixed = atomic_load_explicit(&domain->shutdown_code, memory_order_relaxed);

    reason = fixed != DOMAIN_NO_CODE ? fixed : reason;
    if (domain->managed) {
        if (reason == SHUTDOWN_crash || reason > SHUTDOWN_MAX) {
            crash_for(domain, reason);
        } else {
            domain_stop(domain, reason);
        }
        this_cpu()->work = true;
        return true;
    }
    switch (reason) {
    case SHUTDOWN_suspend:
        return false;
    case SHUTDOWN_poweroff:
        domain_shutdown(domain, DOMAIN_POWERED_OFF);
        return true;
    case SHUTDOWN_reboot:
        domain_shutdown(domain, DOMAIN_REBOOTED);
        return true;
    }
    crash_for(domain, reason);
    return true;
}
