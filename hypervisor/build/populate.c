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
    for (u64 i = 0; i < count; i++) {
        p->p2m[at + i] = m.n + i;
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

bool populate_from_module(struct population *p, struct handoff_module *module, u64 offset, u64 size,
                          u64 to, bool last)
{
    while (size) {
        u64 room = PAGE_SIZE - page_offset(to), part = size < room ? size : room;
        maddr_t from = maddr(module->start.a + offset);
        u64 at = to >> PAGE_SHIFT;

        if (last && part == PAGE_SIZE && page_offset(from.a) == 0 && p->p2m[at] == P2M_UNSET &&
            !vmmu_frame_is_taken(mfn_of(from))) {
            if (!give(p, at, mfn_of(from), 1)) {
                return false;
            }
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

bool populate_rest(struct population *p)
{
    for (u64 at = 0, end; at < p->pages; at = end) {
        end = at + 1;
        if (p->p2m[at] != P2M_UNSET) {
            continue;
        }
        while (end < p->pages && p->p2m[end] == P2M_UNSET) {
            end++;
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
