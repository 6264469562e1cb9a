/* SPDX-License-Identifier: MIT */
/* Which pirqs of a domain are mapped to which interrupt lines. */
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/irq/ioapic.h"
#include "hypervisor/irq/line.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/pirq/forbid.h"
#include "hypervisor/pirq/pirq.h"
#include "hypervisor/ranks.h"
#include "lib/index.h"

#define PIRQS_ORDER 2u

_Static_assert(sizeof(struct pirqs) <= PAGE_SIZE << PIRQS_ORDER, "the pirqs fit their pages");
_Static_assert(PIRQS_MAX <= PAGE_SIZE * 8, "the guest's page has a bit for each");
_Static_assert(PIRQS_MAX >= GSIS_MAX && PIRQS_MAX <= LINE_USERS_MAX, "numbers of pirqs");

bool pirqs_start(struct domain *domain)
{
    struct pirqs *pirqs = page_alloc(PIRQS_ORDER);

    if (!pirqs) {
        return false;
    }
    ioapic_start();
    forbid_for_ever();
    pirqs->lock.rank = RANK_PIRQS;
    pirqs->page = MFN_NONE;
    pirqs->first_message = ioapic_gsis() > ISA_IRQS ? ioapic_gsis() : ISA_IRQS;
    for (u32 i = 0; i < PIRQS_MAX; i++) {
        pirqs->pirq[i].lock.rank = RANK_PIRQ;
    }
    domain->pirqs = pirqs;
    return true;
}

void pirqs_stop(struct domain *domain)
{
    struct pirqs *pirqs = domain->pirqs;

    if (!pirqs) {
        return;
    }
    for (u32 i = PIRQS_MAX; i-- > 0;) {
        struct pirq *pirq = &pirqs->pirq[i];

        lock_take(&pirq->lock);
        if (pirq->state > PIRQ_RESERVED) {
            line_close(pirq->vector);
        }
        pirq->state = PIRQ_FREE;
        lock_release(&pirq->lock);
    }
    if (!mfn_is_none(pirqs->page)) {
        vmmu_unhold(pirqs->page);
        pirqs->page = MFN_NONE;
        pirqs->needs_eoi = NULL;
    }
}

u32 pirqs_held(const struct domain *domain, mfn_t *frame)
{
    if (!domain->pirqs || mfn_is_none(domain->pirqs->page)) {
        return 0;
    }
    *frame = domain->pirqs->page;
    return 1;
}

/* ---- numbers; pirqs.lock is held ---- */

/* The state of pirq `number`, any value below PIRQS_MAX. */
static struct pirq *at(struct pirqs *pirqs, u32 number)
{
    return &pirqs->pirq[index_masked(number, PIRQS_MAX)];
}

static bool can_map(struct pirqs *pirqs, u32 first, u32 count)
{
    for (u32 number = first; number < first + count; number++) {
        if (number >= PIRQS_MAX || at(pirqs, number)->state > PIRQ_RESERVED) {
            return false;
        }
    }
    return true;
}

/* Finds `count` free numbers in a row. PIRQS_MAX: there are none. */
static u32 find_free(const struct pirqs *pirqs, u32 count)
{
    u32 run = 0;

    for (u32 number = pirqs->first_message; number < PIRQS_MAX; number++) {
        run = pirqs->pirq[number].state == PIRQ_FREE ? run + 1 : 0;
        if (run == count) {
            return number + 1 - count;
        }
    }
    return PIRQS_MAX;
}

/* Chooses the numbers for `count` pirqs that are to begin with `wanted` (-1: anywhere). */
static s64 choose(struct pirqs *pirqs, s32 wanted, u32 count, u32 *first)
{
    if (wanted < -1 || wanted >= (s32)PIRQS_MAX) {
        return -XEN_EINVAL;
    }
    *first = wanted < 0 ? find_free(pirqs, count) : (u32)wanted;
    if (*first == PIRQS_MAX) {
        return -XEN_ENOSPC;
    }
    return can_map(pirqs, *first, count) ? 0 : -XEN_EEXIST;
}

static void set_mapped(struct pirqs *pirqs, u32 first, u32 count, u32 vector)
{
    for (u32 i = 0; i < count; i++) {
        struct pirq *pirq = at(pirqs, first + i);

        lock_take(&pirq->lock);
        pirq->vector = (u8)(vector + i);
        pirq->count = (u8)count;
        pirq->port = 0;
        pirq->waits = pirq->stormed = pirq->reported = false;
        pirq->state = i ? PIRQ_MEMBER : PIRQ_MAPPED;
        lock_release(&pirq->lock);
    }
}

/* ---- pins ---- */

static s64 map_pin_locked(struct pirqs *pirqs, u32 gsi, s32 *wanted)
{
    u32 vector = line_of_pin(gsi), number;
    s64 error;

    if (!ioapic_has_pin(gsi)) {
        return -XEN_EINVAL;
    }
    if (vector && line_user(vector, &number)) {
        bool same = *wanted == -1 || *wanted == (s32)number;

        *wanted = same ? (s32)number : *wanted;
        return same ? 0 : -XEN_EEXIST;
    }
    s32 choice = *wanted == -1 && can_map(pirqs, gsi, 1) ? (s32)gsi : *wanted;
    error = choose(pirqs, choice, 1, &number);
    if (error) {
        return error;
    }
    vector = line_open_pin(gsi, number, this_cpu()->number, &error);
    if (!vector) {
        return error;
    }
    set_mapped(pirqs, number, 1, vector);
    *wanted = (s32)number;
    return 0;
}

s64 pirq_map_pin(struct domain *domain, u32 gsi, s32 *pirq)
{
    struct pirqs *pirqs = domain->pirqs;

    lock_take(&pirqs->lock);
    s64 result = map_pin_locked(pirqs, gsi, pirq);
    lock_release(&pirqs->lock);
    return result;
}

static s64 set_form_locked(struct pirqs *pirqs, u32 gsi, struct pin_form form)
{
    struct pin_form now = ioapic_form(gsi);
    u32 vector = line_of_pin(gsi), number;

    if (now.level == form.level && now.low == form.low) {
        return 0;
    }
    if (vector && line_user(vector, &number)) {
        struct pirq *pirq = at(pirqs, number);

        lock_take(&pirq->lock);
        bool bound = pirq->port != 0;
        if (!bound) {
            ioapic_set_form(gsi, form);
        }
        lock_release(&pirq->lock);
        return bound ? -XEN_EBUSY : 0;
    }
    ioapic_set_form(gsi, form);
    return 0;
}

s64 pirq_set_form(struct domain *domain, u32 gsi, bool level, bool low)
{
    struct pirqs *pirqs = domain->pirqs;

    if (!ioapic_has_pin(gsi)) {
        return -XEN_EINVAL;
    }
    lock_take(&pirqs->lock);
    s64 result = set_form_locked(pirqs, gsi, (struct pin_form){.level = level, .low = low});
    lock_release(&pirqs->lock);
    return result;
}

/* ---- messages ---- */

s64 pirq_map_messages(struct domain *domain, u16 function, bool extended, u32 number, u32 count,
                      s32 *pirq)
{
    struct pirqs *pirqs = domain->pirqs;
    u32 first;

    lock_take(&pirqs->lock);
    s64 error = choose(pirqs, *pirq, count, &first);
    if (!error) {
        u32 vector = line_open_messages(function, extended, number, count, first,
                                        this_cpu()->number, &error);

        if (vector) {
            set_mapped(pirqs, first, count, vector);
            *pirq = (s32)first;
        }
    }
    lock_release(&pirqs->lock);
    return error;
}

/* ---- the end ---- */

/* Changes the state of a pirq that is not bound. False: it is. */
static bool set_unbound(struct pirq *pirq, enum pirq_state state)
{
    lock_take(&pirq->lock);
    bool unbound = !pirq->port;
    if (unbound) {
        pirq->state = (u8)state;
    }
    lock_release(&pirq->lock);
    return unbound;
}

/* Marks `count` pirqs from `first` on as free, so that no port can be bound to them. False, and
 * nothing is changed: one is bound. */
static bool free_unbound(struct pirqs *pirqs, u32 first, u32 count)
{
    u32 done = 0;

    while (done < count && set_unbound(at(pirqs, first + done), PIRQ_FREE)) {
        done++;
    }
    if (done == count) {
        return true;
    }
    while (done-- > 0) {
        set_unbound(at(pirqs, first + done), done ? PIRQ_MEMBER : PIRQ_MAPPED);
    }
    return false;
}

static s64 unmap_locked(struct pirqs *pirqs, u32 number)
{
    struct pirq *pirq = at(pirqs, number);

    if (pirq->state == PIRQ_RESERVED) {
        pirq->state = PIRQ_FREE;
        return 0;
    }
    if (pirq->state != PIRQ_MAPPED) {
        return -XEN_EINVAL;
    }
    u32 count = pirq->count, vector = pirq->vector;
    if (!free_unbound(pirqs, number, count)) {
        return -XEN_EBUSY;
    }
    for (u32 i = count; i-- > 0;) {
        line_close(vector + i);
    }
    return 0;
}

s64 pirq_unmap(struct domain *domain, u32 pirq)
{
    struct pirqs *pirqs = domain->pirqs;

    if (pirq >= PIRQS_MAX) {
        return -XEN_EINVAL;
    }
    lock_take(&pirqs->lock);
    s64 result = unmap_locked(pirqs, pirq);
    lock_release(&pirqs->lock);
    return result;
}

s64 pirq_reserve(struct domain *domain, u32 *pirq)
{
    struct pirqs *pirqs = domain->pirqs;

    lock_take(&pirqs->lock);
    u32 number = find_free(pirqs, 1);
    if (number != PIRQS_MAX) {
        pirqs->pirq[number].state = PIRQ_RESERVED;
        *pirq = number;
    }
    lock_release(&pirqs->lock);
    return number == PIRQS_MAX ? -XEN_ENOSPC : 0;
}

u32 pirq_vector(struct domain *domain, u32 pirq)
{
    struct pirqs *pirqs = domain->pirqs;
    u32 vector = 0;

    if (pirq >= PIRQS_MAX) {
        return 0;
    }
    lock_take(&pirqs->lock);
    if (at(pirqs, pirq)->state > PIRQ_RESERVED) {
        vector = at(pirqs, pirq)->vector;
    }
    lock_release(&pirqs->lock);
    return vector;
}
