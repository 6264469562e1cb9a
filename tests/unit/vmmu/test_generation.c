/* SPDX-License-Identifier: MIT */
/* Proves, with threads, that a CPU which loads a root after any CPU has lessened an entry does not
 * keep its translation of that entry, however many CPUs lessen entries and begin generations
 * meanwhile. That needs the generation and the bit LESSENED_SINCE to be in one word. */
#include "tests/machine/guest.h"

#include <pthread.h>
#include <sched.h>

#include "vmmu/lessened.h"

#define WRITERS 2u
#define LOADERS 2u
#define CHANGES 200000u

/* Entries, each of which its writer alone changes, to ever greater words; every change lessens. The
 * word in `completed` is that of the latest change whose operation has returned. */
static _Atomic u64 entry[WRITERS], completed[WRITERS];
static _Atomic u64 stale, loads, kept;
static _Atomic u32 running;

static u64 word_of(u64 change)
{
    return change << PAGE_SHIFT | PTE_PRESENT;
}

static void *write_entries(void *argument)
{
    const u64 i = (u64)argument;

    for (u64 change = 1; change <= CHANGES; change++) {
        const u64 old = atomic_exchange(&entry[i], word_of(change));
        lessened_note(&guest.domain, old, word_of(change));
        atomic_store_explicit(&completed[i], word_of(change), memory_order_release);
        if (change % 64 == 0) {
            sched_yield();
        }
    }
    atomic_fetch_sub(&running, 1);
    return NULL;
}

/* A CPU that keeps its translation of each entry from load to load while the generation is the
 * same. */
static void *load_roots(void *unused)
{
    u64 seen = 0, cached[WRITERS] = {0}, wanted[WRITERS];

    (void)unused;
    while (atomic_load(&running)) {
        for (u32 i = 0; i < WRITERS; i++) {
            wanted[i] = atomic_load_explicit(&completed[i], memory_order_acquire);
        }
        const u64 generation = vmmu_generation(&guest.domain);
        atomic_fetch_add_explicit(generation == seen ? &kept : &loads, 1, memory_order_relaxed);
        for (u32 i = 0; i < WRITERS; i++) {
            cached[i] = generation == seen ? cached[i] : atomic_load(&entry[i]);
            if (cached[i] < wanted[i]) {
                atomic_fetch_add(&stale, 1);
            }
        }
        seen = generation;
    }
    return NULL;
}

static void no_load_keeps_what_was_lessened_before(void **state)
{
    pthread_t writers[WRITERS], loaders[LOADERS];

    (void)state;
    machine.threads = true;
    for (u64 i = 0; i < WRITERS; i++) {
        atomic_store(&entry[i], word_of(0));
    }
    atomic_store(&running, WRITERS);
    for (u64 i = 0; i < LOADERS; i++) {
        pthread_create(&loaders[i], NULL, load_roots, NULL);
    }
    for (u64 i = 0; i < WRITERS; i++) {
        pthread_create(&writers[i], NULL, write_entries, (void *)i);
    }
    for (u32 i = 0; i < WRITERS; i++) {
        pthread_join(writers[i], NULL);
    }
    for (u32 i = 0; i < LOADERS; i++) {
        pthread_join(loaders[i], NULL);
    }
    machine.threads = false;
    print_message("%lu loads that flushed, %lu that kept\n", loads, kept);
    assert_true(loads > 0);
    assert_int_equal(stale, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(no_load_keeps_what_was_lessened_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
