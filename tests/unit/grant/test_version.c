/* SPDX-License-Identifier: MIT */
/* Proves the rules of grant tables of version 2, of a change of the version, and of a table's
 * limits: a grant in use keeps its frame and its marks, although the granter rewrites its entries
 * and changes the version. XSA-26, 226, 255, 379, 384, 494, 500, 501. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/domain/domain.h"
#include "hypervisor/grant/grant_table.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "vmmu/port.h"

#define USER    2u
#define REF     20u /* not a reserved one */
#define KEPT    1u  /* a reserved one */
#define THREADS 4u
#define ROUNDS  20000u

static struct domain *granter;
static _Atomic s32 shared_pages;
static bool mapped; /* the status frames */
static u32 pages_left;

void *page_alloc(u32 order)
{
    if (!pages_left) {
        return NULL;
    }
    pages_left--;
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
    shared_pages--;
    free(frame_view(m));
}

bool port_should_stop(void)
{
    return false;
}

void vmmu_unhold(mfn_t m)
{
    (void)m;
}

void vmmu_frame_inspect(mfn_t m, struct vmmu_frame_info *info)
{
    (void)m;
    *info = (struct vmmu_frame_info){.references = mapped ? 2 : 1};
}

struct domain *domain_by_id(u16 id)
{
    return id == 1 ? granter : NULL;
}

static int start(void **state)
{
    (void)state;
    pages_left = 1000;
    granter = calloc(1, sizeof *granter);
    granter->id = 1;
    shared_pages = 0;
    mapped = false;
    grants_start(granter);
    assert_int_equal(grant_grow(granter, 1), GNTST_okay);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(granter->grants.users, 0);
    assert_true(grants_stop(granter));
    assert_int_equal(shared_pages, 0);
    assert_int_equal(grant_grow(granter, 1), GNTST_general_error);
    free(granter);
    return 0;
}

static s64 change(u32 version)
{
    return grant_set_version(granter, &version);
}

static union grant_entry_v2 *entry(u32 ref)
{
    return grant_entry_v2_at(&granter->grants, ref);
}

static void give(u32 ref, u64 frame, u16 flags)
{
    if (granter->grants.version == 1) {
        *grant_entry_v1_at(&granter->grants, ref) = (struct grant_entry_v1){
            .flags = (u16)(GTF_permit_access | flags), .domid = USER, .frame = (u32)frame};
    } else {
        entry(ref)->full_page.frame = frame;
        entry(ref)->hdr = (struct grant_entry_header){(u16)(GTF_permit_access | flags), USER};
    }
}

static u16 marks(u32 ref)
{
    const struct grants *g = &granter->grants;

    return g->version == 1 ? grant_entry_v1_at(g, ref)->flags & GRANT_MARKS
                           : *grant_status_at(g, ref);
}

static s16 get(u32 ref, bool writable, enum grant_way way, struct grant_access *access)
{
    lock_take(&granter->grants.lock);
    s16 status = grant_get(granter, USER, ref, writable, way, access);
    lock_release(&granter->grants.lock);
    return status;
}

static void put(u32 ref, bool writable)
{
    lock_take(&granter->grants.lock);
    grant_put(granter, ref, writable);
    lock_release(&granter->grants.lock);
}

/* XSA-501: no change while a grant is in use, apart from the reserved ones, whose marks move. */
static void the_version_waits_for_uses(void **state)
{
    struct grant_access access;

    (void)state;
    give(REF, 7, 0);
    assert_int_equal(get(REF, true, GRANT_MAP, &access), GNTST_okay);
    assert_int_equal(change(2), -XEN_EBUSY);
    assert_int_equal(granter->grants.version, 1);
    put(REF, true);
    give(KEPT, 9, GTF_readonly);
    assert_int_equal(get(KEPT, false, GRANT_MAP, &access), GNTST_okay);
    assert_int_equal(change(2), 0);
    assert_int_equal(marks(KEPT), GTF_reading);
    assert_int_equal(entry(KEPT)->hdr.flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(entry(KEPT)->full_page.frame, 9);
    assert_int_equal(entry(REF)->hdr.flags, 0);
    assert_int_equal(change(2), 0);
    assert_int_equal(change(3), -XEN_EINVAL);
    mapped = true; /* XSA-255 */
    assert_int_equal(change(1), -XEN_EBUSY);
    mapped = false;
    entry(KEPT)->hdr.flags |= GTF_sub_page; /* in use, and no longer what version 1 can express */
    assert_int_equal(change(1), -XEN_EBUSY);
    entry(KEPT)->hdr.flags &= (u16)~GTF_sub_page;
    assert_int_equal(change(1), 0);
    assert_int_equal(marks(KEPT), GTF_reading);
    put(KEPT, false);
    assert_int_equal(marks(KEPT), 0);
    assert_int_equal(shared_pages, 1);
}

/* Only a copy may use a part of a page, and within its bounds. */
static void a_part_has_bounds(void **state)
{
    struct grant_access access;

    (void)state;
    assert_int_equal(change(2), 0);
    give(REF, 7, GTF_sub_page);
    entry(REF)->sub_page.page_off = 100;
    entry(REF)->sub_page.length = 50;
    assert_int_equal(get(REF, false, GRANT_MAP, &access), GNTST_general_error);
    assert_int_equal(get(REF, false, GRANT_COPY, &access), GNTST_okay);
    assert_int_equal(access.first, 100);
    assert_int_equal(access.length, 50);
    assert_int_equal(access.frame.n, 7);
    put(REF, false);
    entry(REF)->sub_page.length = 0xffff;
    assert_int_equal(get(REF, false, GRANT_COPY, &access), GNTST_general_error);
    assert_int_equal(marks(REF), 0);
}

/* XSA-226: a transitive grant names a grant, never a frame, and the entry cannot change between the
 * two kinds while it is in use. */
static void a_transitive_grant_is_no_frame(void **state)
{
    struct grant_access access;

    (void)state;
    assert_int_equal(change(2), 0);
    entry(REF)->transitive.trans_domid = 9;
    entry(REF)->transitive.gref = 0x12345678;
    entry(REF)->hdr = (struct grant_entry_header){GTF_transitive, USER};
    assert_int_equal(get(REF, false, GRANT_MAP, &access), GNTST_general_error);
    assert_int_equal(get(REF, true, GRANT_COPY, &access), GNTST_okay);
    assert_true(access.transitive);
    assert_int_equal(access.next_domain, 9);
    assert_int_equal(access.next_ref, 0x12345678);
    assert_int_equal(marks(REF), GRANT_MARKS);
    give(REF, 7, 0);
    assert_int_equal(get(REF, false, GRANT_COPY, &access), GNTST_general_error);
    assert_int_equal(get(REF, false, GRANT_MAP, &access), GNTST_general_error);
    assert_int_equal(marks(REF), GRANT_MARKS);
    put(REF, true);
    assert_int_equal(marks(REF), 0);
    assert_int_equal(get(REF, false, GRANT_MAP, &access), GNTST_okay);
    entry(REF)->hdr.flags = GTF_transitive;
    assert_int_equal(get(REF, false, GRANT_COPY, &access), GNTST_general_error);
    assert_int_equal(marks(REF), GTF_reading);
    put(REF, false);
    give(REF, GRANT_TRANSITIVE, 0); /* a frame number that looks like the kind */
    assert_int_equal(get(REF, false, GRANT_MAP, &access), GNTST_general_error);
    assert_int_equal(marks(REF), 0);
}

static void a_table_has_limits(void **state)
{
    mfn_t frame, again;

    (void)state;
    assert_int_equal(grants_limit(granter, 0, -1, 2), -XEN_EINVAL);
    assert_int_equal(grants_limit(granter, GRANT_FRAMES_MAX + 1, -1, 2), -XEN_EINVAL);
    assert_int_equal(grants_limit(granter, -1, HANDLE_PAGES_MAX + 1, 2), -XEN_EINVAL);
    assert_int_equal(grants_limit(granter, -1, -1, 0), -XEN_EINVAL);
    assert_int_equal(grants_limit(granter, -1, -1, 3), -XEN_EINVAL);
    assert_int_equal(granter->grants.frames_max, GRANT_FRAMES_MAX);
    assert_int_equal(grants_limit(granter, 3, 1, 1), 0);
    assert_int_equal(change(2), -XEN_ENOSYS);
    assert_int_equal(grants_frame(granter, GRANT_FRAMES_SHARED, 2, &frame), 0);
    assert_int_equal(granter->grants.frames, 3);
    assert_int_equal(grants_frame(granter, GRANT_FRAMES_SHARED, 2, &again), 0);
    assert_int_equal(frame.n, again.n);
    assert_int_equal(grants_frame(granter, GRANT_FRAMES_SHARED, 3, &frame), -XEN_EINVAL);
    assert_int_equal(grants_frame(granter, GRANT_FRAMES_SHARED, ~0u, &frame), -XEN_EINVAL);
    assert_int_equal(grants_frame(granter, GRANT_FRAMES_STATUS, 0, &frame), -XEN_EINVAL);
    assert_int_equal(grants_limit(granter, -1, 1, 2), 0);
    assert_int_equal(change(2), 0);
    assert_int_equal(grants_frame(granter, GRANT_FRAMES_STATUS, 1, &frame), 0);
    assert_int_equal(granter->grants.frames, 9); /* the first that needs a second status frame */
    assert_int_equal(grants_frame(granter, GRANT_FRAMES_STATUS, 8, &frame), -XEN_EINVAL);
    assert_int_equal(grants_frame(granter, GRANT_FRAMES_STATUS, ~0u, &frame), -XEN_EINVAL);
    assert_int_equal(grants_frames_max(granter, GRANT_FRAMES_STATUS), 8);
    struct grant_handle handle = {.granter = 1};
    for (u32 i = 0; i < HANDLES_A_PAGE; i++) {
        assert_int_not_equal(handle_take(granter, &handle), HANDLE_NONE);
    }
    assert_int_equal(handle_take(granter, &handle), HANDLE_NONE);
    for (u32 i = 0; i < HANDLES_A_PAGE; i++) {
        handle_drop(granter, i);
    }
}

/* Without memory nothing changes. */
static void no_memory_for_a_version(void **state)
{
    (void)state;
    give(KEPT, 9, 0);
    pages_left = 0;
    assert_int_equal(change(2), -XEN_ENOMEM);
    assert_int_equal(granter->grants.version, 1);
    assert_int_equal(grant_entry_v1_at(&granter->grants, KEPT)->frame, 9);
    assert_int_equal(grant_grow(granter, 2), GNTST_no_space);
    assert_int_equal(granter->grants.frames, 1);
    pages_left = 1;
    assert_int_equal(change(2), 0);
    assert_int_equal(change(1), 0);
}

/* ---- a race: one thread rewrites entries and changes the version, the others use grants ---- */

static _Atomic bool over;
static _Atomic u64 changes, uses;

static void rewrite(u32 round)
{
    u32 frame = round % 1000 * 7 + 7;

    lock_take(&granter->grants.lock); /* the table's place does not change while it is written */
    give(REF, frame, round & 64 ? GTF_readonly : 0);
    lock_release(&granter->grants.lock);
    changes += change(1 + round % 2) == 0;
}

static void *use_grants(void *number)
{
    const u32 ref = (uintptr_t)number & 1 ? REF : KEPT;

    for (u32 round = 0; round < ROUNDS; round++) {
        struct grant_access access, more;
        bool writable = round & 1;

        if (get(ref, writable, GRANT_MAP, &access) != GNTST_okay) {
            continue;
        }
        uses++;
        if (get(ref, false, GRANT_COPY, &more) == GNTST_okay) {
            bool same = more.frame.n == access.frame.n;

            put(ref, false);
            if (!same) {
                return "the frame changed under its users";
            }
        }
        put(ref, writable);
        if (access.frame.n % 7 || !access.frame.n) {
            return "a frame that nobody granted";
        }
    }
    return NULL;
}

static void *change_it(void *number)
{
    (void)number;
    for (u32 round = 0; !over; round++) {
        rewrite(round);
    }
    return NULL;
}

static void uses_against_changes(void **state)
{
    pthread_t thread[THREADS], changer;
    void *failed;

    (void)state;
    over = false;
    changes = uses = 0;
    give(KEPT, 49, 0);
    pthread_create(&changer, NULL, change_it, NULL);
    for (uintptr_t i = 0; i < THREADS; i++) {
        pthread_create(&thread[i], NULL, use_grants, (void *)i);
    }
    for (u32 i = 0; i < THREADS; i++) {
        pthread_join(thread[i], &failed);
        assert_null(failed);
    }
    over = true;
    pthread_join(changer, NULL);
    assert_true(changes > 0);
    assert_true(uses > 0);
    assert_int_equal(marks(REF), 0);
    assert_int_equal(marks(KEPT), 0);
    assert_int_equal(change(1), 0);
    assert_int_equal(grant_entry_v1_at(&granter->grants, KEPT)->frame, 49);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_version_waits_for_uses, start, stop),
        cmocka_unit_test_setup_teardown(a_part_has_bounds, start, stop),
        cmocka_unit_test_setup_teardown(a_transitive_grant_is_no_frame, start, stop),
        cmocka_unit_test_setup_teardown(a_table_has_limits, start, stop),
        cmocka_unit_test_setup_teardown(no_memory_for_a_version, start, stop),
        cmocka_unit_test_setup_teardown(uses_against_changes, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
