/* SPDX-License-Identifier: MIT */
/* Pseudo-physical and machine frames: the kernel counts in pfns, page tables hold mfns.
 *
 * On the bare machine both are one. A pfn is backed by a frame of the guest, by nothing, by
 * somebody else's frame (foreign), or by the machine frame of the same number (identity). */
#ifndef GUEST_TRANSLATE_H
#define GUEST_TRANSLATE_H

#include "lib/addr.h"

#define PFN_NONE ((pfn_t){~0ull})

/* A word of the pfn-to-mfn table. */
#define P2M_NONE     (~0ull)
#define P2M_FOREIGN  (1ull << 63)
#define P2M_IDENTITY (1ull << 62)
#define P2M_FRAME    (P2M_IDENTITY - 1)

static inline bool pfn_is_none(pfn_t pfn)
{
    return pfn.n == ~0ull;
}

/* The word for a pfn: a frame with tags, or P2M_NONE. */
u64 p2m_get(pfn_t pfn);

/* The frame behind a pfn, whoever owns it; MFN_NONE when there is none. */
mfn_t pfn_to_mfn(pfn_t pfn);

/* The pfn of one of the guest's own frames. The machine's map and p2m must agree; a frame that is
 * not the guest's gives its own number when p2m has it as identity, else PFN_NONE. */
pfn_t mfn_to_pfn(mfn_t mfn);

static inline bool pfn_is_foreign(pfn_t pfn)
{
    u64 word = p2m_get(pfn);

    return word != P2M_NONE && (word & P2M_FOREIGN);
}

/* Changes a word. -XEN_ENOMEM: a table for it could not be had; -XEN_EINVAL: beyond what the table
 * can ever hold; -XEN_ENOSYS: the bare machine. Nothing has changed then. */
int p2m_set(pfn_t pfn, u64 word);

/* Makes pfns first ... first + count - 1 identity. Parts may be done when it fails. */
int p2m_set_identity(pfn_t first, u64 count);

#endif
