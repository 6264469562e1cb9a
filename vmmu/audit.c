/* SPDX-License-Identifier: MIT */
/* The audit: recounts all references and type references from the tables, pins, roots and holds,
 * and compares them with the frame table. It uses the engine's definitions of the words and its
 * checks of entries and descriptors, but none of its counting code. */
#include "vmmu/defer.h"
#include "vmmu/entry.h"
#include "vmmu/m2p.h"
#include "vmmu/port.h"

/* The progress of an audit. It counts the references on one window of frames at a time, in one pass
 * over all tables for each window. */
struct recount {
    const struct vmmu_audit *audit;
    u64 first;  /* the first frame of the window */
    u64 frames; /* the number of frames in the window */
    u64 findings;
};

static void tell(struct recount *run, mfn_t m, const char *what, u64 expected, u64 found)
{
    const struct vmmu_finding finding = {m, what, expected, found};
    run->findings++;
    port_audit_found(&finding);
}

static u64 references_of(mfn_t m)
{
    return frame_references(m);
}

static u64 use_word_of(mfn_t m)
{
    return frame_type_word(m);
}

static u64 entry_of(mfn_t table, u32 index)
{
    return word_read(&frame_words(table)[index]);
}

/* Adds `references` references and `uses` type references to the recounted sums of frame `m`, if it
 * is in the window. */
static void tally(struct recount *run, mfn_t m, u32 references, u32 uses)
{
    if (m.n - run->first < run->frames) {
        run->audit->scratch[2 * (m.n - run->first)] += references;
        run->audit->scratch[2 * (m.n - run->first) + 1] += uses;
    }
}

/* Returns how many entries, from entry 0 up, of a table with the type word `use` hold their
 * references: all of a validated table, those below `place` of a partial one, otherwise none. */
static u32 entries_held(u64 use)
{
    if (use & USE_PARTIAL) {
        return (u32)use_place(use);
    }
    return use & USE_VALIDATED ? ENTRIES : 0;
}

static void tally_table(struct recount *run, mfn_t m, u64 use)
{
    const u32 level = (u32)use_type(use);
    const u32 held = entries_held(use);
    for (u32 i = 0; i < held; i++) {
        const u64 entry = entry_of(m, i);
        if (entry_holds(entry) && entry_slot_is_guests(level, i)) {
            tally(run, entry_frame(entry), 1, level > 1 || (entry & PTE_WRITABLE));
        }
    }
    if ((use & USE_PARTIAL) && (use & USE_CHILD)) {
        tally(run, entry_frame(entry_of(m, held)), 1, 0);
    }
}

/* Counts the references on `m` that its own words stand for (of its owner, its pin, its partial
 * state), and, if `m` is a table, those that its entries hold on other frames. The frame has an
 * owner, and this references word. */
static void tally_frame(struct recount *run, mfn_t m, u64 references)
{
    const u64 use = use_word_of(m);
    if (references & REF_ALLOCATED) {
        tally(run, m, 1, use_type(use) == VMMU_TYPE_SHARED);
    }
    if (use & USE_PINNED) {
        tally(run, m, 1, 1);
    }
    if (use & USE_PARTIAL) {
        tally(run, m, 1, 1);
    }
    if (type_is_table(use_type(use))) {
        tally_table(run, m, use);
    }
}

static void tally_list(struct recount *run, const mfn_t *list, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        if (!mfn_is_none(list[i])) {
            tally(run, list[i], 1, 1);
        }
    }
}

static void tally_vcpu(struct recount *run, const struct vmmu_vcpu *vcpu)
{
    tally_list(run, &vcpu->kernel_root, 1);
    tally_list(run, &vcpu->user_root, 1);
    tally_list(run, vcpu->gdt_frame, VMMU_GDT_FRAMES);
    tally_list(run, vcpu->ldt_frame, VMMU_LDT_FRAMES);
    if (!mfn_is_none(vcpu->deferred.frame)) {
        tally(run, vcpu->deferred.frame, 1, vcpu->deferred.kind == DEFER_PUT);
    }
}

/* Checks that the type word `use` of `m` is consistent in itself and that no operation is in
 * progress on the frame. Reports each violation. */
static void check_use(struct recount *run, mfn_t m, u64 use)
{
    const u64 state = use & (USE_VALIDATED | USE_PARTIAL);
    const bool table = type_is_table(use_type(use));
    if (use_is_locked(use)) {
        tell(run, m, "locked", 0, 1);
    }
    if (use_type(use) >= VMMU_TYPES) {
        tell(run, m, "no such type", 0, use);
    }
    if (frame_count(use) == 0 ? state != 0 : state != USE_VALIDATED && state != USE_PARTIAL) {
        tell(run, m, "validated and partial contradict the count", frame_count(use), use);
    }
    if ((use & USE_PARTIAL) && (!table || use_type(use) == VMMU_TYPE_L1 || frame_count(use) != 1 ||
                                use_place(use) > ENTRIES || (use & USE_PINNED))) {
        tell(run, m, "partial, which it cannot be", 0, use);
    }
    const bool parts = table && (use & USE_VALIDATED); /* these bits have another meaning then */
    if (!parts && (use & USE_CHILD) && !((use & USE_PARTIAL) && use_place(use) < ENTRIES)) {
        tell(run, m, "a partial target without a place", 0, use);
    }
    if ((use & USE_DEVICES) && frame_count(use) &&
        !(use_type(use) == VMMU_TYPE_L1 && (use & USE_VALIDATED))) {
        tell(run, m, "entries of devices in what is no live L1 table", 0, use);
    }
    if ((use & USE_PINNED) && !(table && (use & USE_VALIDATED))) {
        tell(run, m, "pinned, but not a live table", 0, use);
    }
}

/* Checks an entry of the live table `table` that maps a device frame: its memory type, and that the
 * table's owner may map the frame. Reports a violation. A writable entry where the owner may only
 * read is none: the entry may be from before. */
static void check_device_entry(struct recount *run, mfn_t table, u64 entry)
{
    const u16 owner = ref_owner(references_of(table));
    const struct entry_owners owners = {owner, owner};
    u64 form = entry_installed(1, entry);

    if (!(use_word_of(table) & USE_DEVICES)) {
        tell(run, table, "an entry of a device in a table not marked for it", 1, entry);
    } else if (entry_accept_odd(1, owners, &form, VMMU_DONE) != VMMU_DONE ||
               (form ^ entry) & ~PTE_WRITABLE) {
        tell(run, table, "an entry maps a device frame in a way that the rules forbid", form,
             entry);
    }
}

/* Checks an entry of the live table `table`, in a slot that is the guest's: its bits, and the owner
 * and type of its target. Reports the first violation. */
static void check_entry(struct recount *run, mfn_t table, u32 level, u64 entry)
{
    if (entry_is_device(level, entry)) {
        check_device_entry(run, table, entry);
        return;
    }
    if (entry_check(level, entry) != VMMU_DONE || entry_installed(level, entry) != entry) {
        tell(run, table, "an entry that the rules forbid", entry_installed(level, entry), entry);
        return;
    }
    if (!(entry & PTE_PRESENT)) {
        return;
    }
    const mfn_t target = entry_frame(entry);
    const u64 use = use_word_of(target);
    if (!(references_of(target) & REF_OWNED)) {
        tell(run, table, "an entry maps a frame without an owner", 0, entry);
    } else if (ref_owner(references_of(target)) != ref_owner(references_of(table)) &&
               (level > 1 || !run->audit->foreign_mappings)) {
        tell(run, table, "an entry maps a frame of another owner", ref_owner(references_of(table)),
             entry);
    } else if (level > 1 && !use_is_valid(use, (enum vmmu_type)(level - 1))) {
        tell(run, table, "an entry points at no table of the level below", level - 1, entry);
    } else if (level == 1 && (entry & PTE_WRITABLE) && use_type(use) != VMMU_TYPE_WRITABLE &&
               !(use_type(use) == VMMU_TYPE_SHARED && (use & USE_SHARE_WRITABLE))) {
        tell(run, table, "a writable entry maps what must not be written", VMMU_TYPE_WRITABLE,
             entry);
    }
}

static void check_table(struct recount *run, mfn_t m, u64 use)
{
    const u32 level = (u32)use_type(use);
    const struct vmmu_domain *owner = port_domain(ref_owner(references_of(m)));
    const u64 *slots =
        slots_are_others(owner, m, true) ? owner->user_slots : owner->hypervisor_slots;

    for (u32 i = 0; i < ENTRIES; i++) {
        const u64 entry = entry_of(m, i);
        if (entry_slot_is_guests(level, i)) {
            check_entry(run, m, level, entry);
            if (entry_holds(entry) && !(use & use_part(i))) {
                tell(run, m, "an entry in a part that the type word says is empty", 0, entry);
            }
        } else if (entry != slots[i - VMMU_GUEST_HOLE_FIRST] &&
                   !(i == VMMU_M2P_SLOT && entry == 0)) {
            tell(run, m, "a wrong entry in a slot of the hypervisor",
                 slots[i - VMMU_GUEST_HOLE_FIRST], entry);
        }
    }
}

/* Checks a frame that has no owner and is marked as a device frame. */
static void check_device(struct recount *run, mfn_t m, u64 references)
{
    if (!ref_is_device(references) || use_word_of(m) != 0) {
        tell(run, m, "a device frame is in use", REF_DEVICE, references);
    }
}

/* Checks a frame that has an owner. */
static void check_frame(struct recount *run, mfn_t m)
{
    const u64 use = use_word_of(m);
    check_use(run, m, use);
    if (!(use & USE_VALIDATED)) {
        return;
    }
    if (type_is_table(use_type(use))) {
        check_table(run, m, use);
    } else if (use_type(use) == VMMU_TYPE_DESCRIPTOR) {
        for (u32 i = 0; i < ENTRIES; i++) {
            if (!vmmu_descriptor_allowed(entry_of(m, i))) {
                tell(run, m, "a descriptor that the rules forbid", 0, entry_of(m, i));
            }
        }
    }
}

/* Compares the counts of frame `m`, whose references word is `word`, with the recounted `sums`. */
static void compare_frame(struct recount *run, mfn_t m, u64 word, const u32 *sums)
{
    const u64 references = word & REF_OWNED ? frame_count(word) : 0;
    const u64 uses = word & REF_OWNED ? frame_count(use_word_of(m)) : 0;

    if (references != sums[0]) {
        tell(run, m, "references", sums[0], references);
    }
    if (uses != sums[1]) {
        tell(run, m, "type references", sums[1], uses);
    }
}

/* Returns the number of the first frame from `n` up that has an owner or is marked as a device
 * frame, or the frame count. */
static u64 next_used(u64 n)
{
    const struct vmmu_frame *const end = vmmu_engine.frames + vmmu_engine.count;
    const struct vmmu_frame *frame = vmmu_engine.frames + n;

    while (frame < end && !(word_read(&frame->references) & (REF_OWNED | REF_DEVICE))) {
        frame++;
    }
    return (u64)(frame - vmmu_engine.frames);
}

/* Counts the references on the frames of the window, and compares. Checks all frames and tables on
 * the way, with the first window. */
static void count_window(struct recount *run)
{
    const struct vmmu_audit *audit = run->audit;
    u32 *const sums = audit->scratch;

    for (u64 i = 0; i < run->frames; i++) {
        sums[2 * i] = 0;
        sums[2 * i + 1] = 0;
    }
    for (u64 n = next_used(0); n < vmmu_engine.count; n = next_used(n + 1)) {
        const u64 references = references_of(mfn(n));
        if (references & REF_OWNED) {
            if (run->first == 0) {
                check_frame(run, mfn(n));
            }
            tally_frame(run, mfn(n), references);
        } else if (run->first == 0) {
            check_device(run, mfn(n), references);
        }
    }
    for (u32 i = 0; i < audit->vcpu_count; i++) {
        tally_vcpu(run, audit->vcpus[i]);
    }
    tally_list(run, audit->held, audit->held_count);
    const struct vmmu_frame *frame = &vmmu_engine.frames[run->first];
    const u32 *const end = sums + 2 * run->frames;
    for (const u32 *both = sums; both < end; both += 2, frame++) {
        const u64 references = word_read(&frame->references);
        if ((references & REF_OWNED) || (both[0] | both[1])) {
            compare_frame(run, mfn((u64)(frame - vmmu_engine.frames)), references, both);
        }
    }
}

/* Reports it if the number of frames that `domain` has recorded differs from the number that it
 * owns. Shared pages are not counted. */
static void check_domain(struct recount *run, struct vmmu_domain *domain)
{
    u64 frames = 0;
    for (u64 n = 0; n < vmmu_engine.count; n++) {
        frames += ref_is_owned_by(references_of(mfn(n)), domain->id) &&
                  use_type(use_word_of(mfn(n))) != VMMU_TYPE_SHARED;
    }
    const u64 counted = atomic_load_explicit(&domain->frames, memory_order_relaxed);
    if (counted != frames) {
        tell(run, MFN_NONE, "frames of a domain", frames, counted);
    }
}

/* Says whether no vCPU before vCPU `index` in the audit's list is of the same domain. */
static bool is_first(const struct vmmu_audit *audit, u32 index)
{
    for (u32 i = 0; i < index; i++) {
        if (audit->vcpus[i]->domain == audit->vcpus[index]->domain) {
            return false;
        }
    }
    return true;
}

u64 vmmu_audit(const struct vmmu_audit *audit)
{
    struct recount run = {.audit = audit};

    for (u32 i = 0; i < audit->vcpu_count; i++) {
        if (is_first(audit, i)) {
            check_domain(&run, audit->vcpus[i]->domain);
        }
    }
    u64 first = 0;
    do {
        const u64 left = vmmu_engine.count - first;
        run.first = first;
        run.frames = left < audit->scratch_frames ? left : audit->scratch_frames;
        count_window(&run);
        first += audit->scratch_frames;
    } while (audit->scratch_frames && first < vmmu_engine.count);
    return run.findings;
}
