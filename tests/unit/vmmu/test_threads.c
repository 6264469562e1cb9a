/* SPDX-License-Identifier: MIT */
/* Proves with real threads that the counts stay exact when three vCPUs do random operations at the
 * same time, and that no thread waits for ever. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/machine/chaos.h"
#include "tests/patience.h"

#define ROUNDS 12u
#define STEPS  6000u

static void *live(void *argument)
{
    struct chaos *chaos = argument;
    machine_run_on((u32)(chaos->vcpu - guest.vcpu));
    for (u32 step = 0; step < STEPS; step++) {
        chaos_step(chaos);
    }
    return NULL;
}

static void three_at_once(void **state)
{
    (void)state;
    for (u64 round = 0; round < ROUNDS; round++) {
        struct chaos_pool pool;
        struct chaos vcpus[GUEST_VCPUS];
        pthread_t thread[GUEST_VCPUS];
        guest_setup_small(NULL);
        chaos_start(&pool);
        machine.stop_each = round % 4 * 2;
        machine.threads = true;
        atomic_store(&guest.domain.cpus, (1ull << GUEST_VCPUS) - 1);
        alarm(PATIENCE_SECONDS);
        for (u32 i = 0; i < GUEST_VCPUS; i++) {
            vcpus[i] =
                (struct chaos){.pool = &pool, .vcpu = &guest.vcpu[i], .random = round * 31 + i + 1};
            assert_int_equal(pthread_create(&thread[i], NULL, live, &vcpus[i]), 0);
        }
        for (u32 i = 0; i < GUEST_VCPUS; i++) {
            pthread_join(thread[i], NULL);
        }
        alarm(0);
        machine.stop_each = 0;
        machine.threads = false;
        assert_audit();
        guest_end(&guest);
        vmmu_unshare(pool.shared);
        guest_teardown(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(three_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
