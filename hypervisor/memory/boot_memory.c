/* SPDX-License-Identifier: MIT */
/* Memory at boot, before the allocator runs. */
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/log/log.h"

#define RANGES_MAX 64
#define REACHABLE  0x100000000ull /* the memory that head.S has mapped: 4 GiB */

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

bool boot_memory_has_ram(u64 start, u64 end)
{
    for (u32 i = 0; i < boot_memory.ram_count; i++) {
        if (boot_memory.ram[i].start < end && start < boot_memory.ram[i].end) {
            return true;
        }
    }
    return false;
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

void boot_memory_hand_over(void)
{
    for (u32 i = 0; i < boot_memory.free_count; i++) {
        struct range *r = &boot_memory.free[i];

        if (r->start < r->end) {
            frames_free_range(mfn(r->start >> PAGE_SHIFT), (r->end - r->start) >> PAGE_SHIFT);
        }
    }
    boot_memory.free_count = 0;
}
