/* SPDX-License-Identifier: MIT */
/* Proves, with threads as CPUs that all want to stop the others again and again: while one CPU has
 * the others stopped, each of them is in its run loop and does nothing else; and every CPU gets its
 * turns; and a CPU that was stopped takes up the entries that tracing demands before it goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/cpu/crowd.h"

#include "hypervisor/cpu/stop.h"
#include "hypervisor/trace/trace.h"

#define TURNS 500u

static struct {
    _Atomic u32 at_work; /* CPUs that are working */
    _Atomic u32 over;    /* CPUs that have had all their turns */
    _Atomic u64 wrong;
    _Atomic u64 entries; /* how often a CPU has asked by which entries it is to be entered */
    u64 turns;           /* not atomic: only the CPU that has the others stopped changes it */
} world;

void cpu_kick(struct cpu *cpu)
{
    cpu->work = true;
}

void lock_wait(void)
{
    sched_yield();
}

/* Called at the end of each stop, by each CPU but the one that stopped the others. */
void trace_use_entries(void)
{
    atomic_fetch_add(&world.entries, 1);
}

static void work(void)
{
    atomic_fetch_add(&world.at_work, 1);
    sched_yield();
    atomic_fetch_sub(&world.at_work, 1);
}

static void *body(void *unused)
{
    (void)unused;
    for (u32 i = 0; i < TURNS; i++) {
        for (u32 steps = 0; steps < 5; steps++) {
            work();
            stop_for_others();
        }
        stop_others();
        u64 before = world.turns;
        for (u32 look = 0; look < 3; look++) {
            if (atomic_load(&world.at_work)) {
                atomic_fetch_add(&world.wrong, 1);
            }
            sched_yield();
        }
        world.turns = before + 1;
        stop_end();
    }
    atomic_fetch_add(&world.over, 1);
    while (atomic_load(&world.over) < CROWD) {
        work();
        stop_for_others();
        sched_yield();
    }
    return NULL;
}

static void one_at_a_time(void **state)
{
    (void)state;
    crowd_run(body);
    assert_int_equal(atomic_load(&world.wrong), 0);
    assert_int_equal(world.turns, TURNS * CROWD);
    assert_int_equal(atomic_load(&world.entries), TURNS * CROWD * (CROWD - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_at_a_time)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
