/* SPDX-License-Identifier: MIT */
/* One page table of any level: promoted and demoted, entry by entry, resumable. */
#include "vmmu/table.h"

#include "vmmu/flush.h"
#include "vmmu/m2p.h"
#include "vmmu/visit.h"

/* Ends exclusive ownership of `m`: publishes the table as partial at `place`, so that any CPU can
 * resume, and takes the reference that belongs to the partial state. Returns VMMU_AGAIN. */
static enum vmmu_result suspend(mfn_t m, enum vmmu_type type, u32 place, bool child)
{
    ref_get_more(m);
    frame_publish(m, use_of(type) | USE_PARTIAL | (child ? USE_CHILD : 0) | use_at(place) | 1);
    return VMMU_AGAIN;
}

static struct visit visit_of(mfn_t m, u32 place, bool child)
{
    const u64 references = frame_references(m);
    return (struct visit){
        .entries = frame_words(m), .place = place, .child = child, .owner = ref_owner(references)};
}

/* Completes the demotion of the target of entry visit->place of a table of this level, on which the
 * table has a reference, and drops the reference. VMMU_AGAIN: interrupted, before that if
 * visit->child is still set. */
static enum vmmu_result drop_child(struct visit *visit, u32 level)
{
    const mfn_t target = entry_frame(word_read(&visit->entries[visit->place]));
    const enum vmmu_type type = use_type(frame_type_word(target));

    /* An entry may have been refused because its target is a table of this level or further up.
     * Such a table is not this one's to demote: the two may lead to each other. */
    if (type == (enum vmmu_type)(level - 1) && type_finish(target) != VMMU_DONE) {
        return VMMU_AGAIN;
    }
    ref_put(target);
    visit->child = false;
    return visit->place > 0 && port_should_stop() ? VMMU_AGAIN : VMMU_DONE;
}

/* Drops the references that visit->place and visit->child describe, and publishes the table as
 * unused, or as partial. */
static enum vmmu_result demote(mfn_t m, enum vmmu_type type, struct visit *visit)
{
    enum vmmu_result result = VMMU_DONE;

    port_work_begins(VMMU_WORK_DEMOTION, (u32)type);
    visit->since = flush_clock(visit->owner);
    if (type == VMMU_TYPE_L2) {
        flush_note_unlinked(visit->owner, visit->since);
    }
    if (visit->child) {
        result = drop_child(visit, (u32)type);
    }
    if (type == VMMU_TYPE_L1) {
        visit_drop_pages(visit);
    } else if (result == VMMU_DONE) {
        result = visit_drop_tables(visit, (u32)type);
    }
    if (result != VMMU_DONE) {
        return suspend(m, type, visit->place, visit->child);
    }
    struct vmmu_domain *domain = port_domain(visit->owner);
    count_up(&domain->counters.demotions, 1);
    frame_publish(m, use_of(type) | use_at(type == VMMU_TYPE_L1 ? flush_unlinked(visit->owner)
                                                                : flush_clock(visit->owner)));
    port_work_done(VMMU_WORK_DEMOTION, domain, m, (u32)type);
    return VMMU_DONE;
}

enum vmmu_result table_demote(mfn_t m, u64 use)
{
    const bool whole = use & USE_VALIDATED;
    struct visit visit =
        visit_of(m, whole ? ENTRIES : (u32)use_place(use), !whole && (use & USE_CHILD));

    visit.parts = whole ? use & USE_PARTS : USE_PARTS;
    visit.devices = use & USE_DEVICES;
    return demote(m, use_type(use), &visit);
}

/* Stores the hypervisor's entries in an L4 table of `domain`, that of the M2P if the domain's mode
 * says so. */
static void install_slots(_Atomic u64 *entries, const struct vmmu_domain *domain)
{
    for (u32 i = 0; i < ARRAY_LENGTH(vmmu_engine.hypervisor_slots); i++) {
        word_write(&entries[VMMU_GUEST_HOLE_FIRST + i], domain->hypervisor_slots[i]);
    }
    if (!m2p_is_hidden(domain)) {
        word_write(&entries[VMMU_M2P_SLOT], 0);
    }
}

/* Gives the entries of a table their form in a live table. Inlined for level 1 and for the rest. */
ALWAYS_INLINE void install_entries(_Atomic u64 *entries, u32 level)
{
    for (u32 i = 0; i < ENTRIES; i++) {
        const u64 entry = word_read(&entries[i]);
        if (entry_installed(level, entry) != entry) {
            word_write(&entries[i], entry_installed(level, entry));
        }
    }
}

/* Completes a promotion, all entries of which are accepted: if some entries may differ from their
 * form in a live table, stores them in that form; stores the hypervisor's entries in an L4 table;
 * and publishes the table as validated. */
static void install(mfn_t m, u32 level, const struct visit *visit)
{
    _Atomic u64 *const entries = visit->entries;

    if (visit->differ && level == 1) {
        install_entries(entries, 1);
    } else if (visit->differ) {
        install_entries(entries, level);
    }
    if (level == 4) {
        install_slots(entries, port_domain(ref_owner(frame_references(m))));
    }
    frame_publish(m, use_of((enum vmmu_type)level) | USE_VALIDATED | visit->parts |
                         (visit->devices ? USE_DEVICES : 0) | 1);
}

enum vmmu_result table_promote(mfn_t m, enum vmmu_type type, u32 place, bool child, u64 *word)
{
    const u32 level = (u32)type;
    struct visit visit = visit_of(m, place, child);

    port_work_begins(VMMU_WORK_PROMOTION, level);
    visit.word = word;
    if (place > 0) {
        /* What an interrupted earlier part of the promotion found was not recorded: assume that
         * some entry differs. */
        visit.differ = true;
    }
    const enum vmmu_result result =
        level == 1 ? visit_take_pages(&visit) : visit_take_tables(&visit, level);

    struct vmmu_domain *domain = port_domain(visit.owner);
    count_up(&domain->counters.entries_checked, visit.checked);
    if (result == VMMU_DONE) {
        install(m, level, &visit);
        count_up(&domain->counters.promotions, 1);
        port_work_done(VMMU_WORK_PROMOTION, domain, m, level);
        return VMMU_DONE;
    }
    if (result == VMMU_AGAIN && level > 1) {
        return suspend(m, type, visit.place, visit.child);
    }
    /* Refused, or an L1 table, which is never left partial: undo, at once or, if something waits
     * for this CPU, later from the partial state. */
    if (level > 1 && (visit.place > 0 || visit.child) && port_should_stop()) {
        suspend(m, type, visit.place, visit.child);
        return result;
    }
    demote(m, type, &visit);
    return result;
}
