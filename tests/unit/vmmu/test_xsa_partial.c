/* SPDX-License-Identifier: MIT */
/* Proves that no operation works long without asking whether it should stop, and that what an
 * interrupted operation leaves partial is exact (group D of docs/security.md): XSA-45, 290, 252,
 * 299g, 299h, 310. The rest of that group, with a stop at every place, is in test_interrupt.c and
 * tests/model. */
#include "tests/machine/guest.h"

#define FAN        3u
#define FULL       512u
#define LONG       (FULL + FAN) /* entries of an L1 table and of the tables on the path */
#define PIECES_MAX 200u

/* A tree whose L1 tables all map the same page in each entry, so that the page's count shows how
 * many entries have been validated. */
struct tree {
    mfn_t l4, l3[FAN], l2[FAN][FAN], l1[FAN][FAN][FAN], page;
};

static struct tree tree;

static u32 spread(u32 i)
{
    return i * 200; /* none of the hypervisor's slots */
}

static void plant(void)
{
    tree.l4 = guest_page(&guest);
    tree.page = guest_page(&guest);
    for (u32 i = 0; i < FAN; i++) {
        tree.l3[i] = guest_page(&guest);
        machine_words(tree.l4)[spread(i)] = LINK(tree.l3[i]);
        for (u32 j = 0; j < FAN; j++) {
            tree.l2[i][j] = guest_page(&guest);
            machine_words(tree.l3[i])[spread(j)] = LINK(tree.l2[i][j]);
            for (u32 k = 0; k < FAN; k++) {
                const mfn_t l1 = guest_page(&guest);
                tree.l1[i][j][k] = l1;
                machine_words(tree.l2[i][j])[spread(k)] = LINK(l1);
                for (u32 slot = 0; slot < FULL; slot++) {
                    machine_words(l1)[slot] = RW(tree.page);
                }
            }
        }
    }
}

static u64 shown(void)
{
    return look(tree.page).references - 1;
}

/* ---- XSA-45: every operation on a whole tree, stopped as often as it asks ------------------- */

typedef enum vmmu_result operation(void);

static enum vmmu_result pin(void)
{
    return vmmu_pin(&guest.vcpu[0], &guest.domain, tree.l4, 4);
}

static enum vmmu_result unpin(void)
{
    return vmmu_unpin(&guest.vcpu[0], &guest.domain, tree.l4);
}

static enum vmmu_result hook(void)
{
    return vmmu_update(&guest.vcpu[0], &guest.domain, &guest.domain,
                       machine_at(guest.vcpu[2].kernel_root, 300), LINK(tree.l3[0]),
                       VMMU_UPDATE_NORMAL);
}

static enum vmmu_result unhook(void)
{
    return vmmu_update(&guest.vcpu[0], &guest.domain, &guest.domain,
                       machine_at(guest.vcpu[2].kernel_root, 300), 0, VMMU_UPDATE_NORMAL);
}

static enum vmmu_result kernel_root(void)
{
    return vmmu_set_kernel_root(&guest.vcpu[1], tree.l4);
}

static enum vmmu_result user_root(void)
{
    return vmmu_set_user_root(&guest.vcpu[1], tree.l4);
}

static enum vmmu_result stop_vcpu(void)
{
    return vmmu_vcpu_stop(&guest.vcpu[1]);
}

static enum vmmu_result release_everything(void)
{
    return vmmu_domain_stop(&guest.domain);
}

/* Runs the operation with a stop at every question, and asserts that no piece takes or drops the
 * references of more than one L1 table. */
static enum vmmu_result in_pieces(operation *op)
{
    enum vmmu_result result = VMMU_AGAIN;
    u32 pieces = 0;
    for (bool more = true; more; pieces++) {
        const u64 before = shown(), checked = guest_counters(&guest).entries_checked;
        more = false;
        if (result == VMMU_AGAIN) {
            result = op();
            more = result == VMMU_AGAIN;
        } else {
            for (u32 v = 0; v < GUEST_VCPUS && !more; v++) {
                more = vmmu_finish(&guest.vcpu[v]) == VMMU_AGAIN;
            }
        }
        for (u32 v = 0; v < GUEST_VCPUS; v++) {
            more |= !mfn_is_none(guest.vcpu[v].deferred.frame);
        }
        const u64 after = look(tree.page).owned ? shown() : before;
        assert_true((after > before ? after - before : before - after) <= FULL);
        assert_true(guest_counters(&guest).entries_checked - checked <= LONG);
        assert_true(pieces < PIECES_MAX);
        assert_audit();
    }
    return result;
}

static void xsa_45_no_piece_is_longer_than_one_table(void **state)
{
    static operation *const up[] = {pin, hook, kernel_root, user_root};
    static operation *const down[] = {unpin, unhook, stop_vcpu, stop_vcpu};
    (void)state;
    plant();
    guest_run(&guest, 2, guest_space(&guest).l4);
    machine.stop_each = 1;
    for (u32 i = 0; i < ARRAY_LENGTH(up); i++) {
        assert_done(in_pieces(up[i]));
        assert_int_equal(shown() % (FAN * FAN * FULL), 0);
        assert_true(shown() > 0);
        assert_done(in_pieces(down[i]));
        assert_int_equal(shown(), 0);
    }
    /* The last entry of the last table is refused, and the whole promotion is undone. */
    machine_words(tree.l1[FAN - 1][FAN - 1][FAN - 1])[FULL - 1] = RW(mfn(1));
    for (u32 i = 0; i < ARRAY_LENGTH(up); i++) {
        if (up[i] != hook) {
            assert_refused(FOREIGN_MAPPING, in_pieces(up[i]));
            assert_int_equal(shown(), 0);
        }
    }
}

static void xsa_310_death_comes_in_pieces_too(void **state)
{
    (void)state;
    plant();
    assert_done(pin());
    assert_done(kernel_root());
    machine.stop_each = 1;
    for (u32 v = 0; v < GUEST_VCPUS; v++) {
        while (vmmu_vcpu_stop(&guest.vcpu[v]) == VMMU_AGAIN) {
            assert_audit();
        }
    }
    for (bool more = true; more;) {
        const u64 before = look(tree.page).references;
        more = release_everything() == VMMU_AGAIN;
        assert_true(before - look(tree.page).references <= FULL + 1);
        for (u64 n = 0; n < machine.frames; n++) {
            /* XSA-299g: no table is both pinned and partial. */
            assert_false(look(mfn(n)).pinned && look(mfn(n)).partial);
        }
        assert_audit();
    }
    assert_int_equal(guest.domain.frames, 0);
}

/* ---- XSA-290 ------------------------------------------------------------------------------- */

static void xsa_290_shared_tables_cost_once(void **state)
{
    /* Every entry of each table links the one table below: the tree maps 512^4 addresses. */
    const struct space s = guest_space(&guest);
    const mfn_t page = guest_page(&guest);
    u64 pieces = 0;
    (void)state;
    for (u32 i = 0; i < FULL; i++) {
        machine_words(s.l4)[i] = LINK(s.l3);
        machine_words(s.l3)[i] = LINK(s.l2);
        machine_words(s.l2)[i] = LINK(s.l1);
        machine_words(s.l1)[i] = RW(page);
    }
    machine.stop_each = 1;
    while (vmmu_pin(&guest.vcpu[0], &guest.domain, s.l4, 4) == VMMU_AGAIN) {
        pieces++;
    }
    assert_true(pieces <= 3 * FULL);
    /* An entry is checked a second time if the table below it was interrupted. */
    assert_true(guest_counters(&guest).entries_checked <= 2 * 4 * FULL);
    assert_int_equal(look(s.l3).type_count, FULL - 16);
    assert_int_equal(look(s.l2).type_count, FULL);
    assert_int_equal(look(page).type_count, FULL);
    assert_done(vmmu_unpin(&guest.vcpu[0], &guest.domain, s.l4));
    while (vmmu_finish(&guest.vcpu[0]) == VMMU_AGAIN) {
        pieces++;
    }
    assert_true(pieces <= 6 * FULL);
    assert_int_equal(guest.domain.counters.demotions, 4);
    assert_int_equal(look(page).type_count, 0);
}

/* ---- XSA-252 ------------------------------------------------------------------------------- */

static void xsa_252_handing_back_is_quick(void **state)
{
    (void)state;
    plant();
    assert_done(pin());
    const u64 asks = machine.asks, demotions = guest.domain.counters.demotions;
    assert_done(vmmu_take(&guest.domain, tree.l4));
    for (u32 i = 0; i < FAN; i++) {
        assert_done(vmmu_take(&guest.domain, tree.l3[i]));
        assert_done(vmmu_take(&guest.domain, tree.l1[i][i][i]));
    }
    assert_int_equal(machine.asks, asks);
    assert_int_equal(guest.domain.counters.demotions, demotions);
    assert_int_equal(machine.freed, 0);
    assert_true(look(tree.l4).pinned);
    assert_refused(ALREADY_PINNED, pin());
    assert_refused(WRONG_TYPE, guest_hold(&guest, tree.l3[0]));
    assert_audit();
    machine.stop_each = 1;
    assert_done(in_pieces(unpin));
    assert_int_equal(machine.freed, 1 + 2 * FAN);
}

/* ---- XSA-299h ------------------------------------------------------------------------------ */

static void xsa_299h_a_refused_l1_table_is_nothing_by_halves(void **state)
{
    (void)state;
    const struct space s = guest_running_space(&guest);
    const mfn_t l1 = guest_page(&guest), page = guest_page(&guest);
    for (u32 slot = 0; slot < FULL; slot++) {
        machine_words(l1)[slot] = slot == 300 ? page.n << PAGE_SHIFT : RW(page);
    }
    for (u64 each = 0; each < 2; each++) {
        machine.stop_each = each;
        assert_refused(UNSAFE_NOT_PRESENT, guest_set(&guest, s.l2, 300, LINK(l1)));
        assert_false(look(l1).partial);
        assert_int_equal(look(l1).type_count, 0);
        assert_int_equal(look(page).references, 1);
        assert_true(mfn_is_none(guest.vcpu[0].deferred.frame));
        assert_int_equal(machine_words(s.l2)[300], 0);
        assert_audit();
    }
    guest_end(&guest);
    assert_int_equal(guest.domain.frames, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_TEST(xsa_45_no_piece_is_longer_than_one_table),
        SMALL_TEST(xsa_310_death_comes_in_pieces_too),
        SMALL_TEST(xsa_290_shared_tables_cost_once),
        SMALL_TEST(xsa_252_handing_back_is_quick),
        cmocka_unit_test_setup_teardown(xsa_299h_a_refused_l1_table_is_nothing_by_halves,
                                        guest_setup_l1tf, guest_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
