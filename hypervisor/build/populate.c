/* SPDX-License-Identifier: MIT */
/* Giving a new guest its frames. */
#include "hypervisor/build/populate.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "lib/string.h"

#define BLOCK_ORDER 9u

static bool give(struct population *p, u64 at, mfn_t m, u64 count)
{
    if (vmmu_give_many(&p->domain->mmu, m, pfn(at), count) != VMMU_DONE) {
        return false;
    }
    u64 *to = &p->p2m[at];
    u64 i = 0;

    for (; i + 4 <= count; i += 4) {
        to[i] = m.n + i;
        to[i + 1] = m.n + i + 1;
        to[i + 2] = m.n + i + 2;
        to[i + 3] = m.n + i + 3;
    }
    for (; i < count; i++) {
        to[i] = m.n + i;
    }
    return true;
}

/* Takes `*count` frames, or fewer, but at least one, from the spare block, and stores their number
 * in *count. A new block is allocated when it is used up, a smaller one if memory is fragmented.
 * MFN_NONE: no memory. */
static mfn_t next_frames(struct population *p, u64 *count)
{
    for (s32 order = BLOCK_ORDER; p->spare_count == 0 && order >= 0; order--) {
        p->spare = frames_alloc((u32)order);
        if (!mfn_is_none(p->spare)) {
            p->spare_count = 1ull << order;
        }
    }
    if (p->spare_count == 0) {
        return MFN_NONE;
    }
    *count = *count < p->spare_count ? *count : p->spare_count;
    p->spare_count -= *count;
    p->spare.n += *count;
    return mfn(p->spare.n - *count);
}

bool populate_start(struct population *p, struct domain *domain, const struct guest_layout *l)
{
    u32 order = 0;
    mfn_t first;

    while (1ull << order < l->p2m.count) {
        order++;
    }
    first = frames_alloc(order);
    if (mfn_is_none(first)) {
        return false;
    }
    frames_free_range(mfn(first.n + l->p2m.count), (1ull << order) - l->p2m.count, false);
    *p = (struct population){.domain = domain, .p2m = frame_view(first), .pages = l->pages};
    memset(p->p2m, 0xff, l->p2m.count << PAGE_SHIFT);
    return give(p, l->p2m.first, first, l->p2m.count);
}

void *populate_page(struct population *p, u64 at)
{
    u64 count = 1;
    mfn_t m;

    if (p->p2m[at] != P2M_UNSET) {
        return frame_view(mfn(p->p2m[at]));
    }
    m = next_frames(p, &count);
    if (mfn_is_none(m) || !give(p, at, m, 1)) {
        return NULL;
    }
    return frame_view(m);
}

/* How many of the `most` pages from `at` on can be the module's own frames from `from` on: the
 * guest has none there yet, and the frames are nobody's. */
static u64 own_frames(const struct population *p, u64 at, maddr_t from, u64 most)
{
    const u64 first = mfn_of(from).n;
    u64 count = 0;

    if (page_offset(from.a)) {
        return 0;
    }
    while (count < most && p->p2m[at + count] == P2M_UNSET &&
           !vmmu_frame_is_taken(mfn(first + count))) {
        count++;
    }
    return count;
}

bool populate_from_module(struct population *p, struct handoff_module *module, u64 offset, u64 size,
                          u64 to, bool last)
{
    while (size) {
        u64 room = PAGE_SIZE - page_offset(to), part = size < room ? size : room;
        maddr_t from = maddr(module->start.a + offset);
        u64 at = to >> PAGE_SHIFT;
        const u64 own = last && !page_offset(to) ? own_frames(p, at, from, size >> PAGE_SHIFT) : 0;

        if (own) {
            if (!give(p, at, mfn_of(from), own)) {
                return false;
            }
            part = own << PAGE_SHIFT;
        } else {
            u8 *page = populate_page(p, at);

            if (!page) {
                return false;
            }
            memcpy(page + page_offset(to), direct(from), part);
        }
        offset += part;
        to += part;
        size -= part;
    }
    return true;
}

bool populate_zeroed(struct population *p, u64 from, u64 to)
{
    for (u64 at = from >> PAGE_SHIFT; at < (to + PAGE_SIZE - 1) >> PAGE_SHIFT; at++) {
        if (!populate_page(p, at)) {
            return false;
        }
    }
    return true;
}

/* Where the pfns without a frame end that begin at pfn `at`. */
static u64 unset_end(const struct population *p, u64 at)
{
    const u64 *p2m = p->p2m;

    _Static_assert(P2M_UNSET == ~0ull, "all bits are set");
    while (at + 4 <= p->pages && (p2m[at] & p2m[at + 1] & p2m[at + 2] & p2m[at + 3]) == P2M_UNSET) {
        at += 4;
    }
    while (at < p->pages && p2m[at] == P2M_UNSET) {
        at++;
    }
    return at;
}

bool populate_rest(struct population *p)
{
    for (u64 at = 0, end; at < p->pages; at = end) {
        end = unset_end(p, at);
        if (end == at) {
            end++;
            continue;
        }
        for (u64 count = end - at; at < end; at += count, count = end - at) {
            const mfn_t m = next_frames(p, &count);

            if (mfn_is_none(m) || !give(p, at, m, count)) {
                return false;
            }
        }
    }
    return true;
}

void populate_end(struct population *p)
{
    frames_free_range(p->spare, p->spare_count, false);
    p->spare_count = 0;
}

void populate_release_module(struct handoff_module *module)
{
    mfn_t first = mfn_of(module->start);
    u64 count = (module->size + PAGE_SIZE - 1) >> PAGE_SHIFT;

    for (u64 i = 0; i < count; i++) {
        mfn_t m = mfn(first.n + i);

        if (!vmmu_frame_is_taken(m)) {
            frames_free(m, 0);
        }
    }
}
