/* SPDX-License-Identifier: MIT */
/* Proves that every count is exact after each step of three vCPUs which take turns at random
 * operations (allowed, refused and abandoned ones, interrupted anywhere, with stores through fresh
 * and stale translations in between), and that the guest can be ended after any step. */
#include <stdlib.h>

#include "tests/machine/chaos.h"

#define SEEDS 40u
#define STEPS 400u

static void one_life(u64 seed, u64 *results)
{
    struct chaos_pool pool;
    struct chaos vcpus[GUEST_VCPUS];
    guest_setup_small(NULL);
    chaos_start(&pool);
    atomic_store(&guest.domain.cpus, (1ull << GUEST_VCPUS) - 1);
    for (u32 i = 0; i < GUEST_VCPUS; i++) {
        vcpus[i] = (struct chaos){
            .pool = &pool, .vcpu = &guest.vcpu[i], .random = seed * 977 + i + 1, .alone = true};
    }
    for (u32 step = 0; step < STEPS; step++) {
        const u32 i = (step * 7 + (u32)seed) / 3 % GUEST_VCPUS;
        machine_run_on(i);
        machine.stop_each = (step + seed) % 5; /* 0: no stops */
        chaos_step(&vcpus[i]);
        if (audit_findings()) {
            fail_msg("seed %llu, step %u", (unsigned long long)seed, step);
        }
    }
    for (u32 i = 0; i < GUEST_VCPUS; i++) {
        for (u32 r = 0; r < VMMU_RESULTS; r++) {
            results[r] += vcpus[i].done[r];
        }
    }
    machine.stop_each = seed % 4;
    guest_end(&guest);
    assert_audit();
    vmmu_unshare(pool.shared);
    guest_teardown(NULL);
}

static void any_life_is_counted_exactly(void **state)
{
    u64 results[VMMU_RESULTS] = {0};
    const char *more = getenv("SEEDS");
    const u64 seeds = more ? strtoull(more, NULL, 0) : SEEDS;
    (void)state;
    for (u64 seed = 1; seed <= seeds; seed++) {
        one_life(seed, results);
    }
    /* Every result has come up, so that the sequences prove something about each. */
    for (u32 r = 0; r < VMMU_RESULTS; r++) {
        print_message("%-20s %llu\n", vmmu_result_name((enum vmmu_result)r),
                      (unsigned long long)results[r]);
    }
    assert_true(results[VMMU_DONE] > seeds * STEPS / 4);
    assert_true(results[VMMU_AGAIN] > seeds);
    assert_true(results[VMMU_REFUSED_WRITABLE_TABLE] > seeds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_life_is_counted_exactly)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
