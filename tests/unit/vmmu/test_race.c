/* SPDX-License-Identifier: MIT */
/* Proves that what another vCPU does at the worst moment of an operation (while it flushes, while
 * it waits for a lock) is waited for, refused or taken into account, and that nothing is lost or
 * counted twice. The other vCPU acts in a hook of the fake machine, so each of these races happens
 * in every run. */
#include <pthread.h>

#include "tests/machine/guest.h"
#include "vmmu/frame.h"

static struct space space;
static mfn_t page, table;
static enum vmmu_result theirs;
static u32 pauses;

/* A page that was an L1 table of `space` until just now, so that its first writable use begins with
 * a flush. */
static mfn_t former_table(void)
{
    const mfn_t m = guest_page(&guest);
    assert_done(guest_set(&guest, space.l2, 3, LINK(m)));
    assert_done(guest_set(&guest, space.l2, 3, 0));
    return m;
}

static void pin_the_table(void)
{
    machine.on_flush = NULL;
    theirs = vmmu_pin(&guest.vcpu[1], &guest.domain, table, 1);
}

static void an_l1_table_waits_for_a_page_and_keeps_nothing(void **state)
{
    (void)state;
    space = guest_running_space(&guest);
    page = former_table();
    table = guest_page(&guest);
    const mfn_t first = guest_page(&guest);
    machine_words(table)[0] = RW(first);
    machine_words(table)[1] = RW(page);
    machine.on_flush = pin_the_table;
    assert_done(guest_set(&guest, space.l1, 5, RW(page)));
    /* The second vCPU's pin came while the page was exclusive: it gets VMMU_AGAIN, and has left
     * nothing partial. */
    assert_result(VMMU_AGAIN, theirs);
    assert_false(look(table).partial);
    assert_int_equal(look(first).references, 1);
    assert_audit();
    assert_done(vmmu_pin(&guest.vcpu[1], &guest.domain, table, 1));
    assert_int_equal(look(page).type_count, 2);
}

static void unpin_the_table(void)
{
    machine.on_flush = NULL;
    theirs = vmmu_unpin(&guest.vcpu[1], &guest.domain, table);
}

static void a_table_vanishes_under_an_update(void **state)
{
    (void)state;
    space = guest_running_space(&guest);
    page = former_table();
    table = guest_page(&guest);
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, table, 1));
    machine.on_flush = unpin_the_table;
    assert_result(VMMU_AGAIN, guest_set(&guest, table, 3, RW(page)));
    assert_done(theirs);
    assert_int_equal(machine_words(table)[3], 0);
    assert_int_equal(look(page).references, 1);
    assert_int_equal(look(page).type_count, 0);
    assert_audit();
    /* The page is no table any more: an ordinary store. */
    assert_done(guest_set(&guest, table, 3, RW(page)));
    assert_int_equal(look(page).references, 1);
}

static void remap_the_entry(void)
{
    machine.on_flush = NULL;
    theirs = vmmu_update(&guest.vcpu[1], &guest.domain, &guest.domain, machine_at(space.l1, 5),
                         RO(table), VMMU_UPDATE_NORMAL);
}

static void two_updates_of_the_same_entry(void **state)
{
    (void)state;
    space = guest_running_space(&guest);
    page = former_table();
    table = guest_page(&guest);
    const mfn_t first = guest_page(&guest);
    assert_done(guest_set(&guest, space.l1, 5, RW(first)));
    machine.on_flush = remap_the_entry;
    assert_done(guest_set(&guest, space.l1, 5, RW(page)));
    assert_done(theirs);
    assert_int_equal(machine_words(space.l1)[5], RW(page));
    assert_int_equal(look(first).references, 1);
    assert_int_equal(look(table).references, 1);
}

static void an_emulated_write_loses_against_an_update(void **state)
{
    bool swapped = true;
    (void)state;
    space = guest_running_space(&guest);
    page = former_table();
    table = guest_page(&guest);
    assert_done(guest_set(&guest, space.l1, 1, RO(space.l1)));
    machine.on_flush = remap_the_entry;
    const vaddr_t entry = vaddr(guest_address(1).a + 5 * sizeof(u64));
    assert_done(vmmu_emulated_write(&guest.vcpu[0], entry, 8, 0, RW(page), &swapped));
    assert_done(theirs);
    assert_false(swapped);
    assert_int_equal(machine_words(space.l1)[5], RO(table));
    assert_int_equal(look(page).references, 1);
}

/* ---- while a table is locked ------------------------------------------------------------- */

static void unlock_and_remap(void)
{
    machine.on_pause = NULL;
    atomic_fetch_and(&frame_of(space.l1)->type, ~USE_LOCKED);
    remap_the_entry();
}

static void an_entry_changes_before_the_short_way_gets_the_lock(void **state)
{
    (void)state;
    space = guest_running_space(&guest);
    page = guest_page(&guest);
    table = guest_page(&guest);
    assert_done(guest_set(&guest, space.l1, 5, RW(page)));
    atomic_fetch_or(&frame_of(space.l1)->type, USE_LOCKED);
    machine.on_pause = unlock_and_remap;
    assert_done(guest_set(&guest, space.l1, 5, RW(page) | PTE_NX));
    assert_done(theirs);
    assert_int_equal(machine_words(space.l1)[5], RW(page) | PTE_NX);
    assert_int_equal(look(page).type_count, 1);
    assert_int_equal(look(table).references, 1);
}

static void count_pauses_then_unlock(void)
{
    assert_true(look(table).validated);
    if (++pauses == 5) {
        machine.on_pause = NULL;
        atomic_fetch_and(&frame_of(table)->type, ~USE_LOCKED);
    }
}

static void the_last_drop_waits_for_the_lock(void **state)
{
    /* XSA-242: the table loses its last type reference while an update has it locked. */
    (void)state;
    guest_running_space(&guest);
    table = guest_page(&guest);
    pauses = 0;
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, table, 1));
    atomic_fetch_or(&frame_of(table)->type, USE_LOCKED);
    machine.on_pause = count_pauses_then_unlock;
    assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, table));
    assert_int_equal(pauses, 5);
    assert_int_equal(look(table).type_count, 0);
}

static void nobody_waits_for_ever(void **state)
{
    (void)state;
    space = guest_running_space(&guest);
    page = guest_page(&guest);
    /* The type word says that another CPU promotes the page, and stays so. */
    const u64 use = atomic_exchange(&frame_of(page)->type, use_of(VMMU_TYPE_L1) | 1);
    assert_result(VMMU_AGAIN, vmmu_pin(&guest.vcpu[0], &guest.domain, page, 1));
    assert_result(VMMU_AGAIN, guest_set(&guest, space.l2, 5, LINK(page)));
    assert_result(VMMU_AGAIN, guest_set(&guest, page, 5, 0));
    assert_refused(WRITABLE_TABLE, guest_set(&guest, space.l1, 5, RW(page)));
    assert_refused(WRONG_TYPE, vmmu_pin(&guest.vcpu[0], &guest.domain, page, 2));
    atomic_store(&frame_of(page)->type, use);
}

/* ---- accessed and dirty bits, which the processor sets without a lock ----------------------- */

static _Atomic bool over;

static void *mark_all_the_time(void *slot)
{
    while (!atomic_load(&over)) {
        atomic_fetch_xor((_Atomic u64 *)slot, PTE_ACCESSED);
    }
    return NULL;
}

/* Two pages whose frame numbers differ in the lowest bits only, so that a store of one byte to an
 * entry changes its frame. */
static void neighbours(mfn_t *a, mfn_t *b)
{
    do {
        *a = guest_page(&guest);
        *b = guest_page(&guest);
    } while (a->n >> 4 != b->n >> 4);
}

/* Emulated stores of one byte change first the frame, then the right to write, while the processor
 * sets bits of the same entry. Each store is done as a whole or not at all. */
static void an_entry_is_marked_while_it_is_replaced(void **state)
{
    mfn_t a, b;
    pthread_t marks;
    u64 swaps = 0;
    (void)state;
    space = guest_running_space(&guest);
    neighbours(&a, &b);
    assert_done(guest_set(&guest, space.l1, 1, RO(space.l1)));
    assert_done(guest_set(&guest, space.l1, 5, RW(a)));
    const u64 *slot = &machine_words(space.l1)[5];
    atomic_store(&over, false);
    assert_int_equal(pthread_create(&marks, NULL, mark_all_the_time, (void *)slot), 0);
    for (u32 i = 0; i < 400000; i++) {
        const u64 now = __atomic_load_n(slot, __ATOMIC_RELAXED);
        const u32 byte = i & 1;
        const u64 wanted = byte ? now ^ ((a.n ^ b.n) & 15) << PAGE_SHIFT : now ^ PTE_WRITABLE;
        bool swapped = false;
        vmmu_emulated_write(&guest.vcpu[0], vaddr(guest_address(1).a + 5 * 8 + byte), 1,
                            now >> 8 * byte, wanted >> 8 * byte, &swapped);
        swaps += swapped;
    }
    atomic_store(&over, true);
    pthread_join(marks, NULL);
    assert_true(swaps > 1000);
    assert_int_equal(look(a).references + look(b).references, 3);
    assert_int_equal(look(a).type_count + look(b).type_count, !!(*slot & PTE_WRITABLE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_TEST(an_l1_table_waits_for_a_page_and_keeps_nothing),
        SMALL_TEST(a_table_vanishes_under_an_update),
        SMALL_TEST(two_updates_of_the_same_entry),
        SMALL_TEST(an_emulated_write_loses_against_an_update),
        SMALL_TEST(an_entry_changes_before_the_short_way_gets_the_lock),
        SMALL_TEST(the_last_drop_waits_for_the_lock),
        SMALL_TEST(nobody_waits_for_ever),
        GUEST_TEST(an_entry_is_marked_while_it_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
