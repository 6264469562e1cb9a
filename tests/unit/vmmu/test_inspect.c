/* SPDX-License-Identifier: MIT */
/* Proves that the entries of a live page table are shown as they are, of each level, and those that
 * are not present as 0; that of nothing but a live page table any word is shown; and that the read
 * leaves counts, types and locks as they were. */
#include "tests/machine/guest.h"
#include "vmmu/frame.h"

static u64 entry[ENTRIES];

static u32 read_all(mfn_t m)
{
    for (u32 i = 0; i < ENTRIES; i++) {
        entry[i] = 0x5a5a;
    }
    return vmmu_table_read(m, 0, ENTRIES, entry);
}

static bool untouched(void)
{
    for (u32 i = 0; i < ENTRIES; i++) {
        if (entry[i] != 0x5a5a) {
            return false;
        }
    }
    return true;
}

static void each_level_is_shown(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t table[] = {space.l1, space.l2, space.l3, space.l4};
    const mfn_t page = guest_page(&guest);
    (void)state;

    assert_done(guest_set(&guest, space.l1, 7, RW(page)));
    assert_done(guest_set(&guest, space.l1, 9, RO(page) & ~(u64)PTE_PRESENT));
    for (u32 level = 1; level <= 4; level++) {
        const struct vmmu_frame_info before = look(table[level - 1]);
        const u64 word = frame_type_word(table[level - 1]);

        assert_int_equal(read_all(table[level - 1]), level);
        for (u32 i = 0; i < ENTRIES; i++) {
            const u64 own = machine_words(table[level - 1])[i];
            assert_int_equal(entry[i], own & PTE_PRESENT ? own : 0);
        }
        assert_int_equal(frame_type_word(table[level - 1]), word);
        assert_int_equal(look(table[level - 1]).references, before.references);
    }
    assert_int_equal(read_all(space.l1), 1);
    assert_int_equal(entry[7] & ~0xfffull, page.n << PAGE_SHIFT);
    assert_int_equal(entry[9], 0);
    assert_audit();
}

static void a_part_is_shown(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    u64 part[2] = {1, 1};
    (void)state;

    assert_done(guest_set(&guest, space.l1, ENTRIES - 1, RO(page)));
    assert_int_equal(vmmu_table_read(space.l1, ENTRIES - 2, 2, part), 1);
    assert_int_equal(part[0], 0);
    assert_int_equal(part[1], machine_words(space.l1)[ENTRIES - 1]);
}

static void nothing_else_is_shown(void **state)
{
    const struct space space = guest_space(&guest);
    const mfn_t page = guest_page(&guest);
    (void)state;

    for (u32 i = 0; i < ENTRIES; i++) {
        machine_words(page)[i] = RO(page);
    }
    assert_int_equal(read_all(page), 0); /* of no type */
    assert_true(untouched());
    assert_int_equal(read_all(space.l1), 0); /* not live yet */
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, space.l1, 1));
    assert_int_equal(read_all(space.l1), 1);
    assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, space.l1));
    assert_int_equal(read_all(space.l1),
                     0); /* not live any more; the last type is that of a table */
    assert_true(untouched());
    assert_int_equal(read_all(mfn(0)), 0);
    assert_int_equal(read_all(mfn(vmmu_engine.count)), 0);
    assert_int_equal(read_all(MFN_NONE), 0);
    assert_true(untouched());
}

static void flags_of_a_frame(void **state)
{
    const struct space space = guest_running_space(&guest);
    (void)state;

    assert_true(look(space.l4).allocated);
    assert_false(look(space.l4).maps_devices);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        GUEST_TEST(each_level_is_shown),
        GUEST_TEST(a_part_is_shown),
        GUEST_TEST(nothing_else_is_shown),
        GUEST_TEST(flags_of_a_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
