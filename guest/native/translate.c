/* SPDX-License-Identifier: MIT */
/* Translation on the bare machine, where a pfn and its mfn are equal. */
#include "guest/translate.h"
#include "guest/error.h"
#include "guest/page.h"

u64 p2m_get(pfn_t pfn)
{
    return pfn.n < page_limit ? pfn.n : pfn.n | P2M_IDENTITY;
}

mfn_t pfn_to_mfn(pfn_t pfn)
{
    return mfn(pfn.n);
}

pfn_t mfn_to_pfn(mfn_t frame)
{
    return pfn(frame.n);
}

int p2m_set(pfn_t pfn, u64 word)
{
    return word == p2m_get(pfn) ? 0 : -XEN_ENOSYS;
}

int p2m_set_identity(pfn_t first, u64 count)
{
    return first.n >= page_limit && first.n + count >= first.n ? 0 : -XEN_ENOSYS;
}
