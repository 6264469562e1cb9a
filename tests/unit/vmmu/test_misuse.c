/* SPDX-License-Identifier: MIT */
/* Proves that a mistake of the hypervisor itself (a reference dropped twice, a frame given or
 * shared that does not exist, a second deferred release on one vCPU) panics before anything relies
 * on it; and that edge cases (an unknown result, a bad size, a deferred release that is interrupted
 * again) are answered. */
#include "tests/machine/guest.h"
#include "vmmu/defer.h"
#include "vmmu/frame.h"
#include "vmmu/ref.h"
#include "vmmu/type.h"

static mfn_t page;

static void owe_twice(void *unused)
{
    (void)unused;
    defer_note(&guest.vcpu[0], page, DEFER_FINISH);
}

static void take_it(void *unused)
{
    (void)unused;
    vmmu_take(&guest.domain, page);
}

static void share_it(void *unused)
{
    (void)unused;
    vmmu_share(&guest.domain, page, true);
}

static void unshare_it(void *unused)
{
    (void)unused;
    vmmu_unshare(page);
}

static void refer_once_more(void *unused)
{
    (void)unused;
    ref_get_more(page);
}

static void drop_it(void *unused)
{
    (void)unused;
    ref_put(page);
}

static void drop_its_type(void *unused)
{
    (void)unused;
    type_put(page);
}

/* Asserts that the action panics while the page's two words are as given; restores the words. */
static void assert_panics_with(void (*action)(void *), u64 references, u64 use)
{
    struct vmmu_frame *frame = frame_of(page);
    const u64 old_references = atomic_exchange(&frame->references, references);
    const u64 old_use = atomic_exchange(&frame->type, use);
    assert_true(machine_panics(action, NULL));
    atomic_store(&frame->references, old_references);
    atomic_store(&frame->type, old_use);
}

static void a_mistake_of_our_own_ends_at_once(void **state)
{
    (void)state;
    page = guest_page(&guest);
    const u64 mine = ref_owned_by(guest.domain.id);

    guest.vcpu[0].deferred.frame = page;
    assert_true(machine_panics(owe_twice, NULL));
    guest.vcpu[0].deferred.frame = MFN_NONE;

    assert_panics_with(take_it, mine | REF_ALLOCATED | 1,
                       use_of(VMMU_TYPE_WRITABLE) | USE_VALIDATED | 1);
    assert_panics_with(unshare_it, mine | 2, use_of(VMMU_TYPE_SHARED) | USE_VALIDATED | 2);
    assert_panics_with(refer_once_more, mine, 0);
    assert_panics_with(refer_once_more, mine | FRAME_COUNT, 0);
    assert_panics_with(drop_it, mine, 0);
    assert_panics_with(drop_its_type, mine | 2, use_of(VMMU_TYPE_L1));
    assert_panics_with(drop_its_type, mine | 2, use_of(VMMU_TYPE_L1) | 1);
    assert_panics_with(drop_its_type, mine | 2, use_of(VMMU_TYPE_L2) | USE_PARTIAL | 1);
    assert_panics_with(drop_its_type, mine | 2,
                       use_of(VMMU_TYPE_L1) | USE_VALIDATED | USE_PINNED | 1);

    const mfn_t real = page;
    page = mfn(machine.frames);
    assert_true(machine_panics(share_it, NULL));
    page = real;
}

static void what_is_at_its_end(void **state)
{
    /* A frame that is being freed has no owner, and the addresses of an LDT do not wrap. */
    (void)state;
    page = guest_page(&guest);
    struct vmmu_frame *frame = frame_of(page);
    const u64 before = atomic_exchange(&frame->references, ref_owned_by(guest.domain.id));
    assert_false(vmmu_frame_owned_by(&guest.domain, page));
    assert_refused(NOT_OWNER, vmmu_reference(&guest.domain, page));
    assert_refused(NOT_OWNER, vmmu_take(&guest.domain, page));
    atomic_store(&frame->references, before);
    assert_refused(BAD_ADDRESS, vmmu_set_ldt(&guest.vcpu[0], vaddr(0xfffffffffffff000), 8192));
    assert_int_equal(guest.vcpu[0].ldt_entries, 0);
}

static void results_that_are_none(void **state)
{
    (void)state;
    assert_string_equal(vmmu_result_sentence(VMMU_RESULTS), "?");
    assert_string_equal(vmmu_result_name(VMMU_RESULTS), "?");
    assert_int_equal(vmmu_result_errno(VMMU_RESULTS), -22);
}

static void stores_of_odd_sizes(void **state)
{
    const struct space space = guest_running_space(&guest);
    const u32 sizes[] = {0, 3, 5, 6, 7, 9, 12, 16, 64, ~0u};
    bool swapped = true;
    (void)state;
    assert_done(guest_set(&guest, space.l1, 1, RO(space.l1)));
    for (u32 i = 0; i < ARRAY_LENGTH(sizes); i++) {
        assert_refused(BAD_ADDRESS, vmmu_emulated_write(&guest.vcpu[0], guest_address(1), sizes[i],
                                                        0, 0, &swapped));
    }
    for (u32 bytes = 2; bytes <= 8; bytes *= 2) {
        for (u32 off = 1; off < bytes; off++) {
            const vaddr_t at = vaddr(guest_address(1).a + off);
            assert_refused(BAD_ADDRESS,
                           vmmu_emulated_write(&guest.vcpu[0], at, bytes, 0, 0, &swapped));
            assert_refused(BAD_ADDRESS, vmmu_emulated_write_at(
                                            &guest.vcpu[0], maddr(machine_at(space.l1, 5).a + off),
                                            bytes, 0, 0, &swapped));
        }
    }
}

static void nothing_begins_while_something_is_owed(void **state)
{
    /* The demotion of a tree of many tables is a deferred release of the vCPU; each operation
     * completes that first. */
    const struct space space = guest_running_space(&guest), tree = guest_space(&guest);
    struct vmmu_vcpu *vcpu = &guest.vcpu[0];
    const mfn_t plain = guest_page(&guest);
    bool swapped;
    (void)state;
    for (u32 i = 1; i < 64; i++) {
        machine_words(tree.l2)[i] = LINK(guest_page(&guest));
    }
    assert_done(vmmu_pin(vcpu, &guest.domain, tree.l4, 4));
    machine.stop_each = 1;
    assert_done(vmmu_unpin(vcpu, &guest.domain, tree.l4));
    const maddr_t at = machine_at(space.l1, 5);
    const struct vmmu_vcpu before = *vcpu;
#define assert_again(expression) assert_result(VMMU_AGAIN, expression)
    assert_again(vmmu_pin(vcpu, &guest.domain, plain, 1));
    assert_again(vmmu_unpin(vcpu, &guest.domain, space.l4));
    assert_again(
        vmmu_update(vcpu, &guest.domain, &guest.domain, at, RW(plain), VMMU_UPDATE_NORMAL));
    assert_again(vmmu_update_va(vcpu, &guest.domain, guest_address(5), RW(plain)));
    assert_again(vmmu_map_at(vcpu, &guest.domain, at, RW(plain)));
    assert_again(vmmu_unmap_at(vcpu, at, plain, true));
    assert_again(vmmu_unmap_va(vcpu, guest_address(5), plain, true));
    assert_again(vmmu_emulated_write(vcpu, guest_address(1), 8, 0, 0, &swapped));
    assert_again(vmmu_emulated_write_at(vcpu, at, 8, 0, 0, &swapped));
    assert_again(vmmu_set_kernel_root(vcpu, space.l4));
    assert_again(vmmu_set_user_root(vcpu, MFN_NONE));
    assert_again(vmmu_set_gdt(vcpu, &plain, 1, 1));
    assert_again(vmmu_set_ldt(vcpu, guest_address(8), 1));
    assert_again(vmmu_ldt_fault(vcpu, 0));
    assert_again(vmmu_update_descriptor(vcpu, machine_at(plain, 0), 0));
    assert_again(vmmu_finish(vcpu));
    assert_memory_equal(&before.gdt_frame, &vcpu->gdt_frame, sizeof(before.gdt_frame));
    assert_int_equal(machine_words(space.l1)[5], 0);
    assert_int_equal(look(plain).references, 1);
    assert_int_equal(vcpu->ldt_entries, 0);
    assert_audit();
}

/* ---- the audit with unusual arguments
 * ---------------------------------------------------------- */

static u64 audit_with(bool foreign, u64 scratch_frames)
{
    static u32 scratch[2 * 64];
    struct vmmu_vcpu *vcpus[] = {&guest.vcpu[0], &guest.vcpu[1], &guest.vcpu[2],
                                 &other.vcpu[0], &other.vcpu[1], &other.vcpu[2]};
    const struct vmmu_audit audit = {.vcpus = vcpus,
                                     .vcpu_count = ARRAY_LENGTH(vcpus),
                                     .foreign_mappings = foreign,
                                     .scratch = scratch,
                                     .scratch_frames = scratch_frames};
    return vmmu_audit(&audit);
}

static void an_audit_of_another_kind(void **state)
{
    const struct space space = guest_running_space(&guest);
    (void)state;
    page = guest_page(&other);
    assert_done(vmmu_map_at(&guest.vcpu[0], &other.domain, machine_at(space.l1, 5), RO(page)));
    assert_int_equal(audit_with(true, 64), 0);
    /* Without scratch memory the audit checks each frame alone, without counts. */
    assert_int_equal(audit_with(true, 0), 0);
    machine.quiet = true;
    assert_int_equal(audit_with(false, 64), 1);
    assert_int_equal(machine.last_finding_frame.n, space.l1.n);

    /* States of a frame that no operation leaves. */
    const mfn_t plain = guest_page(&guest);
    struct vmmu_frame *frame = frame_of(plain);
    const u64 half = use_of(VMMU_TYPE_L2) | USE_PARTIAL | 1;
    const u64 words[] = {half | USE_PINNED,
                         half | use_at(513),
                         half | USE_CHILD | use_at(512),
                         half + 1,
                         use_of(VMMU_TYPE_L1) | USE_PARTIAL | 1,
                         use_of(VMMU_TYPE_WRITABLE) | USE_PARTIAL | 1,
                         use_of(VMMU_TYPE_DESCRIPTOR) | USE_VALIDATED | USE_CHILD | 1};
    for (u32 i = 0; i < ARRAY_LENGTH(words); i++) {
        const u64 before = atomic_exchange(&frame->type, words[i]);
        assert_true(audit_findings() > 0);
        atomic_store(&frame->type, before);
    }
    machine.quiet = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(a_mistake_of_our_own_ends_at_once),
        GUEST_TEST(what_is_at_its_end),
        GUEST_TEST(results_that_are_none),
        GUEST_TEST(stores_of_odd_sizes),
        GUEST_TEST(nothing_begins_while_something_is_owed),
        GUEST_TEST(an_audit_of_another_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
