/* SPDX-License-Identifier: MIT */
/* Building a domain from the boot modules, ready to run. */
#ifndef BUILD_BUILD_H
#define BUILD_BUILD_H

#include "hypervisor/boot/handoff.h"

struct domain;

/* Reserves a place in the domain table for each guest of the boot hand-off, in the order of the
 * hand-off, and announces the guests (domains_expect). `handoff` must stay valid as long as a guest
 * may be built. Once, before other CPUs run. */
void build_reserve(struct handoff *handoff);

/* Builds guest number `index` of the boot hand-off in its place, and makes its first vCPU runnable.
 * If the guest cannot be built, the log says why and its domain counts as crashed; other guests are
 * not affected. */
void domain_build(u32 index);

/* Frees the torn-down domain `old` and builds its guest again, as a domain with another id; if that
 * fails, it is as for domain_build. False, and `old` stays: the guest is not to be started again
 * after this end or as often as this, its last build failed, it is not from the boot hand-off, or a
 * frame of `old` is in use elsewhere (the log says so). Call it from a run loop. */
bool domain_rebuild(struct domain *old);

#endif
