/* SPDX-License-Identifier: MIT */
/* Proves that giving, taking, sharing and holding frames keeps their counts right, that a frame
 * goes back to the allocator exactly once, when its last reference is dropped, and that no decision
 * is based on the M2P. */
#include "tests/machine/guest.h"
#include "vmmu/frame.h"

static void given_frames_are_counted_and_mapped(void **state)
{
    const mfn_t m = machine_allocate();
    (void)state;
    assert_done(vmmu_give(&guest.domain, m, pfn(77)));
    assert_int_equal(machine_m2p(m), 77);
    assert_int_equal(guest.domain.frames, 1);
    assert_int_equal(look(m).owner, 1);
    assert_int_equal(look(m).references, 1);
    assert_int_equal(look(m).type, VMMU_TYPE_NONE);
    assert_true(vmmu_frame_owned_by(&guest.domain, m));
    assert_false(vmmu_frame_owned_by(&other.domain, m));
    assert_false(vmmu_frame_owned_by(&guest.domain, mfn(machine.frames)));
    assert_false(look(mfn(machine.frames)).valid);
    assert_false(look(mfn(1)).owned);

    assert_done(vmmu_take(&guest.domain, m));
    assert_int_equal(guest.domain.frames, 0);
    assert_int_equal(machine.freed, 1);
    assert_int_equal(machine_m2p(m), ~0ull);
    assert_false(look(m).owned);
}

static void limits_of_giving(void **state)
{
    const mfn_t a = machine_allocate(), b = machine_allocate();
    (void)state;
    guest.domain.frames_max = 1;
    assert_done(vmmu_give(&guest.domain, a, pfn(0)));
    assert_refused(TOO_MANY_FRAMES, vmmu_give(&guest.domain, b, pfn(1)));
    assert_int_equal(guest.domain.frames, 1);
    assert_int_equal(vmmu_result_errno(VMMU_REFUSED_TOO_MANY_FRAMES), -12);
    assert_done(vmmu_take(&guest.domain, a));
    atomic_store(&guest.domain.dying, true);
    assert_refused(DOMAIN_DYING, vmmu_give(&guest.domain, b, pfn(1)));
    assert_refused(BAD_FRAME, vmmu_give(&other.domain, mfn(machine.frames), pfn(1)));
    machine_free(b);
}

static void many_are_given_or_none(void **state)
{
    mfn_t m[10];
    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(m); i++) {
        m[i] = machine_allocate();
        assert_int_equal(m[i].n, m[0].n + i);
    }
    guest.domain.frames_max = 9;
    assert_refused(BAD_FRAME, vmmu_give_many(&guest.domain, mfn(machine.frames - 8), pfn(5), 9));
    assert_refused(BAD_FRAME, vmmu_give_many(&guest.domain, m[0], pfn(5), ~0ull));
    assert_int_equal(guest.domain.frames, 0);
    assert_done(vmmu_give_many(&guest.domain, m[0], pfn(5), 7));
    assert_int_equal(guest.domain.frames, 7);
    for (u32 i = 0; i < 7; i++) {
        assert_int_equal(machine_m2p(m[i]), 5 + i);
        assert_int_equal(look(m[i]).references, 1);
        assert_true(vmmu_frame_is_taken(m[i]));
    }
    assert_refused(TOO_MANY_FRAMES, vmmu_give_many(&guest.domain, m[7], pfn(5), 3));
    assert_int_equal(guest.domain.frames, 7);
    assert_false(vmmu_frame_is_taken(m[7]));
    assert_false(vmmu_frame_is_taken(mfn(machine.frames)));
    atomic_store(&guest.domain.dying, true);
    assert_refused(DOMAIN_DYING, vmmu_give_many(&guest.domain, m[7], pfn(5), 1));
    atomic_store(&guest.domain.dying, false);
    for (u32 i = 0; i < ARRAY_LENGTH(m); i++) {
        if (i < 7) {
            assert_done(vmmu_take(&guest.domain, m[i]));
        } else {
            machine_free(m[i]);
        }
    }
}

static void taking_twice_or_from_others(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    (void)state;
    assert_done(guest_set(&guest, space.l1, 5, RO(page)));
    assert_refused(NOT_OWNER, vmmu_take(&other.domain, page));
    assert_refused(BAD_FRAME, vmmu_take(&guest.domain, mfn(machine.frames)));
    assert_done(vmmu_take(&guest.domain, page));
    assert_int_equal(machine.freed, 0); /* the page is still mapped */
    assert_refused(ALREADY_RELEASED, vmmu_take(&guest.domain, page));
    assert_int_equal(look(page).references, 1);
    assert_audit();
    assert_done(guest_set(&guest, space.l1, 5, 0));
    assert_int_equal(machine.freed, 1);
    assert_refused(NOT_OWNER, vmmu_take(&guest.domain, page));
}

static void what_is_used_is_not_taken_as_unused(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    (void)state;
    assert_done(guest_set(&guest, space.l1, 5, RO(page)));
    assert_refused(WRONG_TYPE, vmmu_take_unused(&guest.domain, page));
    assert_refused(NOT_OWNER, vmmu_take_unused(&other.domain, page));
    assert_int_equal(look(page).references, 2);
    assert_audit();
    assert_done(guest_set(&guest, space.l1, 5, 0));
    assert_done(vmmu_take_unused(&guest.domain, page));
    assert_int_equal(machine.freed, 1);
}

static void give_twice(void *frame)
{
    vmmu_give(&other.domain, *(mfn_t *)frame, pfn(0));
}

static void a_frame_with_an_owner_is_not_given_again(void **state)
{
    mfn_t page = guest_page(&guest);
    (void)state;
    assert_true(machine_panics(give_twice, &page));
    atomic_store(&other.domain.frames, 0);
}

static void a_shared_page_is_mapped_but_stays_a_shared_page(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t writable = machine_allocate(), readable = machine_allocate();
    (void)state;
    vmmu_share(&guest.domain, writable, true);
    vmmu_share(&guest.domain, readable, false);
    assert_done(guest_set(&guest, space.l1, 5, RW(writable)));
    assert_done(guest_set(&guest, space.l1, 6, RO(readable)));
    assert_refused(READ_ONLY_PAGE, guest_set(&guest, space.l1, 7, RW(readable)));
    assert_true(cpu_store(0, guest_address(5), 1));
    assert_int_equal(guest.domain.frames, 4); /* the four tables */

    assert_refused(WRONG_TYPE, vmmu_pin(&guest.vcpu[0], &guest.domain, writable, 1));
    assert_refused(WRONG_TYPE, vmmu_set_gdt(&guest.vcpu[0], &readable, 1, 1));
    assert_refused(WRONG_TYPE, guest_set(&guest, space.l2, 7, LINK(readable)));
    assert_refused(NOT_OWNER, vmmu_take(&guest.domain, writable));
    assert_refused(FOREIGN_MAPPING,
                   guest_set(&other, guest_running_space(&other).l1, 5, RO(writable)));
    machine_run_on(0);
    assert_done(guest_hold(&guest, writable));
    assert_done(guest_hold(&guest, readable));
    assert_audit();
    guest_unhold(writable);
    guest_unhold(readable);

    /* A page that is unshared while it is mapped is freed when its last entry is cleared; until
     * then no other use of it is allowed. */
    vmmu_unshare(writable);
    vmmu_unshare(readable);
    assert_int_equal(machine.freed, 0);
    assert_refused(WRONG_TYPE, vmmu_pin(&guest.vcpu[0], &guest.domain, readable, 1));
    assert_refused(READ_ONLY_PAGE, guest_set(&guest, space.l1, 6, RW(readable)));
    assert_audit();
    assert_done(guest_set(&guest, space.l1, 5, 0));
    assert_done(guest_set(&guest, space.l1, 6, 0));
    assert_int_equal(machine.freed, 2);
}

static void a_held_page_stays_writable(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t page = guest_page(&guest);
    (void)state;
    assert_done(guest_hold(&guest, page));
    assert_refused(WRONG_TYPE, vmmu_pin(&guest.vcpu[0], &guest.domain, page, 1));
    assert_done(guest_set(&guest, space.l1, 5, RW(page)));
    assert_done(vmmu_take(&guest.domain, page));
    assert_done(guest_set(&guest, space.l1, 5, 0));
    assert_int_equal(machine.freed, 0);
    assert_audit();
    guest_unhold(page);
    assert_int_equal(machine.freed, 1);

    assert_refused(WRONG_TYPE, guest_hold(&guest, space.l1));
    assert_refused(NOT_OWNER, guest_hold(&guest, guest_page(&other)));
    assert_refused(BAD_FRAME, guest_hold(&guest, mfn(machine.frames)));
}

static void the_m2p_believes_anything_and_means_nothing(void **state)
{
    const mfn_t page = guest_page(&guest);
    const u64 values[] = {0, ~0ull, ~1ull, 1ull << 63, 12345};
    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(values); i++) {
        assert_done(vmmu_set_m2p(&guest.domain, page, values[i]));
        assert_int_equal(machine_m2p(page), values[i]);
    }
    for (u32 i = 0; i < 100; i++) {
        assert_refused(NOT_OWNER, vmmu_set_m2p(&other.domain, page, 0));
    }
    assert_refused(NOT_OWNER, vmmu_set_m2p(&guest.domain, mfn(1), 0));
    assert_refused(BAD_FRAME, vmmu_set_m2p(&guest.domain, mfn(machine.frames), 0));
    assert_int_equal(look(page).references, 1);
}

static void only_own_frames_can_be_obtained(void **state)
{
    /* XSA-248: a guest requests every frame of the machine, in every way. */
    const struct space space = guest_running_space(&guest);
    (void)state;
    guest_page(&other);
    for (u64 n = 0; n < machine.frames; n++) {
        const bool own = vmmu_frame_owned_by(&guest.domain, mfn(n));
        assert_result(own ? VMMU_DONE : VMMU_REFUSED_FOREIGN_MAPPING,
                      guest_set(&guest, space.l1, 5, RO(mfn(n))));
        if (!own) {
            assert_refused(NOT_OWNER, vmmu_pin(&guest.vcpu[0], &guest.domain, mfn(n), 1));
            assert_refused(NOT_OWNER, vmmu_hold(&guest.domain, mfn(n)));
        }
    }
}

/* Asserts that each way to request frame `m`, which is no domain's, is refused; a mapping of it by
 * `rule`. */
static void assert_not_to_be_had(struct space space, mfn_t m, enum vmmu_result rule)
{
    assert_result(rule, guest_set(&guest, space.l1, 5, RO(m)));
    assert_result(rule, guest_set(&guest, space.l1, 5, RW(m)));
    assert_refused(NOT_OWNER, guest_set(&guest, space.l2, 7, LINK(m)));
    assert_result(rule, vmmu_map_at(&guest.vcpu[0], &other.domain, machine_at(space.l1, 5), RO(m)));
    assert_refused(NOT_OWNER, vmmu_pin(&guest.vcpu[0], &guest.domain, m, 1));
    assert_refused(NOT_OWNER, vmmu_set_kernel_root(&guest.vcpu[0], m));
    assert_refused(NOT_OWNER, vmmu_set_gdt(&guest.vcpu[0], &m, 1, 1));
    assert_refused(NOT_OWNER, vmmu_hold(&guest.domain, m));
    assert_refused(NOT_OWNER, vmmu_reference(&guest.domain, m));
    assert_refused(NOT_OWNER, vmmu_take(&guest.domain, m));
    assert_refused(NOT_OWNER, vmmu_set_m2p(&guest.domain, m, 0));
    assert_false(vmmu_frame_owned_by(&guest.domain, m));
}

static void a_device_frame_is_nobodys_to_have(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t device = mfn(0), hypervisor = mfn(1);
    (void)state;
    assert_not_to_be_had(space, device, VMMU_REFUSED_FOREIGN_MAPPING);
    vmmu_own_device(device);
    assert_true(look(device).owned);
    assert_int_equal(look(device).owner, VMMU_OWNER_DEVICE);
    assert_int_equal(look(device).references, 0);
    assert_int_equal(look(device).type, VMMU_TYPE_NONE);
    assert_int_equal(machine_m2p(device), ~0ull);
    assert_audit();
    assert_not_to_be_had(space, device, VMMU_REFUSED_NO_MEMORY);
    assert_not_to_be_had(space, hypervisor, VMMU_REFUSED_FOREIGN_MAPPING);
    assert_int_equal(machine.freed, 0);
}

static void the_audit_knows_device_frames(void **state)
{
    const struct space space = guest_running_space(&guest);
    const mfn_t device = mfn(0);
    (void)state;
    vmmu_own_device(device);
    machine.quiet = true;

    /* A reference, which no device frame has, then a type reference. */
    atomic_fetch_add(&frame_of(device)->references, 1);
    assert_int_equal(audit_findings(), 1);
    assert_int_equal(machine.last_finding_frame.n, device.n);
    atomic_fetch_sub(&frame_of(device)->references, 1);
    atomic_store(&frame_of(device)->type, use_of(VMMU_TYPE_WRITABLE));
    assert_int_equal(audit_findings(), 1);
    assert_int_equal(machine.last_finding_frame.n, device.n);
    atomic_store(&frame_of(device)->type, use_of(VMMU_TYPE_NONE));
    assert_audit();

    /* An entry that maps the device frame without the right to it. */
    machine_words(space.l1)[5] = RO(device) | PTE_PCD;
    assert_int_equal(audit_findings(), 1);
    assert_int_equal(machine.last_finding_frame.n, space.l1.n);
    atomic_fetch_or(&frame_of(space.l1)->type, USE_DEVICES);
    assert_int_equal(audit_findings(), 1);
    assert_int_equal(machine.last_finding_frame.n, space.l1.n);
    machine_words(space.l1)[5] = 0;
}

static void own_device(void *frame)
{
    vmmu_own_device(*(mfn_t *)frame);
}

static void start_reserved(void *domain)
{
    vmmu_domain_start(domain, VMMU_OWNER_DEVICE, 1);
}

static void device_frames_and_their_owner_are_reserved(void **state)
{
    struct vmmu_domain domain = {0};
    mfn_t page = guest_page(&guest), beyond = mfn(machine.frames), device = mfn(0);
    (void)state;
    assert_true(machine_panics(own_device, &page));
    assert_true(machine_panics(own_device, &beyond));
    assert_false(machine_panics(own_device, &device));
    assert_true(machine_panics(own_device, &device));
    assert_true(machine_panics(start_reserved, &domain));
    assert_int_equal(domain.id, 0);
    vmmu_domain_start(&domain, VMMU_DOMAINS_END - 1, 1);
    assert_int_equal(domain.id, VMMU_DOMAINS_END - 1);
}

static void drop_too_often(void *frame)
{
    vmmu_unhold(*(mfn_t *)frame);
}

static void dropping_what_nobody_has_is_noticed(void **state)
{
    mfn_t page = guest_page(&guest);
    (void)state;
    assert_true(machine_panics(drop_too_often, &page));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(given_frames_are_counted_and_mapped),
        GUEST_TEST(limits_of_giving),
        GUEST_TEST(many_are_given_or_none),
        GUEST_TEST(taking_twice_or_from_others),
        GUEST_TEST(what_is_used_is_not_taken_as_unused),
        GUEST_TEST(a_frame_with_an_owner_is_not_given_again),
        GUEST_TEST(a_shared_page_is_mapped_but_stays_a_shared_page),
        GUEST_TEST(a_held_page_stays_writable),
        GUEST_TEST(the_m2p_believes_anything_and_means_nothing),
        GUEST_TEST(only_own_frames_can_be_obtained),
        GUEST_TEST(a_device_frame_is_nobodys_to_have),
        GUEST_TEST(the_audit_knows_device_frames),
        GUEST_TEST(device_frames_and_their_owner_are_reserved),
        GUEST_TEST(dropping_what_nobody_has_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
