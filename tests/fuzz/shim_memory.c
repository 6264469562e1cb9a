/* SPDX-License-Identifier: MIT */
/* Memory in a process: that of the guests, and the allocator of frames and pages. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "tests/fuzz/shim.h"
#include "tests/machine/machine.h"

#define FRAMES_MOST (SHIM_FRAMES - 8) /* so that the fake allocator always has a frame */
#define ORDER_MOST  2u                /* of pages that are no frames */

static struct {
    u8 *memory;
    u64 pages; /* blocks of pages that are no frames */
} store;

u8 *shim_memory(void)
{
    return store.memory;
}

u64 shim_pages_out(void)
{
    return store.pages;
}

void shim_memory_start(void)
{
    if (!store.memory) {
        store.memory = mmap((void *)SHIM_MEMORY, SHIM_MEMORY_SIZE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    }
    shim_claim(store.memory == (u8 *)SHIM_MEMORY, "the guests' memory");
    memset(store.memory, 0, SHIM_MEMORY_SIZE);
    store.pages = 0;
}

/* ---- guest memory ---- */

u64 copy_bytes_in(void *to, const void *from, u64 count);
u64 copy_bytes_out(void *to, const void *from, u64 count);

static u64 reachable(u64 address, u64 count)
{
    if (address < SHIM_MEMORY || address >= SHIM_MEMORY + SHIM_MEMORY_SIZE) {
        return 0;
    }
    const u64 room = SHIM_MEMORY + SHIM_MEMORY_SIZE - address;
    return count < room ? count : room;
}

/* An address outside the guest's memory faults. */
u64 copy_bytes_in(void *to, const void *from, u64 count)
{
    u64 part = reachable((u64)from, count);

    if (part) {
        memmove(to, from, part);
    }
    return count - part;
}

u64 copy_bytes_out(void *to, const void *from, u64 count)
{
    u64 part = reachable((u64)to, count);

    if (part) {
        memmove(to, from, part);
    }
    return count - part;
}

/* The fake guest's memory is in the lower half; its kernel's quick calls read it all the same. */
bool copy_pair_from_kernel(u64 pair[2], u64 from)
{
    return copy_bytes_in(pair, (const void *)from, 2 * sizeof(u64)) == 0;
}

/* ---- frames ---- */

void *direct(maddr_t at)
{
    static u8 bios_data[0x500];

    shim_claim(at.a < sizeof bios_data, "only the BIOS's data area is read");
    return bios_data + at.a;
}

void *frame_view(mfn_t m)
{
    return machine_words(m);
}

mfn_t frame_of_view(const void *view)
{
    return mfn((u64)((const u64 *)view - machine_words(mfn(0))) / 512);
}

u64 map_m2p_units(void)
{
    return 2;
}

mfn_t map_m2p_unit(u64 unit)
{
    return mfn(unit * 512);
}

u64 frames_count(void)
{
    return SHIM_FRAMES;
}

u64 frames_free_from(mfn_t m)
{
    (void)m;
    return 0;
}

u64 frames_free_count(void)
{
    return machine.allocated < FRAMES_MOST ? FRAMES_MOST - machine.allocated : 0;
}

u64 frames_dirty_count(void)
{
    return 0;
}

u64 frames_audit(void)
{
    return 0;
}

u64 boot_memory_pages(void)
{
    return SHIM_FRAMES;
}

void frames_free(mfn_t first, u32 order)
{
    for (u64 i = 0; i < 1ull << order; i++) {
        machine_free(mfn(first.n + i));
    }
}

/* The fake allocator hands out single frames in order; most of the time they are contiguous. */
mfn_t frames_alloc_below(u32 order, u32 bits)
{
    mfn_t got[512];
    bool run = true;
    u64 count = 0;

    while (count < 1ull << order && machine.allocated < FRAMES_MOST) {
        got[count] = machine_allocate();
        run = run && got[count].n == got[0].n + count &&
              (!bits || bits > 63 || (got[count].n + 1) << PAGE_SHIFT <= 1ull << bits);
        count++;
    }
    if (run && count == 1ull << order) {
        return got[0];
    }
    while (count) {
        machine_free(got[--count]);
    }
    return MFN_NONE;
}

mfn_t frames_alloc(u32 order)
{
    return frames_alloc_below(order, 0);
}

/* Several contiguous pages come from the host: only single ones are shared with guests. */
void *page_alloc(u32 order)
{
    mfn_t m = MFN_NONE;

    if (order > ORDER_MOST) {
        return NULL;
    }
    if (order) {
        store.pages++;
        return calloc(1, PAGE_SIZE << order);
    }
    if (machine.allocated < FRAMES_MOST) {
        m = machine_allocate();
    }
    return mfn_is_none(m) ? NULL : memset(frame_view(m), 0, PAGE_SIZE);
}

void page_free(void *page, u32 order)
{
    if (order) {
        store.pages--;
        free(page);
    } else {
        machine_free(frame_of_view(page));
    }
}

void page_mark(void *page, u32 order, u16 owner)
{
    (void)page, (void)order, (void)owner;
}
