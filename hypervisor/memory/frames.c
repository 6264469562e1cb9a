/* SPDX-License-Identifier: MIT */
/* The allocator of frames: a buddy system. */
#include "hypervisor/memory/frames.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/direct.h"
#include "hypervisor/memory/dirty.h"
#include "hypervisor/ranks.h"
#include "lib/lock.h"
#include "vmmu/vmmu.h"

/* A free block is described by its first frame, the head, in the frame table: `references` is the
 * block's order + 1, with BLOCK_DIRTY if a frame of the block is dirty, and `type` holds the links
 * of a list, the next head in the upper half and the previous head in the lower half. While a block
 * is being cleaned, `references` has BLOCK_CLEANING too, and the block is joined with no other.
 *
 * A zone is the frames whose numbers have the same highest bit, so the frames below 1 << n are
 * those of the zones below n. A block is in the zone of its last frame. There are two lists of each
 * zone and order: of blocks without a dirty frame, and of the others.
 *
 * Every other frame of the allocator, and every frame without an owner, has 0 in `references`. The
 * word `type` of such a frame may be a MARK. A
 * frame with an owner (a domain, or VMMU_OWNER_DEVICE) has bit 63 set there. So `references` alone
 * distinguishes the head of a free block from all other frames. Only RAM is ever given to the
 * allocator.
 *
 * A block that is being cleaned is on no list, so that the lock is free meanwhile; it counts as
 * free, and an allocation that finds nothing else waits for it. */
#define LINK_NONE      0xffffffffu
#define BLOCK_DIRTY    0x100u
#define BLOCK_CLEANING 0x200u
#define FRAME_OWNED    (1ull << 63)
#define ORDERS         (FRAMES_ORDER_MAX + 1)
/* `type` of a page of page_mark, with the owner in the low bits: no link, of which each half is a
 * frame's number, below 1 << 31, or LINK_NONE. */
#define MARK  (1ull << 63)
#define ZONES 31u /* the direct map holds fewer than 1 << 31 frames */

/* frames_clean cleans at most 16 frames, so that a wake-up waits briefly. */
#define CLEAN_ORDER 4u

enum kind { CLEAN, DIRTY, KINDS };

static struct {
    struct lock lock;
    struct vmmu_frame *frames;
    u64 count;
    u64 free;          /* the dirty ones and those being cleaned included */
    _Atomic u64 dirty; /* those being cleaned included; read without the lock */
    u32 cleaning;      /* blocks that frames_clean has taken off the lists */
    u32 zones;         /* the number of zones up to the highest frame */
    struct {
        u32 present; /* a bit for each order whose list is not empty */
        u32 head[ORDERS];
    } list[KINDS][ZONES];
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

static u64 read_state(const struct vmmu_frame *frame)
{
    return atomic_load_explicit(&frame->references, memory_order_relaxed);
}

static u64 state_of(u64 at)
{
    return read_state(&allocator.frames[at]);
}

static void set_state(u32 at, u64 state)
{
    atomic_store_explicit(&allocator.frames[at].references, state, memory_order_relaxed);
}

static bool is_free_head(u64 at, u32 order)
{
    return at < allocator.count && (state_of(at) & ~(u64)BLOCK_DIRTY) == order + 1;
}

static u32 zone_of(u32 at, u32 order)
{
    return 31 - (u32)__builtin_clz((at + (1u << order) - 1) | 1);
}

static void push(u32 at, u32 order)
{
    enum kind kind = dirty_any(at, order) ? DIRTY : CLEAN;
    u32 zone = zone_of(at, order), next = allocator.list[kind][zone].head[order];

    set_state(at, (order + 1) | (kind == DIRTY ? BLOCK_DIRTY : 0));
    link(at, next, LINK_NONE);
    if (next != LINK_NONE) {
        link(next, next_of(next), at);
    }
    allocator.list[kind][zone].head[order] = at;
    allocator.list[kind][zone].present |= 1u << order;
}

static void unlink(u32 at, u32 order)
{
    u32 next = next_of(at), previous = previous_of(at), zone = zone_of(at, order);
    enum kind kind = state_of(at) & BLOCK_DIRTY ? DIRTY : CLEAN;

    if (next != LINK_NONE) {
        link(next, next_of(next), previous);
    }
    if (previous != LINK_NONE) {
        link(previous, next, previous_of(previous));
    } else {
        allocator.list[kind][zone].head[order] = next;
        if (next == LINK_NONE) {
            allocator.list[kind][zone].present &= ~(1u << order);
        }
    }
    set_state(at, 0);
}

/* Puts a block on its list, after joining it with its free neighbours. */
static void put_back(u32 at, u32 order)
{
    for (; order < FRAMES_ORDER_MAX && is_free_head(at ^ (1u << order), order); order++) {
        unlink(at ^ (1u << order), order);
        at &= ~(1u << order);
    }
    push(at, order);
}

/* Looks for a block of this kind and of order `order` or more in the zones below `zones`, in the
 * highest such zone first, because its frames serve the fewest purposes. Returns its first frame,
 * with its order in *have; LINK_NONE: there is none. */
static u32 find(enum kind kind, u32 order, u32 zones, u32 *have)
{
    while (zones--) {
        u32 present = allocator.list[kind][zones].present >> order;

        if (present) {
            *have = order + (u32)__builtin_ctz(present);
            return allocator.list[kind][zones].head[*have];
        }
    }
    return LINK_NONE;
}

/* Takes block `at`, of this kind and of order `have`, off its list, and returns the first frame of
 * a part of it, of order `order`; the rest goes back to the lists. Of two halves of which one has
 * dirty frames, the part is in that one, or with `avoid` in the other. */
static u32 take(enum kind kind, u32 at, u32 have, u32 order, bool avoid)
{
    unlink(at, have);
    while (have > order) {
        u32 right;

        have--;
        right = at + (1u << have);
        if (kind == DIRTY && dirty_any(at, have) == avoid && dirty_any(right, have) != avoid) {
            push(at, have);
            at = right;
        } else {
            push(right, have);
        }
    }
    return at;
}

void frames_start(struct vmmu_frame *frames, u64 count, void *dirty_map)
{
    allocator.frames = frames;
    allocator.count = count;
    allocator.zones = zone_of((u32)count - 1, 0) + 1;
    for (u32 i = 0; i < KINDS * ZONES; i++) {
        for (u32 order = 0; order < ORDERS; order++) {
            allocator.list[i / ZONES][i % ZONES].head[order] = LINK_NONE;
        }
        allocator.list[i / ZONES][i % ZONES].present = 0;
    }
    dirty_start(dirty_map, count);
}

/* Clears what is dirty of a block that is on no list, without the lock, then takes the lock and
 * counts the block as clean. Returns with the lock. */
static void clean(u32 at, u32 order)
{
    u64 count = dirty_wipe(at, order);

    lock_take(&allocator.lock);
    dirty_clear(at, order);
    allocator.dirty -= count;
}

/* The number of zones of which all machine addresses are below 1 << bits; 0 bits: all zones. */
static u32 zones_below(u32 bits)
{
    u32 zones = bits > PAGE_SHIFT ? bits - PAGE_SHIFT : 0;

    return bits == 0 || zones > allocator.zones ? allocator.zones : zones;
}

mfn_t frames_alloc_below(u32 order, u32 bits)
{
    u32 zones = zones_below(bits), have, at;
    bool dirty = false;

    lock_take(&allocator.lock);
    while ((at = find(CLEAN, order, zones, &have)) == LINK_NONE) {
        at = find(DIRTY, order, zones, &have);
        if (at != LINK_NONE) {
            dirty = true;
            break;
        }
        bool wait = allocator.cleaning;
        lock_release(&allocator.lock);
        if (!wait) {
            return MFN_NONE;
        }
        lock_wait();
        lock_take(&allocator.lock);
    }
    at = take(dirty ? DIRTY : CLEAN, at, have, order, true);
    dirty = dirty && dirty_any(at, order);
    allocator.free -= 1ull << order;
    lock_release(&allocator.lock);
    if (dirty) {
        clean(at, order);
        lock_release(&allocator.lock);
    }
    return mfn(at);
}

mfn_t frames_alloc(u32 order)
{
    return frames_alloc_below(order, 0);
}

static void free_block(u64 at, u32 order, bool dirty)
{
    ASSERT(at + (1ull << order) <= allocator.count && (at & ((1ull << order) - 1)) == 0);
    lock_take(&allocator.lock);
    allocator.free += 1ull << order;
    if (dirty) {
        allocator.dirty += 1ull << order;
        dirty_set(at, order);
    }
    put_back((u32)at, order);
    lock_release(&allocator.lock);
}

void frames_free(mfn_t first, u32 order)
{
    free_block(first.n, order, true);
}

void frames_free_range(mfn_t first, u64 count, bool dirty)
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
        free_block(at, order, dirty);
        at += 1ull << order;
    }
}

bool frames_clean(void)
{
    u32 have, at, order;

    if (!allocator.dirty) {
        return false;
    }
    lock_take(&allocator.lock);
    at = find(DIRTY, 0, allocator.zones, &have);
    if (at == LINK_NONE) { /* other CPUs clean the rest */
        lock_release(&allocator.lock);
        return false;
    }
    order = have < CLEAN_ORDER ? have : CLEAN_ORDER;
    at = take(DIRTY, at, have, order, false);
    set_state(at, (order + 1) | BLOCK_DIRTY | BLOCK_CLEANING);
    allocator.cleaning++;
    lock_release(&allocator.lock);
    clean(at, order);
    set_state(at, 0);
    put_back(at, order);
    allocator.cleaning--;
    lock_release(&allocator.lock);
    return true;
}

u64 frames_free_count(void)
{
    return allocator.free;
}

u64 frames_dirty_count(void)
{
    return allocator.dirty;
}

u64 frames_count(void)
{
    return allocator.count;
}

void *page_alloc(u32 order)
{
    mfn_t m = frames_alloc(order);

    return mfn_is_none(m) ? NULL : frame_view(m);
}

static void set_mark(const void *page, u32 order, u64 mark)
{
    u64 at = frame_of_view(page).n;

    for (u64 i = at; i < at + (1ull << order); i++) {
        atomic_store_explicit(&allocator.frames[i].type, mark, memory_order_release);
    }
}

void page_mark(void *page, u32 order, u16 owner)
{
    set_mark(page, order, MARK | owner);
}

void page_unmark(void *page, u32 order)
{
    set_mark(page, order, 0);
}

u32 page_marked(mfn_t m)
{
    struct vmmu_frame *frame = &allocator.frames[m.n];
    u64 mark = atomic_load_explicit(&frame->type, memory_order_acquire);

    return !(mark >> 16 ^ MARK >> 16) && !state_of(m.n) ? (u16)mark : PAGE_UNMARKED;
}

/* Ends the marks of the pages of a block that is given back. */
static void end_marks(u64 at, u32 order)
{
    for (u64 i = at; i < at + (1ull << order); i++) {
        u32 owner = page_marked(mfn(i));

        if (owner != PAGE_UNMARKED) {
            atomic_store_explicit(&allocator.frames[i].type, 0, memory_order_relaxed);
            page_mark_ends((u16)owner, mfn(i));
        }
    }
}

void page_free(void *page, u32 order)
{
    end_marks(frame_of_view(page).n, order);
    frames_free(frame_of_view(page), order);
}

/* ---- audit ---------------------------------------------------------------------------------- */

/* What frames_audit has counted. */
struct recount {
    u64 free, dirty, findings;
};

static void differ(struct recount *run, u64 at, const char *what)
{
    run->findings++;
    log_line("audit: free memory: frame %#llx: %s", (unsigned long long)at, what);
}

/* Reads eight words of a frame that should have been cleaned; which ones depends on its number. */
static bool looks_clean(u64 at)
{
    const u64 *words = (const u64 *)frame_view(mfn(at)) + at * 8 % (PAGE_SIZE / sizeof(u64));

    return (words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] |
            words[7]) == 0;
}

/* Counts the dirty frames of a block of at most 64; reports those others that have contents. */
static void audit_contents(struct recount *run, u64 at, u32 order)
{
    const u64 frames = 1ull << order, bits = dirty_bits(at, order);

    if (bits == ~0ull >> (64 - frames)) {
        run->dirty += frames;
        return;
    }
    for (u64 i = 0; i < frames; i++) {
        if (bits >> i & 1) {
            run->dirty++;
        } else if (!looks_clean(at + i)) {
            differ(run, at + i, "counts as clean and has contents");
        }
    }
}

static void audit_block(struct recount *run, u64 at, u32 order)
{
    const u32 step = order < 6 ? order : 6;
    const u64 end = at + (1ull << order);
    u64 states = 0;

    if (at % (1ull << order) || end > allocator.count) {
        differ(run, at, "a block that is not aligned to its size, or too large");
        return;
    }
    if (!(state_of(at) & BLOCK_DIRTY) != !dirty_any(at, order)) {
        differ(run, at, "a block on the wrong list");
    }
    run->free += end - at;
    for (const struct vmmu_frame *frame = &allocator.frames[at + 1]; frame < &allocator.frames[end];
         frame++) {
        states |= read_state(frame);
    }
    for (u64 i = at + 1; states && i < end; i++) {
        if (state_of(i)) {
            differ(run, i, "in use inside a free block");
        }
    }
    for (u64 i = at; i < end; i += 1ull << step) {
        audit_contents(run, i, step);
    }
}

u64 frames_free_from(mfn_t m)
{
    u64 count = 0;

    /* With the lock: without it, a block that is joined or split meanwhile would seem in use. */
    lock_take(&allocator.lock);
    for (u32 order = 0; m.n < allocator.count && !count && order < ORDERS; order++) {
        const u64 head = m.n & ~((1ull << order) - 1);
        const u64 block = state_of(head) & ~(u64)(BLOCK_DIRTY | BLOCK_CLEANING);

        if (block == order + 1) {
            count = head + (1ull << order) - m.n;
        }
    }
    lock_release(&allocator.lock);
    return count;
}

u64 frames_audit(void)
{
    struct recount run = {0};

    for (u64 at = 0; at < allocator.count;) {
        u64 state = state_of(at), order = (state & ~(u64)BLOCK_DIRTY) - 1;

        if (!(state & FRAME_OWNED) && order < ORDERS) {
            audit_block(&run, at, (u32)order);
            at += 1ull << order;
            continue;
        }
        if (dirty_any(at, 0)) {
            differ(&run, at, "counts as dirty and is not free");
        }
        at++;
    }
    if (run.free != allocator.free || run.dirty != allocator.dirty || allocator.cleaning) {
        differ(&run, 0, "the numbers of free or dirty frames");
    }
    return run.findings;
}
