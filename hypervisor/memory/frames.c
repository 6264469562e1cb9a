/* SPDX-License-Identifier: MIT */
/* The allocator of frames: a buddy system. */
#include "hypervisor/memory/frames.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/direct.h"
#include "hypervisor/ranks.h"
#include "lib/lock.h"
#include "lib/string.h"
#include "vmmu/vmmu.h"

/* A free block is described by its first frame, the head, in the frame table: `references` is the
 * block's order + 1, and `type` holds the links of the list of free blocks of that order, the next
 * head in the upper half and the previous head in the lower half.
 *
 * Every other frame of the allocator, and every frame without an owner, has 0 in `references`. A
 * frame with an owner (a domain, or VMMU_OWNER_DEVICE) has bit 63 set there. So `references` alone
 * distinguishes the head of a free block from all other frames. Only RAM is ever given to the
 * allocator. */
#define LINK_NONE 0xffffffffu

static struct {
    struct lock lock;
    struct vmmu_frame *frames;
    u64 count;
    u64 free;
    u32 head[FRAMES_ORDER_MAX + 1];
} allocator = {.lock = {.rank = RANK_FRAMES}};

static u32 next_of(u32 at)
{
    return (u32)(atomic_load_explicit(&allocator.frames[at].type, memory_order_relaxed) >> 32);
}

static u32 previous_of(u32 at)
{
    return (u32)atomic_load_explicit(&allocator.frames[at].type, memory_order_relaxed);
}

static void link(u32 at, u32 next, u32 previous)
{
    atomic_store_explicit(&allocator.frames[at].type, (u64)next << 32 | previous,
                          memory_order_relaxed);
}

static void set_order(u32 at, u64 order_plus_1)
{
    atomic_store_explicit(&allocator.frames[at].references, order_plus_1, memory_order_relaxed);
}

static bool is_free_head(u64 at, u32 order)
{
    return at < allocator.count && atomic_load_explicit(&allocator.frames[at].references,
                                                        memory_order_relaxed) == order + 1;
}

static void push(u32 at, u32 order)
{
    u32 next = allocator.head[order];

    set_order(at, order + 1);
    link(at, next, LINK_NONE);
    if (next != LINK_NONE) {
        link(next, next_of(next), at);
    }
    allocator.head[order] = at;
}

static void unlink(u32 at, u32 order)
{
    u32 next = next_of(at), previous = previous_of(at);

    if (next != LINK_NONE) {
        link(next, next_of(next), previous);
    }
    if (previous != LINK_NONE) {
        link(previous, next, previous_of(previous));
    } else {
        allocator.head[order] = next;
    }
    set_order(at, 0);
}

void frames_start(struct vmmu_frame *frames, u64 count)
{
    allocator.frames = frames;
    allocator.count = count;
    for (u32 order = 0; order <= FRAMES_ORDER_MAX; order++) {
        allocator.head[order] = LINK_NONE;
    }
}

mfn_t frames_alloc(u32 order)
{
    u32 have = order;
    u32 at;

    lock_take(&allocator.lock);
    while (have <= FRAMES_ORDER_MAX && allocator.head[have] == LINK_NONE) {
        have++;
    }
    if (have > FRAMES_ORDER_MAX) {
        lock_release(&allocator.lock);
        return MFN_NONE;
    }
    at = allocator.head[have];
    unlink(at, have);
    while (have > order) {
        have--;
        push(at + (1u << have), have);
    }
    allocator.free -= 1ull << order;
    lock_release(&allocator.lock);
    return mfn(at);
}

void frames_free(mfn_t first, u32 order)
{
    u64 at = first.n;

    ASSERT(at + (1ull << order) <= allocator.count && (at & ((1ull << order) - 1)) == 0);
    lock_take(&allocator.lock);
    allocator.free += 1ull << order;
    for (; order < FRAMES_ORDER_MAX && is_free_head(at ^ (1ull << order), order); order++) {
        unlink((u32)(at ^ (1ull << order)), order);
        at &= ~(1ull << order);
    }
    push((u32)at, order);
    lock_release(&allocator.lock);
}

void frames_free_range(mfn_t first, u64 count)
{
    u64 at = first.n, end = at + count;

    while (at < end) {
        u32 order = at == 0 ? FRAMES_ORDER_MAX : (u32)__builtin_ctzll(at);

        if (order > FRAMES_ORDER_MAX) {
            order = FRAMES_ORDER_MAX;
        }
        while ((1ull << order) > end - at) {
            order--;
        }
        frames_free(mfn(at), order);
        at += 1ull << order;
    }
}

u64 frames_free_count(void)
{
    return allocator.free;
}

u64 frames_count(void)
{
    return allocator.count;
}

void *page_alloc(u32 order)
{
    mfn_t m = frames_alloc(order);

    if (mfn_is_none(m)) {
        return NULL;
    }
    return memset(frame_view(m), 0, PAGE_SIZE << order);
}

void page_free(void *page, u32 order)
{
    memset(page, 0, PAGE_SIZE << order);
    frames_free(frame_of_view(page), order);
}
