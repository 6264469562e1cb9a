/* SPDX-License-Identifier: MIT */
/* Lets threads make requests at the same time. They do so for ROUNDS periods, of which the best
 * counts. */
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

#define ROUNDS    60u
#define PERIOD_US 20000u /* length of a period in microseconds */
#define TABLES    16u    /* L1 tables of a thread, which it uses in turn */

/* A kind of request. `once` makes `requests` of them, for one table. */
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

/* Changes all entries of a table, by calls with SPACE_BATCH requests. next: returns an entry's new
 * value. */
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

/* Returns the value of the neighbouring entry, so that neighbours are exchanged. */
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

static const struct rate *present_rate; /* what is being measured */
static pthread_barrier_t barrier;
static struct {
    _Alignas(64) uint64_t done, began, ended;
} threads[WORLD_THREADS_MAX];
static _Atomic bool over; /* the period has ended */

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
        present_rate->once(&world[number], i % TABLES);
        done += present_rate->requests;
    }
    threads[number].ended = now();
    threads[number].done = done;
    return NULL;
}

/* Runs `count` threads for one period. Returns how many requests they made in a second all
 * together, counted from the time the first one began until the last one ended. */
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
    usleep(PERIOD_US);
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

    present_rate = rate;
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

    world_start(most, one_domain);
    for (unsigned count = 1; count <= most; count++) {
        run(&unpinned, count, shape);
    }
    world_make_live(most);
    for (unsigned i = 0; i < sizeof(live) / sizeof(*live); i++) {
        for (unsigned count = 1; count <= most; count++) {
            run(&live[i], count, shape);
        }
    }
}
