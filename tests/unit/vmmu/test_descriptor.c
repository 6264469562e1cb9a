/* SPDX-License-Identifier: MIT */
/* Proves that a GDT or LDT contains only harmless descriptors and cannot be written without the
 * engine's check, that a refused GDT leaves the old one, and that LDT pages are loaded on demand,
 * one by one, within the LDT's limit. */
#include "tests/machine/guest.h"

/* A flat segment with the given type (0..15), system bit, ring and present bit. */
static u64 descriptor(u32 type, bool segment, u32 ring, bool present)
{
    return 0x00af00000000ffffull | (u64)type << 40 | (u64)segment << 44 | (u64)ring << 45 |
           (u64)present << 47;
}

static void what_a_descriptor_may_be(void **state)
{
    (void)state;
    for (u32 type = 0; type < 16; type++) {
        for (u32 ring = 0; ring < 4; ring++) {
            assert_true(vmmu_descriptor_allowed(descriptor(type, true, ring, false)));
            assert_true(vmmu_descriptor_allowed(descriptor(type, false, ring, false)));
            /* Code and data segments are allowed with ring 3 only. */
            assert_int_equal(vmmu_descriptor_allowed(descriptor(type, true, ring, true)),
                             ring == 3);
            /* System descriptors (gates, task segments, LDTs) are not allowed. */
            assert_int_equal(vmmu_descriptor_allowed(descriptor(type, false, ring, true)),
                             type == 0);
        }
    }
    assert_true(vmmu_descriptor_allowed(0));
}

static void a_gdt_page_is_checked_and_its_rings_forced(void **state)
{
    const mfn_t page = guest_page(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;
    machine_words(page)[1] = descriptor(10, true, 0, true);
    machine_words(page)[511] = descriptor(12, false, 0, true); /* a call gate */
    assert_refused(BAD_DESCRIPTOR, vmmu_set_gdt(vcpu, &page, 1, 512));
    assert_int_equal(machine.last_word, machine_words(page)[511]);
    assert_int_equal(machine_words(page)[1], descriptor(10, true, 0, true));
    assert_int_equal(look(page).type_count, 0);

    machine_words(page)[511] = 0;
    assert_done(vmmu_set_gdt(vcpu, &page, 1, 512));
    assert_int_equal(machine_words(page)[1], descriptor(10, true, 3, true));
    assert_int_equal(machine_descriptor_window(vcpu, 0).n, page.n);
    assert_int_equal(look(page).type, VMMU_TYPE_DESCRIPTOR);
    assert_int_equal(vcpu->gdt_entries, 512);
}

static void nobody_writes_to_a_live_gdt(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    (void)state;
    assert_done(guest_set(&guest, space.l1, 5, RW(page)));
    assert_refused(WRONG_TYPE, vmmu_set_gdt(&guest.vcpu[0], &page, 1, 1));
    assert_done(guest_set(&guest, space.l1, 5, RO(page)));
    assert_done(vmmu_set_gdt(&guest.vcpu[0], &page, 1, 1));
    assert_refused(WRITABLE_TABLE, guest_set(&guest, space.l1, 5, RW(page)));
    assert_refused(WRONG_TYPE, vmmu_pin(&guest.vcpu[0], &guest.domain, page, 1));
    assert_refused(WRONG_TYPE, guest_hold(&guest, page));
    assert_done(vmmu_set_gdt(&guest.vcpu[0], NULL, 0, 0));
    assert_true(mfn_is_none(machine_descriptor_window(&guest.vcpu[0], 0)));
    assert_done(guest_set(&guest, space.l1, 5, RW(page)));
}

static void a_refused_gdt_leaves_the_old_one(void **state)
{
    const mfn_t old = guest_page(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    mfn_t frames[VMMU_GDT_FRAMES + 1];
    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(frames); i++) {
        frames[i] = guest_page(&guest);
    }
    const mfn_t last = frames[VMMU_GDT_FRAMES - 1];
    const mfn_t bad[] = {guest_page(&other), mfn(machine.frames), MFN_NONE, mfn(1)};
    assert_done(vmmu_set_gdt(vcpu, &old, 1, 16));
    for (u32 i = 0; i < ARRAY_LENGTH(bad); i++) {
        frames[VMMU_GDT_FRAMES - 1] = bad[i];
        assert_true(vmmu_set_gdt(vcpu, frames, VMMU_GDT_FRAMES, 14 * 512) > VMMU_AGAIN);
        assert_int_equal(look(frames[0]).type_count, 0);
        assert_int_equal(vcpu->gdt_frame[0].n, old.n);
        assert_int_equal(vcpu->gdt_entries, 16);
        assert_audit();
    }
    frames[VMMU_GDT_FRAMES - 1] = last;
    assert_refused(TOO_MANY_DESCRIPTORS, vmmu_set_gdt(vcpu, frames, VMMU_GDT_FRAMES + 1, 1));
    assert_refused(TOO_MANY_DESCRIPTORS, vmmu_set_gdt(vcpu, frames, VMMU_GDT_FRAMES, 7169));
    assert_refused(TOO_MANY_DESCRIPTORS, vmmu_set_gdt(vcpu, frames, ~0u, 1));
    assert_refused(TOO_MANY_DESCRIPTORS, vmmu_set_gdt(vcpu, frames, 0, 1));
    assert_done(vmmu_set_gdt(vcpu, frames, VMMU_GDT_FRAMES, 7168));
    assert_int_equal(look(old).type_count, 0);
    /* A frame that stands in several places of the GDT is counted once for each. */
    frames[1] = frames[0];
    assert_done(vmmu_set_gdt(vcpu, frames, 2, 1024));
    assert_int_equal(look(frames[0]).type_count, 2);
}

static void an_ldt_comes_page_by_page(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest), bad = guest_page(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    (void)state;
    machine_words(bad)[0] = descriptor(15, false, 3, true);
    assert_done(guest_set(&guest, space.l1, 8, RO(page)));
    assert_done(guest_set(&guest, space.l1, 9, RO(bad)));
    assert_done(guest_set(&guest, space.l1, 11, RO(page)));
    /* XSA-298: a vCPU without an LDT does not have an LDT at address 0. */
    assert_done(guest_set(&guest, space.l1, 0, RO(page)));
    assert_refused(NO_LDT_PAGE, vmmu_ldt_fault(vcpu, 0));
    assert_done(vmmu_set_ldt(vcpu, guest_address(8), 3 * 512));

    assert_done(vmmu_ldt_fault(vcpu, 0));
    assert_done(vmmu_ldt_fault(vcpu, 0));
    assert_int_equal(machine_descriptor_window(vcpu, VMMU_GDT_FRAMES).n, page.n);
    assert_int_equal(look(page).type_count, 1);
    assert_refused(BAD_DESCRIPTOR, vmmu_ldt_fault(vcpu, 1));
    assert_refused(NO_LDT_PAGE, vmmu_ldt_fault(vcpu, 2)); /* no page is mapped there */
    assert_refused(NO_LDT_PAGE, vmmu_ldt_fault(vcpu, 3)); /* beyond the LDT's limit */
    assert_refused(NO_LDT_PAGE, vmmu_ldt_fault(vcpu, VMMU_LDT_FRAMES));
    assert_refused(NO_LDT_PAGE, vmmu_ldt_fault(vcpu, ~0u));
    assert_audit();

    /* A new root drops the LDT, because its addresses mean other pages there. */
    guest_run(&guest, 0, guest_space(&guest).l4);
    assert_int_equal(look(page).type_count, 0);
    assert_true(mfn_is_none(machine_descriptor_window(vcpu, VMMU_GDT_FRAMES)));
    assert_refused(NO_LDT_PAGE, vmmu_ldt_fault(vcpu, 0));
}

static void bad_ldts(void **state)
{
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    const u64 bad[] = {
        0x8010, 1ull << 47, 1ull << 63, 0xffff800000000000, 0x00007ffffffff000, 0xffff7ffffffff000};
    (void)state;
    guest_running_space(&guest);
    assert_done(vmmu_set_ldt(vcpu, guest_address(8), 8192));
    for (u32 i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_refused(BAD_ADDRESS, vmmu_set_ldt(vcpu, vaddr(bad[i]), 8192));
    }
    assert_refused(TOO_MANY_DESCRIPTORS, vmmu_set_ldt(vcpu, guest_address(8), 8193));
    assert_int_equal(vcpu->ldt_entries, 8192);
    assert_done(vmmu_set_ldt(vcpu, vaddr(0x8010), 0));
    assert_int_equal(vcpu->ldt_entries, 0);
}

static void one_descriptor_at_a_time(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t gdt = guest_page(&guest), plain = guest_page(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    const u64 data = descriptor(2, true, 0, true);
    (void)state;
    assert_done(vmmu_set_gdt(vcpu, &gdt, 1, 512));
    assert_done(vmmu_update_descriptor(vcpu, machine_at(gdt, 7), data));
    assert_int_equal(machine_words(gdt)[7], descriptor(2, true, 3, true));
    assert_done(vmmu_update_descriptor(vcpu, machine_at(gdt, 7), 0));
    assert_done(vmmu_update_descriptor(vcpu, machine_at(plain, 7), data));
    assert_int_equal(look(plain).type_count, 0);

    assert_refused(BAD_DESCRIPTOR, vmmu_update_descriptor(vcpu, machine_at(gdt, 7),
                                                          descriptor(12, false, 3, true)));
    assert_refused(BAD_ADDRESS, vmmu_update_descriptor(vcpu, maddr(maddr_of(gdt).a + 4), data));
    assert_refused(BAD_FRAME, vmmu_update_descriptor(vcpu, maddr(~0ull << 3), data));
    assert_refused(NOT_OWNER,
                   vmmu_update_descriptor(vcpu, machine_at(guest_page(&other), 0), data));
    assert_refused(WRONG_TYPE, vmmu_update_descriptor(vcpu, machine_at(space.l1, 0), data));
    assert_int_equal(machine_words(gdt)[7], 0);
}

static void another_owner_means_another_check(void **state)
{
    /* XSA-214: a descriptor page keeps neither type nor validation when its owner changes. */
    const mfn_t page = guest_page(&guest);
    (void)state;
    assert_done(vmmu_set_gdt(&guest.vcpu[0], &page, 1, 1));
    assert_done(vmmu_set_gdt(&guest.vcpu[0], NULL, 0, 0));
    assert_done(vmmu_take(&guest.domain, page));
    mfn_t again = machine_allocate();
    while (!mfn_equal(again, page)) {
        machine_free(again);
        again = machine_allocate();
    }
    machine_words(page)[0] = descriptor(12, false, 3, true);
    assert_done(vmmu_give(&other.domain, page, pfn(0)));
    assert_refused(BAD_DESCRIPTOR, vmmu_set_gdt(&other.vcpu[0], &page, 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_descriptor_may_be),
        GUEST_TEST(a_gdt_page_is_checked_and_its_rings_forced),
        GUEST_TEST(nobody_writes_to_a_live_gdt),
        GUEST_TEST(a_refused_gdt_leaves_the_old_one),
        GUEST_TEST(an_ldt_comes_page_by_page),
        GUEST_TEST(bad_ldts),
        GUEST_TEST(one_descriptor_at_a_time),
        GUEST_TEST(another_owner_means_another_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
