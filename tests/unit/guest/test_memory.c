/* SPDX-License-Identifier: MIT */
/* Proves that p2m, M2P and direct map follow frames that the guest gets and gives back, and that a
 * refusal changes nothing. */
#include "tests/unit/guest/fake.h"

static void check_page(const struct page *page, bool there)
{
    u64 frame = pfn_to_mfn(page_pfn(page)).n;

    assert_int_equal(frame != MFN_NONE.n, there);
    assert_int_equal(fake_direct_entry(page)->raw, there ? frame << PAGE_SHIFT | DIRECT_FLAGS : 0);
    if (there) {
        assert_int_equal(mfn_to_pfn(mfn(frame)).n, page_pfn(page).n);
    }
}

static void test_balloon(void **state)
{
    struct page *pages[5], *page;
    u64 before = pages_free();

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        pages[i] = page_take();
    }
    assert_int_equal(memory_balloon_out(pages, 5), 5);
    for (unsigned i = 0; i < 5; i++) {
        check_page(pages[i], false);
        assert_true(pages[i]->empty);
        assert_int_equal(pte_make(page_pfn(pages[i]), PTE_PRESENT).raw, 0);
    }
    for (unsigned i = 0; i < 5; i++) {
        page = memory_take_empty();
        assert_ptr_equal(page, pages[4 - i]);
        assert_int_equal(memory_balloon_in(page), 0);
        check_page(page, true);
        page_release(page);
    }
    assert_int_equal(pages_free(), before);
}

/* When the guest gets more memory than at its start, the p2m and the direct map grow. */
static void test_grow(void **state)
{
    u64 before = pages_free();

    (void)state;
    for (unsigned i = 0; i < 600; i++) {
        struct page *page = memory_take_empty();

        assert_non_null(page);
        assert_int_equal(page_pfn(page).n, FAKE_PAGES + i);
        assert_int_equal(memory_balloon_in(page), 0);
        check_page(page, true);
        page_release(page);
    }
    assert_true(pages_free() > before + 590);
}

static void test_refused(void **state)
{
    struct page *page = page_take(), *empty = memory_take_empty();

    (void)state;
    assert_int_equal(memory_balloon_in(page), -XEN_EINVAL);
    for (u64 n = 0; n < 2; n++) {
        fake.refuse_after = n;
        assert_true(memory_balloon_out(&page, 1) < 0);
        fake.refuse_after = ~0ull;
        check_page(page, true);
    }
    assert_int_equal(memory_balloon_in(empty), 0);
    assert_int_equal(memory_balloon_out(&empty, 1), 1);
    assert_ptr_equal(memory_take_empty(), empty);
    for (u64 n = 0; n < 2; n++) {
        fake.refuse_after = n;
        assert_true(memory_balloon_in(empty) < 0);
        fake.refuse_after = ~0ull;
        check_page(empty, false);
        assert_true(empty->empty);
    }
    page_hold(page); /* a second use of the page */
    assert_int_equal(memory_balloon_out(&page, 1), -XEN_EINVAL);
    check_page(page, true);
}

static void test_contiguous(void **state)
{
    struct page *first = page_take_range(8);
    u64 frame;

    (void)state;
    assert_non_null(first);
    assert_int_equal(memory_make_contiguous(first, 3, 32), 0);
    frame = pfn_to_mfn(page_pfn(first)).n;
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(pfn_to_mfn(page_pfn(first + i)).n, frame + i);
        check_page(first + i, true);
    }
    for (u64 n = 0; n < 9; n++) {
        fake.refuse_after = n;
        assert_true(memory_make_contiguous(first, 3, 32) < 0);
        fake.refuse_after = ~0ull;
        for (unsigned i = 0; i < 8; i++) {
            assert_int_equal(pfn_to_mfn(page_pfn(first + i)).n, frame + i);
            check_page(first + i, true);
        }
    }
    assert_int_equal(memory_make_contiguous(first, 10, 32), -XEN_EINVAL);
    page_hold(first + 3);
    assert_int_equal(memory_make_contiguous(first, 3, 32), -XEN_EINVAL);
}

static void test_ranges(void **state)
{
    u64 before = pages_free();
    struct page *a = page_take_range(100), *b = page_take();

    (void)state;
    assert_non_null(a);
    assert_false(b >= a && b < a + 100);
    assert_int_equal(pages_free(), before - 101);
    assert_null(page_take_range(FAKE_PAGES));
    assert_null(page_take_range(0));
    for (unsigned i = 0; i < 100; i++) {
        page_release(a + i);
    }
    page_release(b);
    assert_int_equal(pages_free(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_balloon, fake_start, fake_stop),
        cmocka_unit_test_setup_teardown(test_grow, fake_start, fake_stop),
        cmocka_unit_test_setup_teardown(test_refused, fake_start, fake_stop),
        cmocka_unit_test_setup_teardown(test_contiguous, fake_start, fake_stop),
        cmocka_unit_test_setup_teardown(test_ranges, fake_start, fake_stop),
    };

    return fake_run(tests, ARRAY_LENGTH(tests));
}
