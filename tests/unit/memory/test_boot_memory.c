/* SPDX-License-Identifier: MIT */
/* Proves that boot memory holds exactly the pages that lie whole in RAM of the loader's map, in any
 * order of its ranges, with holes anywhere and with ranges that overlap: each is given to the
 * allocator once, unless it was reserved or taken, and each page between them that is no RAM
 * becomes a device frame. That memory is taken as high as it can be reached; and that RAM which the
 * direct map has no room for is left out. Each claim runs in a process of its own, as at boot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "hypervisor/log/log.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/layout.h"

#define PAGES  512u
#define RANGES 12u
#define MAPS   300u
#define GIB    0x40000000ull

static struct {
    u8 freed[PAGES], device[PAGES]; /* how often */
    u64 freed_count;
    bool counts_only;
} world;

void frames_free_range(mfn_t first, u64 count, bool dirty)
{
    assert_true(dirty || !count);
    world.freed_count += count;
    for (u64 i = 0; i < count && !world.counts_only; i++) {
        assert_in_range(first.n + i, 0, PAGES - 1);
        world.freed[first.n + i]++;
    }
}

void vmmu_own_device(mfn_t m)
{
    assert_in_range(m.n, 0, PAGES - 1);
    world.device[m.n]++;
}

_Noreturn void panic(const char *format, ...)
{
    fail_msg("%s", format);
    abort();
}

/* ---- a random map, and what it means page by page ---- */

static u32 seed;

static u32 below(u32 limit)
{
    seed = seed * 1664525 + 1013904223;
    return (u32)((u64)seed * limit >> 32);
}

struct range {
    u64 start, end;
    enum { RAM, NO_RAM, RESERVED } kind;
};

static struct range random_range(u32 number)
{
    u64 size = (u64)(1 + below(PAGES / 4)) * PAGE_SIZE;
    struct range range = {.start = (u64)below(PAGES - PAGES / 4) * PAGE_SIZE,
                          .kind = number < RANGES / 2 ? RAM
                                  : number < 9        ? NO_RAM
                                                      : RESERVED};

    if (below(2)) { /* not whole pages */
        range.start += below(PAGE_SIZE);
        size -= below(PAGE_SIZE);
    }
    range.end = range.start + size;
    return range;
}

static bool holds_page(const struct range *range, u64 page)
{
    return range->start <= page * PAGE_SIZE && (page + 1) * PAGE_SIZE <= range->end;
}

static bool touches_page(const struct range *range, u64 page)
{
    return range->start < (page + 1) * PAGE_SIZE && page * PAGE_SIZE < range->end;
}

static void use(const struct range *range)
{
    if (range->kind == RAM) {
        boot_memory_add(range->start, range->end);
    } else if (range->kind == NO_RAM) {
        boot_memory_remove(range->start, range->end);
    } else {
        boot_memory_reserve(range->start, range->end);
    }
}

static void check_page(const struct range *range, u64 page, u64 frames)
{
    bool ram = false, no_ram = false, reserved = false;

    for (u32 i = 0; i < RANGES; i++) {
        ram |= range[i].kind == RAM && holds_page(&range[i], page);
        no_ram |= range[i].kind == NO_RAM && touches_page(&range[i], page);
        reserved |= range[i].kind == RESERVED && touches_page(&range[i], page);
    }
    ram &= !no_ram;
    assert_int_equal(world.freed[page], ram && !reserved);
    assert_int_equal(world.device[page], !ram && page < frames);
    assert_int_equal(boot_memory_has_ram(page * PAGE_SIZE, (page + 1) * PAGE_SIZE), ram);
    assert_true(!ram || page < frames);
}

static void a_random_map(void)
{
    struct range range[RANGES];

    for (u32 i = 0; i < RANGES; i++) {
        range[i] = random_range(i);
        use(&range[i]);
    }
    u64 frames = boot_memory_frames();
    boot_memory_hand_over(true);
    boot_memory_mark_devices();
    for (u64 page = 0; page < PAGES; page++) {
        check_page(range, page, frames);
    }
}

static pid_t parent;

/* After a claim that has failed, its process comes here for the next one. */
static int start(void **state)
{
    (void)state;
    if (getpid() != parent) {
        _exit(1);
    }
    return 0;
}

/* Runs `claim` in a process of its own. */
static void claim_alone(void (*claim)(void))
{
    int status = 1;

    if (fork() == 0) {
        claim();
        _exit(0);
    }
    wait(&status);
    assert_int_equal(status, 0);
}

/* ---- claims ---- */

static void any_map(void **state)
{
    (void)state;
    for (u32 i = 1; i <= MAPS; i++) {
        seed = i;
        claim_alone(a_random_map);
    }
}

static void high_memory(void)
{
    boot_memory_add(0x100000, 2 * GIB);
    boot_memory_add(4 * GIB, 256 * GIB);
    assert_int_equal(boot_memory_frames(), 256 * GIB >> PAGE_SHIFT);
    assert_int_equal(boot_memory_take(PAGE_SIZE, PAGE_SIZE).a, 2 * GIB - PAGE_SIZE);
    boot_memory_reach_all();
    assert_int_equal(boot_memory_take(0x200000, 0x200000).a, 256 * GIB - 0x200000);
    assert_int_equal(boot_memory_take(3 * GIB, PAGE_SIZE).a, 253 * GIB - 0x200000);
    world.counts_only = true;
    boot_memory_hand_over(true);
    assert_int_equal(world.freed_count, (251 * GIB - 0x300000) / PAGE_SIZE - 1);
}

static void more_than_the_direct_map(void)
{
    boot_memory_add(0, GIB);
    boot_memory_add(LAYOUT_DIRECT_SIZE - GIB, LAYOUT_DIRECT_SIZE + 3 * GIB);
    boot_memory_add(LAYOUT_DIRECT_SIZE + 4 * GIB, ~0ull);
    boot_memory_remove(LAYOUT_DIRECT_SIZE + 4 * GIB, ~0ull);
    assert_int_equal(boot_memory_frames(), LAYOUT_DIRECT_SIZE >> PAGE_SHIFT);
    assert_int_equal(boot_memory_pages(), 2 * GIB >> PAGE_SHIFT);
    assert_true(boot_memory_unused() >= 3 * GIB);
}

static void memory_above_4_gib_is_taken_once_it_is_mapped(void **state)
{
    (void)state;
    claim_alone(high_memory);
}

static void what_the_direct_map_cannot_hold_is_left_out(void **state)
{
    (void)state;
    claim_alone(more_than_the_direct_map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(any_map, start),
        cmocka_unit_test_setup(memory_above_4_gib_is_taken_once_it_is_mapped, start),
        cmocka_unit_test_setup(what_the_direct_map_cannot_hold_is_left_out, start),
    };

    parent = getpid();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed || getpid() != parent;
}
