/* SPDX-License-Identifier: MIT */
/* Memory at boot, before the allocator runs. */
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/frames.h"

#define RANGES_MAX 64
#define FIRMWARE                                                                                   \
    0x2000000ull /* firmware works in the last 32 MiB of a range of RAM: SeaBIOS leaves its own    \
                    start-up code 16 MiB below the end */
#define REACHABLE 0x100000000ull /* the memory that head.S has mapped: 4 GiB */

struct range {
    u64 start, end;
};

static struct {
    struct range free[RANGES_MAX];
    u32 free_count;
    struct range ram[RANGES_MAX];
    u32 ram_count;
} boot_memory;

void boot_memory_add(u64 start, u64 end)
{
    start = (start + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    end &= ~(PAGE_SIZE - 1);
    if (start >= end) {
        return;
    }
    if (boot_memory.free_count == RANGES_MAX) {
        panic("the machine's memory map has more than %u ranges", RANGES_MAX);
    }
    boot_memory.free[boot_memory.free_count++] = (struct range){start, end};
    boot_memory.ram[boot_memory.ram_count++] = (struct range){start, end};
}

void boot_memory_reserve(u64 start, u64 end)
{
    start &= ~(PAGE_SIZE - 1);
    end = (end + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    for (u32 i = 0; i < boot_memory.free_count; i++) {
        struct range *r = &boot_memory.free[i];

        if (end <= r->start || start >= r->end) {
            continue;
        }
        if (start > r->start && end < r->end) {
            if (boot_memory.free_count == RANGES_MAX) {
                panic("more than %u ranges of free memory", RANGES_MAX);
            }
            boot_memory.free[boot_memory.free_count++] = (struct range){end, r->end};
            r->end = start;
        } else if (start > r->start) {
            r->end = start;
        } else {
            r->start = end < r->end ? end : r->end;
        }
    }
}

u64 boot_memory_frames(void)
{
    u64 top = 0;

    for (u32 i = 0; i < boot_memory.ram_count; i++) {
        if (boot_memory.ram[i].end > top) {
            top = boot_memory.ram[i].end;
        }
    }
    return top >> PAGE_SHIFT;
}

u64 boot_memory_pages(void)
{
    u64 pages = 0;

    for (u32 i = 0; i < boot_memory.ram_count; i++) {
        pages += (boot_memory.ram[i].end - boot_memory.ram[i].start) >> PAGE_SHIFT;
    }
    return pages;
}

bool boot_memory_has_ram(u64 start, u64 end)
{
    for (u32 i = 0; i < boot_memory.ram_count; i++) {
        if (boot_memory.ram[i].start < end && start < boot_memory.ram[i].end) {
            return true;
        }
    }
    return false;
}

/* Returns the end of the range of RAM in which the page at `at` lies; `at` if it lies in none. */
static u64 ram_end(u64 at)
{
    for (u32 i = 0; i < boot_memory.ram_count; i++) {
        if (boot_memory.ram[i].start <= at && at < boot_memory.ram[i].end) {
            return boot_memory.ram[i].end;
        }
    }
    return at;
}

void boot_memory_mark_devices(void)
{
    const u64 end = boot_memory_frames() << PAGE_SHIFT;

    for (u64 at = 0; at < end;) {
        const u64 next = ram_end(at);

        if (next == at) {
            vmmu_own_device(mfn(at >> PAGE_SHIFT));
        }
        at = next == at ? at + PAGE_SIZE : next;
    }
}

maddr_t boot_memory_take(u64 size, u64 align)
{
    for (u32 i = 0; i < boot_memory.free_count; i++) {
        struct range *r = &boot_memory.free[i];
        u64 end = r->end < REACHABLE ? r->end : REACHABLE;
        u64 start;

        if (r->start >= end || end - r->start < size) {
            continue;
        }
        start = (end - size) & ~(align - 1);
        if (start < r->start) {
            continue;
        }
        boot_memory_reserve(start, start + size);
        return maddr(start);
    }
    panic("no room for %llu KiB of fixed tables", (unsigned long long)(size >> 10));
}

u8 boot_memory_take_low(void)
{
    u64 best = 0;

    for (u32 i = 0; i < boot_memory.free_count; i++) {
        const struct range *r = &boot_memory.free[i];
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
    for (u32 i = 0; i < boot_memory.free_count; i++) {
        const struct range *r = &boot_memory.free[i];
        u64 end = r->end < REACHABLE ? r->end : REACHABLE;

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

    for (u32 i = 0; i < boot_memory.ram_count; i++) {
        const struct range *ram = &boot_memory.ram[i];
        u64 left = ram->end - ram->start > FIRMWARE ? ram->end - FIRMWARE : ram->start;

        if (r->start >= ram->start && r->start < ram->end && left < from) {
            from = left > r->start ? left : r->start;
        }
    }
    return from;
}

void boot_memory_hand_over(bool dirty)
{
    for (u32 i = 0; i < boot_memory.free_count; i++) {
        const struct range *r = &boot_memory.free[i];

        if (r->start < r->end) {
            u64 from = dirty ? r->start : firmware_from(r);

            frames_free_range(mfn(r->start >> PAGE_SHIFT), (from - r->start) >> PAGE_SHIFT, false);
            frames_free_range(mfn(from >> PAGE_SHIFT), (r->end - from) >> PAGE_SHIFT, true);
        }
    }
    boot_memory.free_count = 0;
}
