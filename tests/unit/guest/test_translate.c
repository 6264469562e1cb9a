/* SPDX-License-Identifier: MIT */
/* Proves that a translation is given only where p2m and M2P agree, and that growing the p2m works
 * or, without memory, changes nothing. */
#include "tests/unit/guest/fake.h"

static void test_builders_list(void **state)
{
    (void)state;
    for (u64 n = 0; n < FAKE_PAGES; n++) {
        assert_int_equal(mfn_to_pfn(pfn_to_mfn(pfn(n))).n, n);
        assert_int_equal(fake_m2p(pfn_to_mfn(pfn(n)).n), n);
    }
    assert_true(mfn_is_none(pfn_to_mfn(pfn(FAKE_PAGES))));
    assert_true(mfn_is_none(pfn_to_mfn(PFN_NONE)));
    assert_true(pfn_is_none(mfn_to_pfn(mfn(FAKE_FRAMES))));
    assert_true(pfn_is_none(mfn_to_pfn(MFN_NONE)));
}

/* The M2P is shared by all guests, and its entries for frames that are not ours may have any
 * value. */
static void test_cross_check(void **state)
{
    u64 frame = pfn_to_mfn(pfn(1000)).n, other = 0;

    (void)state;
    while (fake_m2p(other) != ~0ull) {
        other++;
    }
    assert_true(pfn_is_none(mfn_to_pfn(mfn(other))));
    fake_set_m2p(other, 1000);
    assert_true(pfn_is_none(mfn_to_pfn(mfn(other))));
    assert_int_equal(mfn_to_pfn(mfn(frame)).n, 1000);
    fake_set_m2p(frame, 1001);
    assert_true(pfn_is_none(mfn_to_pfn(mfn(frame))));
    fake_set_m2p(frame, ~0ull);
    assert_true(pfn_is_none(mfn_to_pfn(mfn(frame))));
}

static void test_set(void **state)
{
    const u64 far = 511ull << 18;

    (void)state;
    assert_int_equal(p2m_set(pfn(far + 5), 42), 0);
    assert_int_equal(pfn_to_mfn(pfn(far + 5)).n, 42);
    assert_true(mfn_is_none(pfn_to_mfn(pfn(far + 4))));
    assert_int_equal(p2m_set(pfn(far + 5), P2M_NONE), 0);
    assert_true(mfn_is_none(pfn_to_mfn(pfn(far + 5))));
    assert_int_equal(p2m_set(pfn(512ull << 18), 1), -XEN_EINVAL);
    assert_int_equal(p2m_set(PFN_NONE, 1), -XEN_EINVAL);
}

static void test_foreign(void **state)
{
    u64 own = pfn_to_mfn(pfn(7)).n;

    (void)state;
    assert_int_equal(p2m_set(pfn(FAKE_PAGES + 1), own | P2M_FOREIGN), 0);
    assert_true(pfn_is_foreign(pfn(FAKE_PAGES + 1)));
    assert_false(pfn_is_foreign(pfn(7)));
    assert_false(pfn_is_foreign(pfn(FAKE_PAGES + 2)));
    assert_int_equal(pfn_to_mfn(pfn(FAKE_PAGES + 1)).n, own);
    assert_int_equal(entry_make(pfn(FAKE_PAGES + 1), PTE_PRESENT).raw,
                     own << PAGE_SHIFT | PTE_PRESENT);
    /* The foreign entry does not change the frame's own pfn, which is still 7. */
    assert_int_equal(mfn_to_pfn(mfn(own)).n, 7);
    fake_set_m2p(own, FAKE_PAGES + 1);
    assert_true(pfn_is_none(mfn_to_pfn(mfn(own))));
}

static void test_identity(void **state)
{
    const u64 hole = 0x40000, whole = 512 * 3;
    u64 before = pages_free();

    (void)state;
    assert_int_equal(p2m_set_identity(pfn(hole), whole), 0);
    assert_int_equal(before - pages_free(), 1); /* one middle table; equal leaves are shared */
    assert_int_equal(pfn_to_mfn(pfn(hole)).n, hole);
    assert_int_equal(pfn_to_mfn(pfn(hole + whole - 1)).n, hole + whole - 1);
    assert_true(mfn_is_none(pfn_to_mfn(pfn(hole + whole))));
    assert_int_equal(mfn_to_pfn(mfn(hole + 5)).n, hole + 5);
    assert_true(p2m_get(pfn(hole)) & P2M_IDENTITY);

    /* One page of the hole gets a frame: only that page changes. */
    assert_int_equal(p2m_set(pfn(hole + 600), 3), 0);
    assert_int_equal(pfn_to_mfn(pfn(hole + 600)).n, 3);
    assert_int_equal(pfn_to_mfn(pfn(hole + 599)).n, hole + 599);
    assert_int_equal(pfn_to_mfn(pfn(hole + 601)).n, hole + 601);

    /* A range that begins and ends in the middle of a leaf. */
    assert_int_equal(p2m_set_identity(pfn(0x60000 - 3), 512 + 6), 0);
    assert_int_equal(pfn_to_mfn(pfn(0x60000 - 3)).n, 0x60000 - 3);
    assert_true(mfn_is_none(pfn_to_mfn(pfn(0x60000 - 4))));
    assert_int_equal(pfn_to_mfn(pfn(0x60000 + 514)).n, 0x60000 + 514);
    assert_true(mfn_is_none(pfn_to_mfn(pfn(0x60000 + 515))));
    assert_int_equal(p2m_set_identity(pfn(~0ull - 5), 100), -XEN_EINVAL);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (u64 left = 0; left < 2; left++) {
        fake_leave_pages(left);
        assert_int_equal(p2m_set(pfn(300ull << 18), 1), -XEN_ENOMEM);
        assert_true(mfn_is_none(pfn_to_mfn(pfn(300ull << 18))));
        fake_release_pages();
    }
    assert_int_equal(p2m_set(pfn(300ull << 18), 1), 0);
    assert_int_equal(pfn_to_mfn(pfn(300ull << 18)).n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_builders_list, fake_start, fake_stop),
        cmocka_unit_test_setup_teardown(test_cross_check, fake_start, fake_stop),
        cmocka_unit_test_setup_teardown(test_set, fake_start, fake_stop),
        cmocka_unit_test_setup_teardown(test_foreign, fake_start, fake_stop),
        cmocka_unit_test_setup_teardown(test_identity, fake_start, fake_stop),
        cmocka_unit_test_setup_teardown(test_no_memory, fake_start, fake_stop),
    };

    return fake_run(tests, ARRAY_LENGTH(tests));
}
