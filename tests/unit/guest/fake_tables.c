/* SPDX-License-Identifier: MIT */
/* The rule, by brute force: all tables are checked after each change. */
#include "tests/unit/guest/fake_tables.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LIMIT 16384u

static u64 page_total, frame_total;
static u64 *m2p;
static u8 pinned[LIMIT];    /* [frame]: the level that it is pinned at, or 0 */
static u8 level_of[LIMIT];  /* [pfn]: the level of a table in use, or 0 */
static u8 protected[LIMIT]; /* [pfn]: write-protected on the host */
static u64 kernel_root, user_root;

void tables_start(u64 pages, u64 frames)
{
    page_total = pages;
    frame_total = frames;
    page_direct_base = (u64)(uintptr_t)mmap(NULL, pages * PAGE_SIZE, PROT_READ | PROT_WRITE,
                                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    m2p = malloc(frames * sizeof *m2p);
    memset(m2p, 0xff, frames * sizeof *m2p);
    memset(pinned, 0, sizeof pinned);
    memset(protected, 0, sizeof protected);
    kernel_root = user_root = 0;
}

void tables_stop(void)
{
    munmap((void *)(uintptr_t)page_direct_base, page_total * PAGE_SIZE);
    free(m2p);
}

u64 *tables_m2p(void)
{
    return m2p;
}

void tables_set_m2p(u64 frame, u64 pfn_number)
{
    m2p[frame] = pfn_number;
}

u64 tables_pfn(u64 frame)
{
    return frame < frame_total && m2p[frame] < page_total ? m2p[frame] : ~0ull;
}

static u64 *table_at(u64 frame)
{
    return pfn_address(pfn(tables_pfn(frame)));
}

static u64 frame_in(u64 entry)
{
    return (entry & PTE_ADDRESS) >> PAGE_SHIFT;
}

u64 *tables_walk(u64 root, u64 va, unsigned level)
{
    u64 *at = &table_at(root)[entry_index(va, 4)];

    for (unsigned above = 4; above > level; above--) {
        if (!(*at & PTE_PRESENT) || tables_pfn(frame_in(*at)) == ~0ull) {
            return NULL;
        }
        at = &table_at(frame_in(*at))[entry_index(va, above - 1)];
    }
    return at;
}

/* Marks a table and those below it as in use. False: the frame cannot be a table of that level. */
static bool visit(u64 frame, unsigned level)
{
    u64 n = tables_pfn(frame), *table;

    if (n == ~0ull) {
        return false;
    }
    if (level_of[n]) {
        return level_of[n] == level;
    }
    level_of[n] = (u8)level;
    table = table_at(frame);
    for (unsigned i = 0; level > 1 && i < ENTRIES; i++) {
        if (table[i] & PTE_PRESENT && !visit(frame_in(table[i]), level - 1)) {
            return false;
        }
    }
    return true;
}

/* Whether the level 1 table at pfn `n` maps no table writable, and only frames of the guest. */
static bool shows_well(u64 n)
{
    const u64 *table = pfn_address(pfn(n));

    for (unsigned i = 0; i < ENTRIES; i++) {
        u64 shown = tables_pfn(frame_in(table[i]));

        if (!(table[i] & PTE_PRESENT)) {
            continue;
        }
        if (shown == ~0ull || (table[i] & PTE_WRITABLE && level_of[shown])) {
            return false;
        }
    }
    return true;
}

static bool rule_holds(void)
{
    bool good = true;

    memset(level_of, 0, sizeof level_of);
    good &= !kernel_root || visit(kernel_root, 4);
    good &= !user_root || visit(user_root, 4);
    for (u64 frame = 0; frame < frame_total && good; frame++) {
        good &= !pinned[frame] || visit(frame, pinned[frame]);
    }
    for (u64 n = 0; n < page_total && good; n++) {
        good &= level_of[n] != 1 || shows_well(n);
    }
    return good;
}

/* Write-protects all tables in use on the host. */
static void protect(void)
{
    for (u64 n = 0; n < page_total; n++) {
        u8 wanted = level_of[n] != 0;

        if (protected[n] == wanted) {
            continue;
        }
        mprotect(pfn_address(pfn(n)), PAGE_SIZE, wanted ? PROT_READ : PROT_READ | PROT_WRITE);
        protected[n] = wanted;
    }
}

bool tables_use(u64 kernel, u64 user)
{
    u64 old_kernel = kernel_root, old_user = user_root;
    bool good;

    kernel_root = kernel;
    user_root = user;
    good = rule_holds();
    if (!good) {
        kernel_root = old_kernel;
        user_root = old_user;
        rule_holds();
    }
    protect();
    return good;
}

bool tables_pin(u64 frame, unsigned level)
{
    u8 old = frame < frame_total ? pinned[frame] : 0;
    bool good;

    if (frame >= frame_total || !old == !level) {
        return false;
    }
    pinned[frame] = (u8)level;
    good = rule_holds();
    if (!good) {
        pinned[frame] = old;
        rule_holds();
    }
    protect();
    return good;
}

bool tables_is_pinned(u64 frame)
{
    return pinned[frame];
}

bool tables_write(u64 *word, u64 value)
{
    u64 old = *word, n = address_pfn(word).n;
    bool good;

    mprotect(pfn_address(pfn(n)), PAGE_SIZE, PROT_READ | PROT_WRITE);
    protected[n] = 0;
    *word = value;
    good = rule_holds();
    if (!good) {
        *word = old;
        rule_holds();
    }
    protect();
    return good;
}

u64 tables_kernel_root(void)
{
    return kernel_root;
}

u64 tables_user_root(void)
{
    return user_root;
}

bool tables_is_protected(u64 n)
{
    return protected[n];
}

u64 tables_unowned(u64 count)
{
    u64 run = 0;

    for (u64 frame = 1; frame < frame_total; frame++) {
        run = m2p[frame] == ~0ull ? run + 1 : 0;
        if (run == count) {
            return frame + 1 - count;
        }
    }
    return ~0ull;
}
