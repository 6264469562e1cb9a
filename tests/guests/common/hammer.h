/* SPDX-License-Identifier: MIT */
/* Work for the virtual MMU, without a claim of its own: several vCPUs make and take apart the same
 * tables, change their roots, give frames back and map grants, in any order, and whatever is
 * refused is refused. For tests that end the domain in the midst of it. */
#ifndef GUESTS_HAMMER_H
#define GUESTS_HAMMER_H

#include "tests/guests/common/grant.h"
#include "tests/guests/common/reservation.h"
#include "tests/guests/common/smp.h"
#include "tests/guests/common/tree.h"

void hammer_make(void);

/* One blow. */
void hammer_strike(unsigned self);

/* A whole test: four vCPUs strike, until the first of them ends the domain in the midst of it. */
void hammer_until(void (*end)(void));

#endif
