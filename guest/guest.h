/* SPDX-License-Identifier: MIT */
/* The guest side of the virtual MMU: the one header that a kernel includes, from C or C++.
 * guest/README.md says how to write a kernel.
 *
 * Two backends implement these headers; the linker chooses one for a kernel: `pv` (Pinion, Xen) or
 * `native` (the bare machine). Results are 0 or a negative XEN_E... number with both.
 *
 * Locks, in the order in which a CPU may take them:
 *   1. the list of spaces    taken by space_create, space_destroy, kernel_map and all pinning
 *   2. one space's lock      taken by each space_... function that changes a space
 *   3. the p2m's lock        taken by p2m_set
 *   4. the page allocator's  taken by page_take, page_release
 * A batch belongs to one CPU and needs no lock. A kernel that calls entry_... functions on a live
 * space holds that space's lock. Lookups (pfn_to_mfn, mfn_to_pfn, space_entry) take no lock. */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#ifdef __cplusplus
extern "C" {
#endif

#include "guest/batch.h"
#include "guest/console.h"
#include "guest/entry.h"
#include "guest/error.h"
#include "guest/event.h"
#include "guest/kernel.h"
#include "guest/memory.h"
#include "guest/page.h"
#include "guest/space.h"
#include "guest/translate.h"
#include "guest/trap.h"
#include "lib/string.h"

#ifdef __cplusplus
}
#endif

#endif
