/* SPDX-License-Identifier: MIT */
/* The hypercall `watch` (lib/watch.h) from dom0, by Debian's library libxencall. */
#ifndef TOOLS_WATCH_H
#define TOOLS_WATCH_H

#include <stddef.h>

#include "lib/watch.h"
#include "tools/fail.h"

struct watch {
    struct xencall_handle *xen;
};

/* Opens the way to the hypervisor. Returns false, with the reason, if this is no domain of Pinion's
 * that may ask. */
bool watch_open(struct watch *watch, struct failure *failure);
void watch_close(struct watch *watch);

/* Memory that the hypervisor can reach, for structures and buffers; watch_allocate clears it. NULL:
 * there is none. */
void *watch_allocate(struct watch *watch, size_t size);
void watch_free(struct watch *watch, void *memory);

/* Makes the call for `structure`, which watch_allocate has given. Returns the result, or a negative
 * errno of this system. */
long watch_call(struct watch *watch, enum watch_operation operation, void *structure);

#endif
