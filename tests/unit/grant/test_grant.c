/* SPDX-License-Identifier: MIT */
/* Proves that grant handles and uses of grants are exact while several threads work on them and the
 * granter rewrites its table: XSA-218, 228, 230, 236, 500. A handle belongs to one user and is
 * dropped once; a grant's frame stays the same while anyone uses the grant; the bits by which the
 * granter sees a use are cleared with the last use. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/frames.h"
#include "vmmu/port.h"

#define THREADS 4u
#define ROUNDS  20000u
#define REF     5u

static struct domain *granter, *mapper;
static _Atomic u32 shared_pages;
static bool mapped; /* the pages of the table */
static _Atomic bool over;

void *page_alloc(u32 order)
{
    return memset(aligned_alloc(PAGE_SIZE, PAGE_SIZE << order), 0, PAGE_SIZE << order);
}

void page_free(void *page, u32 order)
{
    (void)order;
    free(page);
}

void page_mark(void *page, u32 order, u16 owner)
{
    (void)page, (void)order, (void)owner;
}

/* The parts of the engine and of the domain table that grants call. */
void vmmu_share(struct vmmu_domain *domain, mfn_t m, bool writable)
{
    (void)domain, (void)m, (void)writable;
    shared_pages++;
}

void vmmu_unshare(mfn_t m)
{
    (void)m;
    shared_pages--;
}

bool port_should_stop(void)
{
    return false;
}

void vmmu_unhold(mfn_t m)
{
    (void)m;
}

/* A page of the table has more references than one while the test says that it is mapped. */
void vmmu_frame_inspect(mfn_t m, struct vmmu_frame_info *info)
{
    (void)m;
    *info = (struct vmmu_frame_info){.references = mapped ? 2 : 1};
}

struct domain *domain_by_id(u16 id)
{
    return id == 1 ? granter : id == 2 ? mapper : NULL;
}

static struct domain *domain_new(u16 id)
{
    struct domain *domain = calloc(1, sizeof *domain);

    domain->id = id;
    grants_start(domain);
    return domain;
}

/* Starts with a grant table of one page. */
static int start(void **state)
{
    (void)state;
    granter = domain_new(1);
    mapper = domain_new(2);
    shared_pages = 0;
    over = false;
    assert_int_equal(grant_grow(granter, 1), GNTST_okay);
    return 0;
}

static int stop(void **state)
{
    struct grants *g = &mapper->grants;

    (void)state;
    /* When the table's pages are unshared, the engine frees them; in this test the test does. */
    for (u32 i = 0; i < granter->grants.frames; i++) {
        free(granter->grants.shared[i]);
    }
    assert_true(grants_stop(mapper));
    assert_true(grants_stop(granter));
    assert_int_equal(shared_pages, 0);
    assert_int_equal(g->handle_pages, 0);
    free(granter);
    free(mapper);
    return 0;
}

static struct grant_entry_v1 *table(void)
{
    return granter->grants.shared[0];
}

static void give(u32 ref, u32 frame, u16 flags)
{
    volatile struct grant_entry_v1 *entry = &table()[ref];

    entry->domid = 2;
    entry->frame = frame;
    entry->flags = (u16)(GTF_permit_access | flags);
}

static u16 marks(u32 ref)
{
    return ((volatile struct grant_entry_v1 *)table())[ref].flags & (GTF_reading | GTF_writing);
}

static void run_threads(void *(*body)(void *))
{
    pthread_t thread[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, body, (void *)i), 0);
    }
    for (u32 i = 0; i < THREADS; i++) {
        void *failed;

        pthread_join(thread[i], &failed);
        assert_null(failed);
    }
}

/* ---- handles ------------------------------------------------------------------------------- */

static struct grant_handle fresh(u32 ref)
{
    return (struct grant_handle){.frame = ref * 3ull, .ref = ref, .granter = 1};
}

static void *take_and_drop(void *number)
{
    u32 held[64], ref[64];

    for (u32 round = 0; round < ROUNDS / 64; round++) {
        for (u32 i = 0; i < 64; i++) {
            struct grant_handle handle = fresh((u32)(uintptr_t)number << 24 | round << 8 | i);

            ref[i] = handle.ref;
            held[i] = handle_take(mapper, &handle);
            if (held[i] == HANDLE_NONE) {
                return "no handle";
            }
        }
        for (u32 i = 0; i < 64; i++) {
            struct grant_handle seen;

            if (!handle_get(mapper, held[i], &seen) || seen.ref != ref[i] ||
                seen.frame != ref[i] * 3ull) {
                return "somebody else's handle";
            }
            if (!handle_drop(mapper, held[i])) {
                return "dropped by somebody else";
            }
        }
    }
    return NULL;
}

static void handles_are_had_by_one(void **state)
{
    (void)state;
    run_threads(take_and_drop); /* XSA-228 */
    assert_int_equal(mapper->grants.mappings, 0);
    assert_true(mapper->grants.handle_pages <= THREADS * 64 / HANDLES_A_PAGE + 1);
}

static u32 contended[64];
static _Atomic u32 drops;

static void *drop_all(void *number)
{
    (void)number;
    for (u32 i = 0; i < 64; i++) {
        drops += handle_drop(mapper, contended[i]);
    }
    return NULL;
}

static void handles_are_dropped_once(void **state)
{
    (void)state;
    for (u32 round = 0; round < 100; round++) {
        struct grant_handle handle = fresh(round);

        for (u32 i = 0; i < 64; i++) {
            contended[i] = handle_take(mapper, &handle);
        }
        drops = 0;
        run_threads(drop_all); /* XSA-218 */
        assert_int_equal(drops, 64);
        assert_int_equal(mapper->grants.mappings, 0);
        /* The list of free handles has no cycle: as many can be taken as before. */
    }
    assert_int_equal(mapper->grants.handle_pages, 1);
}

static void handles_end(void **state)
{
    struct grant_handle handle = fresh(1), seen;
    u32 count = 0, last = 0, number;

    (void)state;
    assert_false(handle_get(mapper, 0, &seen));
    while ((number = handle_take(mapper, &handle)) != HANDLE_NONE) {
        last = number;
        count++;
    }
    assert_int_equal(count, HANDLE_PAGES_MAX * HANDLES_A_PAGE);
    assert_false(handle_get(mapper, count, &seen));
    assert_false(handle_get(mapper, ~0u, &seen));
    assert_true(handle_drop(mapper, last));
    assert_false(handle_get(mapper, last, &seen));
    assert_int_equal(handle_take(mapper, &handle), last);
    /* Ending these handles, which were never used, sets no bits in the granter's table. */
    for (u32 i = 0; i < count; i++) {
        handle_drop(mapper, i);
    }
}

/* ---- uses ---------------------------------------------------------------------------------- */

/* What the users of the grant agree on while there are any; guarded by the granter's lock. */
static struct {
    u32 users, writers;
    u64 frame;
} agreed;

static const char *begin(bool writable, bool *got)
{
    const char *wrong = NULL;
    struct grant_access access;

    lock_take(&granter->grants.lock);
    *got = grant_get(granter, mapper->id, REF, writable, GRANT_MAP, &access) == GNTST_okay;
    mfn_t frame = access.frame;
    if (*got) {
        if (agreed.users && agreed.frame != frame.n) {
            wrong = "the frame changed under its users";
        }
        agreed.frame = frame.n;
        agreed.users++;
        agreed.writers += writable;
        if (frame.n % 7 || !frame.n) {
            wrong = "a frame that nobody granted";
        }
    }
    lock_release(&granter->grants.lock);
    return wrong;
}

static void end(bool writable)
{
    lock_take(&granter->grants.lock);
    agreed.users--;
    agreed.writers -= writable;
    grant_put(granter, REF, writable);
    lock_release(&granter->grants.lock);
}

static void *use_it(void *number)
{
    if ((uintptr_t)number == 0) { /* thread 0 is the granter, which holds no lock */
        for (u32 i = 1; !over; i++) {
            volatile struct grant_entry_v1 *entry = &table()[REF];

            entry->frame = i % 1000 * 7 + 7;
            if (i % 64 == 0) {
                __atomic_fetch_xor(&table()[REF].flags, GTF_readonly, __ATOMIC_SEQ_CST);
            }
        }
        return NULL;
    }
    for (u32 round = 0; round < ROUNDS; round++) {
        bool writable = round & 1, got;
        const char *wrong = begin(writable, &got);

        if (got) {
            end(writable);
        }
        if (wrong) {
            over = true;
            return (void *)wrong;
        }
    }
    over = true;
    return NULL;
}

static void a_frame_is_fixed_while_it_is_used(void **state)
{
    (void)state;
    memset(&agreed, 0, sizeof agreed);
    give(REF, 7, 0);
    run_threads(use_it); /* XSA-500 */
    assert_int_equal(agreed.users, 0);
    assert_int_equal(marks(REF), 0);
    assert_int_equal(granter->grants.use[0][REF].readers, 0);
    assert_int_equal(granter->grants.use[0][REF].writers, 0);
}

static void marks_go_with_the_last_use(void **state)
{
    struct grant_access access;

    (void)state;
    give(REF, 7, 0);
    for (u32 writers = 0; writers < 3; writers++) {
        for (u32 readers = 0; readers < 3; readers++) {
            for (u32 i = 0; i < writers; i++) {
                assert_int_equal(grant_get(granter, mapper->id, REF, true, GRANT_MAP, &access),
                                 GNTST_okay);
            }
            for (u32 i = 0; i < readers; i++) {
                assert_int_equal(grant_get(granter, mapper->id, REF, false, GRANT_MAP, &access),
                                 GNTST_okay);
            }
            for (u32 i = writers; i > 0; i--) { /* XSA-230, 236 */
                assert_int_equal(marks(REF), GTF_reading | GTF_writing);
                grant_put(granter, REF, true);
            }
            assert_int_equal(marks(REF), readers ? GTF_reading : 0);
            for (u32 i = readers; i > 0; i--) {
                grant_put(granter, REF, false);
            }
            assert_int_equal(marks(REF), 0);
        }
    }
}

static void uses_are_counted_to_an_end(void **state)
{
    struct grant_use *use = &granter->grants.use[0][REF];
    struct grant_access access;

    (void)state;
    give(REF, 7, 0);
    assert_int_equal(grant_get(granter, mapper->id, REF, false, GRANT_MAP, &access), GNTST_okay);
    use->readers = 0x7ffffffe;
    assert_int_equal(grant_get(granter, mapper->id, REF, true, GRANT_MAP, &access), GNTST_okay);
    assert_int_equal(grant_get(granter, mapper->id, REF, true, GRANT_MAP, &access), GNTST_no_space);
    assert_int_equal(grant_get(granter, mapper->id, REF, false, GRANT_MAP, &access),
                     GNTST_no_space);
    use->readers = 1;
    grant_put(granter, REF, true);
    grant_put(granter, REF, false);
    assert_int_equal(marks(REF), 0);
}

static void what_is_no_grant(void **state)
{
    struct grant_access access;

    (void)state;
    assert_int_equal(grant_get(granter, mapper->id, REF, false, GRANT_MAP, &access),
                     GNTST_general_error);
    assert_int_equal(grant_get(granter, mapper->id, GRANTS_A_FRAME, false, GRANT_MAP, &access),
                     GNTST_bad_gntref);
    assert_int_equal(grant_get(granter, mapper->id, ~0u, false, GRANT_MAP, &access),
                     GNTST_bad_gntref);
    assert_int_equal(grant_get(mapper, granter->id, 0, false, GRANT_MAP, &access),
                     GNTST_bad_gntref);
    give(REF, 7, GTF_readonly);
    assert_true(grant_get(granter, mapper->id, REF, true, GRANT_MAP, &access) < 0);
    assert_true(grant_get(granter, granter->id, REF, false, GRANT_MAP, &access) < 0);
    table()[REF].flags = GTF_accept_transfer;
    assert_true(grant_get(granter, mapper->id, REF, false, GRANT_MAP, &access) < 0);
    assert_int_equal(table()[REF].flags, GTF_accept_transfer);
    assert_int_equal(grant_grow(granter, GRANT_FRAMES_MAX + 1), GNTST_general_error);
    assert_int_equal(granter->grants.frames, 1);
    grant_put(mapper, REF, true); /* the table with the grant is gone */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(handles_are_had_by_one, start, stop),
        cmocka_unit_test_setup_teardown(handles_are_dropped_once, start, stop),
        cmocka_unit_test_setup_teardown(handles_end, start, stop),
        cmocka_unit_test_setup_teardown(a_frame_is_fixed_while_it_is_used, start, stop),
        cmocka_unit_test_setup_teardown(marks_go_with_the_last_use, start, stop),
        cmocka_unit_test_setup_teardown(uses_are_counted_to_an_end, start, stop),
        cmocka_unit_test_setup_teardown(what_is_no_grant, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
