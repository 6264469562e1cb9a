/* SPDX-License-Identifier: MIT */
/* Makes a whole domain by the calls of a toolstack. */
#ifndef FUZZ_BUILDER_H
#define FUZZ_BUILDER_H

#include "tests/fuzz/forms.h"

/* Makes a domain, gives it memory and page tables, and starts its vCPU, by hypercalls of the
 * current vCPU, which `call` makes. The input says at which call to stop, and changes words of the
 * calls. A step that fails ends it. */
void build_domain(void (*call)(const struct form *form));

#endif
