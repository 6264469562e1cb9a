/* SPDX-License-Identifier: MIT */
/* Proves that every result has a name, a sentence and the ABI's error number, that every refusal is
 * recorded, and that vmmu_look and vmmu_walk report what is in the tables. */
#include <string.h>

#include "tests/machine/guest.h"

static void every_result_has_its_words(void **state)
{
    (void)state;
    for (u32 i = 0; i < VMMU_RESULTS; i++) {
        const enum vmmu_result result = (enum vmmu_result)i;
        assert_true(strlen(vmmu_result_name(result)) > 3);
        assert_true(strlen(vmmu_result_sentence(result)) > 3);
        if (i > VMMU_AGAIN) {
            assert_in_range(-vmmu_result_errno(result), 1, 133);
        }
    }
    assert_int_equal(vmmu_result_errno(VMMU_DONE), 0);
    assert_int_equal(vmmu_result_errno(VMMU_REFUSED_BAD_FRAME), -22);
    assert_int_equal(vmmu_result_errno(VMMU_REFUSED_FOREIGN_MAPPING), -16);
    assert_int_equal(vmmu_result_errno(VMMU_REFUSED_READ_ONLY_PAGE), -13);
    assert_string_equal(vmmu_result_name(VMMU_RESULTS), "?");
    for (u32 i = 0; i < VMMU_TYPES; i++) {
        assert_true(strlen(vmmu_type_name((enum vmmu_type)i)) > 3);
    }
    assert_string_equal(vmmu_type_name(VMMU_TYPES), "?");
}

static void a_refusal_leaves_its_trace(void **state)
{
    (void)state;
    guest_running_space(&guest);
    assert_refused(BAD_FRAME, vmmu_pin(&guest.vcpu[0], &guest.domain, mfn(123456), 1));
    assert_int_equal(guest.domain.last_refusal, VMMU_REFUSED_BAD_FRAME);
    assert_int_equal(guest.domain.last_word, 123456);
    assert_int_equal(guest.domain.counters.refusals, 1);
    assert_int_equal(machine.refusals, 1);
    assert_int_equal(machine.last_rule, VMMU_REFUSED_BAD_FRAME);
    assert_int_equal(other.domain.counters.refusals, 0);
}

static void a_walk_shows_how_far_it_came(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    struct vmmu_walk walk;
    (void)state;
    assert_done(guest_set(&guest, space.l1, 5, RO(page)));
    vmmu_walk(space.l4, guest_address(5), &walk);
    assert_true(walk.present);
    assert_int_equal(walk.depth, 1);
    assert_int_equal(walk.entry[1], RO(page));
    assert_int_equal(walk.entry[4], LINK(space.l3));
    assert_int_equal(walk.at[1].a, machine_at(space.l1, 5).a);

    vmmu_walk(space.l4, guest_address(6), &walk);
    assert_false(walk.present);
    assert_int_equal(walk.depth, 1);
    vmmu_walk(space.l4, vaddr(1ull << 30), &walk);
    assert_int_equal(walk.depth, 3);
    assert_false(walk.present);
    vmmu_walk(space.l4, vaddr(0xffff800000000000), &walk);
    assert_int_equal(walk.depth, 4);
    assert_false(walk.present);
    vmmu_walk(MFN_NONE, guest_address(5), &walk);
    assert_int_equal(walk.depth, 5);
    vmmu_walk(mfn(1), guest_address(5), &walk);
    assert_int_equal(walk.depth, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_result_has_its_words),
        GUEST_TEST(a_refusal_leaves_its_trace),
        GUEST_TEST(a_walk_shows_how_far_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
