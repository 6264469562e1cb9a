/* SPDX-License-Identifier: MIT */
/* Builds a domain from its boot modules, ready to run. */
#ifndef BUILD_BUILD_H
#define BUILD_BUILD_H

#include "hypervisor/boot/handoff.h"

struct domain;

/* Reserves a place in the domain table for each guest of the hand-off, in its order, and announces
 * the guests (domains_expect). `handoff` stays as long as any guest may be built. Once, before
 * other CPUs run. */
void build_reserve(struct handoff *handoff);

/* Builds guest `index` of the hand-off, in its place. When it cannot be built the log says why and
 * the domain counts as crashed; the others go on. */
void domain_build(u32 index);

/* Builds the guest of `old`, which is torn down, again, in a domain with another number; `old` is
 * freed. False: the guest is not to be started again, could not be built the first time, or
 * something of it is still held elsewhere (the log says so), and `old` stays; or `old` is no guest
 * of the hand-off. From a run loop. */
bool domain_rebuild(struct domain *old);

#endif
