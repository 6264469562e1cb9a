/* SPDX-License-Identifier: MIT */
/* The domain table. */
#include "hypervisor/domain/domain_table.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/log/log.h"
#include "lib/index.h"

_Static_assert(DOMAINS_MAX == 32, "one bit a place");
_Static_assert(DOMAINS_MAX <= LOG_LIMITS, "one limit of the log a place");

static struct {
    _Atomic u32 reserved; /* bit N: place N is reserved */
    _Atomic u32 next;     /* where domain_table_reserve_next searches first */
    bool privileged;      /* the last place is that of the privileged domain */
    _Atomic u32 count;    /* one above the highest place that ever held a domain */
    _Atomic(struct domain *) domain[DOMAINS_MAX];
    u16 life[DOMAINS_MAX]; /* how many domains have been removed from each place, modulo
                              DOMAIN_LIVES */
} domain_table;

/* Reserves the first free place of those from `from` on, and then of those before it. */
static u32 reserve_from(u32 from)
{
    u32 reserved = atomic_load_explicit(&domain_table.reserved, memory_order_relaxed);

    while (~reserved) {
        u32 after = ~reserved & ~0u << from;
        u32 place = (u32)__builtin_ctz(after ? after : ~reserved);

        if (atomic_compare_exchange_weak_explicit(&domain_table.reserved, &reserved,
                                                  reserved | 1u << place, memory_order_acquire,
                                                  memory_order_relaxed)) {
            return place;
        }
    }
    return DOMAIN_PLACE_NONE;
}

u32 domain_table_reserve(void)
{
    return reserve_from(0);
}

u32 domain_table_reserve_next(void)
{
    u32 place =
        reserve_from(atomic_load_explicit(&domain_table.next, memory_order_relaxed) % DOMAINS_MAX);

    if (place != DOMAIN_PLACE_NONE) {
        atomic_store_explicit(&domain_table.next, place + 1, memory_order_relaxed);
    }
    return place;
}

u32 domain_table_reserve_id(u16 id)
{
    u32 place = (id - 1u) % DOMAINS_MAX;

    if (atomic_fetch_or_explicit(&domain_table.reserved, 1u << place, memory_order_acquire) &
        1u << place) {
        return DOMAIN_PLACE_NONE;
    }
    domain_table.life[place] = (u16)((id - 1u) / DOMAINS_MAX);
    return place;
}

u32 domain_table_reserve_privileged(void)
{
    domain_table.privileged = true;
    atomic_fetch_or_explicit(&domain_table.reserved, 1u << (DOMAINS_MAX - 1), memory_order_relaxed);
    return DOMAINS_MAX - 1;
}

void domain_table_release(u32 place)
{
    atomic_fetch_and_explicit(&domain_table.reserved, ~(1u << place), memory_order_release);
}

u16 domain_table_id(u32 place)
{
    if (domain_table.privileged && place == DOMAINS_MAX - 1) {
        return 0;
    }
    return (u16)(1 + place + domain_table.life[place] * DOMAINS_MAX);
}

void domain_table_put(struct domain *domain)
{
    u32 count = domain_count();

    atomic_store_explicit(&domain_table.domain[domain->place], domain, memory_order_release);
    while (domain->place >= count &&
           !atomic_compare_exchange_weak_explicit(&domain_table.count, &count, domain->place + 1,
                                                  memory_order_release, memory_order_relaxed)) {
    }
}

void domain_table_remove(struct domain *domain)
{
    u16 *life = &domain_table.life[domain->place];

    *life = (u16)((*life + 1) % DOMAIN_LIVES);
    atomic_store_explicit(&domain_table.domain[domain->place], NULL, memory_order_seq_cst);
}

u32 domain_count(void)
{
    return atomic_load_explicit(&domain_table.count, memory_order_acquire);
}

struct domain *domain_at(u32 place)
{
    if (place >= domain_count()) {
        return NULL;
    }
    return atomic_load_explicit(&domain_table.domain[index_masked(place, DOMAINS_MAX)],
                                memory_order_acquire);
}

struct domain *domain_by_id(u16 id)
{
    struct domain *domain =
        atomic_load_explicit(&domain_table.domain[(id - 1u) % DOMAINS_MAX], memory_order_acquire);

    return domain && domain->id == id ? domain : NULL; /* id 0 reads the last place */
}

struct domain *domain_from(u16 id)
{
    struct domain *best = NULL;

    for (u32 i = 0; i < domain_count(); i++) {
        struct domain *domain = domain_at(i);

        if (domain && domain->id >= id && (!best || domain->id < best->id)) {
            best = domain;
        }
    }
    return best;
}
