/* SPDX-License-Identifier: MIT */
/* Reads a moment from the hypervisor. */
#ifndef TOOLS_MOMENT_READ_H
#define TOOLS_MOMENT_READ_H

#include "tools/fail.h"
#include "tools/moment.h"

struct watch;

/* Reads what the hypervisor shows now, of all domains. The caller frees it. Returns false, and the
 * failure says why, if the hypervisor refuses. */
bool moment_read(struct watch *watch, struct moment *moment, struct failure *failure);

#endif
