/* SPDX-License-Identifier: MIT */
/* Work for the virtual MMU, without a claim of its own: several vCPUs promote and demote the same
 * tables, change their roots, give frames back and map grants, in any order; refusals are ignored.
 * For tests that end the domain in the middle of that. */
#ifndef GUESTS_HAMMER_H
#define GUESTS_HAMMER_H

#include "tests/guests/common/grant.h"
#include "tests/guests/common/reservation.h"
#include "tests/guests/common/smp.h"
#include "tests/guests/common/tree.h"

void hammer_make(void);

/* Performs one random operation on vCPU `self`. */
void hammer_strike(unsigned self);

/* A whole test: four vCPUs call hammer_strike until vCPU 0 calls `end`, which ends the domain. */
void hammer_until(void (*end)(void));

#endif
