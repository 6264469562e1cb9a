/* SPDX-License-Identifier: MIT */
/* Proves that a domain maps device frames as far as its right to them goes, below and above the
 * frame count, with memory types for devices only; that such an entry holds no reference on any
 * way in or out of a table; and that pages which the hypervisor shows are mapped read-only by those
 * who name their owner. */
#include "tests/machine/guest.h"

#include "vmmu/devices.h"

#define BELOW    mfn(0)
#define ABOVE    mfn(machine.frames)
#define FAR      mfn(0xfe000)
#define READABLE mfn(0xfec00)
#define HIDDEN   mfn(0xfee00)

#define WB  0ull
#define WT  PTE_PWT
#define UCM PTE_PCD
#define UC  (PTE_PCD | PTE_PWT)
#define WC  PTE_PAT
#define WP  (PTE_PAT | PTE_PWT)

#define ENTRY_MASK (PTE_PRESENT | PTE_WRITABLE | PTE_ADDRESS | ENTRY_CACHE)

static mfn_t narrowed, hidden; /* the right to them has become smaller */

/* Guest 1 may write device frames but for two; guest 2 has no right. */
static enum vmmu_access access_of_guest(u16 id, mfn_t m)
{
    if (mfn_equal(m, hidden)) {
        return VMMU_ACCESS_NONE;
    }
    if (mfn_equal(m, narrowed)) {
        return VMMU_ACCESS_READ;
    }
    if (id != guest.domain.id || mfn_equal(m, HIDDEN)) {
        return VMMU_ACCESS_NONE;
    }
    return mfn_equal(m, READABLE) ? VMMU_ACCESS_READ : VMMU_ACCESS_WRITE;
}

static struct space privileged_space(void)
{
    vmmu_own_device(BELOW);
    narrowed = hidden = MFN_NONE;
    machine.device_access = access_of_guest;
    return guest_running_space(&guest);
}

static const mfn_t *frames(void)
{
    static mfn_t list[3];
    list[0] = BELOW, list[1] = ABOVE, list[2] = FAR;
    return list;
}

#define COUNT 3u

static u64 at(struct space space, u32 index)
{
    return machine_words(space.l1)[index] & ENTRY_MASK;
}

static u64 raw(mfn_t m, u64 bits)
{
    return (m.n << PAGE_SHIFT | PTE_PRESENT | bits) & ENTRY_MASK;
}

static void memory_types_are_those_of_devices(void **state)
{
    static const struct {
        u64 asked, installed;
    } types[] = {{WB, UC}, {WT, UC}, {UCM, UCM},           {UC, UC},
                 {WC, WC}, {WP, UC}, {WC | UCM, WC | UCM}, {WC | UC, WC | UC}};
    const struct space space = privileged_space();
    (void)state;
    for (u32 i = 0; i < COUNT; i++) {
        const mfn_t m = frames()[i];
        for (u32 type = 0; type < ARRAY_LENGTH(types); type++) {
            assert_done(guest_set(&guest, space.l1, 5, RW(m) | types[type].asked));
            assert_int_equal(at(space, 5), raw(m, PTE_WRITABLE | types[type].installed));
            assert_done(guest_set(&guest, space.l1, 6, RO(m) | types[type].asked));
            assert_int_equal(at(space, 6), raw(m, types[type].installed));
            assert_audit();
        }
        assert_int_equal(look(BELOW).references, 0);
    }
    assert_done(guest_set(&guest, space.l1, 5, 0));
    assert_done(guest_set(&guest, space.l1, 6, RO(space.l1)));
}

static void memory_types_of_ram_stay_refused(void **state)
{
    const struct space space = privileged_space();
    const mfn_t page = guest_page(&guest);
    static const u64 bits[] = {WT, UCM, UC, WC, WP, WC | UCM, WC | UC};
    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(bits); i++) {
        assert_refused(CACHE_BITS, guest_set(&guest, space.l1, 5, RW(page) | bits[i]));
        assert_refused(CACHE_BITS, guest_set(&guest, space.l1, 5, RO(mfn(1)) | bits[i]));
    }
    assert_refused(CACHE_BITS, guest_set(&guest, space.l2, 5, LINK(space.l1) | PTE_PCD));
    assert_refused(BAD_FRAME, guest_set(&guest, space.l2, 5, LINK(FAR)));
    assert_refused(NOT_OWNER, guest_set(&guest, space.l2, 5, LINK(BELOW)));
}

static void the_right_decides(void **state)
{
    const struct space space = privileged_space();
    const struct space others = guest_running_space(&other);
    (void)state;
    assert_done(guest_set(&guest, space.l1, 5, RW(READABLE)));
    assert_int_equal(at(space, 5), raw(READABLE, UC));
    assert_done(
        guest_set(&guest, space.l1, 5, RW(READABLE) | UC)); /* the right to write is not gained */
    assert_int_equal(at(space, 5), raw(READABLE, UC));
    assert_refused(NO_MEMORY, guest_set(&guest, space.l1, 6, RO(HIDDEN)));
    assert_refused(CACHE_BITS, guest_set(&guest, space.l1, 6, RO(HIDDEN) | UC));
    assert_refused(BAD_FRAME, guest_set(&guest, space.l1, 6, PTE_ADDRESS | PTE_PRESENT));
    for (u32 i = 0; i < COUNT; i++) {
        assert_refused(NO_MEMORY, guest_set(&other, others.l1, 5, RO(frames()[i])));
    }
}

static void a_right_that_becomes_smaller_is_for_new_entries(void **state)
{
    const struct space space = privileged_space();
    (void)state;
    for (u32 i = 0; i < COUNT; i++) {
        const mfn_t m = frames()[i];
        assert_done(guest_set(&guest, space.l1, 5, RW(m)));
        narrowed = m;
        assert_done(guest_set(&guest, space.l1, 6, RW(m)));
        assert_int_equal(at(space, 5), raw(m, PTE_WRITABLE | UC));
        assert_int_equal(at(space, 6), raw(m, UC));
        assert_audit(); /* the first is as it may be */
        assert_done(guest_set(&guest, space.l1, 5, 0));
        assert_done(guest_set(&guest, space.l1, 5, RW(m)));
        assert_int_equal(at(space, 5), raw(m, UC));
        narrowed = MFN_NONE;
    }
}

static void the_right_to_write_is_given_up(void **state)
{
    const struct space space = privileged_space();
    (void)state;
    for (u32 i = 0; i < COUNT; i++) {
        const mfn_t m = frames()[i];
        for (u32 way = 0; way < 2; way++) {
            assert_done(guest_set(&guest, space.l1, 5, RW(m) | UC));
            assert_done(
                way ? vmmu_update_va(&guest.vcpu[0], &guest.domain, guest_address(5), RO(m) | UC)
                    : guest_set(&guest, space.l1, 5, RO(m) | UC));
            assert_int_equal(at(space, 5), raw(m, UC)); /* it held no type reference */
            assert_audit();
        }
    }
}

static void a_right_that_is_taken_away_changes_entries(void **state)
{
    const struct space space = privileged_space();
    const struct space others = guest_running_space(&other);
    const mfn_t page = guest_page(&guest);
    (void)state;
    for (u32 i = 0; i < COUNT; i++) {
        const mfn_t m = frames()[i];
        u64 progress = 0;

        assert_done(guest_set(&guest, space.l1, 5, RW(m) | WC));
        assert_done(guest_set(&guest, space.l1, 6, RW(page)));
        assert_done(guest_set(&guest, space.l1, 7, RW(mfn(FAR.n + 7))));
        assert_done(vmmu_restrict_devices(&guest.domain, m, 1, &progress));
        assert_int_equal(at(space, 5), raw(m, PTE_WRITABLE | WC)); /* nothing was taken away */
        narrowed = m;
        const u64 flushes = machine.flushes;
        for (progress = 0; vmmu_restrict_devices(&guest.domain, m, 1, &progress) == VMMU_AGAIN;) {
        }
        assert_true(machine.flushes > flushes);
        assert_int_equal(at(space, 5), raw(m, WC));
        assert_int_equal(at(space, 6), raw(page, PTE_WRITABLE));
        assert_int_equal(at(space, 7), raw(mfn(FAR.n + 7), PTE_WRITABLE | UC));
        hidden = m;
        progress = 0;
        assert_done(vmmu_restrict_devices(&other.domain, m, 1, &progress));
        assert_int_equal(at(space, 5), raw(m, WC)); /* another domain's tables */
        progress = 0;
        assert_done(vmmu_restrict_devices(&guest.domain, m, 1, &progress));
        assert_int_equal(at(space, 5), 0);
        narrowed = hidden = MFN_NONE;
        assert_audit();
    }
    assert_int_not_equal(look(others.l1).type_count, 0);
}

static enum vmmu_result update_va(struct vmmu_domain *owner, u32 index, u64 entry)
{
    return vmmu_update_va(&guest.vcpu[0], owner, guest_address(index), entry);
}

static void the_owner_is_oneself_or_the_devices(void **state)
{
    const struct space space = privileged_space();
    struct vmmu_domain *devices = vmmu_special_owner(VMMU_OWNER_DEVICE);
    const mfn_t page = guest_page(&guest);
    (void)state;
    for (u32 i = 0; i < COUNT; i++) {
        assert_done(update_va(devices, 5, RW(frames()[i])));
        assert_done(update_va(&guest.domain, 5, RO(frames()[i])));
        assert_refused(NO_MEMORY, update_va(&other.domain, 5, RW(frames()[i])));
    }
    assert_refused(FOREIGN_MAPPING, update_va(devices, 5, RW(page)));
    assert_refused(FOREIGN_TABLE,
                   vmmu_update(&guest.vcpu[0], &guest.domain, devices, machine_at(space.l2, 5),
                               LINK(space.l1), VMMU_UPDATE_NORMAL));
    assert_refused(NOT_OWNER, vmmu_update(&guest.vcpu[0], &guest.domain, devices, maddr_of(page), 7,
                                          VMMU_UPDATE_M2P));
    assert_refused(NOT_OWNER, vmmu_update(&guest.vcpu[0], &guest.domain, devices, maddr_of(BELOW),
                                          7, VMMU_UPDATE_M2P));
    assert_null(vmmu_special_owner(guest.domain.id));
}

static void a_promoted_table_may_have_device_entries(void **state)
{
    const struct space space = privileged_space();
    const mfn_t table = guest_page(&guest), page = guest_page(&guest);
    u64 *words = machine_words(table);
    (void)state;
    for (u32 i = 0; i < COUNT; i++) {
        words[3 * i] = RW(frames()[i]);
        words[3 * i + 1] = RO(frames()[i]) | WC;
        words[3 * i + 2] = RW(page);
    }
    words[20] = RW(READABLE);
    assert_done(guest_set(&guest, space.l2, 5, LINK(table)));
    assert_int_equal(words[0] & ENTRY_MASK, raw(BELOW, PTE_WRITABLE | UC));
    assert_int_equal(words[4] & ENTRY_MASK, raw(ABOVE, WC));
    assert_int_equal(words[20] & ENTRY_MASK, raw(READABLE, UC));
    assert_int_equal(look(page).references, 4);
    assert_audit();
    assert_done(guest_set(&guest, space.l2, 5, 0));
    assert_int_equal(look(page).references, 1);
    assert_int_equal(look(page).type_count, 0);

    /* The same table with a bad entry behind the others is refused, and no reference is left. */
    words[21] = RW(HIDDEN);
    assert_refused(NO_MEMORY, guest_set(&guest, space.l2, 5, LINK(table)));
    assert_int_equal(look(page).references, 1);
    words[21] = 0;
    words[511] = RW(space.l1);
    words[1] = RW(FAR) | WT;
    assert_refused(WRITABLE_TABLE, guest_set(&guest, space.l2, 5, LINK(table)));
    assert_int_equal(look(page).references, 1);
    assert_int_equal(look(table).type_count, 0);
}

static void entries_change_between_ram_and_devices(void **state)
{
    const struct space space = privileged_space();
    const mfn_t page = guest_page(&guest);
    (void)state;
    for (u32 i = 0; i < COUNT; i++) {
        const u64 forms[] = {RW(frames()[i]) | UC, RO(frames()[i]) | WC, RW(page), RO(page), 0,
                             RW(READABLE) | UC,    5ull << 12 | PTE_PCD};
        for (u32 from = 0; from < ARRAY_LENGTH(forms); from++) {
            for (u32 to = 0; to < ARRAY_LENGTH(forms); to++) {
                bool swapped;
                const u64 counted = (forms[to] & PTE_ADDRESS) == maddr_of(page).a;
                assert_done(guest_set(&guest, space.l1, 5, forms[from]));
                assert_done(guest_set(&guest, space.l1, 5, forms[to]));
                assert_int_equal(look(page).references, 1 + counted);
                assert_audit();
                assert_done(guest_set(&guest, space.l1, 5, forms[from]));
                assert_done(update_va(&guest.domain, 5, forms[to]));
                assert_int_equal(look(page).references, 1 + counted);
                /* A guest's own store to its table, emulated. */
                assert_done(guest_set(&guest, space.l1, 6, RO(space.l1)));
                assert_done(vmmu_emulated_write(&guest.vcpu[0], vaddr(guest_address(6).a + 40), 8,
                                                machine_words(space.l1)[5], forms[from], &swapped));
                assert_true(swapped);
                assert_done(guest_set(&guest, space.l1, 6, 0));
                assert_audit();
            }
        }
    }
    assert_done(guest_set(&guest, space.l1, 5, 0));
    assert_int_equal(look(page).references, 1);
}

static void a_walk_never_reads_a_device_frame(void **state)
{
    const struct space space = privileged_space();
    struct vmmu_walk walk;
    maddr_t where;
    (void)state;
    /* The words of a former table may name any frame; port_frame_view fails the test on a device
     * frame. */
    const mfn_t former = guest_page(&guest);
    for (u32 i = 0; i < COUNT; i++) {
        machine_words(former)[0] = LINK(frames()[i]);
        vmmu_walk(former, guest_address(5), &walk);
        assert_int_equal(walk.depth, 4);
        vmmu_walk(frames()[i], guest_address(5), &walk);
        assert_int_equal(walk.depth, 5);
        assert_done(guest_set(&guest, space.l1, 5, RO(frames()[i])));
        assert_false(vmmu_find_l1_write(&guest.vcpu[0], guest_address(5), &where));
        vmmu_walk(space.l4, guest_address(5), &walk);
        assert_true(walk.present);
    }
    /* A device frame is no page of an LDT. */
    assert_done(vmmu_set_ldt(&guest.vcpu[0], guest_address(5), 8));
    assert_refused(BAD_FRAME, vmmu_ldt_fault(&guest.vcpu[0], 0));
    assert_done(guest_set(&guest, space.l1, 5, RO(BELOW)));
    assert_refused(NOT_OWNER, vmmu_ldt_fault(&guest.vcpu[0], 0));
}

static void shown_pages_are_read_only(void **state)
{
    const struct space space = privileged_space();
    struct vmmu_domain *hypervisor = vmmu_special_owner(VMMU_OWNER_HYPERVISOR);
    const mfn_t page = guest_page(&guest);
    (void)state;
    vmmu_show(mfn(1));
    assert_int_equal(look(mfn(1)).owner, VMMU_OWNER_HYPERVISOR);
    assert_int_equal(look(mfn(1)).type, VMMU_TYPE_SHARED);
    assert_done(update_va(hypervisor, 5, RO(mfn(1))));
    assert_done(update_va(hypervisor, 6, RO(mfn(1))));
    assert_int_equal(look(mfn(1)).references, 3);
    assert_refused(READ_ONLY_PAGE, update_va(hypervisor, 5, RW(mfn(1))));
    assert_refused(FOREIGN_MAPPING, update_va(&guest.domain, 7, RO(mfn(1))));
    assert_refused(FOREIGN_MAPPING, update_va(hypervisor, 7, RO(page)));
    assert_refused(NO_MEMORY, update_va(hypervisor, 7, RO(FAR)));
    assert_refused(CACHE_BITS, update_va(hypervisor, 7, RO(mfn(1)) | UC));
    assert_refused(NOT_OWNER, vmmu_update(&guest.vcpu[0], &guest.domain, hypervisor,
                                          maddr_of(mfn(1)), 7, VMMU_UPDATE_M2P));
    assert_refused(NOT_OWNER, vmmu_pin(&guest.vcpu[0], &guest.domain, mfn(1), 1));
    assert_refused(WRONG_TYPE, vmmu_pin(&guest.vcpu[0], hypervisor, mfn(1), 1));
    assert_audit();
    assert_done(guest_set(&guest, space.l1, 5, 0));
    assert_done(guest_set(&guest, space.l1, 6, RW(page)));
    assert_int_equal(look(mfn(1)).references, 1);
    assert_int_equal(machine.freed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(memory_types_are_those_of_devices),
        GUEST_TEST(memory_types_of_ram_stay_refused),
        GUEST_TEST(the_right_decides),
        GUEST_TEST(the_right_to_write_is_given_up),
        GUEST_TEST(a_right_that_becomes_smaller_is_for_new_entries),
        GUEST_TEST(a_right_that_is_taken_away_changes_entries),
        GUEST_TEST(the_owner_is_oneself_or_the_devices),
        GUEST_TEST(a_promoted_table_may_have_device_entries),
        GUEST_TEST(entries_change_between_ram_and_devices),
        GUEST_TEST(a_walk_never_reads_a_device_frame),
        GUEST_TEST(shown_pages_are_read_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
