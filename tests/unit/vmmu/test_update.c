/* SPDX-License-Identifier: MIT */
/* Proves that mmu_update counts the references of what it installs and what it replaces, writes any
 * word to an ordinary page, keeps accessed and dirty bits when asked to, and changes nothing when
 * it refuses. */
#include "tests/machine/guest.h"
#include "vmmu/frame.h"

static void counts_follow_the_entry(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t a = guest_page(&guest), b = guest_page(&guest);
    (void)state;

    assert_done(guest_set(&guest, space.l1, 5, RW(a)));
    assert_int_equal(look(a).references, 2);
    assert_int_equal(look(a).type_count, 1);
    assert_done(guest_set(&guest, space.l1, 6, RW(a)));
    assert_int_equal(look(a).references, 3);
    assert_int_equal(look(a).type_count, 2);

    /* The entry becomes read-only: its type reference is dropped, its reference stays. */
    assert_done(guest_set(&guest, space.l1, 5, RO(a)));
    assert_int_equal(look(a).references, 3);
    assert_int_equal(look(a).type_count, 1);
    assert_done(guest_set(&guest, space.l1, 5, RW(a)));
    assert_int_equal(look(a).type_count, 2);

    /* The entry changes to another frame. */
    assert_done(guest_set(&guest, space.l1, 5, RW(b)));
    assert_int_equal(look(a).references, 2);
    assert_int_equal(look(a).type_count, 1);
    assert_int_equal(look(b).references, 2);

    /* The entry is cleared. */
    assert_done(guest_set(&guest, space.l1, 5, 0));
    assert_done(guest_set(&guest, space.l1, 6, 0));
    assert_int_equal(look(a).references, 1);
    assert_int_equal(look(b).references, 1);
    assert_int_equal(look(a).type_count, 0);
    assert_int_equal(guest_counters(&guest).updates, 7);
}

static void harmless_bits_change_no_count(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    const u64 harmless = PTE_NX | PTE_AVAILABLE | PTE_AVAILABLE_HIGH | PTE_KEY | PTE_ACCESSED |
                         PTE_DIRTY | PTE_GLOBAL;
    (void)state;
    assert_done(guest_set(&guest, space.l1, 5, RW(page)));
    assert_done(guest_set(&guest, space.l1, 5, RW(page) | harmless));
    assert_int_equal(machine_words(space.l1)[5], RW(page) | (harmless & ~PTE_GLOBAL));
    assert_int_equal(look(page).references, 2);
    assert_int_equal(look(page).type_count, 1);

    /* An entry that shows a foreign frame may be replaced, although this caller could not install
     * it. */
    const mfn_t foreign = guest_page(&other);
    assert_done(vmmu_update(&guest.vcpu[0], &guest.domain, &other.domain, machine_at(space.l1, 6),
                            RO(foreign), VMMU_UPDATE_NORMAL));
    assert_done(guest_set(&guest, space.l1, 6, RO(foreign) | PTE_NX));
    assert_refused(FOREIGN_MAPPING, guest_set(&guest, space.l1, 6, RW(foreign) | PTE_NX));
    assert_refused(FOREIGN_MAPPING, guest_set(&guest, space.l1, 7, RO(foreign)));
}

static void accessed_and_dirty_survive_when_asked(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest), next = guest_page(&guest);
    const maddr_t at = machine_at(space.l1, 5);
    const u64 marks = PTE_ACCESSED | PTE_DIRTY;
    (void)state;
    assert_done(guest_set(&guest, space.l1, 5, RW(page)));
    assert_true(cpu_store(0, guest_address(5), 1));
    assert_int_equal(machine_words(space.l1)[5], RW(page) | marks);

    assert_done(vmmu_update(&guest.vcpu[0], &guest.domain, &guest.domain, at, RW(page) | PTE_NX,
                            VMMU_UPDATE_PRESERVE_AD));
    assert_int_equal(machine_words(space.l1)[5], RW(page) | PTE_NX | marks);
    assert_done(vmmu_update(&guest.vcpu[0], &guest.domain, &guest.domain, at, RO(page),
                            VMMU_UPDATE_PRESERVE_AD));
    assert_int_equal(machine_words(space.l1)[5], RO(page) | marks);
    assert_done(vmmu_update(&guest.vcpu[0], &guest.domain, &guest.domain, at, RO(next),
                            VMMU_UPDATE_PRESERVE_AD));
    assert_int_equal(machine_words(space.l1)[5], RO(next) | marks);
    assert_done(guest_set(&guest, space.l1, 5, RO(next)));
    assert_int_equal(machine_words(space.l1)[5], RO(next));
    assert_done(vmmu_update(&guest.vcpu[0], &guest.domain, &guest.domain, at, RW(next),
                            VMMU_UPDATE_NO_TRANSLATE));
}

static void plain_pages_get_plain_stores(void **state)
{
    const mfn_t page = guest_page(&guest);
    (void)state;
    guest_running_space(&guest);
    /* An ordinary page takes any word, also one that is no allowed entry. */
    assert_done(guest_set(&guest, page, 511, ~0ull));
    assert_int_equal(machine_words(page)[511], ~0ull);
    assert_int_equal(look(page).type_count, 0);
    assert_int_equal(look(page).references, 1);
    assert_done(guest_hold(&guest, page));
    assert_done(guest_set(&guest, page, 0, 1));
    assert_int_equal(look(page).type_count, 1);
}

static void places_that_are_not_written(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t gdt = guest_page(&guest), shared = machine_allocate();
    (void)state;
    assert_refused(BAD_FRAME, guest_set(&guest, mfn(machine.frames), 0, 0));
    assert_refused(BAD_FRAME, guest_set(&guest, mfn(~0ull >> 13), 0, 0));
    assert_refused(NOT_OWNER, guest_set(&guest, guest_page(&other), 0, 0));
    assert_refused(NOT_OWNER, guest_set(&guest, mfn(1), 0, 0));
    assert_refused(BAD_ADDRESS,
                   vmmu_update(&guest.vcpu[0], &guest.domain, &guest.domain,
                               maddr(maddr_of(space.l1).a + 4), 0, VMMU_UPDATE_NORMAL));
    assert_done(vmmu_set_gdt(&guest.vcpu[0], &gdt, 1, 512));
    assert_refused(DESCRIPTOR_PAGE, guest_set(&guest, gdt, 0, 0));
    vmmu_share(&guest.domain, shared, true);
    assert_refused(WRONG_TYPE, guest_set(&guest, shared, 0, 0));
    vmmu_unshare(shared);
}

static void a_refused_update_changes_nothing(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    const u64 refused[] = {RW(space.l1),           RW(mfn(1)),
                           RW(page) | PTE_PCD,     RW(mfn(machine.frames)),
                           RW(guest_page(&other)), RW(mfn(PTE_ADDRESS >> PAGE_SHIFT))};
    (void)state;
    assert_done(guest_set(&guest, space.l1, 5, RW(page)));
    for (u32 i = 0; i < ARRAY_LENGTH(refused); i++) {
        assert_true(guest_set(&guest, space.l1, 5, refused[i]) > VMMU_AGAIN);
        assert_int_equal(machine_words(space.l1)[5], RW(page));
        assert_int_equal(look(page).type_count, 1);
        assert_int_equal(machine.last_word, refused[i]);
        assert_audit();
    }
}

static void replacing_an_upper_entry_swaps_the_trees(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t l1 = guest_page(&guest), page = guest_page(&guest);
    (void)state;
    machine_words(l1)[3] = RW(page);
    assert_done(guest_set(&guest, space.l2, 0, LINK(l1)));
    assert_int_equal(look(space.l1).type_count, 0);
    assert_int_equal(look(l1).type, VMMU_TYPE_L1);
    assert_true(cpu_store(0, guest_address(3), 42));
    assert_int_equal(machine_words(page)[0], 42);
    /* The same table in a second slot, and an entry that is replaced by itself. */
    assert_done(guest_set(&guest, space.l2, 1, LINK(l1)));
    assert_int_equal(look(l1).type_count, 2);
    assert_done(guest_set(&guest, space.l2, 1, LINK(l1) & ~PTE_WRITABLE));
    assert_int_equal(look(l1).type_count, 2);
}

static void counts_do_not_wrap(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    (void)state;
    assert_done(guest_set(&guest, space.l1, 5, RW(page)));

    const u64 references = atomic_load(&frame_of(page)->references);
    atomic_store(&frame_of(page)->references, (references & ~FRAME_COUNT) | FRAME_COUNT_MAX);
    assert_refused(TOO_MANY_REFERENCES, guest_set(&guest, space.l1, 6, RO(page)));
    atomic_store(&frame_of(page)->references, references);

    const u64 use = atomic_load(&frame_of(page)->type);
    atomic_store(&frame_of(page)->type, (use & ~FRAME_COUNT) | FRAME_COUNT_MAX);
    assert_refused(TOO_MANY_REFERENCES, guest_set(&guest, space.l1, 6, RW(page)));
    assert_done(guest_set(&guest, space.l1, 6, RO(page)));
    atomic_store(&frame_of(page)->type, use);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(counts_follow_the_entry),
        GUEST_TEST(harmless_bits_change_no_count),
        GUEST_TEST(accessed_and_dirty_survive_when_asked),
        GUEST_TEST(plain_pages_get_plain_stores),
        GUEST_TEST(places_that_are_not_written),
        GUEST_TEST(a_refused_update_changes_nothing),
        GUEST_TEST(replacing_an_upper_entry_swaps_the_trees),
        GUEST_TEST(counts_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
