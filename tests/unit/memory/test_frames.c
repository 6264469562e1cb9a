/* SPDX-License-Identifier: MIT */
/* Proves that the allocator hands out only frames of zeroes, for any contents that users left:
 * frames that were cleaned before, and frames that it cleans when it hands them out; that it takes
 * clean frames first, high frames before low ones, and only frames below a limit if one is given;
 * that idle CPUs clean in small steps and lose no frame meanwhile, and that none seems in use to a
 * reader of the frame table; and that its audit finds what is wrong. The machine's memory is an
 * array here. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/memory/host/hypervisor/memory/direct.h"

#include "hypervisor/log/log.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/dirty.h"
#include "hypervisor/memory/frames.h"
#include "lib/lock.h"
#include "lib/string.h"
#include "vmmu/vmmu.h"

#define FRAMES  8192u
#define FIRST   64u /* the first frame that is RAM */
#define THREADS 4u
#define STEP    16u /* the most frames that frames_clean cleans */

unsigned char machine_memory[FRAMES << PAGE_SHIFT] __attribute__((aligned(4096)));

static struct vmmu_frame frame_table[FRAMES];
static void *dirty_map;
static bool quiet;
static bool count_while_clearing;
static u64 fewest_free; /* of these counts */

void log_line(const char *format, ...)
{
    va_list arguments;

    if (!quiet) {
        va_start(arguments, format);
        vprintf(format, arguments);
        va_end(arguments);
        printf("\n");
    }
}

void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    abort();
}

/* The last page whose mark has ended, with its owner, and how many there were. */
static struct {
    u16 owner;
    u64 frame, count;
} ended;

void page_mark_ends(u16 owner, mfn_t m)
{
    ended.owner = owner;
    ended.frame = m.n;
    ended.count++;
}

/* Counts the free frames from the first to the last, as a reader of the frame table does. */
static u64 count_free(void)
{
    u64 free = 0;

    for (u64 at = 0, from; at < FRAMES; at += from ? from : 1) {
        from = frames_free_from(mfn(at));
        free += from;
    }
    return free;
}

static void count_free_again(void)
{
    const u64 free = count_free();

    fewest_free = free < fewest_free ? free : fewest_free;
}

void page_clear(void *page)
{
    if (count_while_clearing) {
        count_free_again();
    }
    memset(page, 0, PAGE_SIZE);
}

void lock_wait(void)
{
    sched_yield();
}

/* Starts with all memory free. `dirty`: as after a power-on with unknown contents. */
static void start(bool dirty)
{
    memset(machine_memory, dirty ? 0xa5 : 0, sizeof machine_memory);
    memset(frame_table, 0, sizeof frame_table);
    free(dirty_map);
    dirty_map = malloc(dirty_size(FRAMES));
    frames_start(frame_table, FRAMES, dirty_map);
    u64 before = frames_free_count();
    frames_free_range(mfn(FIRST), FRAMES - FIRST, dirty);
    assert_int_equal(frames_free_count() - before, FRAMES - FIRST);
}

/* Takes all memory from the allocator, which stays empty for the next test. */
static void stop(void)
{
    assert_int_equal(frames_audit(), 0);
    while (!mfn_is_none(frames_alloc(0))) {
    }
    assert_int_equal(frames_free_count(), 0);
    assert_int_equal(frames_dirty_count(), 0);
}

static void assert_zeroes(mfn_t m, u32 order)
{
    const u64 *words = frame_view(m);

    for (u64 i = 0; i < (PAGE_SIZE << order) / sizeof(u64); i++) {
        if (words[i]) {
            fail_msg("frame %llu, word %llu: %#llx", (unsigned long long)m.n, (unsigned long long)i,
                     (unsigned long long)words[i]);
        }
    }
}

static mfn_t take(u32 order)
{
    mfn_t m = frames_alloc(order);

    assert_false(mfn_is_none(m));
    assert_zeroes(m, order);
    memset(frame_view(m), 0x5a, PAGE_SIZE << order);
    return m;
}

static void frames_of_zeroes(void **state)
{
    (void)state;
    for (u32 dirty = 0; dirty < 2; dirty++) {
        start(dirty);
        for (u32 order = 0; order <= 12; order++) {
            for (u32 round = 0; round < 3; round++) {
                frames_free(take(order), order);
            }
        }
        assert_int_equal(frames_audit(), 0);
        stop();
    }
}

/* With memory full of contents, each block is cleaned when it is handed out, and nothing else. */
static void dirty_memory_is_cleaned_on_demand(void **state)
{
    u64 dirty;

    (void)state;
    start(true);
    assert_int_equal(frames_dirty_count(), FRAMES - FIRST);
    take(3);
    assert_int_equal(frames_dirty_count(), FRAMES - FIRST - 8);
    dirty = frames_dirty_count();
    frames_free(take(0), 0);
    assert_int_equal(frames_dirty_count(), dirty);
    stop();
}

static void clean_frames_first(void **state)
{
    mfn_t used[64];

    (void)state;
    start(false);
    for (u32 i = 0; i < 64; i++) {
        used[i] = take(0);
    }
    for (u32 i = 0; i < 64; i += 2) {
        frames_free(used[i], 0);
    }
    assert_int_equal(frames_dirty_count(), 32);
    for (u32 i = 0; i < 100; i++) {
        take(0);
    }
    take(9);
    assert_int_equal(frames_dirty_count(), 32);
    assert_int_equal(frames_audit(), 0);
    stop();
}

/* Of a block with few dirty frames, parts without any are handed out first. */
static void clean_parts_of_a_dirty_block(void **state)
{
    mfn_t m;

    (void)state;
    start(false);
    m = take(0);
    frames_free(m, 0);
    for (u32 i = 0; i < FRAMES - FIRST - 1; i++) {
        assert_int_not_equal(take(0).n, m.n);
        assert_int_equal(frames_dirty_count(), 1);
    }
    assert_int_equal(take(0).n, m.n);
    assert_int_equal(frames_dirty_count(), 0);
    stop();
}

static void idle_cpus_clean_in_small_steps(void **state)
{
    u64 dirty = FRAMES - FIRST, steps = 0;

    (void)state;
    start(true);
    while (frames_clean()) {
        assert_true(dirty - frames_dirty_count() <= STEP);
        assert_true(dirty > frames_dirty_count());
        assert_int_equal(frames_free_count(), FRAMES - FIRST);
        dirty = frames_dirty_count();
        steps++;
    }
    assert_int_equal(dirty, 0);
    assert_int_equal(steps, (FRAMES - FIRST) / STEP);
    assert_zeroes(mfn(FIRST), 6);
    /* The parts have become large blocks again. */
    assert_false(mfn_is_none(frames_alloc(12)));
    stop();
}

static void random_use(void **state)
{
    static struct {
        mfn_t m;
        u32 order;
    } used[512];
    u32 count = 0;

    (void)state;
    srand(1);
    start(true);
    for (u32 round = 0; round < 40000; round++) {
        u32 what = (u32)rand() % 8;

        if (what < 3 && count < 512) {
            u32 order = (u32)rand() % 10 * ((u32)rand() % 2);
            mfn_t m = frames_alloc(order);

            if (!mfn_is_none(m)) {
                assert_zeroes(m, order);
                memset(frame_view(m), 0x77, PAGE_SIZE << order);
                used[count].m = m;
                used[count++].order = order;
            }
        } else if (what < 6 && count) {
            u32 i = (u32)rand() % count;

            frames_free(used[i].m, used[i].order);
            used[i] = used[--count];
        } else if (what == 6) {
            frames_clean();
        } else if (round % 512 == 7) {
            assert_int_equal(frames_audit(), 0);
        }
    }
    while (count) {
        count--;
        frames_free(used[count].m, used[count].order);
    }
    assert_int_equal(frames_free_count(), FRAMES - FIRST);
    stop();
}

static _Atomic bool over;

static void *user(void *unused)
{
    mfn_t mine[64];
    u32 held = 0;
    unsigned seed = (unsigned)(u64)unused;

    for (u32 round = 0; round < 20000; round++) {
        if (held < 64 && rand_r(&seed) % 2) {
            mine[held] = take(0);
            held++;
        } else if (held) {
            frames_free(mine[--held], 0);
        }
    }
    while (held) {
        frames_free(mine[--held], 0);
    }
    return NULL;
}

static void *cleaner(void *unused)
{
    while (!over) {
        if (!frames_clean()) {
            sched_yield();
        }
    }
    return unused;
}

/* The users need all memory at times: an allocation waits for what a cleaner has taken. */
static void several_cpus(void **state)
{
    pthread_t users[THREADS], cleaners[2];
    mfn_t rest[FRAMES];
    u32 count = 0;

    (void)state;
    start(true);
    while (frames_free_count() > THREADS * 64) {
        rest[count++] = frames_alloc(0);
    }
    over = false;
    for (u64 i = 0; i < 2; i++) {
        pthread_create(&cleaners[i], NULL, cleaner, NULL);
    }
    for (u64 i = 0; i < THREADS; i++) {
        pthread_create(&users[i], NULL, user, (void *)(i + 1));
    }
    for (u64 i = 0; i < THREADS; i++) {
        pthread_join(users[i], NULL);
    }
    over = true;
    for (u64 i = 0; i < 2; i++) {
        pthread_join(cleaners[i], NULL);
    }
    assert_int_equal(frames_free_count(), THREADS * 64);
    while (count) {
        frames_free(rest[--count], 0);
    }
    stop();
}

/* Cleaning takes, splits and joins blocks; a reader sees all their frames as free throughout. */
static void free_while_cleaned(void **state)
{
    pthread_t cleaners[2];

    (void)state;
    start(true);
    count_while_clearing = true;
    fewest_free = FRAMES;
    for (u32 i = 0; i < 8; i++) {
        assert_true(frames_clean());
    }
    assert_int_equal(fewest_free, FRAMES - FIRST);
    count_while_clearing = over = false;
    for (u64 i = 0; i < 2; i++) {
        pthread_create(&cleaners[i], NULL, cleaner, NULL);
    }
    while (frames_dirty_count()) {
        count_free_again();
    }
    over = true;
    for (u64 i = 0; i < 2; i++) {
        pthread_join(cleaners[i], NULL);
    }
    assert_int_equal(fewest_free, FRAMES - FIRST);
    stop();
}

/* FRAMES is 1 << 13, so all machine addresses are below 1 << 25. */
static void frames_below_a_limit(void **state)
{
    (void)state;
    for (u32 dirty = 0; dirty < 2; dirty++) {
        start(dirty);
        for (u32 bits = 1; bits <= PAGE_SHIFT + 6; bits++) { /* below 64: no RAM */
            assert_true(mfn_is_none(frames_alloc_below(0, bits)));
        }
        for (u32 bits = PAGE_SHIFT + 7; bits <= 64; bits++) {
            u64 end = bits < 64 ? (1ull << bits) >> PAGE_SHIFT : FRAMES;
            mfn_t m = frames_alloc_below(2, bits);

            assert_true(m.n + 4 <= end);
            assert_true(m.n >= (end < FRAMES ? end : FRAMES) / 2);
            assert_zeroes(m, 2);
        }
        /* The upper half is used up first, then the next lower zone. */
        while (frames_free_count() > FRAMES / 2) {
            assert_true(frames_alloc(0).n >= FRAMES / 4);
        }
        u64 count = 0;
        while (!mfn_is_none(frames_alloc_below(0, PAGE_SHIFT + 9))) { /* frames 64 to 511 */
            count++;
        }
        assert_in_range(count, 512 - FIRST - 3 * 4, 512 - FIRST);
        assert_true(frames_free_count() > 0);
        stop();
    }
}

/* How many frames are free from each one on; what is in use, or is no frame, is not. */
static void free_frames_are_known(void **state)
{
    mfn_t m, block;
    u64 at, free = 0;

    (void)state;
    start(true);
    m = take(0);
    block = take(4);
    for (at = 0; at < FRAMES; at++) {
        const u64 from = frames_free_from(mfn(at));

        assert_true(at + from <= FRAMES);
        assert_int_equal(from != 0,
                         at >= FIRST && at != m.n && (at < block.n || at >= block.n + 16));
        free += from != 0;
    }
    assert_int_equal(free, FRAMES - FIRST - 17);
    assert_int_equal(frames_free_from(mfn(FRAMES)), 0);
    assert_int_equal(frames_free_from(MFN_NONE), 0);
    for (at = FIRST; at < FRAMES; at += frames_free_from(mfn(at)) + !frames_free_from(mfn(at))) {
        free -= frames_free_from(mfn(at)); /* the next one is behind all of them */
    }
    assert_int_equal(free, 0);
    frames_free(m, 0);
    frames_free(block, 4);
    stop();
}

/* A page is marked for one domain from page_mark to page_free, which reports the end for each page,
 * and only after it has dropped the mark. */
static void marks_end_with_the_page(void **state)
{
    (void)state;
    start(false);
    ended.count = 0;
    void *page = page_alloc(1);
    const mfn_t m = frame_of_view(page);

    assert_int_equal(page_marked(m), PAGE_UNMARKED);
    page_mark(page, 1, 7);
    assert_int_equal(page_marked(m), 7);
    assert_int_equal(page_marked(mfn(m.n + 1)), 7);
    page_free(page, 1);
    assert_int_equal(ended.count, 2);
    assert_int_equal(ended.owner, 7);
    assert_int_equal(ended.frame, m.n + 1);
    for (u64 i = 0; i < FRAMES; i++) { /* neither these, nor the links of the lists */
        assert_int_equal(page_marked(mfn(i)), PAGE_UNMARKED);
    }
    page_free(page_alloc(0), 0);
    assert_int_equal(ended.count, 2);
    stop();
}

static void the_audit_finds(void **state)
{
    mfn_t m;

    (void)state;
    start(false);
    memset(machine_memory + (1000 << PAGE_SHIFT), 1, PAGE_SIZE);
    quiet = true;
    assert_int_equal(frames_audit(), 1); /* contents in a clean frame */
    quiet = false;
    memset(machine_memory + (1000 << PAGE_SHIFT), 0, PAGE_SIZE);
    assert_int_equal(frames_audit(), 0);
    m = take(0);
    dirty_set(m.n, 0);
    quiet = true;
    assert_int_equal(frames_audit(), 1); /* a mark on a frame that is in use */
    dirty_clear(m.n, 0);
    dirty_set(5000, 0);
    assert_true(frames_audit() >= 1); /* a mark that the lists and the count do not know */
    dirty_clear(5000, 0);
    quiet = false;
    stop();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_zeroes),
        cmocka_unit_test(dirty_memory_is_cleaned_on_demand),
        cmocka_unit_test(clean_frames_first),
        cmocka_unit_test(clean_parts_of_a_dirty_block),
        cmocka_unit_test(idle_cpus_clean_in_small_steps),
        cmocka_unit_test(free_while_cleaned),
        cmocka_unit_test(random_use),
        cmocka_unit_test(several_cpus),
        cmocka_unit_test(frames_below_a_limit),
        cmocka_unit_test(free_frames_are_known),
        cmocka_unit_test(marks_end_with_the_page),
        cmocka_unit_test(the_audit_finds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
