/* SPDX-License-Identifier: MIT */
/* Proves rules of refusals.def that no other host test provokes by name: an update of a partial
 * table is refused and changes nothing. */
#include "tests/machine/guest.h"

/* The promotion of a root is interrupted at each possible place; at least one leaves it partial. */
static void partial_table_is_busy(void **state)
{
    u32 met = 0;

    (void)state;
    for (u64 stop = 1; stop < 40; stop++) {
        const struct space space = guest_space(&guest);
        enum vmmu_result result;

        for (u32 i = 1; i < 4; i++) {
            const mfn_t l3 = guest_page(&guest);
            machine_words(space.l4)[i] = LINK(l3);
        }
        machine_stop_at(stop);
        result = vmmu_pin(&guest.vcpu[0], &guest.domain, space.l4, 4);
        if (result == VMMU_AGAIN && look(space.l4).partial) {
            met++;
            assert_refused(TABLE_BUSY, vmmu_update(&guest.vcpu[1], &guest.domain, &guest.domain,
                                                   machine_at(space.l4, 9), 0, VMMU_UPDATE_NORMAL));
            assert_int_equal(machine_words(space.l4)[9], 0);
        }
        machine_stop_at(0);
        while (result == VMMU_AGAIN) {
            result = vmmu_pin(&guest.vcpu[0], &guest.domain, space.l4, 4);
        }
        assert_done(result);
        assert_done(guest_set(&guest, space.l4, 9, 0));
    }
    assert_true(met > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(partial_table_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
