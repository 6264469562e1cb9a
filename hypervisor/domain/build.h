/* SPDX-License-Identifier: MIT */
/* Builds a domain from its boot modules, ready to run. */
#ifndef DOMAIN_BUILD_H
#define DOMAIN_BUILD_H

#include "hypervisor/boot/handoff.h"

/* Guest `index` of the hand-off. When it cannot be built the log says why and the domain counts as
 * crashed; the others go on. */
void domain_build(struct handoff *handoff, u32 index);

#endif
