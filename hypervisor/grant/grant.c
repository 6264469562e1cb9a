/* SPDX-License-Identifier: MIT */
/* The uses of the grants that a domain gives. */
#include "hypervisor/grant/grant_table.h"
#include "hypervisor/domain/domain.h"
#include "lib/index.h"

#define USES_MAX 0x7fffffffu

/* True if an entry with these flags and this domain permits domain `user` that access. */
static bool permits(union grant_head head, u16 user, bool writable, enum grant_way way)
{
    u16 type = head.flags & GTF_type_mask;

    if (head.domid != user || (writable && head.flags & GTF_readonly)) {
        return false;
    }
    if (way == GRANT_MAP) {
        return type == GTF_permit_access && !(head.flags & GTF_sub_page);
    }
    return type == GTF_permit_access || type == GTF_transitive;
}

static u16 marks_for(bool writable)
{
    return writable ? GRANT_MARKS : GTF_reading;
}

/* Sets the marks of a use in an entry of version 1, if the entry permits domain `user` that access
 * at this moment. There are no transitive grants in version 1, and no parts of pages. */
static inline bool mark_v1(_Atomic u32 *at, u16 user, bool writable, enum grant_way way)
{
    const union grant_head wanted = {.flags = GTF_permit_access, .domid = user};
    const union grant_head compared = {.flags = (u16)(GTF_type_mask |
                                                      (way == GRANT_MAP ? GTF_sub_page : 0) |
                                                      (writable ? GTF_readonly : 0)),
                                       .domid = 0xffff};
    const union grant_head marks = {.flags = marks_for(writable)};
    u32 seen = atomic_load_explicit(at, memory_order_acquire);

    do {
        if ((seen & compared.word) != wanted.word) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(at, &seen, seen | marks.word,
                                                    memory_order_acq_rel, memory_order_acquire));
    return true;
}

static void unmark(const struct grants *g, u32 ref, u16 marks)
{
    if (g->version == 1) {
        const union grant_head done = {.flags = marks};

        atomic_fetch_and_explicit((_Atomic u32 *)grant_entry_v1_at(g, ref), ~done.word,
                                  memory_order_release);
    } else {
        atomic_fetch_and_explicit(grant_status_at(g, ref), (u16)~marks, memory_order_release);
    }
}

/* Does what mark_v1 does, for an entry of version 2, whose marks are in another word: the entry is
 * read once more after they are set, because a granter that takes its permission back first clears
 * the entry and then reads the marks. Stores in *head what the entry permits. */
static bool mark_v2(const struct grants *g, u32 ref, u16 user, bool writable, enum grant_way way,
                    union grant_head *head)
{
    _Atomic u32 *at = (_Atomic u32 *)grant_entry_v2_at(g, ref);

    head->word = atomic_load_explicit(at, memory_order_acquire);
    if (!permits(*head, user, writable, way)) {
        return false;
    }
    atomic_fetch_or_explicit(grant_status_at(g, ref), marks_for(writable), memory_order_seq_cst);
    head->word = atomic_load_explicit(at, memory_order_seq_cst);
    if (permits(*head, user, writable, way)) {
        return true;
    }
    unmark(g, ref, GRANT_MARKS & (u16)~grant_marks_of(grant_use_at(g, ref)));
    return false;
}

/* Reads from the marked entry of version 2 what the use may access, each word of it once. False:
 * the entry has no such range. */
static bool read_v2(const union grant_entry_v2 *entry, union grant_head head,
                    struct grant_access *access)
{
    const volatile u64 *words = (const volatile u64 *)entry;
    const u64 low = words[0], high = words[1];

    access->frame = mfn(high);
    if ((head.flags & GTF_type_mask) == GTF_transitive) {
        access->transitive = true;
        access->frame = mfn(GRANT_TRANSITIVE);
        access->next_domain = (u16)(low >> 32);
        access->next_ref = (u32)high;
    } else if (head.flags & GTF_sub_page) {
        access->first = (u16)(low >> 32);
        access->length = (u16)(low >> 48);
        return access->first + access->length <= PAGE_SIZE;
    }
    return access->frame.n != GRANT_TRANSITIVE || access->transitive;
}

/* Does what grant_get does, for a table of version 2, but does not count the use. */
static __attribute__((noinline)) s16 get_v2(const struct grants *g, u32 ref, u16 user,
                                            bool writable, enum grant_way way,
                                            struct grant_access *access)
{
    struct grant_use *use = grant_use_at(g, ref);
    union grant_head head;

    if (!mark_v2(g, ref, user, writable, way, &head)) {
        return GNTST_general_error;
    }
    bool good = read_v2(grant_entry_v2_at(g, ref), head, access);
    /* In use: the frame of the first use counts, and a grant cannot change between naming a frame
     * and naming another domain's grant. */
    if (use->readers || use->writers) {
        good = good && access->transitive == (use->frame == GRANT_TRANSITIVE);
        access->frame = mfn(use->frame);
    }
    if (!good) {
        unmark(g, ref, GRANT_MARKS & (u16)~grant_marks_of(use));
        return GNTST_general_error;
    }
    use->frame = access->frame.n;
    return GNTST_okay;
}

s16 grant_get(struct domain *granter, u16 user, u32 ref, bool writable, enum grant_way way,
              struct grant_access *access)
{
    struct grants *g = &granter->grants;
    u32 shift = grants_shift(g);

    if (ref >> shift >= g->frames) {
        return GNTST_bad_gntref;
    }
    ref = (u32)index_masked(ref, g->frames << shift);
    struct grant_use *use = grant_use_at(g, ref);
    if (use->readers + use->writers >= USES_MAX) {
        return GNTST_no_space;
    }
    *access = (struct grant_access){.length = PAGE_SIZE};
    if (g->version == 1) {
        struct grant_entry_v1 *entry = grant_entry_v1_at(g, ref);

        if (!mark_v1((_Atomic u32 *)entry, user, writable, way)) {
            return GNTST_general_error;
        }
        if (use->readers + use->writers == 0) {
            use->frame = *(volatile u32 *)&entry->frame;
        }
        access->frame = mfn(use->frame);
    } else {
        s16 status = get_v2(g, ref, user, writable, way, access);

        if (status != GNTST_okay) {
            return status;
        }
    }
    *(writable ? &use->writers : &use->readers) += 1;
    atomic_fetch_add_explicit(&g->users, 1, memory_order_relaxed);
    return GNTST_okay;
}

void grant_put(struct domain *granter, u32 ref, bool writable)
{
    struct grants *g = &granter->grants;

    atomic_fetch_sub_explicit(&g->users, 1, memory_order_release);
    if (ref >> grants_shift(g) >= g->frames) {
        return; /* grants_stop has freed the granter's table already. */
    }
    struct grant_use *use = grant_use_at(g, ref);
    *(writable ? &use->writers : &use->readers) -= 1;
    unmark(g, ref, GRANT_MARKS & (u16)~grant_marks_of(use));
}
