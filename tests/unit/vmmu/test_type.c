/* SPDX-License-Identifier: MIT */
/* Proves that a frame has one type at a time: each use of a frame excludes each use of another type
 * while it lasts, and excludes none when it has ended. */
#include <string.h>

#include "tests/machine/guest.h"

/* The uses that a guest can make of a frame by its own operations. */
enum use { AS_L1, AS_L2, AS_L3, AS_L4, AS_DESCRIPTOR, AS_MAPPED, AS_HELD, USES };

static const enum vmmu_type type_of_use[USES] = {
    [AS_L1] = VMMU_TYPE_L1,
    [AS_L2] = VMMU_TYPE_L2,
    [AS_L3] = VMMU_TYPE_L3,
    [AS_L4] = VMMU_TYPE_L4,
    [AS_DESCRIPTOR] = VMMU_TYPE_DESCRIPTOR,
    [AS_MAPPED] = VMMU_TYPE_WRITABLE,
    [AS_HELD] = VMMU_TYPE_WRITABLE,
};

static struct space space;

static enum vmmu_result begin(enum use use, mfn_t m)
{
    switch (use) {
    case AS_DESCRIPTOR:
        return vmmu_set_gdt(&guest.vcpu[0], &m, 1, 1);
    case AS_MAPPED:
        return guest_set(&guest, space.l1, 5, RW(m));
    case AS_HELD:
        return guest_hold(&guest, m);
    default:
        return vmmu_pin(&guest.vcpu[0], &guest.domain, m, (u32)use + 1);
    }
}

static void end(enum use use, mfn_t m)
{
    switch (use) {
    case AS_DESCRIPTOR:
        assert_done(vmmu_set_gdt(&guest.vcpu[0], NULL, 0, 0));
        break;
    case AS_MAPPED:
        assert_done(guest_set(&guest, space.l1, 5, 0));
        break;
    case AS_HELD:
        guest_unhold(m);
        break;
    default:
        assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, m));
        break;
    }
}

static void each_use_excludes_each_other(void **state)
{
    (void)state;
    space = guest_running_space(&guest);
    for (u32 first = 0; first < USES; first++) {
        for (u32 second = 0; second < USES; second++) {
            const mfn_t m = guest_page(&guest);
            assert_done(begin((enum use)first, m));
            assert_int_equal(look(m).type, type_of_use[first]);
            assert_int_equal(look(m).type_count, 1);
            if (type_of_use[first] != type_of_use[second]) {
                assert_true(begin((enum use)second, m) > VMMU_AGAIN);
                assert_int_equal(look(m).type, type_of_use[first]);
                assert_int_equal(look(m).type_count, 1);
                assert_int_equal(look(m).references, 2);
            }
            end((enum use)first, m);
            assert_int_equal(look(m).type_count, 0);
            assert_false(look(m).validated);
            /* After the first use has ended, the second is allowed. */
            memset(machine_words(m), 0, PAGE_SIZE);
            assert_done(begin((enum use)second, m));
            assert_int_equal(look(m).type, type_of_use[second]);
            end((enum use)second, m);
            assert_int_equal(look(m).references, 1);
            assert_done(vmmu_take(&guest.domain, m));
        }
    }
}

static void a_frame_is_checked_again_after_any_use(void **state)
{
    /* At type count 0 the validation ends: the page is checked anew when it is used again. */
    (void)state;
    space = guest_running_space(&guest);
    for (u32 use = AS_L1; use <= AS_DESCRIPTOR; use++) {
        const mfn_t m = guest_page(&guest);
        assert_done(begin((enum use)use, m));
        end((enum use)use, m);
        assert_done(begin(AS_MAPPED, m));
        assert_true(cpu_store(0, guest_address(5),
                              use == AS_DESCRIPTOR ? 0xcull << 40 | 1ull << 47 : RW(mfn(1))));
        end(AS_MAPPED, m);
        assert_true(begin((enum use)use, m) > VMMU_AGAIN);
    }
}

static void read_only_views_exclude_nothing(void **state)
{
    (void)state;
    space = guest_running_space(&guest);
    for (u32 use = 0; use < USES; use++) {
        const mfn_t m = guest_page(&guest);
        assert_done(guest_set(&guest, space.l1, 6, RO(m)));
        assert_done(begin((enum use)use, m));
        assert_done(guest_set(&guest, space.l1, 7, RO(m)));
        assert_audit();
        end((enum use)use, m);
        assert_int_equal(look(m).references, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(each_use_excludes_each_other),
        GUEST_TEST(a_frame_is_checked_again_after_any_use),
        GUEST_TEST(read_only_views_exclude_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
