/* SPDX-License-Identifier: MIT */
/* What dom0's toolstack calls the domains: their names in the xenstore. */
#ifndef TOOLS_TOOLSTACK_H
#define TOOLS_TOOLSTACK_H

#include <stdbool.h>
#include <stddef.h>

struct xs_handle;

/* Opens the xenstore. NULL: its daemon does not run, so that domains have only the names that the
 * hypervisor gives them. toolstack_close takes NULL, too. */
struct xs_handle *toolstack_open(void);
void toolstack_close(struct xs_handle *store);

/* Writes the name of domain `id` to name[size], cut if it is longer. Returns false, with `name`
 * unchanged, if `store` is NULL or has none. */
bool toolstack_name(struct xs_handle *store, unsigned id, char *name, size_t size);

#endif
