/* SPDX-License-Identifier: MIT */
/* Proves that entries are made and read back correctly, and that the library changes them by stores
 * while their table is not in use, by requests once it is pinned. */
#include "tests/unit/guest/fake.h"

#define VA 0x400000ull

static struct space space;
static struct page *page;
static entry_t *at;

static int start(void **state)
{
    fake_start(state);
    assert_int_equal(space_create(&space), 0);
    page = page_take_zeroed();
    at = space_entry_make(&space, VA);
    return !at;
}

static void test_make_and_read(void **state)
{
    entry_t entry = pte_make(page_pfn(page), PTE_PRESENT | PTE_NX | PTE_COPY);

    (void)state;
    assert_true(entry_present(entry));
    assert_int_equal(entry_pfn(entry).n, page_pfn(page).n);
    assert_int_equal(entry_mfn(entry).n, pfn_to_mfn(page_pfn(page)).n);
    assert_int_equal(entry_flags(entry), PTE_PRESENT | PTE_NX | PTE_COPY);
    assert_int_equal(pte_val(pte_make(pfn(FAKE_PAGES + 3), PTE_PRESENT | PTE_WRITABLE)), 0);
    assert_true(pfn_is_none(entry_pfn(ENTRY_NONE)));
    assert_true(pfn_is_none(entry_pfn((entry_t){5000000ull << PAGE_SHIFT | PTE_PRESENT})));
    assert_int_equal(entry_flags(pmd_make(at)), ENTRY_TABLE);
    assert_int_equal(entry_index(0xffff880000000000, 4), 272);
    assert_int_equal(entry_index(VA, 2), 2);
}

static void test_plain_then_request(void **state)
{
    u64 calls = fake.calls;

    (void)state;
    assert_int_equal(set_pte(at, pte_make(page_pfn(page), PTE_PRESENT)), 0);
    assert_int_equal(fake.calls, calls);
    assert_int_equal(space_pin(&space), 0);
    assert_true(fake_is_protected(at));
    calls = fake.calls;
    assert_int_equal(set_pte(at, pte_make(page_pfn(page), PTE_PRESENT | PTE_WRITABLE)), 0);
    assert_int_equal(fake.calls, calls + 1);
    assert_int_equal(fake.multicalls, 1); /* the pin was sent as one */
    assert_int_equal(entry_get(at).raw & PTE_WRITABLE, PTE_WRITABLE);
    assert_int_equal(entry_clear(at), 0);
    assert_int_equal(entry_get(at).raw, 0);
    assert_int_equal(space_unpin(&space), 0);
    calls = fake.calls;
    assert_int_equal(set_pte(at, pte_make(page_pfn(page), PTE_PRESENT)), 0);
    assert_int_equal(fake.calls, calls);
}

/* An upper entry of the user half is in both roots, pinned or not. */
static void test_both_roots(void **state)
{
    unsigned index = entry_index(VA, 4), empty = 9;
    entry_t old = entry_get(&space.root[index]);

    (void)state;
    assert_true(entry_present(old));
    assert_int_equal(space.user_root[index].raw, old.raw);
    assert_int_equal(space_pin(&space), 0);
    assert_int_equal(set_p4d(&space.root[empty], old), 0);
    assert_int_equal(space.root[empty].raw, old.raw);
    assert_int_equal(space.user_root[empty].raw, old.raw);
    assert_int_equal(entry_clear(&space.root[empty]), 0);
    assert_int_equal(space.user_root[empty].raw, 0);
    assert_true(entry_present(space.root[511]) == entry_present(kernel_space.root[511]));
    assert_int_equal(space.user_root[300].raw, 0);
}

static void test_flags_keep_what_the_processor_sets(void **state)
{
    u64 seen;

    (void)state;
    assert_int_equal(entry_set(at, pte_make(page_pfn(page), PTE_PRESENT | PTE_WRITABLE)), 0);
    assert_int_equal(space_pin(&space), 0);
    fake.set_before = PTE_ACCESSED | PTE_DIRTY;
    assert_int_equal(entry_change_flags(at, PTE_PRESENT | PTE_NX), 0);
    fake.set_before = 0;
    seen = entry_get(at).raw;
    assert_int_equal(seen & ~PTE_ADDRESS, PTE_PRESENT | PTE_NX | PTE_ACCESSED | PTE_DIRTY);
    assert_int_equal(entry_pfn((entry_t){seen}).n, page_pfn(page).n);
}

static void test_exchange(void **state)
{
    entry_t old;

    (void)state;
    assert_int_equal(entry_set(at, pte_make(page_pfn(page), PTE_PRESENT | PTE_WRITABLE)), 0);
    assert_int_equal(space_pin(&space), 0);
    fake.set_before = PTE_DIRTY;
    assert_int_equal(entry_exchange(at, ENTRY_NONE, &old), 0);
    assert_int_equal(old.raw & ~PTE_ADDRESS, PTE_PRESENT | PTE_WRITABLE | PTE_DIRTY);
    assert_int_equal(entry_get(at).raw, 0);
    fake.set_before = 0;
    assert_int_equal(entry_exchange(at, pte_make(page_pfn(page), PTE_PRESENT), &old), 0);
    assert_int_equal(old.raw, 0);
    assert_int_equal(entry_pfn(entry_get(at)).n, page_pfn(page).n);
}

/* When the new entry is refused the old one is restored, with its accessed and dirty bits. */
static void test_exchange_refused(void **state)
{
    u64 was = pte_make(page_pfn(page), PTE_PRESENT | PTE_WRITABLE | PTE_DIRTY).raw;
    entry_t old;

    (void)state;
    assert_int_equal(entry_set(at, (entry_t){was}), 0);
    assert_int_equal(space_pin(&space), 0);
    assert_int_equal(entry_exchange(at, entry_make(address_pfn(at), ENTRY_TABLE), &old),
                     -XEN_EINVAL);
    assert_int_equal(entry_get(at).raw, was);
    assert_int_equal(fake.refusals, 1);
}

static void test_refused(void **state)
{
    (void)state;
    assert_int_equal(space_pin(&space), 0);
    assert_int_equal(set_pte(at, pte_make(address_pfn(at), PTE_PRESENT | PTE_WRITABLE)),
                     -XEN_EINVAL);
    assert_int_equal(entry_get(at).raw, 0);
    assert_int_equal(fake.refusal.level, 1);
    assert_int_equal(fake.refusal.index, entry_index(VA, 1));
    assert_ptr_equal(fake.refusal.space, &space);
    assert_int_equal(fake.refusal.error, -XEN_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_make_and_read, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_plain_then_request, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_both_roots, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_flags_keep_what_the_processor_sets, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_exchange, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_exchange_refused, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_refused, start, fake_stop),
    };

    return fake_run(tests, ARRAY_LENGTH(tests));
}
