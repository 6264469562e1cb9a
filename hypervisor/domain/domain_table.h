/* SPDX-License-Identifier: MIT */
/* The domain table: which domains there are, and under which ids they are found.
 *
 * The table has DOMAINS_MAX places. A place is free, reserved (a domain is to be made or made again
 * there), or holds a domain. An id is 1 + place + life * DOMAINS_MAX, where `life` counts the
 * domains that were removed from the place: so the place follows from the id, and an id is not
 * reused while anything may still refer to the old domain. (It comes back after DOMAIN_LIVES lives
 * of its place; a domain is removed only when no frame and no grant of it is in use.) The
 * privileged domain, if there is one, has the last place and id 0.
 *
 * Only the code that reserved a place may fill it again or release it; build/ keeps the places of
 * the guests of the boot hand-off. Lookups take no lock. */
#ifndef DOMAIN_DOMAIN_TABLE_H
#define DOMAIN_DOMAIN_TABLE_H

#include "hypervisor/xen.h"
#include "lib/types.h"

#define DOMAINS_MAX  32u
#define DOMAIN_LIVES (DOMID_FIRST_RESERVED / DOMAINS_MAX - 1)

#define DOMAIN_PLACE_NONE (~0u)

struct domain;

/* Reserves the lowest free place. DOMAIN_PLACE_NONE: the table is full. */
u32 domain_table_reserve(void);

/* Reserves a free place, in turn, so that domains which are made one after the other get ascending
 * ids as long as the table has places that were not used before. DOMAIN_PLACE_NONE: the table is
 * full. */
u32 domain_table_reserve_next(void);

/* Reserves the place of `id`, 1 to DOMID_FIRST_RESERVED - 1, so that domain_table_id is `id`.
 * DOMAIN_PLACE_NONE: it is not free. */
u32 domain_table_reserve_id(u16 id);

/* Reserves the last place, for the privileged domain; its id will be 0. Once, before every other
 * reservation. */
u32 domain_table_reserve_privileged(void);

/* Frees a reserved place that holds no domain: the next caller of domain_table_reserve may get it.
 */
void domain_table_release(u32 place);

/* The id for the next domain in the reserved place. */
u16 domain_table_id(u32 place);

/* Puts `domain` into its reserved place, `domain->place`; its `id` must be domain_table_id of that
 * place. From now on lookups find it, so the members that other CPUs read must be set. */
void domain_table_put(struct domain *domain);

/* Removes the domain: from now on no lookup finds its id. The place stays reserved; its next domain
 * gets another id. A CPU that found the domain before may use it until that CPU is back in its run
 * loop (stop_others waits for that). */
void domain_table_remove(struct domain *domain);

/* The domains by place, 0 to domain_count() - 1. domain_at: NULL if the place holds none. A domain
 * that has ended is found until it is removed. The result is valid until this CPU is back in its
 * run loop. */
u32 domain_count(void);
struct domain *domain_at(u32 place);

/* The domain with this id; NULL: there is none. The result is valid as long as that of
 * domain_at. */
struct domain *domain_by_id(u16 id);

/* The domain with the lowest id that is at least `id`; NULL: there is none. The result is valid as
 * long as that of domain_at. */
struct domain *domain_from(u16 id);

#endif
