/* SPDX-License-Identifier: MIT */
/* Interrupts of mapped pirqs: delivery, end, binding to a port. */
#include "hypervisor/pirq/pirq.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/irq/interrupt.h"
#include "hypervisor/irq/line.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/map.h"
#include "lib/index.h"

/* The pirq with number `number`, any value, with its lock taken. NULL: it is not mapped, or the
 * domain has no pirqs. */
static struct pirq *take_mapped(struct pirqs *pirqs, u32 number)
{
    if (!pirqs || number >= PIRQS_MAX) {
        return NULL;
    }
    struct pirq *pirq = &pirqs->pirq[index_masked(number, PIRQS_MAX)];
    lock_take(&pirq->lock);
    if (pirq->state == PIRQ_MAPPED || pirq->state == PIRQ_MEMBER) {
        return pirq;
    }
    lock_release(&pirq->lock);
    return NULL;
}

/* ---- the page that shows which pirqs need PHYSDEVOP_eoi; the guest may write to it ---- */

static void show_need(struct pirqs *pirqs, u32 number, bool needs)
{
    u64 *words = __atomic_load_n(&pirqs->needs_eoi, __ATOMIC_ACQUIRE);
    u64 bit = 1ull << number % 64;

    if (!words) {
        return;
    }
    if (needs) {
        __atomic_fetch_or(&words[number / 64], bit, __ATOMIC_SEQ_CST);
    } else {
        __atomic_fetch_and(&words[number / 64], ~bit, __ATOMIC_SEQ_CST);
    }
}

static s64 set_page(struct pirqs *pirqs, u64 gfn, bool unmasks)
{
    if (pirqs->needs_eoi) {
        return -XEN_EBUSY;
    }
    pirqs->page = mfn(gfn);
    pirqs->unmasks = unmasks;
    __atomic_store_n(&pirqs->needs_eoi, frame_view(mfn(gfn)), __ATOMIC_RELEASE);
    return 0;
}

s64 pirq_share_page(struct domain *domain, u64 gfn, bool unmasks, bool *again)
{
    struct pirqs *pirqs = domain->pirqs;
    enum vmmu_result held = vmmu_hold(&domain->mmu, mfn(gfn));

    if (held != VMMU_DONE) {
        *again = held == VMMU_AGAIN;
        return *again ? 0 : -XEN_EINVAL;
    }
    lock_take(&pirqs->lock);
    s64 error = set_page(pirqs, gfn, unmasks);
    lock_release(&pirqs->lock);
    if (error) {
        vmmu_unhold(mfn(gfn));
        return error;
    }
    for (u32 number = 0; number < PIRQS_MAX; number++) {
        struct pirq *pirq = take_mapped(pirqs, number);

        if (pirq) {
            show_need(pirqs, number, pirq->port && (pirq->stormed || line_is_level(pirq->vector)));
            lock_release(&pirq->lock);
        }
    }
    return 0;
}

/* ---- interrupts ---- */

/* Masks the line until the guest reports the end of an interrupt. */
static void mask_until_end(struct pirq *pirq)
{
    line_mask(pirq->vector);
    pirq->waits = true;
}

/* Logs once, until the pirq is bound again, that its line was masked for `why`. */
static void report(const struct domain *domain, struct pirq *pirq, u32 number, const char *why)
{
    if (!pirq->reported) {
        pirq->reported = true;
        log_limited(domain->place, domain->id, "d%u: pirq %u masked: %s", domain->id, number, why);
    }
}

/* Serves an interrupt of a mapped pirq. Returns the port to mark pending; 0: none. */
static u32 accept(struct domain *domain, struct pirq *pirq, u32 number)
{
    if (!pirq->port || pirq->waits) {
        line_mask(pirq->vector);
        if (!pirq->port) {
            report(domain, pirq, number, "an interrupt that nobody handles");
        }
        return 0;
    }
    if (line_is_level(pirq->vector)) {
        mask_until_end(pirq);
        return pirq->port;
    }
    if (atomic_fetch_add_explicit(&pirq->unserved, 1, memory_order_relaxed) == PIRQ_UNSERVED_MAX) {
        mask_until_end(pirq);
        pirq->stormed = true;
        show_need(domain->pirqs, number, true);
        report(domain, pirq, number, "its interrupts come faster than they are served");
    }
    return pirq->port;
}

void interrupt_of_line(u32 user)
{
    struct domain *domain = domain_by_id(0);
    struct pirq *pirq = domain ? take_mapped(domain->pirqs, user) : NULL;

    if (!pirq) {
        return;
    }
    u32 port = accept(domain, pirq, user);
    lock_release(&pirq->lock);
    if (port && event_raise_pirq(domain, port, user)) {
        atomic_store_explicit(&pirq->unserved, 0, memory_order_relaxed);
    }
}

s64 pirq_end(struct domain *domain, u32 number)
{
    struct pirq *pirq = take_mapped(domain->pirqs, number);

    if (!pirq) {
        return -XEN_EINVAL;
    }
    u32 port = pirq->port;
    bool lost = pirq->stormed;
    if (pirq->waits) {
        pirq->waits = pirq->stormed = false;
        atomic_store_explicit(&pirq->unserved, 0, memory_order_relaxed);
        if (lost) {
            show_need(domain->pirqs, number, false);
        }
        line_unmask(pirq->vector);
    }
    lock_release(&pirq->lock);
    if (port && domain->pirqs->unmasks) {
        event_unmask(domain, port);
    }
    if (port && lost) {
        event_raise_pirq(domain, port, number);
    }
    return 0;
}

/* ---- ports ---- */

s64 pirq_bind(struct domain *domain, u32 number, u32 port)
{
    struct pirq *pirq = take_mapped(domain->pirqs, number);
    s64 error = 0;

    if (!pirq) {
        return -XEN_EINVAL;
    }
    if (pirq->port) {
        error = -XEN_EEXIST;
    } else if (line_is_own(pirq->vector)) {
        error = -XEN_EBUSY;
    } else {
        pirq->port = port;
        pirq->waits = pirq->stormed = pirq->reported = false;
        atomic_store_explicit(&pirq->unserved, 0, memory_order_relaxed);
        line_unmask(pirq->vector);
        show_need(domain->pirqs, number, line_is_level(pirq->vector));
    }
    lock_release(&pirq->lock);
    return error;
}

void pirq_unbind(struct domain *domain, u32 number)
{
    struct pirq *pirq = take_mapped(domain->pirqs, number);

    if (pirq) {
        pirq->port = 0;
        pirq->waits = pirq->stormed = false;
        line_mask(pirq->vector);
        show_need(domain->pirqs, number, false);
        lock_release(&pirq->lock);
    }
}

void pirq_aim(struct domain *domain, u32 number, const struct vcpu *vcpu)
{
    const struct cpu *cpu = atomic_load(&vcpu->queue.home);
    struct pirq *pirq = take_mapped(domain->pirqs, number);

    if (pirq) {
        line_aim(pirq->vector, cpu ? cpu->number : 0);
        lock_release(&pirq->lock);
    }
}
