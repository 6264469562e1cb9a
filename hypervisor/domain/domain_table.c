/* SPDX-License-Identifier: MIT */
/* The domain table. */
#include "hypervisor/domain/domain_table.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/log/log.h"
#include "lib/index.h"

#define IDS     0x8000u /* a power of 2; those from DOMID_FIRST_RESERVED on are never given out */
#define LAST_ID (DOMID_FIRST_RESERVED - 1u)
#define BITS    64u
#define NO_ID   0xffffu

_Static_assert(DOMAINS_MAX <= LOG_LIMITS, "one limit of the log a place");
_Static_assert(DOMAINS_MAX % BITS == 0 && IDS % BITS == 0, "whole words of bits");
_Static_assert(2 * DOMAINS_MAX < LAST_ID, "a free id is always found");

static struct {
    _Atomic u64 places[DOMAINS_MAX / BITS]; /* set bits: reserved places */
    _Atomic u64 ids[IDS / BITS];            /* set bits: ids in use */
    _Atomic u32 ids_given;                  /* how many ids have been given out in turn */
    _Atomic u32 count;        /* one above the highest place that ever held a domain */
    u16 id[DOMAINS_MAX];      /* of the next or present domain of a reserved place; NO_ID: its last
                                 domain was removed, and the next has none yet */
    u16 last_id[DOMAINS_MAX]; /* one above that of the domain that was removed from a place last,
                                 until the next one is put there: still in use; 0: none */
    _Atomic(struct domain *) domain[DOMAINS_MAX];
    _Atomic(struct domain *) by_id[IDS];
} domain_table;

/* Sets bit `n`. False: it is set already. */
static bool claim(_Atomic u64 *words, u32 n)
{
    const u64 bit = 1ull << n % BITS;

    return !(atomic_fetch_or_explicit(&words[n / BITS], bit, memory_order_acquire) & bit);
}

static void unclaim(_Atomic u64 *words, u32 n)
{
    atomic_fetch_and_explicit(&words[n / BITS], ~(1ull << n % BITS), memory_order_release);
}

/* The first bit from `from` on that is set, or clear if `clear`; `bits`: there is none. */
static u32 find(const _Atomic u64 *words, u32 from, u32 bits, bool clear)
{
    for (u32 word = from / BITS; word < bits / BITS; word++) {
        u64 found = atomic_load_explicit(&words[word], memory_order_acquire) ^ (clear ? ~0ull : 0);

        if (word == from / BITS) {
            found &= ~0ull << from % BITS;
        }
        if (found) {
            return word * BITS + (u32)__builtin_ctzll(found);
        }
    }
    return bits;
}

/* Claims the next id in turn that is not in use. */
static u16 next_id(void)
{
    for (;;) {
        const u32 given =
            atomic_fetch_add_explicit(&domain_table.ids_given, 1, memory_order_relaxed);
        const u32 id = given % LAST_ID + 1;

        if (claim(domain_table.ids, id)) {
            return (u16)id;
        }
    }
}

/* Claims the lowest free place. */
static u32 claim_place(void)
{
    for (u32 place = 0;; place++) {
        place = find(domain_table.places, place, DOMAINS_MAX, true);
        if (place == DOMAINS_MAX) {
            return DOMAIN_PLACE_NONE;
        }
        if (claim(domain_table.places, place)) {
            return place;
        }
    }
}

u32 domain_table_reserve(void)
{
    const u32 place = claim_place();

    if (place != DOMAIN_PLACE_NONE) {
        domain_table.id[place] = next_id();
    }
    return place;
}

u32 domain_table_reserve_id(u16 id)
{
    if (!claim(domain_table.ids, id)) {
        return DOMAIN_PLACE_TAKEN;
    }
    const u32 place = claim_place();
    if (place == DOMAIN_PLACE_NONE) {
        unclaim(domain_table.ids, id);
    } else {
        domain_table.id[place] = id;
    }
    return place;
}

u32 domain_table_reserve_privileged(void)
{
    return domain_table_reserve_id(0);
}

/* Gives back the id of the domain that was removed from the place last. */
static void drop_last_id(u32 place)
{
    if (domain_table.last_id[place]) {
        unclaim(domain_table.ids, domain_table.last_id[place] - 1u);
        domain_table.last_id[place] = 0;
    }
}

void domain_table_release(u32 place)
{
    drop_last_id(place);
    if (domain_table.id[place] != NO_ID) {
        unclaim(domain_table.ids, domain_table.id[place]);
    }
    unclaim(domain_table.places, place);
}

u16 domain_table_id(u32 place)
{
    if (domain_table.id[place] == NO_ID) {
        domain_table.id[place] = next_id();
    }
    return domain_table.id[place];
}

void domain_table_put(struct domain *domain)
{
    u32 count = domain_count();

    drop_last_id(domain->place);
    atomic_store_explicit(&domain_table.domain[domain->place], domain, memory_order_release);
    atomic_store_explicit(&domain_table.by_id[domain->id], domain, memory_order_release);
    while (domain->place >= count &&
           !atomic_compare_exchange_weak_explicit(&domain_table.count, &count, domain->place + 1,
                                                  memory_order_release, memory_order_relaxed)) {
    }
}

void domain_table_remove(struct domain *domain)
{
    domain_table.last_id[domain->place] = (u16)(domain->id + 1);
    domain_table.id[domain->place] = NO_ID;
    atomic_store_explicit(&domain_table.by_id[domain->id], NULL, memory_order_seq_cst);
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
        atomic_load_explicit(&domain_table.by_id[id % IDS], memory_order_acquire);

    return domain && domain->id == id ? domain : NULL; /* some numbers are not below IDS */
}

struct domain *domain_from(u16 id)
{
    for (u32 next = id; (next = find(domain_table.ids, next, IDS, false)) < IDS; next++) {
        struct domain *domain = domain_by_id((u16)next);

        if (domain) {
            return domain;
        }
    }
    return NULL;
}

u64 domain_table_address(void)
{
    return (u64)domain_table.domain;
}
