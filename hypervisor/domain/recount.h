/* SPDX-License-Identifier: MIT */
/* The recount of isolation: what the roots of guests really map. */
#ifndef DOMAIN_RECOUNT_H
#define DOMAIN_RECOUNT_H

#include "lib/types.h"

/* Where guests are isolated: walks the hypervisor's slots of every root of every vCPU and of every
 * other L4 table that a vCPU may load, logs each page there that its domain must not reach, and
 * returns how many there are (docs/isolation.md).
 * The guests' own part is the virtual MMU's to check (vmmu_audit). Elsewhere returns 0. All other
 * CPUs are stopped. */
u64 recount_isolation(void);

#endif
