/* SPDX-License-Identifier: MIT */
/* Memory at boot, before the allocator runs. */
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/layout.h"

#define RANGES_MAX 256 /* more than a loader's map and the modules can make */
#define FIRMWARE                                                                                   \
    0x2000000ull /* firmware works in the last 32 MiB of a range of RAM: SeaBIOS leaves its own    \
                    start-up code 16 MiB below the end */
#define REACHABLE 0x100000000ull /* the memory that head.S has mapped: 4 GiB */

struct range {
    u64 start, end;
};

/* Ranges that are not empty and do not overlap, in no order. */
struct ranges {
    u32 count;
    struct range range[RANGES_MAX];
};

static struct {
    struct ranges free, ram;
    u64 unused; /* bytes of RAM that are beyond the direct map */
    bool reaches_all;
} boot_memory;

static void append(struct ranges *ranges, u64 start, u64 end)
{
    if (ranges->count == RANGES_MAX) {
        panic("the machine's memory has more than %u ranges", RANGES_MAX);
    }
    ranges->range[ranges->count++] = (struct range){start, end};
}

/* Removes what lies in [start, end). */
static void cut(struct ranges *ranges, u64 start, u64 end)
{
    for (u32 i = ranges->count; i-- > 0;) {
        const struct range was = ranges->range[i];

        if (end <= was.start || start >= was.end) {
            continue;
        }
        ranges->range[i] = ranges->range[--ranges->count];
        if (was.start < start) {
            append(ranges, was.start, start);
        }
        if (end < was.end) {
            append(ranges, end, was.end);
        }
    }
}

static u64 page_below(u64 at)
{
    return at & ~(PAGE_SIZE - 1);
}

/* The highest page has no page above: it counts as the end. */
static u64 page_above(u64 at)
{
    return at > page_below(~0ull) ? page_below(~0ull) : page_below(at + PAGE_SIZE - 1);
}

void boot_memory_add(u64 start, u64 end)
{
    start = page_above(start);
    end = page_below(end);
    if (end > LAYOUT_DIRECT_SIZE) {
        boot_memory.unused += end - (start > LAYOUT_DIRECT_SIZE ? start : LAYOUT_DIRECT_SIZE);
        end = LAYOUT_DIRECT_SIZE;
    }
    if (start >= end) {
        return;
    }
    cut(&boot_memory.ram, start, end);
    cut(&boot_memory.free, start, end);
    append(&boot_memory.ram, start, end);
    append(&boot_memory.free, start, end);
}

void boot_memory_remove(u64 start, u64 end)
{
    cut(&boot_memory.ram, page_below(start), page_above(end));
    boot_memory_reserve(start, end);
}

void boot_memory_reserve(u64 start, u64 end)
{
    cut(&boot_memory.free, page_below(start), page_above(end));
}

u64 boot_memory_unused(void)
{
    return boot_memory.unused;
}

bool boot_memory_ram(u32 number, u64 *start, u64 *end)
{
    if (number >= boot_memory.ram.count) {
        return false;
    }
    *start = boot_memory.ram.range[number].start;
    *end = boot_memory.ram.range[number].end;
    return true;
}

u64 boot_memory_frames(void)
{
    u64 top = 0;

    for (u32 i = 0; i < boot_memory.ram.count; i++) {
        if (boot_memory.ram.range[i].end > top) {
            top = boot_memory.ram.range[i].end;
        }
    }
    return top >> PAGE_SHIFT;
}

u64 boot_memory_pages(void)
{
    u64 pages = 0;

    for (u32 i = 0; i < boot_memory.ram.count; i++) {
        pages += (boot_memory.ram.range[i].end - boot_memory.ram.range[i].start) >> PAGE_SHIFT;
    }
    return pages;
}

bool boot_memory_has_ram(u64 start, u64 end)
{
    for (u32 i = 0; i < boot_memory.ram.count; i++) {
        if (boot_memory.ram.range[i].start < end && start < boot_memory.ram.range[i].end) {
            return true;
        }
    }
    return false;
}

bool boot_memory_is_free(u64 start, u64 end)
{
    for (u32 i = 0; i < boot_memory.free.count; i++) {
        if (boot_memory.free.range[i].start <= start && end <= boot_memory.free.range[i].end) {
            return true;
        }
    }
    return false;
}

/* The first page of RAM from `at` on, with the end of its range in *end; ~0: there is none. */
static u64 next_ram(u64 at, u64 *end)
{
    u64 next = ~0ull;

    for (u32 i = 0; i < boot_memory.ram.count; i++) {
        const struct range *ram = &boot_memory.ram.range[i];
        u64 start = ram->start > at ? ram->start : at;

        if (at < ram->end && start < next) {
            next = start;
            *end = ram->end;
        }
    }
    return next;
}

void boot_memory_mark_devices(void)
{
    u64 at = 0, end = 0;

    for (u64 ram; (ram = next_ram(at, &end)) != ~0ull; at = end) {
        for (; at < ram; at += PAGE_SIZE) {
            vmmu_own_device(mfn_of(maddr(at)));
        }
    }
}

void boot_memory_reach_all(void)
{
    boot_memory.reaches_all = true;
}

/* The end of what can be reached of a range. */
static u64 reachable_end(const struct range *r)
{
    return boot_memory.reaches_all || r->end < REACHABLE ? r->end : REACHABLE;
}

maddr_t boot_memory_take(u64 size, u64 align)
{
    u64 best = 0;

    for (u32 i = 0; i < boot_memory.free.count; i++) {
        const struct range *r = &boot_memory.free.range[i];
        u64 end = reachable_end(r);

        if (r->start >= end || end - r->start < size) {
            continue;
        }
        u64 start = (end - size) & ~(align - 1);
        if (start >= r->start && start > best) {
            best = start;
        }
    }
    if (!best) {
        panic("too little memory: no room for %llu KiB of tables or of dom0's kernel",
              (unsigned long long)(size >> 10));
    }
    boot_memory_reserve(best, best + size);
    return maddr(best);
}

u8 boot_memory_take_low(void)
{
    u64 best = 0;

    for (u32 i = 0; i < boot_memory.free.count; i++) {
        const struct range *r = &boot_memory.free.range[i];
        u64 end = r->end < BOOT_MEMORY_LOW ? r->end : BOOT_MEMORY_LOW;

        if (r->start < end && end - PAGE_SIZE > best) {
            best = end - PAGE_SIZE;
        }
    }
    if (best) {
        boot_memory_reserve(best, best + PAGE_SIZE);
    }
    return (u8)(best >> PAGE_SHIFT);
}

maddr_t boot_memory_largest(u64 *size)
{
    u64 start = 0;

    *size = 0;
    for (u32 i = 0; i < boot_memory.free.count; i++) {
        const struct range *r = &boot_memory.free.range[i];
        u64 end = reachable_end(r);

        if (r->start < end && end - r->start > *size) {
            start = r->start;
            *size = end - r->start;
        }
    }
    return maddr(start);
}

/* The address in the free range `r` from which firmware may have worked. */
static u64 firmware_from(const struct range *r)
{
    u64 from = r->end;

    for (u32 i = 0; i < boot_memory.ram.count; i++) {
        const struct range *ram = &boot_memory.ram.range[i];
        u64 left = ram->end - ram->start > FIRMWARE ? ram->end - FIRMWARE : ram->start;

        if (r->start >= ram->start && r->start < ram->end && left < from) {
            from = left > r->start ? left : r->start;
        }
    }
    return from;
}

void boot_memory_hand_over(bool dirty)
{
    for (u32 i = 0; i < boot_memory.free.count; i++) {
        const struct range *r = &boot_memory.free.range[i];

        u64 from = dirty ? r->start : firmware_from(r);

        frames_free_range(mfn(r->start >> PAGE_SHIFT), (from - r->start) >> PAGE_SHIFT, false);
        frames_free_range(mfn(from >> PAGE_SHIFT), (r->end - from) >> PAGE_SHIFT, true);
    }
    boot_memory.free.count = 0;
}
