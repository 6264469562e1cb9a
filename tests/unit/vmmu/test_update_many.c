/* SPDX-License-Identifier: MIT */
/* Proves that a run of many requests does what the same requests do one by one, in their order, up
 * to the first that is refused or to an interruption; and that a frame whose last reference goes in
 * the run is freed after the table is unlocked. */
#include "tests/machine/guest.h"
#include "vmmu/frame.h"

#define PAGES 10u
#define SLOTS 6u
#define MOST  12u

/* The pages of one of the two guests: one gets runs of requests, the other single requests. */
struct place {
    struct guest *guest;
    struct space space;
    mfn_t second_l1, plain; /* another live L1 table, and a page that is no table */
    mfn_t page[PAGES];
};

static struct place place_of(struct guest *g)
{
    struct place p = {.guest = g, .space = guest_running_space(g)};
    p.second_l1 = guest_page(g);
    p.plain = guest_page(g);
    for (u32 i = 0; i < PAGES; i++) {
        p.page[i] = guest_page(g);
    }
    assert_done(guest_set(g, p.space.l2, 1, LINK(p.second_l1)));
    return p;
}

/* The frame with number `i` in both places: first the pages, then the tables that are written
 * to. */
static mfn_t frame_at(const struct place *p, u32 i)
{
    const mfn_t others[] = {p->space.l1, p->second_l1, p->plain, p->space.l2};
    return i < PAGES ? p->page[i] : others[i - PAGES];
}
#define FRAMES (PAGES + 4u)

static u64 random_state = 88172645463325252ull;

static u32 below(u32 n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (u32)(random_state % n);
}

/* A request by numbers that have a meaning in both places. */
struct wish {
    u32 table, slot, target;
    u64 bits;
    enum vmmu_update_kind kind;
};

static struct wish any_wish(u32 table)
{
    static const u64 bits[] = {PTE_PRESENT,
                               PTE_PRESENT | PTE_WRITABLE,
                               PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_DIRTY,
                               PTE_PRESENT | PTE_NX,
                               PTE_PRESENT | PTE_GLOBAL,
                               0,
                               0,
                               PTE_PRESENT | PTE_PCD};
    return (struct wish){.table = below(6) ? table : PAGES + below(4),
                         .slot = below(SLOTS) + 2,
                         .target = below(40) ? below(PAGES) : below(FRAMES),
                         .bits = bits[below(30) ? below(7) : 7],
                         .kind = below(3) ? VMMU_UPDATE_NORMAL : VMMU_UPDATE_PRESERVE_AD};
}

static struct vmmu_request request_of(const struct place *p, const struct wish *wish)
{
    const mfn_t target = frame_at(p, wish->target);
    const maddr_t at = machine_at(frame_at(p, wish->table), wish->slot);
    return (struct vmmu_request){at.a | wish->kind,
                                 wish->bits ? target.n << PAGE_SHIFT | wish->bits : 0};
}

static enum vmmu_result update(struct place *p, const struct vmmu_request *requests, u64 count,
                               u64 *done)
{
    struct vmmu_domain *d = &p->guest->domain;
    return vmmu_update_many(&p->guest->vcpu[0], d, d, requests, count, done);
}

/* Does one request as the hypercall does: the quick way, which is counted in *quick, or else as one
 * of many. */
static enum vmmu_result update_one(struct place *p, struct vmmu_request request, u64 *quick)
{
    u64 done;

    if (vmmu_update_quick(&p->guest->vcpu[0], request)) {
        ++*quick;
        return VMMU_DONE;
    }
    return update(p, &request, 1, &done);
}

/* The entry with the frame's number in the place instead of its mfn, so that entries of both places
 * can be compared. */
static u64 in_numbers(const struct place *p, u64 entry)
{
    for (u32 i = 0; i < FRAMES; i++) {
        if (mfn_equal(frame_at(p, i), entry_frame(entry))) {
            return (entry & ~PTE_ADDRESS) | (u64)i << PAGE_SHIFT;
        }
    }
    return entry;
}

static void assert_same(const struct place *a, const struct place *b)
{
    for (u32 i = 0; i < FRAMES; i++) {
        const mfn_t x = frame_at(a, i), y = frame_at(b, i);
        assert_int_equal(look(x).references, look(y).references);
        assert_int_equal(look(x).type, look(y).type);
        assert_int_equal(look(x).type_count, look(y).type_count);
        for (u32 slot = 2; i >= PAGES && slot < SLOTS + 2; slot++) {
            assert_int_equal(in_numbers(a, machine_words(x)[slot]),
                             in_numbers(b, machine_words(y)[slot]));
        }
    }
    const struct vmmu_counters x = guest_counters(a->guest), y = guest_counters(b->guest);
    assert_int_equal(x.updates, y.updates);
    assert_int_equal(x.entries_checked, y.entries_checked);
    assert_int_equal(x.refusals, y.refusals);
}

static void many_are_as_good_as_one_by_one(void **state)
{
    struct place many = place_of(&guest), single = place_of(&other);
    u64 all = 0, refused = 0, quick = 0;
    (void)state;

    for (u32 round = 0; round < 20000; round++) {
        struct vmmu_request requests[MOST], alone;
        const u32 count = 1 + below(MOST), table = PAGES + below(4);
        enum vmmu_result expected = VMMU_DONE;
        u64 done = 0, served = 0;
        for (u32 i = 0; i < count; i++) {
            const struct wish wish = any_wish(table);
            requests[i] = request_of(&many, &wish);
            alone = request_of(&single, &wish);
            if (expected == VMMU_DONE) {
                expected = update_one(&single, alone, &quick);
                served += expected == VMMU_DONE;
            }
        }
        assert_result(expected, update(&many, requests, count, &done));
        assert_int_equal(done, served);
        all += done;
        refused += expected != VMMU_DONE;
        if (round % 64 == 0) {
            assert_same(&many, &single);
        }
    }
    assert_same(&many, &single);
    assert_true(all > 50000 && refused > 1000 && quick > 10000);
}

static void the_order_counts(void **state)
{
    struct place p = place_of(&guest);
    const mfn_t l1 = p.space.l1;
    const struct vmmu_request requests[] = {
        {machine_at(l1, 3).a, RW(p.page[0])}, {machine_at(l1, 3).a, RW(p.page[1])},
        {machine_at(l1, 4).a, RW(p.page[1])}, {maddr_of(p.page[2]).a | VMMU_UPDATE_M2P, 77},
        {machine_at(l1, 5).a, RW(l1)},        {machine_at(l1, 6).a, RW(p.page[3])},
    };
    u64 done;
    (void)state;
    assert_refused(WRITABLE_TABLE, update(&p, requests, ARRAY_LENGTH(requests), &done));
    assert_int_equal(done, 4);
    assert_int_equal(machine_words(l1)[3], RW(p.page[1]));
    assert_int_equal(look(p.page[0]).references, 1);
    assert_int_equal(look(p.page[1]).type_count, 2);
    assert_int_equal(vmmu_engine.m2p[p.page[2].n], 77);
    assert_int_equal(machine_words(l1)[5], 0);
    assert_int_equal(machine_words(l1)[6], 0);
}

static void only_the_kinds_that_there_are(void **state)
{
    struct place p = place_of(&guest);
    u64 done;
    (void)state;
    for (u64 kind = VMMU_UPDATE_NO_TRANSLATE + 1; kind < 8; kind++) {
        const struct vmmu_request requests[] = {
            {machine_at(p.space.l1, 3).a, RO(p.page[0])},
            {machine_at(p.space.l1, 4).a | kind, RO(p.page[0])},
        };
        assert_refused(BAD_KIND, update(&p, requests, 2, &done));
        assert_int_equal(done, 1);
        assert_int_equal(machine_words(p.space.l1)[4], 0);
    }
}

static void what_is_stopped_goes_on(void **state)
{
    struct place p = place_of(&guest);
    (void)state;
    for (u64 k = 1; k < 6; k++) {
        struct vmmu_request requests[6];
        enum vmmu_result result = VMMU_AGAIN;
        u64 done = 0, some, calls = 0;
        for (u32 i = 0; i < 6; i++) {
            requests[i] = (struct vmmu_request){
                machine_at(i % 2 ? p.second_l1 : p.space.l1, 2 + i).a, RW(p.page[(i + k) % PAGES])};
        }
        machine_stop_at(k);
        for (; result == VMMU_AGAIN; calls++) {
            result = update(&p, requests + done, 6 - done, &some);
            done += some;
            assert_true(result == VMMU_DONE || done == k);
        }
        assert_done(result);
        assert_int_equal(done, 6);
        assert_int_equal(calls, 2);
    }
    machine_stop_at(0);
}

/* The entries that the run clears hold the last references of frames that the guest has handed
 * back. */
static void frames_are_freed_in_a_run(void **state)
{
    struct place p = place_of(&guest);
    struct vmmu_request requests[6];
    u64 done;
    (void)state;
    for (u32 i = 0; i < 6; i++) {
        assert_done(guest_set(&guest, p.space.l1, 2 + i, i % 3 ? RO(p.page[i]) : RW(p.page[i])));
        requests[i] = (struct vmmu_request){machine_at(p.space.l1, 2 + i).a, 0};
    }
    for (u32 i = 0; i < 6; i += 2) {
        assert_done(vmmu_take(&guest.domain, p.page[i]));
        assert_int_equal(look(p.page[i]).references, 1);
    }
    assert_done(update(&p, requests, 6, &done));
    assert_int_equal(done, 6);
    for (u32 i = 0; i < 6; i++) {
        assert_int_equal(look(p.page[i]).owned, i % 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(many_are_as_good_as_one_by_one), GUEST_TEST(the_order_counts),
        GUEST_TEST(only_the_kinds_that_there_are),  GUEST_TEST(what_is_stopped_goes_on),
        GUEST_TEST(frames_are_freed_in_a_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
