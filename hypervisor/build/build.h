/* SPDX-License-Identifier: MIT */
/* Builds a domain from its boot modules, ready to run. */
#ifndef BUILD_BUILD_H
#define BUILD_BUILD_H

#include "hypervisor/boot/handoff.h"

struct domain;

/* Guest `index` of the hand-off. When it cannot be built the log says why and the domain counts as
 * crashed; the others go on. */
void domain_build(struct handoff *handoff, u32 index);

/* The guest of `old`, which is torn down, again, in a domain with another number; `old` is gone.
 * False: it is not to begin anew, or something of it is still held elsewhere (the log says so); it
 * stays. From a run loop. */
bool domain_rebuild(struct domain *old);

#endif
