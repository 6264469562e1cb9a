/* SPDX-License-Identifier: MIT */
/* Random requests about grants: a domain gives pages to itself, maps and copies them. The addresses
 * that grants are mapped at are for nothing else. */
#ifndef GUESTS_RANDOM_CALLS_GRANTS_H
#define GUESTS_RANDOM_CALLS_GRANTS_H

#include "tests/guests/random_calls/makers.h"
#include <xen/grant_table.h>

void grants_find(void);

/* Ends all; the number of those that could not be. */
unsigned grants_end(void);

void say_grants(void);

/* The guest writes an entry of its table. */
void give(void);

void make_grant(struct request *r);

#endif
