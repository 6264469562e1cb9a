/* SPDX-License-Identifier: MIT */
/* Translation between pfns, by which the kernel counts its memory, and mfns, which page tables
 * hold. The p2m is the table that gives the mfn for each pfn.
 *
 * A pfn has a frame of the guest behind it, no frame, another domain's frame (foreign), or the
 * machine frame with the same number (identity). On the bare machine a pfn and its mfn are equal.
 */
#ifndef GUEST_TRANSLATE_H
#define GUEST_TRANSLATE_H

#include "lib/addr.h"

#define PFN_NONE ((pfn_t){~0ull})

/* A word of the p2m is an mfn, with at most one of the two tags, or P2M_NONE: no frame. */
#define P2M_NONE     (~0ull)
#define P2M_FOREIGN  (1ull << 63)
#define P2M_IDENTITY (1ull << 62)
#define P2M_FRAME    (P2M_IDENTITY - 1)

/* Says whether a pfn is PFN_NONE. */
static inline bool pfn_is_none(pfn_t pfn)
{
    return pfn.n == ~0ull;
}

/* Returns the p2m's word for a pfn: its mfn, with a tag if it has one, or P2M_NONE. */
u64 p2m_get(pfn_t pfn);

/* Returns the frame behind a pfn, the guest's or a foreign one; MFN_NONE: there is none. */
mfn_t pfn_to_mfn(pfn_t pfn);

/* Returns the pfn of one of the guest's own frames, for which the M2P and the p2m must agree. Any
 * other frame gives the pfn with the same number if the p2m has that as identity, else PFN_NONE. */
pfn_t mfn_to_pfn(mfn_t mfn);

/* Says whether the frame behind a pfn is another domain's. */
static inline bool pfn_is_foreign(pfn_t pfn)
{
    u64 word = p2m_get(pfn);

    return word != P2M_NONE && (word & P2M_FOREIGN);
}

/* Sets a pfn's word of the p2m.
 * Returns 0; -XEN_ENOMEM: no memory for a part of the p2m; -XEN_EINVAL: the pfn is too large for
 * the p2m; -XEN_ENOSYS: the bare machine, where a word cannot change. On failure nothing has
 * changed. */
int p2m_set(pfn_t pfn, u64 word);

/* Marks `count` pfns from `first` on as identity. On failure some of them may be marked already. */
int p2m_set_identity(pfn_t first, u64 count);

#endif
