/* SPDX-License-Identifier: MIT */
/* Proves that vmmu_store_quick and vmmu_change_quick do what an emulated write by the slow path
 * does, entry for entry and count for count, or do nothing at all; and that they find a live L1
 * table of the vCPU's domain by the present tables, or none. */
#include "tests/machine/guest.h"

#define PAGES  4u
#define SLOTS  3u
#define ROUNDS 30000u
#define HIGH   0xffff880000000000ull /* the first address behind the hypervisor's slots */

/* A guest with a running space whose L1 table is also mapped at the upper half of the addresses,
 * and maps itself read-only by its entry 1. */
struct place {
    struct guest *guest;
    struct space space;
    mfn_t page[PAGES];
};

static struct place place_of(struct guest *g)
{
    struct place p = {.guest = g, .space = guest_space(g)};

    machine_words(p.space.l4)[272] = LINK(p.space.l3);
    assert_done(vmmu_pin(&g->vcpu[0], &g->domain, p.space.l4, 4));
    guest_run(g, 0, p.space.l4);
    assert_done(guest_set(g, p.space.l1, 1, RO(p.space.l1)));
    for (u32 i = 0; i < PAGES; i++) {
        p.page[i] = guest_page(g);
    }
    return p;
}

static vaddr_t entry_address(u32 index)
{
    return vaddr(HIGH + PAGE_SIZE + index * sizeof(u64));
}

static u32 below(u32 end)
{
    static u64 state = 88172645463325252;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (u32)(state >> 32) % end;
}

/* An entry for a place: choice `what` of a frame, with these bits. */
static u64 entry_of(const struct place *p, u32 what, u64 bits)
{
    const mfn_t frame = what < PAGES        ? p->page[what]
                        : what == PAGES     ? p->space.l1
                        : what == PAGES + 1 ? p->space.l2
                                            : mfn(machine.frames + 5);

    return bits ? frame.n << PAGE_SHIFT | bits : 0;
}

/* Stores as a guest does, the slow way. */
static enum vmmu_result store_slow(const struct place *p, u32 slot, u64 entry)
{
    bool swapped = false;
    const u64 now = machine_words(p->space.l1)[slot];
    const enum vmmu_result result =
        vmmu_emulated_write(&p->guest->vcpu[0], entry_address(slot), 8, now, entry, &swapped);

    assert_int_equal(swapped, result == VMMU_DONE);
    return result;
}

/* Stores the quick way: a value; or, if `bits`, those bits of it that the present entry lacks, and
 * without those that it has too many. */
static bool store_quick(const struct place *p, u32 slot, u64 entry, bool bits, u64 *old)
{
    struct vmmu_vcpu *vcpu = &p->guest->vcpu[0];
    const u64 now = machine_words(p->space.l1)[slot];

    return bits ? vmmu_change_quick(vcpu, entry_address(slot), ~(now & ~entry), entry & ~now, old)
                : vmmu_store_quick(vcpu, entry_address(slot), entry, old);
}

static void assert_same(const struct place *a, const struct place *b)
{
    const struct vmmu_counters x = guest_counters(a->guest), y = guest_counters(b->guest);

    for (u32 i = 0; i < PAGES; i++) {
        assert_int_equal(look(a->page[i]).references, look(b->page[i]).references);
        assert_int_equal(look(a->page[i]).type, look(b->page[i]).type);
        assert_int_equal(look(a->page[i]).type_count, look(b->page[i]).type_count);
    }
    assert_int_equal(look(a->space.l1).references, look(b->space.l1).references);
    assert_int_equal(look(a->space.l1).type_count, look(b->space.l1).type_count);
    assert_int_equal(x.emulated_writes, y.emulated_writes);
    assert_int_equal(x.entries_checked, y.entries_checked);
}

static void quick_is_as_good_as_slow(void **state)
{
    const u64 bits[] = {0,
                        PTE_PRESENT,
                        PTE_PRESENT | PTE_USER,
                        PTE_PRESENT | PTE_WRITABLE,
                        PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_DIRTY,
                        PTE_PRESENT | PTE_GLOBAL | PTE_NX,
                        PTE_PRESENT | PTE_WRITABLE | PTE_PCD,
                        PTE_ACCESSED};
    const struct place a = place_of(&guest), b = place_of(&other);
    u32 quick = 0, refused = 0;
    (void)state;

    for (u32 round = 0; round < ROUNDS; round++) {
        const u32 what = below(PAGES + 3), slot = 5 + below(SLOTS);
        const u64 with = bits[below(ARRAY_LENGTH(bits))];
        const u64 before = machine_words(a.space.l1)[slot];
        const enum vmmu_result expected = store_slow(&b, slot, entry_of(&b, what, with));
        u64 old = 0;

        if (store_quick(&a, slot, entry_of(&a, what, with), round % 2, &old)) {
            assert_done(expected);
            assert_int_equal(old, before);
            quick++;
        } else {
            assert_int_equal(machine_words(a.space.l1)[slot], before);
            assert_result(expected, store_slow(&a, slot, entry_of(&a, what, with)));
            refused += expected != VMMU_DONE;
        }
        assert_int_equal(machine_words(a.space.l1)[slot] & ~PTE_ADDRESS,
                         machine_words(b.space.l1)[slot] & ~PTE_ADDRESS);
        assert_same(&a, &b);
    }
    assert_true(quick > ROUNDS / 3 && refused > ROUNDS / 20);
}

static bool quick(const struct place *p, u64 at, u64 value)
{
    u64 old;

    return vmmu_store_quick(&p->guest->vcpu[0], vaddr(at), value, &old);
}

static void only_live_l1_tables_are_found(void **state)
{
    const struct place p = place_of(&guest), q = place_of(&other);
    const u64 at = entry_address(5).a, page = HIGH + 2 * PAGE_SIZE;
    const u64 next_l1 = HIGH + (1ull << 21), next_l2 = HIGH + (1ull << 30);
    (void)state;

    assert_true(quick(&p, at, RO(p.page[0])));
    /* Addresses that are not the guest's, or not in the upper half, or not mapped. */
    assert_false(quick(&p, PAGE_SIZE + 5 * 8, 0));
    assert_false(quick(&p, 0xffff800000000000, 0));
    assert_false(quick(&p, HIGH - 8, 0));
    assert_false(quick(&p, next_l1, 0));
    assert_false(quick(&p, next_l2, 0));
    assert_false(quick(&p, ~7ull, 0));
    assert_false(quick(&p, HIGH + 9 * PAGE_SIZE, 0));
    /* Mapped writable; an ordinary page; a table of level 2; a table of another domain. */
    assert_done(guest_set(&guest, p.space.l1, 2, RW(p.page[1])));
    assert_false(quick(&p, page, 0));
    assert_done(guest_set(&guest, p.space.l1, 2, RO(p.page[1])));
    assert_false(quick(&p, page, 0));
    assert_done(guest_set(&guest, p.space.l1, 2, RO(p.space.l2)));
    assert_false(quick(&p, page, 0));
    assert_done(vmmu_update_va(&guest.vcpu[0], &other.domain, guest_address(2), RO(q.space.l1)));
    assert_false(quick(&p, page + 5 * 8, 0));
    assert_done(guest_set(&guest, p.space.l1, 2, 0));
    assert_int_equal(guest_counters(&guest).emulated_writes, 1);
}

static void nothing_is_waited_for(void **state)
{
    const struct place p = place_of(&guest);
    const u64 at = entry_address(5).a;
    (void)state;

    /* Another CPU has the table locked. */
    atomic_fetch_or(&frame_of(p.space.l1)->type, USE_LOCKED);
    assert_false(quick(&p, at, RO(p.page[0])));
    atomic_fetch_and(&frame_of(p.space.l1)->type, ~USE_LOCKED);
    assert_int_equal(machine_words(p.space.l1)[5], 0);
    /* The vCPU has a deferred release. */
    guest.vcpu[0].deferred.frame = p.page[0];
    assert_false(quick(&p, at, RO(p.page[0])));
    guest.vcpu[0].deferred.frame = MFN_NONE;
    assert_true(quick(&p, at, RO(p.page[0])));
}

static void the_last_references_are_dropped(void **state)
{
    const struct place p = place_of(&guest);
    const mfn_t m = guest_page(&guest);
    (void)state;

    /* The last type reference, by a store that takes the right to write away, or the whole entry.
     */
    assert_true(quick(&p, entry_address(5).a, RW(m)));
    assert_true(quick(&p, entry_address(5).a, RO(m)));
    assert_int_equal(look(m).type_count, 0);
    assert_int_equal(look(m).references, 2);
    assert_true(quick(&p, entry_address(5).a, RW(m)));
    /* The last reference of all. */
    assert_done(vmmu_take(&guest.domain, m));
    assert_int_equal(look(m).references, 1);
    assert_true(quick(&p, entry_address(5).a, 0));
    assert_false(look(m).owned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(quick_is_as_good_as_slow),
        GUEST_TEST(only_live_l1_tables_are_found),
        GUEST_TEST(nothing_is_waited_for),
        GUEST_TEST(the_last_references_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
