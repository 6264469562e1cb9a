/* SPDX-License-Identifier: MIT */
/* Contexts: the roots whose translations a CPU keeps in its TLB while it runs on another root.
 *
 * A processor with process-context identifiers (PCID) marks each translation with the number that
 * was in CR3 when it was made, and uses only those with the present number. A CPU has CONTEXTS
 * numbers, 1 and up, for the roots of the one domain that it runs; number 0 is for the idle root
 * and for boot. Which root has which number is only known here and in the vCPU that is loaded.
 *
 * A context is *good* for a root if its translations, if any, are of that root, and none of them
 * may differ from the tables in a way that the guest would notice: no entry of the domain has been
 * lessened since (vmmu_generation). The code here decides; memory/space.c executes the flushes.
 *
 * Not for several CPUs at once: each CPU has its own. */
#ifndef LIB_CONTEXTS_H
#define LIB_CONTEXTS_H

#include "lib/addr.h"

#define CONTEXTS 16u /* kernel root and user root of eight processes */

struct context {
    u64 root;       /* mfn of the root; 0: none, frame 0 is no root */
    u64 generation; /* the domain's when the context was last empty or found good; 0: never */
};

struct contexts {
    struct context of[CONTEXTS]; /* of[i] has the number i + 1 */
    u32 next;                    /* where the search for one to replace begins */
};

/* Numbers that contexts_take must not give to another root. */
struct contexts_kept {
    u32 loaded; /* in CR3: the processor may make translations with this number at any moment, so it
                   would not be empty by the time at which the other root is loaded; 0: none of
                   these */
    u32 other;  /* of the vCPU's other root; 0: none */
};

/* Returns the number of the context for `root`. `generation`: the present one of the domain that
 * the root belongs to, to which also all other roots of *contexts belong. *stale: the context is
 * not good, and the caller flushes it before `root` is loaded with that number; it counts as empty
 * from now on. */
u32 contexts_take(struct contexts *contexts, mfn_t root, u64 generation, struct contexts_kept kept,
                  bool *stale);

/* Records that all contexts have been flushed, after `generation` was read: each is good. */
void contexts_flushed(struct contexts *contexts, u64 generation);

/* Drops all contexts, because the CPU leaves the domain: none is good any more. */
void contexts_give_up(struct contexts *contexts);

#endif
