/* SPDX-License-Identifier: MIT */
/* The hypervisor's own page tables. */
#include "hypervisor/memory/map.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/ranks.h"
#include "lib/lock.h"
#include "lib/string.h"

#define LARGE_PAGE 0x200000ull
#define TABLE      (PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define LEAF       (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY)

/* The memory type of the screen in large pages: uncached on the tables of head.S; then index 4 of
 * CPU_PAT (cpu/cpu.h), write-combining. */
#define SCREEN_FIRST (PTE_PCD | PTE_PWT)
#define SCREEN_TYPE  PTE_PAT_LARGE

extern const u64 boot_l2_image_at; /* head.S: machine address of its table for slot 261 */
extern char image_text[], image_rodata[], image_data[], image_private[], image_private_end[],
    image_end[];

static struct {
    struct lock lock;
    bool isolated;  /* map_isolate has been called */
    bool allocator; /* new tables are taken from the allocator, no longer from boot memory */
    u64 *root;
    u64 devices;
    maddr_t m2p;
    u64 m2p_units;
    maddr_t screen;   /* at a large page; the frame buffer is in it and those that follow */
    u64 screen_pages; /* large ones; 0: there is no frame buffer */
} map = {.lock = {.rank = RANK_MAP}};

static u64 *table_alloc(void)
{
    if (map.allocator) {
        return page_alloc(0);
    }
    return memset(direct(boot_memory_take(PAGE_SIZE, PAGE_SIZE)), 0, PAGE_SIZE);
}

/* The entry that maps `address` in the table of level `level`. Tables on the way to it that are
 * missing are made. NULL: no memory. */
static u64 *entry_for(u64 address, u32 level)
{
    u64 *table = map.root;

    for (u32 at = 4; at > level; at--) {
        u64 *entry = &table[address >> (12 + 9 * (at - 1)) & 511];

        if (!(*entry & PTE_PRESENT)) {
            u64 *next = table_alloc();

            if (!next) {
                return NULL;
            }
            *entry = frame_of_view(next).n << PAGE_SHIFT | TABLE;
        }
        table = direct(maddr(*entry & PTE_ADDRESS));
    }
    return &table[address >> (12 + 9 * (level - 1)) & 511];
}

/* PTE_GLOBAL, unless there are roots of guests that do not map `address`. */
static u64 global_at(u64 address)
{
    bool everywhere =
        (address >= LAYOUT_DEVICES && address < LAYOUT_CPUS) || address >= LAYOUT_FRAMES;

    return map.isolated && !everywhere ? 0 : PTE_GLOBAL;
}

bool map_page(u64 address, mfn_t m, u64 flags)
{
    u64 *entry;

    lock_take(&map.lock);
    entry = entry_for(address, 1);
    if (entry) {
        *entry = mfn_is_none(m) ? 0 : m.n << PAGE_SHIFT | flags | LEAF | global_at(address);
    }
    lock_release(&map.lock);
    invalidate_page(address);
    return entry != NULL;
}

u64 map_entry(u64 address, u32 level)
{
    const u64 *table = map.root;
    u64 entry = 0;

    for (u32 at = 4; at >= level; at--) {
        entry = table[address >> (12 + 9 * (at - 1)) & 511];
        if (!(entry & PTE_PRESENT)) {
            return 0;
        }
        table = direct(maddr(entry & PTE_ADDRESS));
    }
    return entry;
}

static void map_large(u64 address, maddr_t at, u64 flags)
{
    u64 *entry = entry_for(address, 2);

    if (!entry) {
        panic("no memory for the hypervisor's page tables");
    }
    *entry = at.a | flags | LEAF | PTE_LARGE;
}

static void map_image(void)
{
    u64 physical = LAYOUT_IMAGE_LOAD;

    for (u64 at = LAYOUT_IMAGE; at < (u64)image_end; at += PAGE_SIZE, physical += PAGE_SIZE) {
        u64 flags = PTE_NX | PTE_WRITABLE;

        if (map_is_private(mfn(physical >> PAGE_SHIFT))) {
            continue;
        }
        if (at >= (u64)image_text && at < (u64)image_rodata) {
            flags = 0;
        } else if (at >= (u64)image_rodata && at < (u64)image_data) {
            flags = PTE_NX;
        }
        map_page(at, mfn(physical >> PAGE_SHIFT), flags);
    }
}

void *map_private(void *thing)
{
    return direct(maddr((u64)thing - LAYOUT_IMAGE + LAYOUT_IMAGE_LOAD));
}

bool map_is_private(mfn_t m)
{
    const u64 at = LAYOUT_IMAGE + ((m.n << PAGE_SHIFT) - LAYOUT_IMAGE_LOAD);

    return at >= (u64)image_private && at < (u64)image_private_end;
}

/* ---- the screen's frame buffer ---- */

static void set_screen(u64 *table, u64 flags)
{
    u64 *entry = &table[LAYOUT_SCREEN >> 21 & 511];

    for (u64 i = 0; i < map.screen_pages; i++) {
        entry[i] = flags ? (map.screen.a + i * LARGE_PAGE) | flags | LEAF | PTE_LARGE : 0;
        invalidate_page(LAYOUT_SCREEN + i * LARGE_PAGE);
    }
}

void *map_screen(maddr_t at, u64 bytes)
{
    u64 offset = at.a & (LARGE_PAGE - 1);
    u64 pages = (offset + bytes + LARGE_PAGE - 1) / LARGE_PAGE;

    if (pages > (LAYOUT_CPUS - LAYOUT_SCREEN) / LARGE_PAGE) {
        return NULL;
    }
    map.screen = maddr(at.a - offset);
    map.screen_pages = pages;
    set_screen(direct(maddr(boot_l2_image_at)), PTE_WRITABLE | PTE_NX | SCREEN_FIRST);
    return (void *)(LAYOUT_SCREEN + offset);
}

void map_screen_show(bool shown)
{
    u64 *table = map.root;

    for (u32 level = 4; level > 2; level--) {
        table = direct(maddr(table[LAYOUT_SCREEN >> (12 + 9 * (level - 1)) & 511] & PTE_ADDRESS));
    }
    set_screen(table, shown ? PTE_WRITABLE | PTE_NX | SCREEN_TYPE : 0);
}

static void map_ram(void)
{
    u64 start, end;

    for (u32 i = 0; boot_memory_ram(i, &start, &end); i++) {
        for (u64 at = start & ~(LARGE_PAGE - 1); at < end; at += LARGE_PAGE) {
            map_large(LAYOUT_DIRECT + at, maddr(at), PTE_NX | PTE_WRITABLE | PTE_GLOBAL);
        }
    }
}

void map_start(void)
{
    static const u64 shared[] = {LAYOUT_M2P, LAYOUT_WINDOWS, LAYOUT_DEVICES};

    map.root = table_alloc();
    map.devices = LAYOUT_DEVICES;
    map_ram();
    map_image();
    map_screen_show(true);
    /* The hypervisor's 16 entries of the root are copied into every guest's L4 tables, so they must
     * not change later: all level 3 tables that are needed are made now. */
    for (u32 i = 0; i < ARRAY_LENGTH(shared); i++) {
        if (!entry_for(shared[i], 3)) {
            panic("no memory for the hypervisor's page tables");
        }
    }
}

void map_isolate(void)
{
    u64 start, end;

    map.isolated = true;
    for (u32 i = 0; boot_memory_ram(i, &start, &end); i++) {
        for (u64 at = start & ~(LARGE_PAGE - 1); at < end; at += LARGE_PAGE) {
            *entry_for(LAYOUT_DIRECT + at, 2) &= ~PTE_GLOBAL;
        }
    }
}

void map_use_allocator(void)
{
    map.allocator = true;
}

void *map_frames(maddr_t at, u64 bytes)
{
    u64 view = LAYOUT_FRAMES - (at.a & ~(LARGE_PAGE - 1)), end = at.a + bytes;

    for (u64 next, page = at.a; page < end; page = next) {
        bool large = !(page & (LARGE_PAGE - 1)) && end - page >= LARGE_PAGE;

        next = page + (large ? LARGE_PAGE : PAGE_SIZE);
        if (large) {
            map_large(view + page, maddr(page), PTE_NX | PTE_WRITABLE | PTE_GLOBAL);
        } else if (!map_page(view + page, mfn_of(maddr(page)), PTE_NX | PTE_WRITABLE)) {
            panic("no memory for the hypervisor's page tables");
        }
    }
    return (void *)(view + at.a);
}

void map_m2p(maddr_t at, u64 bytes)
{
    map.m2p = at;
    map.m2p_units = bytes / LARGE_PAGE;
    /* Not global: a user root that does not show the M2P must not find what its kernel root left in
     * the TLB. */
    for (u64 done = 0; done < bytes; done += LARGE_PAGE) {
        map_large(LAYOUT_M2P + done, maddr(at.a + done), PTE_NX | PTE_USER);
    }
}

u64 map_m2p_units(void)
{
    return map.m2p_units;
}

mfn_t map_m2p_unit(u64 unit)
{
    return mfn_of(maddr(map.m2p.a + unit * LARGE_PAGE));
}

void *device_map(maddr_t at)
{
    u64 address = map.devices;

    if (!map_page(address, mfn_of(at), PTE_NX | PTE_WRITABLE | PTE_PCD | PTE_PWT)) {
        return NULL;
    }
    map.devices += PAGE_SIZE;
    return (void *)(address + page_offset(at.a));
}

mfn_t map_idle_root(void)
{
    return frame_of_view(map.root);
}

const u64 *map_hypervisor_slots(void)
{
    return &map.root[LAYOUT_FIRST_SLOT];
}
