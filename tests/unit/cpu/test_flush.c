/* SPDX-License-Identifier: MIT */
/* Proves, with threads as CPUs that request flushes from each other all the time: a request returns
 * only when each CPU that it names has completed a flush that began after it, no two CPUs wait for
 * each other for ever, and where one flush answers several requests far fewer interrupts than
 * requests are sent. A request for the caches returns when each CPU has written its own back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/cpu/crowd.h"

#include "hypervisor/cpu/flush.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/irq/vector.h"

#define ROUNDS 5000u

static struct {
    _Atomic u64 made[CROWD];    /* flushes that each CPU has completed */
    _Atomic u64 written[CROWD]; /* how often each CPU has written its caches back */
    _Atomic u64 early;          /* requests that returned too soon */
    _Atomic u32 running;
    _Atomic u64 told; /* interrupts that flush_cpus says it sent */
} world;

/* Like the hypervisor's lock_wait, but lets other threads run as well. */
void lock_wait(void)
{
    flush_serve();
    sched_yield();
}

/* A flush that takes long enough for other requests to come meanwhile; it counts at its end. */
void space_flush(void)
{
    sched_yield();
    atomic_fetch_add(&world.made[this_cpu()->number], 1);
}

void write_back_caches(void)
{
    sched_yield();
    atomic_fetch_add(&world.written[this_cpu()->number], 1);
}

static void ask_for_caches(void)
{
    u64 before[CROWD];

    for (u32 i = 0; i < CROWD; i++) {
        before[i] = atomic_load(&world.written[i]);
    }
    flush_caches();
    for (u32 i = 0; i < CROWD; i++) {
        if (atomic_load(&world.written[i]) == before[i]) {
            atomic_fetch_add(&world.early, 1);
        }
    }
}

static void let_interrupts_in(void)
{
    if (crowd_interrupted_by(VECTOR_APIC_FLUSH)) {
        flush_serve();
    }
}

static void ask(u64 cpus)
{
    u64 before[CROWD];

    for (u32 i = 0; i < CROWD; i++) {
        before[i] = atomic_load(&world.made[i]);
    }
    atomic_fetch_add(&world.told, flush_cpus(cpus));
    for (u32 i = 0; i < CROWD; i++) {
        if (cpus >> i & 1 && atomic_load(&world.made[i]) == before[i]) {
            atomic_fetch_add(&world.early, 1);
        }
    }
}

static void *body(void *unused)
{
    u32 random = 12345 + this_cpu()->number;

    (void)unused;
    atomic_fetch_add(&world.running, 1);
    /* All CPUs begin together, so that their requests meet. */
    while (atomic_load(&world.running) < CROWD) {
        let_interrupts_in();
    }
    for (u32 i = 0; i < ROUNDS; i++) {
        random = random * 1664525 + 1013904223;
        ask(random >> 16 & ((1u << CROWD) - 1));
        let_interrupts_in();
    }
    atomic_fetch_add(&world.running, 1);
    /* A CPU that has finished still answers the others. */
    while (atomic_load(&world.running) < 2 * CROWD) {
        let_interrupts_in();
        sched_yield();
    }
    return NULL;
}

static void every_request_is_met(void **state)
{
    (void)state;
    crowd_run(body);
    assert_int_equal(atomic_load(&world.early), 0);
    assert_int_equal(atomic_load(&world.told), atomic_load(&crowd.sent));
    for (u32 i = 0; i < CROWD; i++) {
        assert_int_equal(atomic_load(&cpu_at(i)->flushes.asked),
                         atomic_load(&cpu_at(i)->flushes.done));
    }
}

/* Two requests come while one CPU is busy: it gets one interrupt and makes one flush. */
static void *busy_body(void *unused)
{
    u32 number = this_cpu()->number;

    (void)unused;
    if (number == 0) {
        u64 before = atomic_load(&world.made[0]);

        while (atomic_load(&cpu_at(0)->flushes.asked) - atomic_load(&cpu_at(0)->flushes.done) <
               CROWD - 1) {
            sched_yield();
        }
        let_interrupts_in();
        if (atomic_load(&world.made[0]) != before + 1) {
            atomic_fetch_add(&world.early, 1);
        }
    } else {
        flush_cpus(1);
    }
    return NULL;
}

/* As body, but each eighth request is for the caches. */
static void *caches_body(void *unused)
{
    (void)unused;
    atomic_fetch_add(&world.running, 1);
    for (u32 i = 0; i < ROUNDS / 4; i++) {
        if (i % 8) {
            flush_cpus(i & ((1u << CROWD) - 1));
        } else {
            ask_for_caches();
        }
        let_interrupts_in();
    }
    atomic_fetch_add(&world.running, 1);
    while (atomic_load(&world.running) < 2 * CROWD) {
        let_interrupts_in();
        sched_yield();
    }
    return NULL;
}

static void the_caches_of_all_are_written_back(void **state)
{
    (void)state;
    atomic_store(&world.running, 0);
    crowd_run(caches_body);
    assert_int_equal(atomic_load(&world.early), 0);
    for (u32 i = 0; i < CROWD; i++) {
        assert_false(atomic_load(&cpu_at(i)->flushes.caches));
    }
}

static void one_flush_answers_several(void **state)
{
    (void)state;
    atomic_store(&crowd.sent, 0);
    crowd_run(busy_body);
    assert_int_equal(atomic_load(&world.early), 0);
    assert_int_equal(atomic_load(&crowd.sent), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_is_met),
        cmocka_unit_test(one_flush_answers_several),
        cmocka_unit_test(the_caches_of_all_are_written_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
