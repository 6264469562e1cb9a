/* SPDX-License-Identifier: MIT */
/* Proves that no decision relies on a walk through tables that have changed since, and that no CPU
 * keeps a translation whose right is gone (group E of docs/security.md; test_flush.c has the rest
 * of that group): XSA-286, 217, 241. */
#include "tests/machine/guest.h"

/* For each upper entry on the walk to address 5: two complete sets of tables that the entry can be
 * switched between. */
struct ways {
    struct space s;
    mfn_t table[2][5]; /* by level, the tables of both ways */
    mfn_t page;
};

static struct ways ways;

static void make_ways(u32 level)
{
    ways.s = guest_running_space(&guest);
    ways.page = guest_page(&guest);
    const mfn_t main_way[] = {MFN_NONE, ways.s.l1, ways.s.l2, ways.s.l3, ways.s.l4};
    for (u32 at = 1; at <= 4; at++) {
        ways.table[0][at] = main_way[at];
        ways.table[1][at] = at < level ? guest_page(&guest) : main_way[at];
    }
    for (u32 at = 2; at < level; at++) {
        machine_words(ways.table[1][at])[0] = LINK(ways.table[1][at - 1]);
    }
    /* Each L1 table maps itself at address 1. The way that is not linked stays validated by a
     * pin. */
    for (u32 i = 0; i < 2; i++) {
        const mfn_t l1 = ways.table[i][1];
        if (i) {
            assert_done(
                vmmu_pin(&guest.vcpu[0], &guest.domain, ways.table[1][level - 1], level - 1));
        }
        assert_done(guest_set(&guest, l1, 1, RO(l1)));
    }
}

static void switch_way(u32 vcpu, u32 level, u32 to)
{
    assert_done(vmmu_update(&guest.vcpu[vcpu], &guest.domain, &guest.domain,
                            machine_at(ways.table[0][level], 0), LINK(ways.table[to][level - 1]),
                            VMMU_UPDATE_NORMAL));
}

/* Asserts that an update by the vCPU changes the L1 table of way `now`, and not the other. */
static void assert_way(u32 now)
{
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    u64 *const live = machine_words(ways.table[now][1]), *const other_one =
                                                             machine_words(ways.table[!now][1]);
    const u64 before = other_one[5];
    bool swapped = false;
    assert_done(vmmu_update_va(vcpu, &guest.domain, guest_address(5), RW(ways.page)));
    assert_int_equal(live[5], RW(ways.page));
    assert_int_equal(other_one[5], before);
    assert_true(vmmu_is_l1_write(vcpu, guest_address(1)));
    assert_done(vmmu_emulated_write(vcpu, vaddr(guest_address(1).a + 5 * 8), 8, live[5],
                                    RO(ways.page), &swapped));
    assert_true(swapped);
    assert_int_equal(live[5], RO(ways.page));
    assert_int_equal(other_one[5], before);
    assert_done(vmmu_set_ldt(vcpu, guest_address(5), 512));
    assert_done(vmmu_ldt_fault(vcpu, 0));
    assert_int_equal(vcpu->ldt_frame[0].n, ways.page.n);
    assert_done(vmmu_set_ldt(vcpu, vaddr(0), 0));
    assert_done(vmmu_unmap_va(vcpu, guest_address(5), ways.page, false));
    assert_int_equal(live[5], 0);
    assert_int_equal(other_one[5], before);
    assert_audit();
}

static void xsa_286_no_walk_is_remembered(void **state)
{
    (void)state;
    for (u32 level = 2; level <= 4; level++) {
        make_ways(level);
        assert_way(0);
        for (u32 i = 1; i <= 6; i++) {
            switch_way(i % 3, level, i & 1); /* the entry is switched by this vCPU and by others */
            assert_way(i & 1);
        }
        switch_way(0, level, 0);
    }
}

static void xsa_286_nor_across_a_change_of_roots(void **state)
{
    (void)state;
    make_ways(4);
    const mfn_t root = guest_page(&guest);
    machine_words(root)[0] = LINK(ways.table[1][3]);
    for (u32 i = 0; i < 3; i++) {
        guest_run(&guest, 0, i & 1 ? ways.s.l4 : root);
        assert_way(i & 1 ? 0 : 1);
        guest_run(&guest, 0, ways.s.l4);
        assert_way(0);
    }
}

static void xsa_286_a_walk_ends_where_no_table_is(void **state)
{
    (void)state;
    for (u32 level = 2; level <= 4; level++) {
        make_ways(level);
        assert_way(0);
        assert_done(guest_set(&guest, ways.table[0][level], 0, 0));
        assert_refused(NO_TABLE, vmmu_update_va(&guest.vcpu[0], &guest.domain, guest_address(5),
                                                RW(ways.page)));
        assert_false(vmmu_is_l1_write(&guest.vcpu[0], guest_address(1)));
        assert_refused(NO_TABLE, vmmu_unmap_va(&guest.vcpu[0], guest_address(5), ways.page, false));
    }
}

/* ---- frames of others ------------------------------------------------------------------------ */

/* Guest 1 has written to a frame of guest 2 at address 5; then it loses the mapping, in one of
 * several ways. */
static void lose(u32 way, const struct space *s, mfn_t page)
{
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    bool swapped;
    switch (way) {
    case 0: /* the right to write is removed on the fast path */
        assert_done(vmmu_update(vcpu, &guest.domain, &guest.domain, machine_at(s->l1, 5), RO(page),
                                VMMU_UPDATE_NORMAL));
        break;
    case 1:
        assert_done(vmmu_update_va(vcpu, &guest.domain, guest_address(5), RO(page)));
        break;
    case 2:
        assert_done(vmmu_unmap_at(vcpu, machine_at(s->l1, 5), page, true));
        break;
    case 3:
        assert_done(vmmu_unmap_va(vcpu, guest_address(5), page, true));
        break;
    case 4:
        assert_done(guest_set(&guest, s->l1, 5, RW(guest_page(&guest))));
        break;
    case 5:
        assert_done(vmmu_emulated_write(vcpu, vaddr(guest_address(1).a + 5 * 8), 8,
                                        machine_words(s->l1)[5], 0, &swapped));
        assert_true(swapped);
        break;
    case 6:
        assert_done(guest_set(&guest, s->l2, 0, 0)); /* the whole L1 table is unlinked */
        break;
    default:
        assert_done(guest_set(&guest, s->l4, 0, 0));
        break;
    }
}

static void xsa_217_a_right_to_anothers_frame_goes_at_once(void **state)
{
    (void)state;
    for (u32 way = 0; way < 8; way++) {
        const struct space s = guest_running_space(&guest);
        const mfn_t page = guest_page(&other);
        assert_done(guest_set(&guest, s.l1, 1, RO(s.l1)));
        assert_done(vmmu_map_at(&guest.vcpu[0], &other.domain, machine_at(s.l1, 5), RW(page)));
        assert_true(cpu_store(0, guest_address(5), 0));
        lose(way, &s, page);
        /* The frame's owner, guest 2, which CPU 0 never ran, makes the frame a table. */
        assert_done(vmmu_pin(&other.vcpu[0], &other.domain, page, 1));
        cpu_store(0, guest_address(5), RW(mfn(1)));
        assert_int_equal(machine_words(page)[0], 0);
        assert_done(vmmu_unpin(&other.vcpu[0], &other.domain, page));
        assert_audit();
    }
}

/* ---- epochs ---------------------------------------------------------------------------------- */

static void xsa_241_a_flush_on_its_way_frees_nothing(void **state)
{
    /* A flush that began before the entry was cleared does not count for a frame that is freed, as
     * it does not for a change of type. */
    const struct space s = guest_running_space(&guest);
    u64 value;
    (void)state;
    for (u32 writable = 0; writable < 2; writable++) {
        const mfn_t page = guest_page(&guest);
        assert_done(guest_set(&guest, s.l1, 5, writable ? RW(page) : RO(page)));
        machine_flush_begins(0);
        assert_true(cpu_load(0, guest_address(5), &value));
        assert_done(guest_set(&guest, s.l1, 5, 0));
        machine_flush_ends(0);
        const u64 flushes = machine.flushes;
        assert_done(vmmu_take(&guest.domain, page)); /* the fake machine checks every TLB */
        assert_int_equal(machine.flushes, flushes + 1);
        assert_false(cpu_load(0, guest_address(5), &value));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(xsa_286_no_walk_is_remembered),
        GUEST_TEST(xsa_286_nor_across_a_change_of_roots),
        GUEST_TEST(xsa_286_a_walk_ends_where_no_table_is),
        GUEST_TEST(xsa_217_a_right_to_anothers_frame_goes_at_once),
        GUEST_TEST(xsa_241_a_flush_on_its_way_frees_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
