/* SPDX-License-Identifier: MIT */
/* The guest's half of a virtual MMU: everything a kernel includes. guest/README.md says how to
 * write one.
 *
 * Two backends stand behind these headers, chosen when a kernel is linked: `pv` (Pinion, Xen) and
 * `native` (the bare machine). Results are 0 or a negative XEN_E... number, the same for both.
 *
 * Locks, in the order in which a CPU may take them:
 *   1. the list of spaces    space_create, space_destroy, kernel_map and pinning all take it
 *   2. one space's lock      every space_... function that changes a space takes it
 *   3. the p2m's lock        p2m_set
 *   4. the page allocator's  page_take, page_release
 * Batches belong to a CPU and need none. Who uses entry_... on a live space by himself holds that
 * space's lock. Look-ups (pfn_to_mfn, mfn_to_pfn, space_entry) take none. */
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
