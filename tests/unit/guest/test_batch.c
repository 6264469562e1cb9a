/* SPDX-License-Identifier: MIT */
/* Proves which requests a batch merges, when it is sent, and how a refusal is reported. */
#include <string.h>

#include "tests/unit/guest/fake.h"

#define VA 0x400000ull

static struct space space;
static struct page *page;
static entry_t *at; /* the entries of one pinned level 1 table */

static int start(void **state)
{
    fake_start(state);
    if (space_create(&space)) {
        return 1;
    }
    page = page_take_zeroed();
    at = space_entry_make(&space, VA);
    if (!at || space_pin(&space)) {
        return 1;
    }
    fake.calls = fake.multicalls = fake.updates = 0;
    return 0;
}

static entry_t good(void)
{
    return pte_make(page_pfn(page), PTE_PRESENT);
}

static entry_t bad(void)
{
    return pte_make(address_pfn(at), PTE_PRESENT | PTE_WRITABLE);
}

static void test_merged(void **state)
{
    (void)state;
    batch_open();
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(set_pte(at + i, good()), 0);
    }
    assert_int_equal(fake.calls, 0);
    assert_int_equal(batch_close(), 0);
    assert_int_equal(fake.calls, 1);
    assert_int_equal(fake.multicalls, 0);
    assert_int_equal(fake.updates, 100);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(at[i].raw, good().raw);
    }
}

/* Requests of alternating kinds become calls of one multicall, in their order. */
static void test_kinds(void **state)
{
    u64 extended = fake.extended;

    (void)state;
    assert_int_equal(space_activate(&space), 0);
    fake.calls = fake.multicalls = fake.updates = 0;
    batch_open();
    set_pte(at, good());
    set_pte(at + 1, good());
    assert_int_equal(space_flush_page(&space, VA), 0);
    assert_int_equal(space_flush(&space), 0);
    set_pte(at + 2, good());
    assert_int_equal(batch_close(), 0);
    assert_int_equal(fake.calls, 1);
    assert_int_equal(fake.multicalls, 1);
    assert_int_equal(fake.updates, 3);
    assert_int_equal(fake.extended - extended, 4); /* two of them for the roots */
}

static void test_alone(void **state)
{
    (void)state;
    batch_open();
    set_pte(at, good());
    assert_int_equal(batch_close(), 0);
    assert_int_equal(fake.calls, 1);
    assert_int_equal(fake.multicalls, 0);
    batch_open();
    assert_int_equal(batch_close(), 0);
    assert_int_equal(fake.calls, 1);
}

static void test_full(void **state)
{
    (void)state;
    batch_open();
    for (unsigned i = 0; i < 512; i++) {
        assert_int_equal(set_pte(at + i, good()), 0);
    }
    assert_true(fake.updates >= 256);
    assert_int_equal(batch_close(), 0);
    assert_int_equal(fake.updates, 512);
    assert_true(fake.calls <= 3);

    /* Flushes and updates by turns fill the batch with calls. */
    assert_int_equal(space_activate(&space), 0);
    fake.calls = fake.multicalls = fake.updates = fake.flushes = 0;
    batch_open();
    for (unsigned i = 0; i < 50; i++) {
        set_pte(at + i, ENTRY_NONE);
        space_flush_page(&space, VA);
    }
    assert_int_equal(batch_close(), 0);
    assert_int_equal(fake.updates, 50);
    assert_int_equal(fake.flushes, 50);
    assert_true(fake.calls <= 5);
}

static void test_read_back(void **state)
{
    (void)state;
    batch_open();
    set_pte(at, good());
    set_pte(at + 1, good());
    assert_int_equal(entry_get(at + 2).raw, 0); /* this entry has no queued request */
    assert_int_equal(fake.updates, 0);
    assert_int_equal(entry_get(at).raw, good().raw);
    assert_int_equal(fake.updates, 2);
    assert_int_equal(batch_close(), 0);
    assert_int_equal(fake.calls, 1);
}

static void test_nested(void **state)
{
    (void)state;
    batch_open();
    set_pte(at, good());
    batch_open();
    set_pte(at + 1, good());
    assert_int_equal(batch_close(), 0);
    assert_int_equal(fake.updates, 0);
    assert_int_equal(batch_flush(), 0);
    assert_int_equal(fake.updates, 2);
    set_pte(at + 2, good());
    assert_int_equal(batch_close(), 0);
    assert_int_equal(fake.updates, 3);
    set_pte(at + 3, good());
    assert_int_equal(fake.updates, 4);
}

/* A refusal in the middle of a merged call is reported with its entry, and the other requests are
 * made. */
static void test_refused(void **state)
{
    char text[200];

    (void)state;
    batch_open();
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(set_pte(at + i, i == 4 ? bad() : good()), 0);
    }
    assert_int_equal(batch_close(), -XEN_EINVAL);
    assert_int_equal(fake.refusals, 1);
    assert_string_equal(fake.refusal.request, "mmu_update");
    assert_int_equal(fake.refusal.value, bad().raw);
    assert_int_equal(fake.refusal.level, 1);
    assert_int_equal(fake.refusal.index, 4);
    assert_ptr_equal(fake.refusal.space, &space);
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(at[i].raw, i == 4 ? 0 : good().raw);
    }
    refusal_print(text, sizeof text, &fake.refusal);
    assert_non_null(strstr(text, "mmu_update"));
    assert_non_null(strstr(text, "entry 4 of a level 1 table of space 1"));
    assert_int_equal(batch_counts().refused, fake.refusals);
}

/* Several refusals, also of first and last requests, in several calls. */
static void test_refused_often(void **state)
{
    (void)state;
    assert_int_equal(space_activate(&space), 0);
    batch_open();
    set_pte(at, bad());
    set_pte(at + 1, good());
    space_flush(&space);
    set_pte(at + 2, good());
    set_pte(at + 3, bad());
    set_pte(at + 4, bad());
    assert_int_equal(batch_close(), -XEN_EINVAL);
    assert_int_equal(fake.refusals, 3);
    assert_int_equal(fake.refusal.index, 4);
    assert_int_equal(at[1].raw, good().raw);
    assert_int_equal(at[2].raw, good().raw);
    assert_int_equal(at[0].raw | at[3].raw | at[4].raw, 0);
    assert_int_equal(set_pte(at, good()), 0); /* the error is not returned a second time */
}

/* An error in a part that was sent early, because the batch was full, is still the batch's
 * error. */
static void test_refused_early(void **state)
{
    (void)state;
    batch_open();
    set_pte(at, bad());
    for (unsigned i = 1; i < 400; i++) {
        assert_int_equal(set_pte(at + i, good()), 0);
    }
    assert_int_equal(fake.refusals, 1);
    assert_int_equal(batch_close(), -XEN_EINVAL);
    assert_int_equal(at[399].raw, good().raw);
}

/* A request that needs its own result gets it also inside a batch, and leaves the batch's error as
 * it was. */
static void test_own_answer(void **state)
{
    entry_t old;

    (void)state;
    batch_open();
    set_pte(at, bad());
    assert_int_equal(entry_exchange(at + 1, good(), &old), 0);
    assert_int_equal(entry_exchange(at + 1, bad(), &old), -XEN_EINVAL);
    assert_non_null(space_entry_make(&space, VA + (1ull << 30)));
    assert_int_equal(batch_close(), -XEN_EINVAL);
    assert_int_equal(at[1].raw, good().raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_merged, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_kinds, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_alone, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_full, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_read_back, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_nested, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_refused, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_refused_often, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_refused_early, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_own_answer, start, fake_stop),
    };

    return fake_run(tests, ARRAY_LENGTH(tests));
}
