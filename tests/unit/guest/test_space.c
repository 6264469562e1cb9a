/* SPDX-License-Identifier: MIT */
/* Proves that address spaces are built with stores and pinned before use, that every mapping of
 * their tables is read-only while they are tables, and that a destroyed space leaves nothing
 * behind. */
#include "tests/unit/guest/fake.h"

#define VA    0x400000ull
#define FAR   (VA + (3ull << 39)) /* needs a new table of every level */
#define FLAGS (PTE_PRESENT | PTE_USER | PTE_ACCESSED)

static struct space space, other;
static u64 before;

static int start(void **state)
{
    fake_start(state);
    before = pages_free();
    return space_create(&space);
}

static struct page *map_one(struct space *to, u64 va, u64 flags)
{
    struct page *page = page_take_zeroed();

    assert_non_null(page);
    assert_int_equal(space_map(to, va, page, flags), 0);
    return page;
}

static u64 entry_at(const struct space *of, u64 va)
{
    entry_t *at = space_entry(of, va, 1);

    return at ? entry_get(at).raw : 0;
}

/* Asserts that every table of a pinned space is read-only in the direct map and recorded as pinned;
 * with `pinned` false, that it is writable and not recorded. */
static void check_tables(const struct space *of, bool pinned)
{
    u64 count = 0;

    for (const struct page *page = of->tables; page; page = page->next, count++) {
        assert_int_equal(page->pinned, pinned);
        assert_ptr_equal(page->space, of);
        assert_int_equal(!(fake_direct_entry(page)->raw & PTE_WRITABLE), pinned);
        assert_int_equal(fake_is_protected(page_address(page)), pinned);
    }
    assert_int_equal(count, of->table_count);
}

static void test_life(void **state)
{
    u64 updates;

    (void)state;
    map_one(&space, VA, FLAGS | PTE_WRITABLE);
    updates = fake.updates;
    map_one(&space, FAR, FLAGS);
    assert_int_equal(fake.updates, updates);
    check_tables(&space, false);
    assert_int_equal(space_activate(&space), 0);
    check_tables(&space, true);
    assert_int_equal(fake.pins, 2);
    assert_int_equal(fake_kernel_root(), pfn_to_mfn(address_pfn(space.root)).n);
    assert_int_equal(fake_user_root(), pfn_to_mfn(address_pfn(space.user_root)).n);
    assert_int_equal(space_unpin(&space), -XEN_EBUSY);
    assert_int_equal(space_activate(&kernel_space), 0);
    assert_int_equal(fake_user_root(), 0);
    assert_int_equal(space_unpin(&space), 0);
    check_tables(&space, false);
    assert_int_equal(space_activate(&space), 0);
    assert_int_equal(space_destroy(&space), 0); /* the CPU leaves the active space first */
    assert_int_equal(fake_kernel_root(), pfn_to_mfn(address_pfn(kernel_space.root)).n);
    assert_int_equal(fake.pins, 0);
    assert_int_equal(pages_free(), before);
    assert_int_equal(fake.refusals, 0);
}

static void test_tables_that_come_late(void **state)
{
    (void)state;
    assert_int_equal(space_activate(&space), 0);
    map_one(&space, VA, FLAGS | PTE_WRITABLE);
    check_tables(&space, true);
    map_one(&space, FAR, FLAGS);
    check_tables(&space, true);
    assert_int_equal(space.table_count, 2 + 3 + 3);
    assert_int_equal(space.root[entry_index(FAR, 4)].raw, space.user_root[entry_index(FAR, 4)].raw);
    assert_int_equal(space_destroy(&space), 0);
    assert_int_equal(pages_free(), before);
}

static void test_map(void **state)
{
    struct page *page = map_one(&space, VA, FLAGS), *second = page_take();

    (void)state;
    assert_int_equal(entry_at(&space, VA), entry_make(page_pfn(page), FLAGS).raw);
    assert_int_equal(space_map(&space, VA, second, FLAGS), -XEN_EEXIST);
    assert_int_equal(space_map(&space, USER_END, second, FLAGS), -XEN_ENOMEM);
    page_release(second);
    assert_int_equal(space_unmap(&space, VA + 1, PAGE_SIZE), -XEN_EINVAL);
    assert_int_equal(space_unmap(&space, VA, USER_END), -XEN_EINVAL);
    assert_int_equal(space_unmap(&space, 0, USER_END), 0);
    assert_int_equal(entry_at(&space, VA), 0);
    assert_int_equal(space_destroy(&space), 0);
    assert_int_equal(pages_free(), before);
}

/* Unmaps a range across several tables and holes, with more pages than one batch has room for. */
static void test_unmap_many(void **state)
{
    u64 free_then, last = VA + 700 * PAGE_SIZE;

    (void)state;
    assert_int_equal(space_activate(&space), 0);
    map_one(&space, last, FLAGS);
    for (u64 i = 0; i < 600; i++) {
        if (i % 7) {
            map_one(&space, VA + i * PAGE_SIZE, FLAGS | PTE_WRITABLE);
        }
    }
    free_then = pages_free();
    assert_int_equal(space_unmap(&space, VA, 600 * PAGE_SIZE), 0);
    assert_int_equal(pages_free() - free_then, 600 - 86);
    for (u64 i = 0; i < 600; i++) {
        assert_int_equal(entry_at(&space, VA + i * PAGE_SIZE), 0);
    }
    assert_int_not_equal(entry_at(&space, last), 0);
    assert_true(fake.flushes >= 8);
    assert_int_equal(space_destroy(&space), 0);
    assert_int_equal(pages_free(), before);
}

static void test_protect(void **state)
{
    u64 calls, flushes;

    (void)state;
    assert_int_equal(space_activate(&space), 0);
    for (u64 i = 0; i < 100; i++) {
        map_one(&space, VA + i * PAGE_SIZE, FLAGS | PTE_WRITABLE | PTE_DIRTY);
    }
    calls = fake.calls;
    flushes = fake.flushes;
    assert_int_equal(space_protect(&space, VA, 100 * PAGE_SIZE, PTE_PRESENT | PTE_USER | PTE_NX),
                     0);
    assert_int_equal(fake.calls, calls + 1); /* one call for all changes and the flush */
    assert_int_equal(fake.flushes, flushes + 1);
    for (u64 i = 0; i < 100; i++) {
        assert_int_equal(entry_at(&space, VA + i * PAGE_SIZE) & ~PTE_ADDRESS,
                         PTE_PRESENT | PTE_USER | PTE_NX | PTE_ACCESSED | PTE_DIRTY);
    }
}

static void test_duplicate(void **state)
{
    struct page *written = map_one(&space, VA, FLAGS | PTE_WRITABLE);
    struct page *read = map_one(&space, VA + PAGE_SIZE, FLAGS);
    struct page *shared = map_one(&space, FAR, FLAGS | PTE_WRITABLE | PTE_SHARED), *copy;
    u64 flushes;

    (void)state;
    *(u64 *)page_address(written) = 77;
    assert_int_equal(space_activate(&space), 0);
    flushes = fake.flushes;
    assert_int_equal(space_duplicate(&other, &space), 0);
    /* CPUs may have writable translations of the parent space. */
    assert_int_equal(fake.flushes, flushes + 1);
    check_tables(&other, false);
    check_tables(&space, true);
    assert_int_equal(written->uses, 2);
    for (u64 i = 0; i < 2; i++) {
        assert_int_equal(entry_at(&space, VA + i * PAGE_SIZE) & (PTE_WRITABLE | PTE_COPY),
                         PTE_COPY);
        assert_int_equal(entry_at(&other, VA + i * PAGE_SIZE) & (PTE_WRITABLE | PTE_COPY),
                         PTE_COPY);
    }
    assert_int_equal(entry_at(&other, FAR), entry_at(&space, FAR));
    assert_true(entry_at(&other, FAR) & PTE_WRITABLE);

    assert_int_equal(space_activate(&other), 0);
    assert_int_equal(space_unshare(&other, VA + 123), 0);
    copy = page_of(entry_pfn((entry_t){entry_at(&other, VA)}));
    assert_ptr_not_equal(copy, written);
    assert_int_equal(*(u64 *)page_address(copy), 77);
    assert_int_equal(written->uses, 1);
    assert_int_equal(entry_at(&other, VA) & (PTE_WRITABLE | PTE_COPY), PTE_WRITABLE);
    assert_int_equal(space_unshare(&space, VA), 0); /* the last owner gets no copy */
    assert_int_equal(entry_at(&space, VA),
                     entry_make(page_pfn(written), FLAGS | PTE_WRITABLE | PTE_DIRTY).raw);
    assert_int_equal(space_unshare(&space, VA), 0); /* the page is not shared any more */
    assert_int_equal(space_unshare(&space, VA + 2 * PAGE_SIZE), -XEN_EFAULT);
    assert_int_equal(space_unshare(&space, USER_END), -XEN_EFAULT);

    /* The right to write, given to a page while it is shared, does not apply to the page that
     * others use. */
    assert_int_equal(space_protect(&other, VA + PAGE_SIZE, PAGE_SIZE, FLAGS | PTE_WRITABLE), 0);
    assert_int_equal(entry_at(&other, VA + PAGE_SIZE) & (PTE_WRITABLE | PTE_COPY), PTE_COPY);
    assert_int_equal(space_unshare(&other, VA + PAGE_SIZE), 0);
    assert_int_equal(read->uses, 1);

    assert_int_equal(shared->uses, 2);
    assert_int_equal(space_destroy(&space), 0);
    assert_int_equal(space_destroy(&other), 0);
    assert_int_equal(pages_free(), before);
    assert_int_equal(fake.refusals, 0);
}

/* The kernel half belongs to all spaces: a new slot of the kernel's root is in every space's root,
 * pinned or not. */
static void test_kernel_half(void **state)
{
    unsigned slot = entry_index(KERNEL_MAP_START, 4);
    struct page *page = page_take_zeroed(), *second = page_take_zeroed();

    (void)state;
    assert_int_equal(space_create(&other), 0);
    assert_int_equal(space_activate(&space), 0);
    assert_false(entry_present(space.root[slot]));
    assert_int_equal(kernel_map(KERNEL_MAP_START, page, ENTRY_TABLE), 0);
    assert_true(entry_present(space.root[slot]));
    assert_int_equal(space.root[slot].raw, kernel_space.root[slot].raw);
    assert_int_equal(other.root[slot].raw, kernel_space.root[slot].raw);
    assert_int_equal(space.user_root[slot].raw, 0);
    assert_int_equal(entry_at(&space, KERNEL_MAP_START),
                     entry_make(page_pfn(page), ENTRY_TABLE).raw);
    assert_int_equal(kernel_map(KERNEL_MAP_START + PAGE_SIZE, second, ENTRY_TABLE), 0);
    assert_int_equal(entry_at(&other, KERNEL_MAP_START + PAGE_SIZE),
                     entry_make(page_pfn(second), ENTRY_TABLE).raw);
    assert_int_equal(kernel_map(KERNEL_MAP_START, second, ENTRY_TABLE), -XEN_EEXIST);
    assert_int_equal(kernel_unmap(KERNEL_MAP_START), 0);
    assert_int_equal(kernel_unmap(KERNEL_MAP_START), -XEN_EINVAL);
    assert_int_equal(entry_at(&space, KERNEL_MAP_START), 0);
    assert_int_equal(space_activate(&other), 0);
    assert_int_equal(fake.refusals, 0);
}

/* When a page becomes a table, all its kernel mappings become read-only, for as long as it is
 * one. */
static void test_aliases(void **state)
{
    const u64 again = KERNEL_MAP_START + (1ull << 30);
    u64 va = KERNEL_MAP_START;

    (void)state;
    assert_int_equal(kernel_map(again, space.tables, ENTRY_TABLE), 0);
    for (struct page *page = space.tables; page; page = page->next, va += PAGE_SIZE) {
        assert_int_equal(kernel_map(va, page, ENTRY_TABLE), 0);
    }
    assert_true(entry_at(&kernel_space, KERNEL_MAP_START) & PTE_WRITABLE);
    assert_int_equal(space_pin(&space), 0);
    for (va -= PAGE_SIZE; va >= KERNEL_MAP_START; va -= PAGE_SIZE) {
        assert_int_equal(entry_at(&kernel_space, va) & PTE_WRITABLE, 0);
    }
    assert_int_equal(entry_at(&kernel_space, again) & PTE_WRITABLE, 0);
    assert_int_equal(kernel_unmap(KERNEL_MAP_START), 0);
    assert_int_equal(kernel_map(KERNEL_MAP_START, space.tables, ENTRY_TABLE), 0);
    assert_int_equal(entry_at(&kernel_space, KERNEL_MAP_START) & PTE_WRITABLE, 0);
    assert_int_equal(space_unpin(&space), 0);
    assert_true(entry_at(&kernel_space, KERNEL_MAP_START) & PTE_WRITABLE);
    assert_true(entry_at(&kernel_space, KERNEL_MAP_START + PAGE_SIZE) & PTE_WRITABLE);
    assert_int_equal(fake.refusals, 0);
}

static void test_suspend(void **state)
{
    (void)state;
    assert_int_equal(space_create(&other), 0);
    map_one(&other, VA, FLAGS);
    assert_int_equal(space_activate(&space), 0);
    assert_int_equal(space_pin_all(), 0);
    check_tables(&space, true);
    check_tables(&other, true);
    assert_int_equal(fake.pins, 4);
    assert_int_equal(space_unpin_all(), 0);
    check_tables(&space, true);
    check_tables(&other, false);
    assert_int_equal(fake.pins, 2);
}

/* When the hypervisor refuses the pin, the refusal is reported, and the space is as before. */
static void test_pin_refused(void **state)
{
    (void)state;
    map_one(&space, VA, FLAGS | PTE_WRITABLE);
    for (u64 n = 0; n < space.table_count + 2; n++) {
        fake.refusals = 0;
        fake.refuse_after = n;
        assert_int_equal(space_activate(&space), -XEN_EINVAL);
        assert_true(fake.refusals >= 1);
        assert_false(space.pinned);
        check_tables(&space, false);
        assert_int_equal(fake_kernel_root(), pfn_to_mfn(address_pfn(kernel_space.root)).n);
    }
    assert_ptr_equal(fake.refusal.space, &space);
    assert_int_equal(fake.refusal.level, 4);
    assert_string_equal(fake.refusal.request, "pin of level 4");
    assert_int_equal(space_activate(&space), 0);
    assert_int_equal(space_destroy(&space), 0);
    assert_int_equal(pages_free(), before);
}

/* A user entry maps one of the tables writable: the space cannot be pinned until that entry is
 * cleared. */
static void test_pin_with_a_writable_table(void **state)
{
    entry_t *at = space_entry_make(&space, VA);

    (void)state;
    assert_int_equal(entry_set(at, entry_make(address_pfn(at), FLAGS | PTE_WRITABLE)), 0);
    assert_int_equal(space_pin(&space), -XEN_EINVAL);
    check_tables(&space, false);
    assert_int_equal(entry_clear(at), 0);
    assert_int_equal(space_pin(&space), 0);
}

/* Memory runs out at every possible place: the result is an error, and nothing has changed. */
static void test_no_memory(void **state)
{
    struct page *page = page_take_zeroed();
    u64 left, free_then;
    int result;

    (void)state;
    for (unsigned pinned = 0; pinned < 2; pinned++) {
        u64 va = FAR + ((u64)pinned << 40);

        if (pinned) {
            assert_int_equal(space_activate(&space), 0);
        }
        for (left = 0, result = -1; result; left++) {
            fake_leave_pages(left);
            free_then = pages_free();
            result = space_map(&space, va, page, FLAGS);
            if (result) {
                assert_int_equal(result, -XEN_ENOMEM);
                assert_int_equal(pages_free(), free_then);
                assert_null(space_entry(&space, va, 3));
                check_tables(&space, pinned);
            }
            fake_release_pages();
        }
        assert_int_equal(left, 4);
        page_hold(page);
    }
    page_release(page);
    for (left = 0, result = -1; result; left++) {
        fake_leave_pages(left);
        free_then = pages_free();
        result = space_duplicate(&other, &space);
        if (result) {
            assert_int_equal(result, -XEN_ENOMEM);
            assert_int_equal(pages_free(), free_then);
            assert_int_equal(page->uses, 2);
        }
        fake_release_pages();
    }
    assert_int_equal(left, space.table_count + 1);
    fake_leave_pages(0);
    assert_int_equal(space_activate(&other), 0);
    assert_int_equal(space_unshare(&other, FAR), -XEN_ENOMEM);
    assert_int_equal(space_create(&(struct space){0}), -XEN_ENOMEM);
    assert_int_equal(kernel_map(KERNEL_MAP_START, page, ENTRY_TABLE), -XEN_ENOMEM);
    fake_release_pages();
    assert_int_equal(space_destroy(&other), 0);
    assert_int_equal(space_destroy(&space), 0);
    assert_int_equal(pages_free(), before);
}

static void test_user_memory(void **state)
{
    char text[6000], back[6000];

    (void)state;
    for (unsigned i = 0; i < sizeof text; i++) {
        text[i] = (char)(i * 7);
    }
    for (u64 i = 0; i < 3; i++) {
        map_one(&space, VA + i * PAGE_SIZE, FLAGS | (i < 2 ? PTE_WRITABLE : 0));
    }
    assert_int_equal(space_write(&space, VA + 100, text, sizeof text), 0);
    assert_int_equal(space_read(&space, VA + 100, back, sizeof back), 0);
    assert_memory_equal(text, back, sizeof text);
    assert_int_equal(space_write(&space, VA + PAGE_SIZE, text, sizeof text), -XEN_EFAULT);
    assert_int_equal(space_read(&space, VA + 2 * PAGE_SIZE, back, sizeof back), -XEN_EFAULT);
    assert_int_equal(space_read(&space, USER_END, back, 1), -XEN_EFAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_tables_that_come_late, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_map, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_unmap_many, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_protect, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_duplicate, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_kernel_half, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_aliases, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_suspend, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_pin_refused, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_pin_with_a_writable_table, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_no_memory, start, fake_stop),
        cmocka_unit_test_setup_teardown(test_user_memory, start, fake_stop),
    };

    return fake_run(tests, ARRAY_LENGTH(tests));
}
