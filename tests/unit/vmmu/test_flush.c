/* SPDX-License-Identifier: MIT */
/* Proves that no CPU keeps a stale translation when a frame changes its type or owner, by any way
 * in which the translation got into the TLB; and that a flush is left out only when every CPU that
 * may have the translation has flushed since the last use. */
#include "tests/machine/guest.h"

#include "vmmu/flush.h"
#include "vmmu/frame.h"

/* A page that CPU 0 has a stale writable translation of, at address 5: the entry was cleared, and
 * the TLB not flushed. */
static mfn_t stale_page(const struct space *space)
{
    const mfn_t page = guest_page(&guest);
    assert_done(guest_set(&guest, space->l1, 5, RW(page)));
    assert_true(cpu_store(0, guest_address(5), 1));
    assert_done(guest_set(&guest, space->l1, 5, 0));
    /* The translation is stale, but the page has no other use yet. */
    assert_true(cpu_store(0, guest_address(5), 0));
    return page;
}

static void a_new_table_cannot_be_written_through_a_stale_entry(void **state)
{
    const struct space space = guest_running_space(&guest);
    (void)state;
    for (u32 level = 1; level <= 4; level++) {
        const mfn_t page = stale_page(&space);
        const u64 flushes = machine.flushes;
        assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, page, level));
        assert_false(cpu_store(0, guest_address(5), RW(space.l4)));
        assert_int_equal(machine_words(page)[0], 0);
        assert_int_equal(machine.flushes, flushes + 1);
    }
    assert_int_equal(guest.domain.counters.flushes_sent, 4);
}

static void nor_a_descriptor_page(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = stale_page(&space);
    (void)state;
    assert_done(vmmu_set_gdt(&guest.vcpu[0], &page, 1, 1));
    assert_false(cpu_store(0, guest_address(5), ~0ull));
}

static void nor_somebody_elses_page(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = stale_page(&space);
    u64 value;
    (void)state;
    /* Port_frame_free of the fake machine checks every TLB. */
    assert_done(vmmu_take(&guest.domain, page));
    assert_int_equal(machine.freed, 1);
    assert_false(cpu_store(0, guest_address(5), 1));
    assert_false(cpu_load(0, guest_address(5), &value));
}

static void a_stale_read_is_gone_before_the_frame_is(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    u64 value;
    (void)state;
    assert_done(guest_set(&guest, space.l1, 5, RO(page)));
    assert_true(cpu_load(0, guest_address(5), &value));
    assert_done(vmmu_take(&guest.domain, page));
    assert_done(guest_set(&guest, space.l1, 5, 0));
    assert_int_equal(machine.freed, 1);
    assert_false(cpu_load(0, guest_address(5), &value));
}

static void a_former_table_cannot_be_walked(void **state)
{
    /* The TLB caches a walk into an L1 table; the table becomes an ordinary page, into which the
     * guest writes what look like entries. */
    const struct space space = guest_running_space(&guest);
    const mfn_t table = guest_page(&guest), page = guest_page(&guest), secret = guest_page(&other);
    const vaddr_t through = vaddr(3ull << 21 | 7ull << 12);
    u64 value;
    (void)state;
    machine_words(table)[7] = RW(page);
    machine_words(table)[8] = RW(page);
    assert_done(guest_set(&guest, space.l2, 3, LINK(table)));
    assert_true(cpu_load(0, through, &value));
    assert_done(guest_set(&guest, space.l2, 3, 0));
    assert_done(guest_set(&guest, space.l1, 6, RW(table)));
    assert_true(cpu_store(0, vaddr(guest_address(6).a + 8 * sizeof(u64)), RW(secret)));
    assert_false(cpu_load(0, vaddr(through.a + PAGE_SIZE), &value));
}

/* ---- a pinned L1 table that is unlinked (a process that ends) ------------------------------ */

#define THROUGH vaddr(3ull << 21 | 7ull << 12) /* what entry 7 of the table below maps */

/* What entry 6 of a space's L1 table maps once its L3 table is linked where a kernel is, too: the
 * addresses that vmmu_update_va does without the slow path. */
#define KERNEL_SLOT 272u
#define KERNEL_PAGE vaddr(0xffff880000006000)

/* Pins and links an L1 table, which entry 6 of space->l1 shows read-only, and lets CPU 0 cache
 * a walk through it. */
static mfn_t walked_table(const struct space *space)
{
    const mfn_t table = guest_page(&guest), page = guest_page(&guest);
    u64 value;
    machine_words(table)[7] = RW(page);
    machine_words(table)[8] = RW(page);
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, table, 1));
    assert_done(guest_set(&guest, space->l2, 3, LINK(table)));
    assert_done(guest_set(&guest, space->l1, 6, RO(table)));
    assert_done(guest_set(&guest, space->l4, KERNEL_SLOT, LINK(space->l3)));
    assert_true(cpu_load(0, THROUGH, &value));
    return table;
}

/* Unpins the table and makes it a page that the guest can write to, by one of the operations. The
 * guest stores an entry in it, by which no CPU may reach a frame of the other guest. */
static void make_page(const struct space *space, mfn_t table, bool by_address)
{
    const mfn_t secret = guest_page(&other);
    u64 value;
    assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, table));
    assert_done(by_address ? vmmu_update_va(&guest.vcpu[0], &guest.domain, KERNEL_PAGE, RW(table))
                           : guest_set(&guest, space->l1, 6, RW(table)));
    assert_true(cpu_store(0, vaddr(guest_address(6).a + 8 * sizeof(u64)), RW(secret)));
    assert_false(cpu_load(0, vaddr(THROUGH.a + PAGE_SIZE), &value));
}

static void an_unlinked_table_is_flushed_before_it_is_a_page(void **state)
{
    (void)state;
    for (u32 by_address = 0; by_address < 2; by_address++) {
        const struct space space = guest_running_space(&guest);
        const mfn_t table = walked_table(&space);
        const u64 flushes = machine.flushes;
        assert_done(guest_set(&guest, space.l2, 3, 0));
        make_page(&space, table, by_address);
        assert_int_equal(machine.flushes, flushes + 1);
    }
}

static void also_if_the_table_above_ends(void **state)
{
    /* The tables above are demoted; the pin keeps the L1 table. */
    (void)state;
    for (u32 by_address = 0; by_address < 2; by_address++) {
        const struct space first = guest_running_space(&guest);
        const mfn_t table = walked_table(&first);
        const struct space second = guest_space(&guest);
        machine_words(second.l1)[6] = RO(table);
        machine_words(second.l4)[KERNEL_SLOT] = LINK(second.l3);
        assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, second.l4, 4));
        /* A load of the root would flush, or drop what was lessened: the CPU keeps the old one, as
         * one does that is about to load another. */
        assert_done(vmmu_set_kernel_root(&guest.vcpu[0], second.l4));
        assert_done(vmmu_finish(&guest.vcpu[0]));
        const u64 flushes = machine.flushes;
        assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, first.l4));
        assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, table));
        assert_done(by_address
                        ? vmmu_update_va(&guest.vcpu[0], &guest.domain, KERNEL_PAGE, RW(table))
                        : guest_set(&guest, second.l1, 6, RW(table)));
        assert_int_equal(machine.flushes, flushes + 1);
        assert_false(cpu_any_translates_to(table));
        guest_run(&guest, 0, second.l4);
    }
}

static void a_flush_between_unlinking_and_unpinning_saves_one(void **state)
{
    /* No processor uses a pin: the table has not been walked since it was unlinked. */
    (void)state;
    for (u32 by_address = 0; by_address < 2; by_address++) {
        const struct space space = guest_running_space(&guest);
        const mfn_t table = walked_table(&space);
        assert_done(guest_set(&guest, space.l2, 3, 0));
        cpu_flush(0);
        const u64 flushes = machine.flushes;
        make_page(&space, table, by_address);
        assert_int_equal(machine.flushes, flushes);
    }
    assert_int_equal(guest.domain.counters.flushes_asked, 2);
    assert_int_equal(guest.domain.counters.flushes_skipped, 2);
}

static void but_only_one_that_began_after_the_unlinking(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t table = walked_table(&space);
    u64 value;
    (void)state;
    machine_flush_begins(0);
    assert_true(cpu_load(0, THROUGH, &value));
    assert_done(guest_set(&guest, space.l2, 3, 0));
    machine_flush_ends(0);
    make_page(&space, table, true);
}

static void a_table_that_was_never_linked_needs_no_flush(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t table = guest_page(&guest);
    (void)state;
    assert_done(guest_set(&guest, space.l1, 6, RO(table)));
    assert_done(guest_set(&guest, space.l4, KERNEL_SLOT, LINK(space.l3)));
    cpu_flush(0);
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, table, 1));
    make_page(&space, table, true);
    assert_int_equal(guest.domain.counters.flushes_sent, 0);
}

static void every_cpu_that_ran_the_domain_is_asked(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    (void)state;
    guest_run(&guest, 1, space.l4);
    guest_run(&guest, 2, space.l4);
    assert_done(guest_set(&guest, space.l1, 5, RW(page)));
    for (u32 cpu = 0; cpu < 3; cpu++) {
        assert_true(cpu_store(cpu, guest_address(5), cpu));
    }
    assert_done(guest_set(&guest, space.l1, 5, 0));
    cpu_flush(1); /* CPU 1 flushes without being asked */
    machine_words(page)[0] = 0;
    const u64 flushes = machine.flushes;
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, page, 1));
    /* CPU 1 has flushed already, CPU 3 never ran the domain. */
    assert_int_equal(machine.flushes, flushes + 2);
    for (u32 cpu = 0; cpu < 3; cpu++) {
        assert_false(cpu_store(cpu, guest_address(5), 1));
    }
}

/* That CPUs 0 and 1 have flushed is known from the second frame; CPU 2 was away then. */
static void a_cpu_that_comes_back_is_asked(void **state)
{
    const struct space space = guest_running_space(&guest);
    mfn_t page[3];
    (void)state;
    guest_run(&guest, 1, space.l4);
    guest_run(&guest, 2, space.l4);
    for (u32 i = 0; i < 3; i++) {
        page[i] = guest_page(&guest);
        assert_done(guest_set(&guest, space.l1, 5 + i, RW(page[i])));
        for (u32 cpu = 0; cpu < 3; cpu++) {
            assert_true(cpu_store(cpu, guest_address(5 + i), 0));
        }
    }
    for (u32 i = 0; i < 3; i++) {
        assert_done(guest_set(&guest, space.l1, 5 + i, 0));
    }
    atomic_fetch_and(&guest.domain.cpus, ~4ull);
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, page[0], 1));
    const u64 flushes = machine.flushes;
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, page[1], 1));
    assert_int_equal(machine.flushes, flushes);
    atomic_fetch_or(&guest.domain.cpus, 4);
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, page[2], 1));
    assert_int_equal(machine.flushes, flushes + 1);
    assert_false(cpu_store(2, guest_address(7), 1));
}

static void a_flush_since_saves_one(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = stale_page(&space);
    (void)state;
    cpu_flush(0);
    const u64 flushes = machine.flushes;
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, page, 1));
    assert_int_equal(machine.flushes, flushes);
    assert_int_equal(guest.domain.counters.flushes_asked, 1);
    assert_int_equal(guest.domain.counters.flushes_skipped, 1);

    /* A frame that is freed long after its last entry was cleared needs no flush either. */
    const mfn_t freed = stale_page(&space);
    cpu_flush(0);
    const u64 before = machine.flushes;
    assert_done(vmmu_take(&guest.domain, freed));
    assert_int_equal(machine.flushes, before);
}

static void a_flush_that_began_earlier_saves_none(void **state)
{
    /* XSA-241: a flush is in progress when the entry is cleared; it may have come too early to drop
     * the translation, so another is needed. */
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    (void)state;
    assert_done(guest_set(&guest, space.l1, 5, RW(page)));
    machine_flush_begins(0);
    assert_true(cpu_store(0, guest_address(5), 0));
    assert_done(guest_set(&guest, space.l1, 5, 0));
    machine_flush_ends(0);
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, page, 1));
    assert_false(cpu_store(0, guest_address(5), 1));
}

static void another_domains_flushes_save_none(void **state)
{
    const struct space space = guest_running_space(&guest);
    const struct vmmu_domain other = {.id = (u16)(guest.domain.id + 1)};
    const mfn_t page = stale_page(&space);
    const u64 clock = flush_clock(guest.domain.id), flushes = machine.flushes;
    (void)state;
    for (u32 i = 0; i < 8; i++) {
        vmmu_flush_ends(&other, 0, vmmu_flush_begins(&other));
    }
    /* The two domains' clocks are separate. */
    assert_int_equal(flush_clock(guest.domain.id), clock);
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, page, 1));
    assert_int_equal(machine.flushes, flushes + 1);
    assert_false(cpu_store(0, guest_address(5), 1));
}

static void epochs_that_wrap_cost_a_flush_at_most(void **state)
{
    /* A frame records its epoch in one of two fields, each of which wraps. For distances around
     * each wrap: the page's use ends, then another CPU flushes that many times. */
    const struct space space = guest_running_space(&guest);
    const u64 ages[] = {1ull << REF_EPOCH_BITS, 1ull << USE_PLACE_BITS};
    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(ages); i++) {
        for (s64 off = -2; off <= 2; off++) {
            const mfn_t pinned = stale_page(&space), taken = guest_page(&guest);
            assert_done(guest_set(&guest, space.l1, 6, RW(taken)));
            assert_true(cpu_store(0, guest_address(6), 1));
            assert_done(guest_set(&guest, space.l1, 6, 0));
            for (u64 n = 0; n < ages[i] + (u64)off; n++) {
                machine_flush_begins(3);
                machine_flush_ends(3);
            }
            assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, pinned, 1));
            assert_false(cpu_store(0, guest_address(5), 1));
            /* The same for a frame that is freed, whose epoch is in the other field. */
            assert_done(vmmu_take(&guest.domain, taken));
            assert_false(cpu_store(0, guest_address(6), 1));
        }
    }
    for (u64 clock = 0; clock < 5; clock++) {
        const u64 now = flush_clock(guest.domain.id);
        assert_int_equal(flush_epoch_read(guest.domain.id, now - clock, 14), now - clock);
        assert_int_equal(flush_epoch_read(guest.domain.id, (now - clock - (1u << 14)) & 0x3fff, 14),
                         now - clock);
    }
}

static void no_flush_without_a_change_of_use(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest), table = guest_page(&guest);
    (void)state;
    for (u32 i = 0; i < 5; i++) {
        assert_done(guest_set(&guest, space.l1, 5, RW(page)));
        assert_done(guest_set(&guest, space.l1, 5, 0));
        assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, table, 1));
        assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, table));
    }
    assert_int_equal(guest.domain.counters.flushes_asked, 0);
}

static void a_descriptor_page_always_costs_a_flush(void **state)
{
    const mfn_t page = guest_page(&guest);
    (void)state;
    guest_running_space(&guest);
    assert_done(vmmu_set_gdt(&guest.vcpu[0], &page, 1, 1));
    assert_done(vmmu_set_gdt(&guest.vcpu[0], NULL, 0, 0));
    cpu_flush(0);
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, page, 1));
    assert_int_equal(guest.domain.counters.flushes_sent, 1);
}

/* ---- between the flush and the new type (XSA-401) ----------------------------------------- */

static struct space raced_space;
static mfn_t raced_page;
static enum vmmu_result raced_result;

static void map_it_again(void)
{
    machine.on_flush = NULL;
    raced_result = vmmu_update(&guest.vcpu[1], &guest.domain, &guest.domain,
                               machine_at(raced_space.l1, 6), RW(raced_page), VMMU_UPDATE_NORMAL);
    if (raced_result == VMMU_DONE) {
        cpu_store(0, guest_address(6), 1);
    }
}

static void nothing_begins_between_flush_and_type(void **state)
{
    (void)state;
    raced_space = guest_running_space(&guest);
    raced_page = stale_page(&raced_space);
    machine.on_flush = map_it_again;
    assert_done(vmmu_pin(&guest.vcpu[0], &guest.domain, raced_page, 1));
    assert_null(machine.on_flush);
    assert_result(VMMU_REFUSED_WRITABLE_TABLE, raced_result);
    assert_false(cpu_store(0, guest_address(6), 1));
}

static void a_foreign_mapping_is_flushed_where_it_was(void **state)
{
    /* XSA-217: guest 1 maps a frame of guest 2 and unmaps it without a flush; then guest 2 makes
     * the frame a page table. CPU 0, which has the translation, never ran guest 2. */
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&other);
    (void)state;
    assert_done(vmmu_update(&guest.vcpu[0], &guest.domain, &other.domain, machine_at(space.l1, 5),
                            RW(page), VMMU_UPDATE_NORMAL));
    assert_true(cpu_store(0, guest_address(5), 1));
    assert_done(guest_set(&guest, space.l1, 5, 0));
    machine_words(page)[0] = 0;
    assert_done(vmmu_pin(&other.vcpu[0], &other.domain, page, 1));
    assert_false(cpu_store(0, guest_address(5), RW(space.l4)));
    assert_done(vmmu_unpin(&other.vcpu[0], &other.domain, page));

    /* The same when the mapping ends because its whole table is demoted. */
    const mfn_t table = guest_page(&guest), target = guest_page(&other);
    const vaddr_t va = vaddr(3ull << 21);
    assert_done(guest_set(&guest, space.l2, 3, LINK(table)));
    assert_done(vmmu_update(&guest.vcpu[0], &guest.domain, &other.domain, machine_at(table, 0),
                            RW(target), VMMU_UPDATE_NORMAL));
    assert_true(cpu_store(0, va, 0));
    assert_done(guest_set(&guest, space.l2, 3, 0));
    assert_done(vmmu_pin(&other.vcpu[0], &other.domain, target, 1));
    assert_false(cpu_store(0, va, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(a_new_table_cannot_be_written_through_a_stale_entry),
        GUEST_TEST(nor_a_descriptor_page),
        GUEST_TEST(nor_somebody_elses_page),
        GUEST_TEST(a_stale_read_is_gone_before_the_frame_is),
        GUEST_TEST(a_former_table_cannot_be_walked),
        GUEST_TEST(an_unlinked_table_is_flushed_before_it_is_a_page),
        GUEST_TEST(also_if_the_table_above_ends),
        GUEST_TEST(a_flush_between_unlinking_and_unpinning_saves_one),
        GUEST_TEST(but_only_one_that_began_after_the_unlinking),
        GUEST_TEST(a_table_that_was_never_linked_needs_no_flush),
        GUEST_TEST(every_cpu_that_ran_the_domain_is_asked),
        GUEST_TEST(a_cpu_that_comes_back_is_asked),
        GUEST_TEST(a_flush_since_saves_one),
        GUEST_TEST(a_flush_that_began_earlier_saves_none),
        GUEST_TEST(another_domains_flushes_save_none),
        GUEST_TEST(epochs_that_wrap_cost_a_flush_at_most),
        GUEST_TEST(no_flush_without_a_change_of_use),
        GUEST_TEST(a_descriptor_page_always_costs_a_flush),
        GUEST_TEST(nothing_begins_between_flush_and_type),
        GUEST_TEST(a_foreign_mapping_is_flushed_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
