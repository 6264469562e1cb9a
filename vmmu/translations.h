/* SPDX-License-Identifier: MIT */
/* What a machine reports of its CPUs' translations, and may ask of them; a part of vmmu/vmmu.h. */
#ifndef VMMU_TRANSLATIONS_H
#define VMMU_TRANSLATIONS_H

#include "lib/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vmmu_domain;

/* Advances the flush clock of `domain` and returns its new value. A CPU calls vmmu_flush_begins
 * just before it drops all translations of the domain from its TLB, and vmmu_flush_ends just after.
 * Then the engine does not ask that CPU for a flush because of a use of a frame that ended before
 * vmmu_flush_begins; except that it may ask if the frame was a descriptor page, or if the use ended
 * so long ago that the few bits stored of its epoch make it look recent. A flush that is not
 * reported in this way does no harm, but saves no later flush. */
u64 vmmu_flush_begins(const struct vmmu_domain *domain);

/* Records that CPU `cpu`, the calling one, has dropped all translations of `domain` from its TLB.
 * `begun` is what vmmu_flush_begins returned before. */
void vmmu_flush_ends(const struct vmmu_domain *domain, u32 cpu, u64 begun);

/* Returns the present generation of the domain's translations, never 0. It is another one than that
 * of each earlier call if an entry of a live table has been lessened since (vmmu/lessened.h): it
 * was present, and now maps nothing or another frame, permits less, or has lost its accessed or
 * dirty bit. A CPU may load a root and keep its translations of that root if it dropped them, or
 * found them good, after a call that returned the present generation. */
u64 vmmu_generation(struct vmmu_domain *domain);

#ifdef __cplusplus
}
#endif

#endif
