/* SPDX-License-Identifier: MIT */
/* Measures the engine on the host: how long each operation takes, and how long its floor takes: a
 * bare loop that reads the same entries and changes the same counts.
 *   engine [THREADS]                    prints one JSON object a line; times are ticks of the TSC
 *   engine rates one|each [THREADS]     as bench/engine/rates.h says */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench/engine/rates.h"
#include "bench/engine/steps.h"
#include "bench/engine/world.h"
#include "vmmu/entry.h"

#define ROUNDS     25u
#define PIECES_MAX 512u

/* ---- the operations -------------------------------------------------------------------------- */

/* A round consists of `pieces` pieces, and a piece of `per` operations; each piece is timed by
 * itself. A piece's time is that of its fastest round, and the result is the median of all pieces,
 * so that other programs on the host have little influence. */
struct work {
    const char *name, *title;
    unsigned pieces, per;
    void (*once)(struct space *space, u32 piece);
    void (*again)(struct space *space, u32 piece); /* undoes `once` */
    void (*floor)(struct space *space, u32 piece);
    void (*single)(struct space *space); /* `singles` operations, whose instructions are counted */
    unsigned singles;
};

/* The floor of changing an entry: changes both counts of its frame. */
static void bump(u64 entry, u64 by)
{
    struct vmmu_frame *frame = &world_frames[entry >> 12 & 0xffffffffffull];

    atomic_fetch_add_explicit(&frame->references, by, memory_order_relaxed);
    atomic_fetch_add_explicit(&frame->type, by, memory_order_relaxed);
}

/* The floor of changing an entry: writes it without any check. */
static void set_barely(struct space *space, u32 index, u64 entry)
{
    atomic_store_explicit((_Atomic u64 *)&world_words(space->l1[index / 512])[index % 512], entry,
                          memory_order_release);
}

/* The number of the first entry of L1 table `table`. An operation's piece is one L1 table. */
static u32 first_entry(u32 table)
{
    return table * 512;
}

static void flags_once(struct space *space, u32 piece)
{
    for (u32 i = first_entry(piece); i < first_entry(piece + 1); i++) {
        space_set(space, i, space_get(space, i) ^ PTE_DIRTY);
    }
}

static void flags_floor(struct space *space, u32 piece)
{
    for (u32 i = first_entry(piece); i < first_entry(piece + 1); i++) {
        set_barely(space, i, space_get(space, i) ^ PTE_DIRTY);
    }
}

static void flags_single(struct space *space)
{
    space_set(space, 7, space_get(space, 7) ^ PTE_DIRTY);
}

/* Changes the flags of SPACE_BATCH entries by one call. */
static void flags_batch(struct space *space, u32 first)
{
    u64 entries[SPACE_BATCH];

    for (u32 i = 0; i < SPACE_BATCH; i++) {
        entries[i] = space_get(space, first + i) ^ PTE_DIRTY;
    }
    space_set_many(space, first, entries);
}

static void flags_many_once(struct space *space, u32 piece)
{
    for (u32 i = first_entry(piece); i < first_entry(piece + 1); i += SPACE_BATCH) {
        flags_batch(space, i);
    }
}

static void flags_many_single(struct space *space)
{
    flags_batch(space, 512);
}

/* Takes away write access, as fork does. */
static void protect_once(struct space *space, u32 piece)
{
    for (u32 i = first_entry(piece); i < first_entry(piece + 1); i++) {
        space_set(space, i, space_get(space, i) & ~PTE_WRITABLE);
    }
}

static void protect_again(struct space *space, u32 piece)
{
    for (u32 i = first_entry(piece); i < first_entry(piece + 1); i++) {
        space_set(space, i, space_get(space, i) | PTE_WRITABLE);
    }
}

static void protect_floor(struct space *space, u32 piece)
{
    for (u32 i = first_entry(piece); i < first_entry(piece + 1); i++) {
        u64 entry = space_get(space, i);

        set_barely(space, i, entry);
        atomic_fetch_sub_explicit(&world_frames[entry >> 12 & 0xffffffffffull].type, 0,
                                  memory_order_relaxed);
    }
}

static void protect_single(struct space *space)
{
    space_set(space, 7, space_get(space, 7) & ~PTE_WRITABLE);
}

/* Exchanges neighbouring entries, so that each gets another frame and the counts of both frames
 * change. */
static void swap(struct space *space, u32 piece, void (*how)(struct space *, u32, u64), bool barely)
{
    for (u32 i = first_entry(piece); i < first_entry(piece + 1); i += 2) {
        u64 first = space_get(space, i), second = space_get(space, i + 1);

        if (barely) {
            bump(second, 1);
            bump(first, -1ull);
            bump(first, 1);
            bump(second, -1ull);
        }
        how(space, i, second);
        how(space, i + 1, first);
    }
}

static void swap_once(struct space *space, u32 piece)
{
    swap(space, piece, space_set, false);
}

static void swap_floor(struct space *space, u32 piece)
{
    swap(space, piece, set_barely, true);
}

static void swap_single(struct space *space)
{
    space_set(space, 7, space_get(space, 8));
}

static void table_once(struct space *space, u32 piece)
{
    space_pin(space, space->l1[piece], 1);
}

static void table_again(struct space *space, u32 piece)
{
    space_unpin(space, space->l1[piece]);
}

static void table_floor(struct space *space, u32 piece)
{
    const u64 *entries = world_words(space->l1[piece]);

    for (u32 j = 0; j < 512; j++) {
        bump(entries[j], 0);
    }
}

static void table_single(struct space *space)
{
    table_once(space, 3);
}

static void all_floor(struct space *space, u32 piece)
{
    for (piece = 0; piece < SPACE_TABLES; piece++) {
        table_floor(space, piece);
    }
}

static void pin(struct space *space, u32 piece)
{
    (void)piece;
    space_pin(space, space->l4, 4);
}

static void unpin(struct space *space, u32 piece)
{
    (void)piece;
    space_unpin(space, space->l4);
}

static void root_single(struct space *space)
{
    mfn_t to = space->vcpu.kernel_root.n == space->l4.n ? space->second_l4 : space->l4;

    must_be_done(vmmu_set_kernel_root(&space->vcpu, to), "root");
}

static void root_once(struct space *space, u32 piece)
{
    (void)piece;
    for (u32 i = 0; i < 64; i++) {
        root_single(space);
    }
}

static void root_floor(struct space *space, u32 piece)
{
    (void)piece;
    for (u32 i = 0; i < 64; i++) {
        bump(space->l4.n << 12, 1);
        bump(space->l4.n << 12, -1ull);
    }
}

static const struct work unpinned[] = {
    {"validate", "validate a full L1 table", 512, 1, table_once, table_again, table_floor,
     table_single, 1},
    {"pin", "pin 1 GiB of 4 KiB pages", 1, 1, pin, unpin, all_floor, NULL, 1},
};
static const struct work live[] = {
    {"flags", "mmu_update: flags only", 16, 512, flags_once, NULL, flags_floor, flags_single, 1},
    {"flags_many", "mmu_update: flags only, 32 in a call", 16, 512, flags_many_once, NULL,
     flags_floor, flags_many_single, SPACE_BATCH},
    {"protect", "mmu_update: write access taken", 16, 512, protect_once, protect_again,
     protect_floor, protect_single, 1},
    {"target", "mmu_update: another frame", 16, 512, swap_once, NULL, swap_floor, swap_single, 1},
    {"root", "switch of the root", 64, 64, root_once, NULL, root_floor, root_single, 1},
};

/* ---- threads --------------------------------------------------------------------------------- */

static pthread_barrier_t barrier;       /* all threads begin the same work at the same time */
static const struct work *present_work; /* what is being measured */

/* The time of each piece in its fastest round. */
struct times {
    u64 least[PIECES_MAX];
};

struct figures {
    struct times once, again, floor;
};
static struct figures figures[WORLD_THREADS_MAX];

static void time_pieces(struct times *times, void (*what)(struct space *, u32), struct space *space)
{
    pthread_barrier_wait(&barrier);
    for (u32 piece = 0; what && piece < present_work->pieces; piece++) {
        u64 start = __rdtsc(), ticks;

        what(space, piece);
        ticks = __rdtsc() - start;
        if (!times->least[piece] || ticks < times->least[piece]) {
            times->least[piece] = ticks;
        }
    }
}

static void *measure(void *argument)
{
    u32 number = (u32)(uintptr_t)argument;
    struct space *space = &world[number];
    struct figures *mine = &figures[number];

    world_run_on(number);
    *mine = (struct figures){0};
    for (unsigned round = 0; round < ROUNDS; round++) {
        time_pieces(&mine->once, present_work->once, space);
        time_pieces(&mine->again, present_work->again, space);
        time_pieces(&mine->floor, present_work->floor, space);
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const u64 *left = a, *right = b;

    return *left < *right ? -1 : *left > *right;
}

static double median(struct times *times)
{
    qsort(times->least, present_work->pieces, sizeof(*times->least), by_size);
    return (double)times->least[present_work->pieces / 2] / present_work->per;
}

static void single_in_child(void *argument)
{
    present_work->single(argument);
}

static void run(const struct work *work, unsigned count)
{
    pthread_t thread[WORLD_THREADS_MAX];
    double once = 0, again = 0, floor = 0;

    present_work = work;
    pthread_barrier_init(&barrier, NULL, count);
    for (unsigned i = 0; i < count; i++) {
        if (pthread_create(&thread[i], NULL, measure, (void *)(uintptr_t)i)) {
            exit(1);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(thread[i], NULL);
        once += median(&figures[i].once) / count;
        again += median(&figures[i].again) / count;
        floor += median(&figures[i].floor) / count;
    }
    pthread_barrier_destroy(&barrier);
    world_run_on(0);
    uint64_t steps = work->single && count == 1 ? steps_of(single_in_child, &world[0]) : 0;
    printf("{\"name\": \"%s\", \"title\": \"%s\", \"threads\": %u, \"ticks\": %.1f, "
           "\"floor\": %.1f, \"back\": %.1f, \"instructions\": %llu}\n",
           work->name, work->title, count, once, floor, again,
           (unsigned long long)steps / work->singles);
    fflush(stdout);
}

static unsigned threads_named(const char *word)
{
    long threads = word ? strtol(word, NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);

    return threads < 1 || threads > (long)WORLD_THREADS_MAX ? WORLD_THREADS_MAX : (unsigned)threads;
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "rates")) {
        rates(threads_named(argv[3]), !strcmp(argv[2], "one"));
        return 0;
    }
    unsigned most = threads_named(argv[1]);
    world_start(most, false);
    for (unsigned count = 1; count <= most; count++) {
        for (unsigned i = 0; i < sizeof(unpinned) / sizeof(*unpinned); i++) {
            run(&unpinned[i], count);
        }
    }
    world_make_live(most);
    for (unsigned count = 1; count <= most; count++) {
        for (unsigned i = 0; i < sizeof(live) / sizeof(*live); i++) {
            run(&live[i], count);
        }
    }
    return 0;
}
