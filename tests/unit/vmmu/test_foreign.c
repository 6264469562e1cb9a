/* SPDX-License-Identifier: MIT */
/* Proves what a domain with the right over another one relies on: that it writes and pins the other
 * domain's tables, maps its frames, and that each such use has the references and types that the
 * other domain's own use has. And that no frame is left behind if the other domain is torn down at
 * any stop of such an operation, once the mappings are gone. In these tests `guest` has the right,
 * and `other` is the target. */
#include "tests/machine/guest.h"

static enum vmmu_result update(struct vmmu_domain *tables, struct vmmu_domain *frames, mfn_t table,
                               u32 index, u64 entry)
{
    enum vmmu_result result;
    do {
        result = vmmu_update(&guest.vcpu[0], tables, frames, machine_at(table, index), entry,
                             VMMU_UPDATE_NORMAL);
    } while (result == VMMU_AGAIN);
    return result;
}

static enum vmmu_result map(struct space space, u32 index, u64 entry)
{
    return update(&guest.domain, &other.domain, space.l1, index, entry);
}

static void tables_of_another_domain_are_written_and_pinned(void **state)
{
    const struct space space = guest_space(&other);
    const mfn_t page = guest_page(&other), own = guest_page(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;

    /* As long as the tables are pages, a store is all. */
    assert_done(update(&other.domain, &other.domain, space.l1, 5, RW(page)));
    assert_int_equal(look(page).references, 1);
    assert_refused(NOT_OWNER, vmmu_pin(vcpu, &guest.domain, space.l4, 4));
    assert_done(vmmu_pin(vcpu, &other.domain, space.l4, 4));
    assert_int_equal(look(space.l4).type, VMMU_TYPE_L4);
    assert_true(look(space.l4).pinned);
    assert_int_equal(look(page).references, 2);
    assert_int_equal(look(page).type_count, 1);
    assert_int_equal(other.domain.counters.pins, 1);
    assert_refused(ALREADY_PINNED, vmmu_pin(vcpu, &other.domain, space.l4, 4));

    /* Live, their entries are checked: a frame of the table's owner, or of the one that is named.
     */
    assert_done(update(&other.domain, &other.domain, space.l1, 6, RO(space.l2)));
    assert_refused(WRITABLE_TABLE, update(&other.domain, &other.domain, space.l1, 7, RW(space.l2)));
    assert_refused(FOREIGN_MAPPING, update(&other.domain, &other.domain, space.l1, 7, RO(own)));
    assert_done(update(&other.domain, &guest.domain, space.l1, 7, RW(own)));
    assert_refused(FOREIGN_MAPPING, update(&other.domain, &guest.domain, space.l1, 8, RW(page)));
    assert_refused(FOREIGN_TABLE, update(&other.domain, &guest.domain, space.l2, 8, LINK(own)));
    assert_refused(NOT_OWNER, update(&guest.domain, &other.domain, space.l1, 8, RW(page)));
    assert_audit();
    assert_done(update(&other.domain, &other.domain, space.l1, 7, 0));
    assert_int_equal(look(own).references, 1);

    assert_done(vmmu_unpin(vcpu, &other.domain, space.l4));
    assert_refused(NOT_PINNED, vmmu_unpin(vcpu, &other.domain, space.l4));
    assert_int_equal(look(page).references, 1);
    assert_int_equal(guest.domain.counters.pins, 0);
}

static void the_m2p_word_is_of_the_named_owner(void **state)
{
    const mfn_t page = guest_page(&other), own = guest_page(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;
    assert_done(
        vmmu_update(vcpu, &guest.domain, &other.domain, maddr_of(page), 77, VMMU_UPDATE_M2P));
    assert_int_equal(machine_m2p(page), 77);
    assert_done(
        vmmu_update(vcpu, &guest.domain, &guest.domain, maddr_of(own), 78, VMMU_UPDATE_M2P));
    assert_int_equal(machine_m2p(own), 78);
    assert_int_equal(look(own).type, VMMU_TYPE_NONE); /* which is no use of the page */
    assert_refused(NOT_OWNER, vmmu_update(vcpu, &guest.domain, &other.domain, maddr_of(own), 77,
                                          VMMU_UPDATE_M2P));
    assert_refused(NOT_OWNER, vmmu_update(vcpu, &guest.domain, &guest.domain, maddr_of(page), 77,
                                          VMMU_UPDATE_M2P));
}

static void frames_of_another_domain_are_mapped(void **state)
{
    const struct space space = guest_running_space(&guest), theirs = guest_space(&other);
    const mfn_t page = guest_page(&other), shared = machine_allocate(), own = guest_page(&guest);
    (void)state;
    vmmu_own_device(mfn(0));
    vmmu_share(&other.domain, shared, true);
    assert_done(vmmu_pin(&other.vcpu[0], &other.domain, theirs.l4, 4));
    assert_done(map(space, 5, RW(page)));
    assert_done(map(space, 6, RO(page)));
    assert_done(map(space, 7, RW(shared))); /* a grant table's or shared_info's page */
    assert_done(map(space, 8, RO(theirs.l1)));
    assert_refused(WRITABLE_TABLE, map(space, 9, RW(theirs.l1)));
    assert_refused(FOREIGN_MAPPING, map(space, 9, RO(own)));
    assert_refused(FOREIGN_MAPPING, map(space, 9, RO(mfn(1))));
    assert_refused(NO_MEMORY, map(space, 9, RO(mfn(0))));
    assert_refused(CACHE_BITS, map(space, 9, RO(page) | PTE_PCD));
    assert_int_equal(look(page).references, 3);
    assert_int_equal(look(page).type_count, 1);
    /* While it is mapped writable here, it is no table there. */
    assert_refused(WRONG_TYPE, vmmu_pin(&other.vcpu[0], &other.domain, page, 1));
    assert_audit();

    /* The flush of this domain's CPUs comes with the end of the mapping. */
    assert_true(cpu_store(0, guest_address(5), 2));
    assert_done(update(&guest.domain, &guest.domain, space.l1, 5, 0));
    assert_false(cpu_store(0, guest_address(5), 2));
    assert_done(vmmu_pin(&other.vcpu[0], &other.domain, page, 1));
    assert_done(vmmu_unpin(&other.vcpu[0], &other.domain, page));
    vmmu_unshare(shared);
    assert_int_equal(look(shared).references, 1);
    assert_done(update(&guest.domain, &guest.domain, space.l1, 7, RW(own)));
    assert_false(look(shared).owned);
}

static void a_husk_goes_when_the_last_mapping_goes(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t pages[] = {guest_page(&other), guest_page(&other), guest_page(&other)};
    const mfn_t shared = machine_allocate();
    (void)state;
    vmmu_share(&other.domain, shared, true);
    for (u32 i = 0; i < 3; i++) {
        assert_done(map(space, 5 + i, i % 2 ? RO(pages[i]) : RW(pages[i])));
    }
    guest_end(&other);
    assert_int_equal(other.domain.frames, 3);
    assert_false(vmmu_domain_is_gone(&other.domain));
    assert_audit();

    /* What is left can be mapped more often, and is still nobody else's; it is no table any more.
     */
    assert_done(map(space, 10, RW(pages[0])));
    assert_refused(FOREIGN_MAPPING, guest_set(&guest, space.l1, 11, RO(pages[0])));
    assert_refused(DOMAIN_DYING, vmmu_pin(&guest.vcpu[0], &other.domain, pages[1], 1));
    assert_refused(DOMAIN_DYING, vmmu_give(&other.domain, mfn(machine.frames - 1), pfn(9)));
    assert_audit();
    for (u32 i = 0; i < 3; i++) {
        assert_done(guest_set(&guest, space.l1, 5 + i, 0));
    }
    assert_int_equal(other.domain.frames, 1);
    assert_done(guest_set(&guest, space.l1, 10, 0));
    assert_int_equal(other.domain.frames, 0);
    assert_false(vmmu_domain_is_gone(&other.domain));
    vmmu_unshare(shared);
    assert_true(vmmu_domain_is_gone(&other.domain));
}

/* From the k-th stop of an operation on the other domain, it is torn down by another CPU: at each
 * stop as far as that gets without waiting for this one. */
static u64 end_at, stops;

static void end_other(void)
{
    if (++stops >= end_at) {
        const u64 stop_each = machine.stop_each;
        machine.on_ask = NULL;
        machine.stop_each = 0;
        vmmu_domain_stop(&other.domain);
        machine.stop_each = stop_each;
        machine.on_ask = end_other;
    }
}

/* Makes new tables for `other`, wide enough for many stops, and returns the root. */
static mfn_t wide_tables(void)
{
    const struct space space = guest_space(&other);
    const mfn_t l3 = guest_page(&other);
    for (u32 i = 1; i < 6; i++) {
        const mfn_t l2 = guest_page(&other), l1 = guest_page(&other);
        machine_words(i % 2 ? space.l3 : l3)[i] = LINK(l2);
        machine_words(l2)[i] = LINK(l1);
        machine_words(l1)[i] = RW(guest_page(&other));
    }
    machine_words(space.l4)[1] = LINK(l3);
    return space.l4;
}

/* Lets `guest` do `operation` on tables of `other`, which is torn down at the k-th stop, for each
 * k; with `gives_up`, the operation is not repeated when it was interrupted. Nothing may be left.
 */
static void torn_down_meanwhile(enum vmmu_result (*operation)(mfn_t root), bool gives_up)
{
    for (u64 k = 1; k < 40; k++) {
        const mfn_t root = wide_tables();
        stops = 0;
        end_at = k;
        machine.stop_each = k % 3 ? 1 : 2;
        machine.on_ask = end_other;
        for (u32 tries = 0; operation(root) == VMMU_AGAIN && !gives_up; tries++) {
            assert_true(tries < 1000);
        }
        machine.on_ask = NULL;
        machine.stop_each = 0;
        assert_done(vmmu_finish(&guest.vcpu[0]));
        assert_done(vmmu_domain_stop(&other.domain));
        assert_true(vmmu_domain_is_gone(&other.domain));
        assert_audit();
        guest_restart(&other);
    }
}

static enum vmmu_result pin_root(mfn_t root)
{
    return vmmu_pin(&guest.vcpu[0], &other.domain, root, 4);
}

static enum vmmu_result pin_and_unpin(mfn_t root)
{
    const enum vmmu_result result = pin_root(root);
    return result == VMMU_DONE ? vmmu_unpin(&guest.vcpu[0], &other.domain, root) : result;
}

/* Links a table that is not live yet into one that is. */
static enum vmmu_result link_table(mfn_t root)
{
    static mfn_t top;
    if (!look(root).validated && machine_words(root)[2] == 0) {
        top = guest_page(&other);
        machine_words(root)[2] = 8; /* not present: this root has its top already */
        if (vmmu_pin(&guest.vcpu[0], &other.domain, top, 4) != VMMU_DONE) {
            return VMMU_REFUSED_DOMAIN_DYING;
        }
    }
    return vmmu_update(&guest.vcpu[0], &other.domain, &other.domain, machine_at(top, 9),
                       machine_words(root)[0], VMMU_UPDATE_NORMAL);
}

static void nothing_is_left_of_a_domain_that_dies_meanwhile(void **state)
{
    (void)state;
    guest_running_space(&guest);
    for (u32 gives_up = 0; gives_up < 2; gives_up++) {
        torn_down_meanwhile(pin_root, gives_up);
        torn_down_meanwhile(pin_and_unpin, gives_up);
        torn_down_meanwhile(link_table, gives_up);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(tables_of_another_domain_are_written_and_pinned),
        GUEST_TEST(the_m2p_word_is_of_the_named_owner),
        GUEST_TEST(frames_of_another_domain_are_mapped),
        GUEST_TEST(a_husk_goes_when_the_last_mapping_goes),
        GUEST_TEST(nothing_is_left_of_a_domain_that_dies_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
