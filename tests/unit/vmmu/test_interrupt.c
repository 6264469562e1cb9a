/* SPDX-License-Identifier: MIT */
/* Proves that promotion, demotion and the undoing of a refused promotion may be interrupted at
 * every place where they ask whether to stop, and resume on any vCPU; that all counts are exact
 * after each piece of work; that a partial table which its guest abandons can be demoted; and that
 * every piece makes progress. Each operation runs with a stop at the k-th question, for all k, and
 * with a stop at every question. */
#include "tests/machine/guest.h"

#define FAN 3u /* tables below each upper table */

/* A tree with FAN tables below each upper table, and two pages below each L1 table. */
struct bush {
    mfn_t l4, l3[FAN], l2[FAN][FAN], l1[FAN][FAN][FAN];
    mfn_t writable, readable;
};

static u64 pieces; /* how often operations of this test were interrupted */

static u32 spread(u32 i)
{
    /* None of the slots that are the hypervisor's in an L4 table. */
    return (u32[FAN]){0, 100, 510}[i];
}

static void link_to(mfn_t table, u32 i, mfn_t target)
{
    machine_words(table)[spread(i)] = LINK(target);
}

static struct bush plant(void)
{
    struct bush b = {
        .l4 = guest_page(&guest), .writable = guest_page(&guest), .readable = guest_page(&guest)};
    for (u32 i = 0; i < FAN; i++) {
        b.l3[i] = guest_page(&guest);
        link_to(b.l4, i, b.l3[i]);
        for (u32 j = 0; j < FAN; j++) {
            b.l2[i][j] = guest_page(&guest);
            link_to(b.l3[i], j, b.l2[i][j]);
            for (u32 k = 0; k < FAN; k++) {
                b.l1[i][j][k] = guest_page(&guest);
                link_to(b.l2[i][j], k, b.l1[i][j][k]);
                machine_words(b.l1[i][j][k])[0] = RW(b.writable);
                machine_words(b.l1[i][j][k])[511] = RO(b.readable);
            }
        }
    }
    return b;
}

static void assert_all_live(const struct bush *b)
{
    assert_true(look(b->l4).validated);
    assert_int_equal(look(b->writable).type_count, FAN * FAN * FAN);
    assert_int_equal(look(b->writable).references, FAN * FAN * FAN + 1);
    assert_int_equal(look(b->readable).references, FAN * FAN * FAN + 1);
    assert_true(look(b->l1[FAN - 1][FAN - 1][FAN - 1]).validated);
}

static void assert_none_live(const struct bush *b)
{
    assert_int_equal(look(b->l4).type_count, 0);
    assert_int_equal(look(b->writable).type_count, 0);
    assert_int_equal(look(b->writable).references, 1);
    assert_int_equal(look(b->readable).references, 1);
    assert_int_equal(look(b->l1[0][0][0]).type_count, 0);
    assert_int_equal(look(b->l3[FAN - 1]).references, 1);
}

/* One operation on the tree `b`, requested by vCPU `v`. */
typedef enum vmmu_result operation(u32 v, const struct bush *b);

static enum vmmu_result pin(u32 v, const struct bush *b)
{
    return vmmu_pin(&guest.vcpu[v], &guest.domain, b->l4, 4);
}

static enum vmmu_result unpin(u32 v, const struct bush *b)
{
    return vmmu_unpin(&guest.vcpu[v], &guest.domain, b->l4);
}

/* Repeats the operation until it ends, then completes the deferred release that it may have left on
 * the vCPU; audits after each piece. If `wander`, each repetition is on another vCPU. */
static enum vmmu_result complete(operation *op, const struct bush *b, bool wander)
{
    u32 v = 0;
    enum vmmu_result result;
    while ((result = op(v, b)) == VMMU_AGAIN) {
        pieces++;
        assert_audit();
        v = wander ? (v + 1) % GUEST_VCPUS : v;
    }
    assert_audit();
    for (v = 0; v < GUEST_VCPUS; v++) {
        pieces += !mfn_is_none(guest.vcpu[v].deferred.frame);
        while (vmmu_finish(&guest.vcpu[v]) == VMMU_AGAIN) {
            pieces++;
            assert_audit();
        }
    }
    assert_audit();
    return result;
}

/* How often an operation asks whether it should stop. */
static u64 asks_of(operation *op, const struct bush *b, enum vmmu_result expected)
{
    machine_stop_at(0);
    assert_result(expected, complete(op, b, false));
    return machine.asks;
}

static void pins_and_unpins(void **state)
{
    const struct bush b = plant();
    (void)state;
    const u64 pin_asks = asks_of(pin, &b, VMMU_DONE), unpin_asks = asks_of(unpin, &b, VMMU_DONE);
    assert_true(pin_asks >= FAN * FAN * FAN && unpin_asks >= FAN * FAN * (FAN - 1));

    for (u64 k = 1; k <= pin_asks; k++) {
        pieces = 0;
        machine_stop_at(k);
        assert_done(complete(pin, &b, k & 1));
        assert_int_equal(pieces, 1);
        assert_all_live(&b);
        machine_stop_at(0);
        assert_done(complete(unpin, &b, false));
        assert_none_live(&b);
    }
    for (u64 k = 1; k <= unpin_asks; k++) {
        pieces = 0;
        assert_done(complete(pin, &b, false));
        machine_stop_at(k);
        assert_done(complete(unpin, &b, false));
        assert_int_equal(pieces, 1);
        assert_none_live(&b);
    }
}

static void a_stop_at_every_ask_still_ends(void **state)
{
    const struct bush b = plant();
    (void)state;
    machine.stop_each = 1;
    pieces = 0;
    assert_done(complete(pin, &b, true));
    assert_true(pieces >= FAN * FAN * FAN && pieces <= 100);
    assert_all_live(&b);
    pieces = 0;
    assert_done(complete(unpin, &b, true));
    assert_true(pieces >= FAN * FAN && pieces <= 100);
    assert_none_live(&b);
}

static void a_refused_promotion_is_unwound_in_pieces(void **state)
{
    const struct bush b = plant();
    const mfn_t last = b.l1[FAN - 1][FAN - 1][FAN - 1];
    (void)state;
    machine_words(last)[511] = RW(b.l4);
    const u64 asks = asks_of(pin, &b, VMMU_REFUSED_WRITABLE_TABLE);
    for (u64 k = 1; k <= asks; k++) {
        machine_stop_at(k);
        pieces = 0;
        assert_refused(WRITABLE_TABLE, complete(pin, &b, k & 1));
        /* A single stop deep in the undoing need not interrupt the operation as a whole. */
        assert_true(pieces <= 1);
        assert_none_live(&b);
    }
    machine.stop_each = 1;
    assert_refused(WRITABLE_TABLE, complete(pin, &b, true));
    assert_none_live(&b);
    /* With a correct last entry the promotion succeeds. */
    machine_words(last)[511] = RO(b.l4);
    assert_done(complete(pin, &b, false));
}

static void a_refused_promotion_answers_before_it_is_unwound(void **state)
{
    /* XSA-299c: another vCPU may link the partial table meanwhile; the promotion must still be
     * refused for the bad slot. */
    const struct bush b = plant();
    (void)state;
    machine_words(b.l1[FAN - 1][FAN - 1][FAN - 1])[511] = RW(b.l4);
    const u64 asks = asks_of(pin, &b, VMMU_REFUSED_WRITABLE_TABLE);
    for (u64 k = 1; k <= asks; k++) {
        enum vmmu_result result;
        machine_stop_at(k);
        while ((result = pin(0, &b)) == VMMU_AGAIN) {
        }
        assert_result(VMMU_REFUSED_WRITABLE_TABLE, result);
        while ((result = pin(1, &b)) == VMMU_AGAIN) {
        }
        assert_result(VMMU_REFUSED_WRITABLE_TABLE, result);
        assert_audit();
        assert_done(complete(unpin, &b, false) == VMMU_REFUSED_NOT_PINNED ? VMMU_DONE : VMMU_AGAIN);
        assert_none_live(&b);
    }
}

static enum vmmu_result hook(u32 v, const struct bush *b)
{
    return vmmu_update(&guest.vcpu[v], &guest.domain, &guest.domain,
                       machine_at(guest.vcpu[0].kernel_root, 300), LINK(b->l3[1]),
                       VMMU_UPDATE_NORMAL);
}

static enum vmmu_result unhook(u32 v, const struct bush *b)
{
    (void)b;
    return vmmu_update(&guest.vcpu[v], &guest.domain, &guest.domain,
                       machine_at(guest.vcpu[0].kernel_root, 300), 0, VMMU_UPDATE_NORMAL);
}

static void a_tree_is_hooked_and_unhooked_by_an_update(void **state)
{
    const struct bush b = plant();
    (void)state;
    guest_running_space(&guest);
    const u64 hook_asks = asks_of(hook, &b, VMMU_DONE),
              unhook_asks = asks_of(unhook, &b, VMMU_DONE);
    for (u64 k = 1; k <= hook_asks || k <= unhook_asks; k++) {
        machine_stop_at(k);
        assert_done(complete(hook, &b, k & 1));
        machine_stop_at(k);
        assert_done(complete(unhook, &b, k & 1));
        assert_int_equal(look(b.writable).references, 1);
    }
}

static enum vmmu_result load(u32 v, const struct bush *b)
{
    (void)v;
    return vmmu_set_kernel_root(&guest.vcpu[0], b->l4);
}

static enum vmmu_result load_user(u32 v, const struct bush *b)
{
    (void)v;
    return vmmu_set_user_root(&guest.vcpu[0], b->l4);
}

static void roots_are_loaded_and_left_in_pieces(void **state)
{
    const struct bush b = plant();
    const struct space space = guest_running_space(&guest);
    (void)state;
    for (u64 k = 1; k <= 60; k++) {
        machine_stop_at(k);
        assert_done(complete(load, &b, false));
        machine_stop_at(k);
        assert_done(vmmu_set_kernel_root(&guest.vcpu[0], space.l4));
        while (vmmu_finish(&guest.vcpu[0]) == VMMU_AGAIN) {
            assert_audit();
        }
        assert_none_live(&b);
        machine_stop_at(k);
        assert_done(complete(load_user, &b, false));
        machine_stop_at(k);
        assert_done(vmmu_set_user_root(&guest.vcpu[0], MFN_NONE));
        assert_audit();
        while (vmmu_finish(&guest.vcpu[0]) == VMMU_AGAIN) {
            assert_audit();
        }
        assert_none_live(&b);
    }
}

static void an_abandoned_promotion_is_cleared_by_the_next_use(void **state)
{
    const struct bush b = plant();
    const struct space space = guest_running_space(&guest);
    (void)state;
    const u64 asks = asks_of(pin, &b, VMMU_DONE);
    assert_done(complete(unpin, &b, false));
    for (u64 k = 1; k <= asks; k++) {
        machine_stop_at(k);
        assert_result(VMMU_AGAIN, pin(0, &b));
        assert_true(look(b.l4).partial);
        /* Instead of repeating the interrupted operation the guest requests a hold on the frame, to
         * write to it. */
        enum vmmu_result result;
        machine_stop_at(k / 2 + 1);
        while ((result = guest_set(&guest, space.l1, 5, RW(b.l4))) == VMMU_AGAIN) {
            assert_audit();
        }
        assert_done(result);
        assert_int_equal(look(b.writable).references, 1);
        machine_stop_at(0);
        assert_done(guest_set(&guest, space.l1, 5, 0));
    }
}

static void a_partial_child_is_used_by_somebody_else(void **state)
{
    /* XSA-299a, e: while the demotion of a tree is interrupted, tables of it get into another tree,
     * or lose their last reference. */
    const struct bush b = plant();
    const struct space space = guest_running_space(&guest);
    (void)state;
    assert_done(complete(pin, &b, false));
    const u64 asks = asks_of(unpin, &b, VMMU_DONE);
    for (u64 k = 1; k <= asks; k++) {
        machine_stop_at(0);
        assert_done(complete(pin, &b, false));
        machine_stop_at(k);
        assert_done(unpin(0, &b));
        assert_audit();
        /* Another vCPU links an inner table of the tree into its own space, whether that table is
         * still validated, partial, or without a type. */
        const mfn_t inner = b.l2[k % FAN][k / FAN % FAN];
        enum vmmu_result result;
        while ((result = vmmu_update(&guest.vcpu[1], &guest.domain, &guest.domain,
                                     machine_at(space.l3, 77), LINK(inner), VMMU_UPDATE_NORMAL)) ==
               VMMU_AGAIN) {
            assert_audit();
        }
        assert_done(result);
        assert_audit();
        /* The first vCPU completes its deferred release; what the second vCPU linked must stay. */
        while (vmmu_finish(&guest.vcpu[0]) == VMMU_AGAIN) {
            assert_audit();
        }
        assert_audit();
        assert_true(look(inner).validated);
        assert_int_equal(look(inner).type_count, 1);
        assert_int_equal(look(b.writable).type_count, FAN);
        assert_done(guest_set(&guest, space.l3, 77, 0));
        assert_none_live(&b);
    }
}

static void two_vcpus_promote_the_same_tree_by_turns(void **state)
{
    const struct bush b = plant();
    (void)state;
    machine.stop_each = 2;
    enum vmmu_result a = VMMU_AGAIN, c = VMMU_AGAIN;
    while (a == VMMU_AGAIN || c == VMMU_AGAIN) {
        if (a == VMMU_AGAIN) {
            a = pin(0, &b);
            assert_audit();
        }
        if (c == VMMU_AGAIN) {
            c = vmmu_set_kernel_root(&guest.vcpu[1], b.l4);
            assert_audit();
        }
    }
    assert_done(a);
    assert_done(c);
    assert_int_equal(look(b.l4).type_count, 2);
    assert_all_live(&b);
}

static void a_failed_promotion_in_two_records(void **state)
{
    /* XSA-299b: two vCPUs both have a deferred release of the same partial table. */
    const struct bush b = plant();
    (void)state;
    machine_words(b.l2[2][2])[511] = LINK(b.l4);
    machine.stop_each = 1;
    enum vmmu_result a, c;
    while ((a = pin(0, &b)) == VMMU_AGAIN) {
    }
    while ((c = pin(1, &b)) == VMMU_AGAIN) {
    }
    assert_refused(WRONG_TYPE, a);
    assert_refused(WRONG_TYPE, c);
    bool more = true;
    while (more) {
        more = false;
        for (u32 v = 0; v < GUEST_VCPUS; v++) {
            more |= vmmu_finish(&guest.vcpu[v]) == VMMU_AGAIN;
            assert_audit();
        }
    }
    assert_none_live(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_TEST(pins_and_unpins),
        SMALL_TEST(a_stop_at_every_ask_still_ends),
        SMALL_TEST(a_refused_promotion_is_unwound_in_pieces),
        SMALL_TEST(a_refused_promotion_answers_before_it_is_unwound),
        SMALL_TEST(a_tree_is_hooked_and_unhooked_by_an_update),
        SMALL_TEST(roots_are_loaded_and_left_in_pieces),
        SMALL_TEST(an_abandoned_promotion_is_cleared_by_the_next_use),
        SMALL_TEST(a_partial_child_is_used_by_somebody_else),
        SMALL_TEST(two_vcpus_promote_the_same_tree_by_turns),
        SMALL_TEST(a_failed_promotion_in_two_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
