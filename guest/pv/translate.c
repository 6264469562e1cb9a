/* SPDX-License-Identifier: MIT */
/* Translation between pfns and mfns. The p2m is a tree of three levels, so that it can grow and
 * that holes cost no memory: a leaf whose pfns have no frame is NULL, and one leaf stands for all
 * leaves whose pfns are all identity. */
#include "guest/translate.h"
#include "guest/error.h"
#include "guest/page.h"
#include "guest/pv/startup.h"
#include "guest/trap.h"
#include "guest/lock.h"

#define LEAF      512ull /* words of each node of the tree */
#define LEAF_SPAN LEAF
#define MID_SPAN  (LEAF * LEAF)
#define P2M_END   (LEAF * LEAF * LEAF)

static u64 **p2m_top[LEAF];
static u64 identity_leaf[1]; /* stands for a leaf of identity pfns: only its address is used */
static struct lock p2m_lock = {.rank = 3};
static const u64 *machine_map; /* the M2P: the pfn for each mfn */
static u64 machine_map_count;  /* length of the M2P in words */

u64 p2m_get(pfn_t pfn)
{
    u64 **mid, *leaf;

    if (pfn.n >= P2M_END || !(mid = p2m_top[pfn.n / MID_SPAN]) ||
        !(leaf = mid[pfn.n / LEAF_SPAN % LEAF])) {
        return P2M_NONE;
    }
    return leaf == identity_leaf ? pfn.n | P2M_IDENTITY : leaf[pfn.n % LEAF];
}

mfn_t pfn_to_mfn(pfn_t pfn)
{
    u64 word = p2m_get(pfn);

    return word == P2M_NONE ? MFN_NONE : mfn(word & P2M_FRAME);
}

pfn_t mfn_to_pfn(mfn_t frame)
{
    u64 found;

    if (frame.n < machine_map_count && word_read(&machine_map[frame.n], &found) &&
        p2m_get(pfn(found)) == frame.n) {
        return pfn(found);
    }
    return p2m_get(pfn(frame.n)) == (frame.n | P2M_IDENTITY) ? pfn(frame.n) : PFN_NONE;
}

/* Takes a zeroed page for a node of the tree; NULL: no memory. */
static void *take_table(void)
{
    if (!page_list) {
        return page_early_take();
    }
    struct page *page = page_take_zeroed();
    return page ? page_address(page) : NULL;
}

/* Returns the middle node above a pfn; makes it if it is missing. NULL: no memory. The caller holds
 * the lock. */
static u64 **mid_for(u64 n)
{
    u64 ***at = &p2m_top[n / MID_SPAN];

    if (!*at) {
        *at = take_table();
    }
    return *at;
}

/* Returns the leaf that holds a pfn's word and that can be written; makes it if there is none.
 * NULL: no memory. The caller holds the lock. */
static u64 *leaf_for(u64 n)
{
    u64 **mid = mid_for(n), *leaf, *old;

    if (!mid) {
        return NULL;
    }
    old = mid[n / LEAF_SPAN % LEAF];
    if (old && old != identity_leaf) {
        return old;
    }
    leaf = take_table();
    if (!leaf) {
        return NULL;
    }
    for (u64 i = 0, first = n - n % LEAF; i < LEAF; i++) {
        leaf[i] = old ? (first + i) | P2M_IDENTITY : P2M_NONE;
    }
    __atomic_store_n(&mid[n / LEAF_SPAN % LEAF], leaf, __ATOMIC_RELEASE);
    return leaf;
}

int p2m_set(pfn_t pfn, u64 word)
{
    if (pfn.n >= P2M_END) {
        return -XEN_EINVAL;
    }
    if (p2m_get(pfn) == word) {
        return 0;
    }
    guest_lock(&p2m_lock);
    u64 *leaf = leaf_for(pfn.n);
    if (leaf) {
        __atomic_store_n(&leaf[pfn.n % LEAF], word, __ATOMIC_RELEASE);
    }
    guest_unlock(&p2m_lock);
    return leaf ? 0 : -XEN_ENOMEM;
}

/* Marks a whole leaf of pfns, from `n` on, as identity, if none of them has a frame. Returns
 * whether they are identity now. */
static bool set_identity_leaf(u64 n)
{
    u64 **mid;

    guest_lock(&p2m_lock);
    mid = mid_for(n);
    if (mid && !mid[n / LEAF_SPAN % LEAF]) {
        mid[n / LEAF_SPAN % LEAF] = identity_leaf;
    }
    guest_unlock(&p2m_lock);
    return mid && mid[n / LEAF_SPAN % LEAF] == identity_leaf;
}

int p2m_set_identity(pfn_t first, u64 count)
{
    u64 end = first.n + count;

    if (end > P2M_END || end < first.n) {
        return -XEN_EINVAL;
    }
    for (u64 n = first.n; n < end;) {
        if (n % LEAF == 0 && end - n >= LEAF && set_identity_leaf(n)) {
            n += LEAF;
            continue;
        }
        int result = p2m_set(pfn(n), n | P2M_IDENTITY);
        if (result) {
            return result;
        }
        n++;
    }
    return 0;
}

/* Full pages of the domain builder's list become leaves. The last page may hold other things behind
 * the list, so its words are copied. */
void translate_start(const u64 *list, u64 count, const u64 *m2p, u64 m2p_count)
{
    machine_map = m2p;
    machine_map_count = m2p_count;
    for (u64 n = 0; n < count; n += LEAF) {
        u64 **mid = mid_for(n);

        if (mid && count - n >= LEAF) {
            mid[n / LEAF_SPAN % LEAF] = (u64 *)(uintptr_t)&list[n];
        } else {
            for (u64 i = n; i < count; i++) {
                p2m_set(pfn(i), list[i]);
            }
        }
    }
}
