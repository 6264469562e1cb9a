/* SPDX-License-Identifier: MIT */
/* Makers of random requests about grants: the domain grants pages to itself, maps and copies them.
 * The addresses at which grants are mapped have no other use. */
#ifndef GUESTS_RANDOM_CALLS_GRANTS_H
#define GUESTS_RANDOM_CALLS_GRANTS_H

#include "tests/guests/random_calls/makers.h"
#include <xen/grant_table.h>

void grants_find(void);

/* Unmaps all mappings. Returns how many could not be unmapped. */
unsigned grants_end(void);

void say_grants(void);

/* Writes a random entry of the grant table. */
void give(void);

void make_grant(struct request *r);

#endif
