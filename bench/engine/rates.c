/* SPDX-License-Identifier: MIT */
/* Threads that make requests for a while, all at once; the best of several whiles counts. */
#include "bench/engine/rates.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/engine/world.h"
#include "vmmu/entry.h"

#define ROUNDS   60u
#define WHILE_US 20000u
#define TABLES   16u /* of a thread's, in turn */

/* One table's worth of requests; `requests` says how many. */
struct rate {
    const char *name, *title;
    unsigned requests;
    void (*once)(struct space *space, u32 table);
};

static void pin(struct space *space, u32 table)
{
    space_pin(space, space->l1[table], 1);
    space_unpin(space, space->l1[table]);
}

/* In calls of SPACE_BATCH: each entry becomes what `next` says. */
static void change(struct space *space, u32 table, u64 (*next)(struct space *space, u32 index))
{
    u64 entries[SPACE_BATCH];

    for (u32 first = table * 512; first < table * 512 + 512; first += SPACE_BATCH) {
        for (u32 i = 0; i < SPACE_BATCH; i++) {
            entries[i] = next(space, first + i);
        }
        space_set_many(space, first, entries);
    }
}

static u64 other_flags(struct space *space, u32 index)
{
    return space_get(space, index) ^ PTE_DIRTY;
}

static void flags(struct space *space, u32 table)
{
    change(space, table, other_flags);
}

/* Neighbours change places. */
static u64 other_page(struct space *space, u32 index)
{
    return space_get(space, index ^ 1);
}

static void target(struct space *space, u32 table)
{
    change(space, table, other_page);
}

static const struct rate unpinned = {"pin", "pin and unpin a full L1 table", 1, pin};
static const struct rate live[] = {
    {"flags", "mmu_update: flags only", 512, flags},
    {"target", "mmu_update: another frame", 512, target},
};

static const struct rate *present;
static pthread_barrier_t barrier;
static struct {
    _Alignas(64) uint64_t done, began, ended;
} threads[WORLD_THREADS_MAX];
static _Atomic bool over;

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void *work(void *argument)
{
    u32 number = (u32)(uintptr_t)argument;
    uint64_t done = 0;

    world_run_on(number);
    pthread_barrier_wait(&barrier);
    threads[number].began = now();
    for (u32 i = 0; !atomic_load_explicit(&over, memory_order_relaxed); i++) {
        present->once(&world[number], i % TABLES);
        done += present->requests;
    }
    threads[number].ended = now();
    threads[number].done = done;
    return NULL;
}

/* Requests a second of `count` threads together, from when the first begins to when the last ends.
 */
static double once(unsigned count)
{
    pthread_t thread[WORLD_THREADS_MAX];
    uint64_t began = UINT64_MAX, ended = 0, done = 0;

    pthread_barrier_init(&barrier, NULL, count + 1);
    over = false;
    for (unsigned i = 0; i < count; i++) {
        if (pthread_create(&thread[i], NULL, work, (void *)(uintptr_t)i)) {
            exit(1);
        }
    }
    pthread_barrier_wait(&barrier);
    usleep(WHILE_US);
    over = true;
    for (unsigned i = 0; i < count; i++) {
        pthread_join(thread[i], NULL);
        began = threads[i].began < began ? threads[i].began : began;
        ended = threads[i].ended > ended ? threads[i].ended : ended;
        done += threads[i].done;
    }
    pthread_barrier_destroy(&barrier);
    return (double)done * 1e9 / (double)(ended - began);
}

static void run(const struct rate *rate, unsigned count, const char *shape)
{
    double best = 0;

    present = rate;
    for (unsigned round = 0; round < ROUNDS; round++) {
        double rate_now = once(count);

        if (rate_now > best) {
            best = rate_now;
        }
    }
    printf("{\"name\": \"%s\", \"title\": \"%s\", \"shape\": \"%s\", \"threads\": %u, "
           "\"rate\": %.0f}\n",
           rate->name, rate->title, shape, count, best);
    fflush(stdout);
}

void rates(unsigned most, bool one_domain)
{
    const char *shape = one_domain ? "one" : "each";
    unsigned count, i;

    world_start(most, one_domain);
    for (count = 1; count <= most; count++) {
        run(&unpinned, count, shape);
    }
    world_make_live(most);
    for (i = 0; i < sizeof(live) / sizeof(*live); i++) {
        for (count = 1; count <= most; count++) {
            run(&live[i], count, shape);
        }
    }
}
