/* SPDX-License-Identifier: MIT */
/* Proves that the audit finds corruption: every kind is planted without the engine's knowledge, and
 * the audit must report it, with the frame that it is in. */
#include "tests/machine/guest.h"
#include "vmmu/defer.h"
#include "vmmu/frame.h"

/* A running space with a page of each kind, for the tests to corrupt. */
struct scene {
    struct space space;
    mfn_t page, gdt;
};

static struct scene scene(void)
{
    struct scene s = {guest_running_space(&guest), guest_page(&guest), guest_page(&guest)};
    assert_done(guest_set(&guest, s.space.l1, 5, RW(s.page)));
    assert_done(vmmu_set_gdt(&guest.vcpu[0], &s.gdt, 1, 1));
    assert_audit();
    machine.quiet = true;
    return s;
}

/* Changes a word, runs the audit, and puts the word back. Returns the number of findings. */
static u64 with_word(_Atomic u64 *word, u64 value)
{
    const u64 before = atomic_exchange(word, value);
    const u64 findings = audit_findings();
    atomic_store(word, before);
    assert_audit();
    return findings;
}

static u64 with_flag(_Atomic u64 *word, u64 flag)
{
    return with_word(word, atomic_load(word) ^ flag);
}

static u64 with_entry(mfn_t table, u32 index, u64 entry)
{
    return with_word((_Atomic u64 *)&machine_words(table)[index], entry);
}

static void wrong_counts(void **state)
{
    const struct scene s = scene();
    (void)state;
    const mfn_t frames[] = {s.space.l4, s.space.l3, s.space.l2, s.space.l1, s.page, s.gdt};
    for (u32 i = 0; i < ARRAY_LENGTH(frames); i++) {
        struct vmmu_frame *frame = frame_of(frames[i]);
        for (s64 by = -1; by <= 1; by += 2) {
            assert_true(with_word(&frame->references, atomic_load(&frame->references) + (u64)by));
            assert_int_equal(machine.last_finding_frame.n, frames[i].n);
            assert_true(with_word(&frame->type, atomic_load(&frame->type) + (u64)by));
            assert_int_equal(machine.last_finding_frame.n, frames[i].n);
        }
        assert_true(with_flag(&frame->references, REF_ALLOCATED));
        assert_true(with_flag(&frame->references, REF_OWNED));
        assert_true(with_flag(&frame->references, 3ull << REF_OWNER_SHIFT));
    }
}

static void wrong_states(void **state)
{
    const struct scene s = scene();
    const u64 flags[] = {
        USE_VALIDATED,          USE_PARTIAL,           USE_PINNED, USE_LOCKED, USE_CHILD,
        1ull << USE_TYPE_SHIFT, 8ull << USE_TYPE_SHIFT};
    const mfn_t frames[] = {s.space.l4, s.space.l3, s.space.l2, s.space.l1, s.page, s.gdt};
    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(frames); i++) {
        for (u32 j = 0; j < ARRAY_LENGTH(flags); j++) {
            /* In a live table that bit is the one of a part, which may be set for an empty one. */
            if (flags[j] != USE_CHILD || !type_is_table(look(frames[i]).type)) {
                assert_true(with_flag(&frame_of(frames[i])->type, flags[j]));
            }
        }
    }
    /* A part that has entries is noted as empty. */
    assert_true(with_flag(&frame_of(s.space.l1)->type, use_part(5)));
    assert_true(with_flag(&frame_of(s.space.l4)->type, use_part(0)));
}

static void wrong_entries(void **state)
{
    const struct scene s = scene();
    const mfn_t foreign = guest_page(&other);
    (void)state;
    /* An entry whose references were never counted. */
    assert_true(with_entry(s.space.l1, 6, RO(s.page)));
    /* An entry was lost, its references were not. */
    assert_true(with_entry(s.space.l1, 5, 0));
    /* The entry lost its right to write, the type reference stayed. */
    assert_true(with_entry(s.space.l1, 5, RO(s.page)));
    assert_true(with_entry(s.space.l1, 6, RW(s.space.l1))); /* a live table is mapped writable */
    assert_true(with_entry(s.space.l1, 6, RW(s.gdt)));
    assert_true(with_entry(s.space.l1, 6, RW(foreign)));
    assert_true(with_entry(s.space.l1, 6, RW(mfn(1))));
    assert_true(with_entry(s.space.l1, 6, RW(mfn(machine.frames))));
    assert_true(with_entry(s.space.l1, 5, RW(s.page) | PTE_PCD));
    assert_true(with_entry(s.space.l1, 5, RW(s.page) & ~PTE_USER));
    assert_true(with_entry(s.space.l2, 0, LINK(s.space.l1) | PTE_LARGE));
    assert_true(with_entry(s.space.l2, 0, LINK(s.space.l2)));
    assert_true(with_entry(s.space.l3, 0, LINK(s.page)));
    assert_true(with_entry(s.space.l4, VMMU_M2P_SLOT, 1));
    assert_true(with_entry(s.space.l4, VMMU_GUEST_HOLE_LAST, RW(s.page)));
    assert_true(with_entry(s.gdt, 100, 0x00cf9a000000ffffull)); /* a ring 0 code segment */
}

static void wrong_records(void **state)
{
    const struct scene s = scene();
    struct vmmu_vcpu *vcpu = &guest.vcpu[1];
    (void)state;
    vcpu->kernel_root = s.space.l4;
    assert_int_equal(audit_findings(), 2);
    vcpu->kernel_root = MFN_NONE;
    vcpu->ldt_frame[15] = s.gdt;
    assert_int_equal(audit_findings(), 2);
    vcpu->ldt_frame[15] = MFN_NONE;
    vcpu->deferred = (struct vmmu_deferred){s.space.l2, DEFER_FINISH};
    assert_int_equal(audit_findings(), 1);
    vcpu->deferred.kind = DEFER_PUT;
    assert_int_equal(audit_findings(), 2);
    vcpu->deferred.frame = MFN_NONE;
    atomic_fetch_add(&guest.domain.frames, 1);
    assert_int_equal(audit_findings(), 1);
    atomic_fetch_sub(&guest.domain.frames, 1);
}

static void a_held_page_has_to_be_listed(void **state)
{
    const struct scene s = scene();
    (void)state;
    assert_done(vmmu_hold(&guest.domain, s.page));
    assert_int_equal(audit_findings(), 2);
    vmmu_unhold(s.page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_TEST(wrong_counts),
        SMALL_TEST(wrong_states),
        SMALL_TEST(wrong_entries),
        SMALL_TEST(wrong_records),
        SMALL_TEST(a_held_page_has_to_be_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
