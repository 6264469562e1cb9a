/* SPDX-License-Identifier: MIT */
/* The domain table: which domains there are, and under which ids they are found.
 *
 * The table has DOMAINS_MAX places. A place is free, reserved (a domain is to be made or made again
 * there), or holds a domain. A reserved place has the id of its next domain. Ids are given out in
 * ascending order, from 1 to DOMID_FIRST_RESERVED - 1 and then from 1 again, but for those in use:
 * so an id comes back late, and only when no frame and no grant of the old domain is in use. A
 * toolstack may also choose one. The privileged domain, if there is one, has id 0.
 *
 * Only the code that reserved a place may fill it again or release it; build/ keeps the places of
 * the guests of the boot hand-off. No function takes a lock. */
#ifndef DOMAIN_DOMAIN_TABLE_H
#define DOMAIN_DOMAIN_TABLE_H

#include "hypervisor/xen.h"
#include "lib/types.h"

#define DOMAINS_MAX 1024u

#define DOMAIN_PLACE_NONE  (~0u)
#define DOMAIN_PLACE_TAKEN (~0u - 1)

struct domain;

/* Reserves the lowest free place, and the next free id for it. DOMAIN_PLACE_NONE: the table is
 * full. */
u32 domain_table_reserve(void);

/* Reserves a place for a domain with the id `id`, 1 to DOMID_FIRST_RESERVED - 1.
 * DOMAIN_PLACE_TAKEN: the id is in use; DOMAIN_PLACE_NONE: the table is full. */
u32 domain_table_reserve_id(u16 id);

/* Reserves a place for the privileged domain; its id will be 0. Once. */
u32 domain_table_reserve_privileged(void);

/* Frees a reserved place that holds no domain, and its id. */
void domain_table_release(u32 place);

/* The id for the next domain in the reserved place. Only the code that reserved it may ask. */
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

/* The domain with this id, any number; NULL: there is none. The result is valid as long as that of
 * domain_at. */
struct domain *domain_by_id(u16 id);

/* The domain with the lowest id that is at least `id`, any number; NULL: there is none. The result
 * is valid as long as that of domain_at. */
struct domain *domain_from(u16 id);

/* The address of the array of DOMAINS_MAX domains by place, for those who read the machine's memory
 * from outside (domain/anchor.h). */
u64 domain_table_address(void);

#endif
