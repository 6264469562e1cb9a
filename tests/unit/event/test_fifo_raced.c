/* SPDX-License-Identifier: MIT */
/* Proves, with several threads, that no event sent through FIFO queues is lost while the guest
 * changes its ports, and that a guest which writes bad values into its event words harms only
 * itself. XSA-343, 358, 359, 505. */
#include <pthread.h>
#include <sched.h>

#include "tests/unit/event/fifo_guest.h"

#define PORTS 24u
#define SENDS 50000u

static _Atomic bool over;

static u32 next(u32 *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void *send_many(void *number)
{
    u32 seed = (u32)(u64)number;

    for (u32 i = 0; i < SENDS; i++) {
        u32 port = 1 + next(&seed) % PORTS;

        guest.sent[port]++;
        event_raise(A, port);
        if (i % 8 == 0) {
            sched_yield();
        }
    }
    return NULL;
}

/* A guest that moves its ports to other vCPUs, changes their priorities, and masks them. */
static void *change_many(void *number)
{
    u32 seed = (u32)(u64)number;

    while (!over) {
        u32 port = 1 + next(&seed) % PORTS;

        move(port, next(&seed) % VCPUS);
        set_priority(port, next(&seed) % 16);
        __atomic_fetch_or(word(port), MASKED, __ATOMIC_SEQ_CST);
        event_unmask(A, port);
    }
    return NULL;
}

static void *take_many(void *number)
{
    while (!over) {
        upcall((u32)(u64)number, hear);
        sched_yield(); /* the host may have fewer CPUs than threads */
    }
    return NULL;
}

/* XSA-358, 359: one vCPU takes events while others change the ports. Every event that is sent is
 * received in the end. */
static void nothing_is_lost(void **unused)
{
    pthread_t sender[2], taker[VCPUS], changer;

    (void)unused;
    over = false;
    for (u32 i = 0; i < PORTS; i++) {
        events_bind_console(A);
    }
    come_up();
    for (u64 i = 0; i < VCPUS; i++) {
        pthread_create(&taker[i], NULL, take_many, (void *)i);
    }
    pthread_create(&changer, NULL, change_many, (void *)99ul);
    for (u64 i = 0; i < 2; i++) {
        pthread_create(&sender[i], NULL, send_many, (void *)i);
    }
    for (u32 i = 0; i < 2; i++) {
        pthread_join(sender[i], NULL);
    }
    over = true;
    pthread_join(changer, NULL);
    for (u32 i = 0; i < VCPUS; i++) {
        pthread_join(taker[i], NULL);
    }
    for (u32 i = 0; i < VCPUS; i++) {
        upcall(i, hear);
    }
    for (u32 port = 1; port <= PORTS; port++) {
        assert_int_equal(guest.seen[port], guest.sent[port]);
        assert_int_equal(*word(port), 0);
    }
}

/* A guest that writes random values to the event words and the control block. */
static void *spoil(void *number)
{
    u32 seed = (u32)(u64)number;

    while (!over) {
        u32 *block = (u32 *)control(next(&seed) % VCPUS);

        __atomic_store_n(word(next(&seed) % (PORTS + 1)), next(&seed) << 16 ^ next(&seed),
                         __ATOMIC_RELAXED);
        __atomic_store_n(&block[next(&seed) % 18], next(&seed) << 8, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* XSA-343: the same while the guest resets its channels. */
static void bad_links_hurt_nobody_else(void **unused)
{
    pthread_t sender[2], spoiler, changer;
    struct evtchn_reset ask = {.dom = DOMID_SELF};
    u32 far = unbound(B, 1);

    (void)unused;
    over = false;
    pthread_create(&spoiler, NULL, spoil, (void *)7ul);
    pthread_create(&changer, NULL, change_many, (void *)8ul);
    for (u64 i = 0; i < 2; i++) {
        pthread_create(&sender[i], NULL, send_many, (void *)i);
    }
    for (u32 round = 0; round < 100; round++) {
        bool again = true;
        come_up();
        for (u32 i = 0; i < PORTS; i++) {
            unbound(A, 2);
        }
        while (again) {
            assert_int_equal(event_reset(A, &ask, &again), 0);
        }
    }
    for (u32 i = 0; i < 2; i++) {
        pthread_join(sender[i], NULL);
    }
    over = true;
    pthread_join(changer, NULL);
    pthread_join(spoiler, NULL);
    assert_int_equal(world.holds, 0);
    event_raise(B, far);
    assert_int_equal(B->shared->evtchn_pending[0], 1ul << far);
}

/* A guest that starts its queues and gives pages as often as it can. */
static void *give_many(void *number)
{
    (void)number;
    while (!over) {
        for (u32 i = 0; i < VCPUS; i++) {
            init_control(i);
        }
        for (u32 i = 0; i < PAGES; i++) {
            expand(frame_number(guest.array[i]));
        }
    }
    return NULL;
}

/* XSA-505: a privileged domain resets the channels of a guest that starts its queues, gives pages
 * and binds ports meanwhile. Every page that was taken is given back. */
static void resets_against_new_pages(void **unused)
{
    pthread_t giver, changer;
    struct evtchn_reset ask = {.dom = 1};

    (void)unused;
    over = false;
    B->privileged = true;
    pthread_create(&giver, NULL, give_many, NULL);
    pthread_create(&changer, NULL, change_many, (void *)8ul);
    for (u32 round = 0; round < 3000; round++) {
        bool again = true;

        unbound(A, 2);
        while (again) {
            again = false;
            assert_int_equal(event_reset(B, &ask, &again), 0);
        }
        if (round % 8 == 0) {
            sched_yield();
        }
    }
    over = true;
    pthread_join(giver, NULL);
    pthread_join(changer, NULL);
    reset(A);
    assert_int_equal(world.holds, 0);
    assert_int_equal(event_ports(A), EVTCHN_2L_NR_CHANNELS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_lost, start, stop),
        cmocka_unit_test_setup_teardown(bad_links_hurt_nobody_else, start, stop),
        cmocka_unit_test_setup_teardown(resets_against_new_pages, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
