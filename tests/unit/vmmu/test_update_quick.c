/* SPDX-License-Identifier: MIT */
/* Proves what one quick request does: it stores an entry where none was present, in the form of a
 * live table and with its references; and it changes nothing at all where the table or the frame is
 * another domain's, or the request is one that only the slow path may decide. */
#include "tests/machine/guest.h"
#include "vmmu/frame.h"

#define SLOT 9u

/* What a request may change, apart from the counters. */
struct state {
    u64 references[2], type[2], entry;
};

static struct state state_of(mfn_t table, mfn_t page)
{
    const mfn_t frame[2] = {table, page};
    struct state s = {.entry = machine_words(table)[SLOT]};

    for (u32 i = 0; i < 2; i++) {
        /* The epoch may become newer, and the mark of a part may stay. */
        s.references[i] = ref_with_epoch(frame_references(frame[i]), 0);
        s.type[i] = frame_type_word(frame[i]) & ~USE_PARTS;
    }
    return s;
}

static bool quick(mfn_t table, u64 entry)
{
    return vmmu_update_quick(&guest.vcpu[0],
                             (struct vmmu_request){machine_at(table, SLOT).a, entry});
}

/* Asserts that the quick request is left, and that it changed neither of the two frames. */
static void assert_left(mfn_t table, mfn_t page, u64 entry)
{
    const struct state before = state_of(table, page);
    const u64 updates = guest_counters(&guest).updates;

    assert_false(quick(table, entry));
    const struct state after = state_of(table, page);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(guest_counters(&guest).updates, updates);
}

static void stores_a_first_entry(void **state)
{
    const struct space s = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    const struct vmmu_counters before = guest_counters(&guest);
    const u64 references = look(page).references;
    (void)state;

    /* The guest leaves out the user bit and asks for the global one. */
    assert_true(quick(s.l1, (RO(page) & ~PTE_USER) | PTE_GLOBAL | PTE_NX));
    assert_int_equal(machine_words(s.l1)[SLOT], RO(page) | PTE_NX);
    assert_int_equal(look(page).references, references + 1);
    assert_int_equal(look(page).type_count, 0);

    assert_true(quick(s.l1, 0));
    machine_words(s.l1)[SLOT] = 0;
    assert_true(quick(s.l1, RW(page)));
    assert_int_equal(look(page).references, references + 1);
    assert_int_equal(look(page).type, VMMU_TYPE_WRITABLE);
    assert_int_equal(look(page).type_count, 1);
    assert_int_equal(guest_counters(&guest).updates, before.updates + 3);
    assert_true(guest_counters(&guest).entries_checked >= before.entries_checked + 2);
}

static void replaces_an_entry_that_is_not_present(void **state)
{
    const struct space s = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    (void)state;

    assert_done(guest_set(&guest, s.l1, SLOT, 0xabc0)); /* a page in swap */
    assert_true(quick(s.l1, RO(page)));
    assert_int_equal(machine_words(s.l1)[SLOT], RO(page));
}

static void replaces_a_present_entry(void **state)
{
    const struct space s = guest_running_space(&guest);
    const mfn_t first = guest_page(&guest), second = guest_page(&guest);
    const u64 references = look(first).references;
    (void)state;

    assert_true(quick(s.l1, RW(first)));
    assert_true(quick(s.l1, RO(second)));
    assert_int_equal(look(first).references, references);
    assert_int_equal(look(second).references, references + 1);
}

static void leaves_a_table_of_another_domain(void **state)
{
    const struct space s = guest_running_space(&other);
    const mfn_t mine = guest_page(&guest), its = guest_page(&other);
    (void)state;

    assert_left(s.l1, its, RO(its));
    assert_left(s.l1, mine, RO(mine));
    assert_left(s.l1, its, 0);
    assert_left(s.l2, its, RO(its));
}

static void leaves_a_frame_of_another_domain(void **state)
{
    const struct space s = guest_running_space(&guest);
    const mfn_t mine = guest_page(&guest), its = guest_page(&other);
    (void)state;

    assert_left(s.l1, its, RO(its));
    assert_left(s.l1, its, RW(its));
    assert_true(quick(s.l1, RO(mine)));
    assert_left(s.l1, its, RO(its)); /* in place of a present entry */
}

static void leaves_what_the_slow_path_decides(void **state)
{
    const struct space s = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest), none = mfn(machine.frames + 5);
    (void)state;

    assert_left(s.l1, s.l2, RW(s.l2)); /* a live table, writable */
    assert_left(s.l1, s.l1, RW(s.l1));
    assert_left(s.l1, page, RO(page) | PTE_PCD);
    assert_left(s.l1, page, RO(page) | PTE_PAT);
    assert_left(s.l1, page, none.n << PAGE_SHIFT | PTE_PRESENT);
    assert_left(page, page, RO(page)); /* in a page that is no table */
    assert_left(s.l2, page, RO(page)); /* in a table of another level */
    assert_false(
        vmmu_update_quick(&guest.vcpu[0], (struct vmmu_request){machine_at(none, 0).a, RO(page)}));
}

/* A page that has been handed back, of which only mappings are left, cannot be mapped again; nor
 * can one with more references than a fast path counts. */
static void leaves_an_unusual_frame(void **state)
{
    const struct space s = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    const u64 references = frame_references(page), most = references + (1ull << 31);
    (void)state;

    word_write(frame_references_at(page), references & ~REF_ALLOCATED);
    assert_true(quick(s.l1, RO(page))); /* by the functions for all entries */
    assert_true(quick(s.l1, 0));
    word_write(frame_references_at(page), most);
    assert_true(quick(s.l1, RO(page)));
    assert_int_equal(frame_references(page), most + 1);
    assert_true(quick(s.l1, 0));
    word_write(frame_references_at(page), (references & ~FRAME_COUNT) | FRAME_COUNT_MAX);
    assert_left(s.l1, page, RO(page));
    word_write(frame_references_at(page), references);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(stores_a_first_entry),
        GUEST_TEST(replaces_an_entry_that_is_not_present),
        GUEST_TEST(replaces_a_present_entry),
        GUEST_TEST(leaves_a_table_of_another_domain),
        GUEST_TEST(leaves_a_frame_of_another_domain),
        GUEST_TEST(leaves_what_the_slow_path_decides),
        GUEST_TEST(leaves_an_unusual_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
