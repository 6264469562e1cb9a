/* SPDX-License-Identifier: MIT */
/* Measures the engine on the host: what each operation takes, beside its floor - a bare loop that reads
 * the same entries and bumps the same counters.
 *   engine [THREADS]     prints one JSON object a line; ticks are those of the TSC
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench/engine/steps.h"
#include "bench/engine/world.h"
#include "vmmu/entry.h"

#define ROUNDS 15u /* the fastest counts: the others were disturbed */

/* ---- the operations: each call of `once` does the work `per` times, `again` makes it possible anew --- */

struct work {
    const char *name, *title;
    unsigned per;
    void (*once)(struct space *space);
    void (*again)(struct space *space);
    void (*floor)(struct space *space);
    void (*single)(struct space *space); /* for counting instructions: one of it */
};

static maddr_t entry_at(mfn_t table, u32 index)
{
    return (maddr_t){table.n << 12 | index * 8};
}

static void set(struct space *space, u32 index, u64 entry)
{
    must_be_done(vmmu_update(&space->vcpu, &space->domain, &space->domain,
                             entry_at(space->l1[index / 512], index % 512), entry, UPDATE_NORMAL),
                 "vmmu_update");
}

static u64 get(struct space *space, u32 index)
{
    return world_words(space->l1[index / 512])[index % 512];
}

static void bump(u64 entry, u64 by)
{
    struct vmmu_frame *frame = &world_frames[entry >> 12 & 0xffffffffffull];

    atomic_fetch_add_explicit(&frame->references, by, memory_order_relaxed);
    atomic_fetch_add_explicit(&frame->type, by, memory_order_relaxed);
}

static void set_barely(struct space *space, u32 index, u64 entry)
{
    atomic_store_explicit((_Atomic u64 *)&world_words(space->l1[index / 512])[index % 512], entry,
                          memory_order_release);
}

/* One flag of 4096 entries in turn. */
static void flags_once(struct space *space)
{
    for (u32 i = 0; i < 4096; i++)
        set(space, i, get(space, i) ^ ENTRY_DIRTY);
}

static void flags_floor(struct space *space)
{
    for (u32 i = 0; i < 4096; i++)
        set_barely(space, i, get(space, i) ^ ENTRY_DIRTY);
}

static void flags_single(struct space *space)
{
    set(space, 7, get(space, 7) ^ ENTRY_DIRTY);
}

/* Write access taken away: what fork does. */
static void protect_once(struct space *space)
{
    for (u32 i = 0; i < 4096; i++)
        set(space, i, get(space, i) & ~ENTRY_WRITABLE);
}

static void protect_again(struct space *space)
{
    for (u32 i = 0; i < 4096; i++)
        set(space, i, get(space, i) | ENTRY_WRITABLE);
}

static void protect_floor(struct space *space)
{
    for (u32 i = 0; i < 4096; i++) {
        u64 entry = get(space, i);

        set_barely(space, i, entry);
        atomic_fetch_sub_explicit(&world_frames[entry >> 12 & 0xffffffffffull].type, 0,
                                  memory_order_relaxed);
    }
}

static void protect_single(struct space *space)
{
    set(space, 7, get(space, 7) & ~ENTRY_WRITABLE);
}

/* Two entries change places: other frames, four counters each. */
static void swap(struct space *space, void (*how)(struct space *, u32, u64), bool barely)
{
    for (u32 i = 0; i < 4096; i += 2) {
        u64 first = get(space, i), second = get(space, i + 1);

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

static void swap_once(struct space *space)
{
    swap(space, set, false);
}

static void swap_floor(struct space *space)
{
    swap(space, set_barely, true);
}

static void swap_single(struct space *space)
{
    set(space, 7, get(space, 8));
}

static void tables_once(struct space *space)
{
    for (u32 i = 0; i < 512; i++)
        must_be_done(vmmu_pin(&space->vcpu, &space->domain, space->l1[i], 1), "pin of an L1");
}

static void tables_again(struct space *space)
{
    for (u32 i = 0; i < 512; i++)
        must_be_done(vmmu_unpin(&space->vcpu, &space->domain, space->l1[i]), "unpin of an L1");
}

static void tables_floor(struct space *space)
{
    for (u32 i = 0; i < SPACE_TABLES; i++) {
        const u64 *entries = world_words(space->l1[i]);

        for (u32 j = 0; j < 512; j++)
            bump(entries[j], 0);
    }
}

static void table_single(struct space *space)
{
    must_be_done(vmmu_pin(&space->vcpu, &space->domain, space->l1[3], 1), "pin of an L1");
}

static void pin(struct space *space)
{
    must_be_done(vmmu_pin(&space->vcpu, &space->domain, space->l4, 4), "pin");
}

static void unpin(struct space *space)
{
    must_be_done(vmmu_unpin(&space->vcpu, &space->domain, space->l4), "unpin");
}

static void root_single(struct space *space)
{
    mfn_t to = space->vcpu.kernel_root.n == space->l4.n ? space->second_l4 : space->l4;

    must_be_done(vmmu_set_kernel_root(&space->vcpu, to), "root");
}

static void root_once(struct space *space)
{
    for (u32 i = 0; i < 1024; i++)
        root_single(space);
}

static void root_floor(struct space *space)
{
    for (u32 i = 0; i < 1024; i++) {
        bump(space->l4.n << 12, 1);
        bump(space->l4.n << 12, -1ull);
    }
}

static const struct work unpinned[] = {
    {"validate", "validate a full L1 table", 512, tables_once, tables_again, tables_floor,
     table_single},
    {"pin", "pin 1 GiB of 4 KiB pages", 1, pin, unpin, tables_floor, NULL},
};
static const struct work live[] = {
    {"flags", "mmu_update: flags only", 4096, flags_once, NULL, flags_floor, flags_single},
    {"protect", "mmu_update: write access taken", 4096, protect_once, protect_again, protect_floor,
     protect_single},
    {"target", "mmu_update: another frame", 4096, swap_once, NULL, swap_floor, swap_single},
    {"root", "switch of the root", 1024, root_once, NULL, root_floor, root_single},
};

/* ---- threads ----------------------------------------------------------------------------------- */

static pthread_barrier_t barrier;
static const struct work *present;

struct figures {
    double ticks, floor, back; /* each the fastest of its rounds */
};
static struct figures figures[WORLD_THREADS_MAX];

static double timed(void (*what)(struct space *), struct space *space)
{
    u64 start;

    pthread_barrier_wait(&barrier);
    start = __rdtsc();
    what(space);
    return (double)(__rdtsc() - start);
}

static void keep(double *least, double value)
{
    if (*least == 0 || value < *least)
        *least = value;
}

static void *measure(void *argument)
{
    u32 number = (u32)(uintptr_t)argument;
    struct space *space = &world[number];
    struct figures *mine = &figures[number];

    world_run_on(number);
    *mine = (struct figures){0};
    for (unsigned round = 0; round < ROUNDS; round++) {
        keep(&mine->ticks, timed(present->once, space));
        if (present->again)
            keep(&mine->back, timed(present->again, space));
        keep(&mine->floor, timed(present->floor, space));
    }
    return NULL;
}

static void single_in_child(void *argument)
{
    present->single(argument);
}

static void run(const struct work *work, unsigned count)
{
    pthread_t thread[WORLD_THREADS_MAX];
    struct figures sum = {0};
    uint64_t steps;
    unsigned i;

    present = work;
    pthread_barrier_init(&barrier, NULL, count);
    for (i = 0; i < count; i++)
        if (pthread_create(&thread[i], NULL, measure, (void *)(uintptr_t)i))
            exit(1);
    for (i = 0; i < count; i++) {
        pthread_join(thread[i], NULL);
        sum.ticks += figures[i].ticks / count / work->per;
        sum.floor += figures[i].floor / count / work->per;
        sum.back += figures[i].back / count / work->per;
    }
    pthread_barrier_destroy(&barrier);
    world_run_on(0);
    steps = work->single && count == 1 ? steps_of(single_in_child, &world[0]) : 0;
    printf("{\"name\": \"%s\", \"title\": \"%s\", \"threads\": %u, \"ticks\": %.1f, "
           "\"floor\": %.1f, \"back\": %.1f, \"instructions\": %llu}\n",
           work->name, work->title, count, sum.ticks, sum.floor, sum.back,
           (unsigned long long)steps);
    fflush(stdout);
}

static void make_live(unsigned count)
{
    for (u32 i = 0; i < count; i++) {
        world_run_on(i);
        pin(&world[i]);
        must_be_done(vmmu_pin(&world[i].vcpu, &world[i].domain, world[i].second_l4, 4), "pin");
        must_be_done(vmmu_set_kernel_root(&world[i].vcpu, world[i].l4), "root");
    }
}

int main(int argc, char **argv)
{
    long most = argc > 1 ? strtol(argv[1], NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count, i;

    if (most < 1 || most > (long)WORLD_THREADS_MAX)
        most = WORLD_THREADS_MAX;
    world_start((unsigned)most);
    for (count = 1; count <= most; count++)
        for (i = 0; i < sizeof(unpinned) / sizeof(*unpinned); i++)
            run(&unpinned[i], count);
    make_live((unsigned)most);
    for (count = 1; count <= most; count++)
        for (i = 0; i < sizeof(live) / sizeof(*live); i++)
            run(&live[i], count);
    return 0;
}
