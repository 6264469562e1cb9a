/* SPDX-License-Identifier: MIT */
/* Changes of a domain's grant table as a whole: its version, and the exchange of two entries. */
#include "hypervisor/grant/grant_table.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "lib/index.h"
#include "lib/string.h"

#define RESERVED ((u32)GNTTAB_NR_RESERVED_ENTRIES)

/* The reserved grants while the table changes its version: what both versions can express. */
struct reserved {
    union grant_head head[RESERVED]; /* without the marks */
    u64 frame[RESERVED];
};

/* True if a grant that is not reserved is in use. */
static bool others_in_use(const struct grants *g)
{
    u64 users = atomic_load_explicit(&g->users, memory_order_relaxed);

    for (u32 ref = 0; g->frames && ref < RESERVED; ref++) {
        const struct grant_use *use = grant_use_at(g, ref);

        users -= use->readers + (u64)use->writers;
    }
    return users != 0;
}

/* True if the guest, or a domain with a right over it, maps a status frame. A mapping that is made
 * later is no danger: the frame is freed when its last mapping is gone. */
static bool statuses_are_mapped(const struct grants *g)
{
    for (u32 i = 0; i < STATUS_FRAMES_MAX; i++) {
        struct vmmu_frame_info info;

        if (!g->status[i]) {
            continue;
        }
        vmmu_frame_inspect(frame_of_view(g->status[i]), &info);
        if (info.references > 1) {
            return true;
        }
    }
    return false;
}

/* Reads the reserved grants, each word once. An entry that is not a grant of a whole page becomes
 * invalid. False: such an entry is in use. */
static bool read_reserved(const struct grants *g, struct reserved *reserved)
{
    for (u32 ref = 0; ref < RESERVED; ref++) {
        union grant_head head;
        u64 frame;

        if (g->version == 1) {
            const volatile struct grant_entry_v1 *entry = grant_entry_v1_at(g, ref);

            head.word = *(const volatile u32 *)entry & ~(u32)GRANT_MARKS;
            frame = entry->frame;
        } else {
            const volatile u64 *words = (const volatile u64 *)grant_entry_v2_at(g, ref);

            head.word = (u32)words[0];
            frame = words[1];
        }
        bool whole = (head.flags & (GTF_type_mask | GTF_sub_page)) == GTF_permit_access &&
                     frame == (u32)frame;
        if (!whole && grant_in_use(g, ref)) {
            return false;
        }
        reserved->head[ref].word = whole ? head.word : 0;
        reserved->frame[ref] = whole ? frame : 0;
    }
    return true;
}

/* Writes the reserved grants, with the marks of their uses, to an empty table. */
static void write_reserved(const struct grants *g, const struct reserved *reserved)
{
    for (u32 ref = 0; ref < RESERVED; ref++) {
        union grant_head head = reserved->head[ref];
        u16 marks = grant_marks_of(grant_use_at(g, ref));

        if (g->version == 1) {
            struct grant_entry_v1 *entry = grant_entry_v1_at(g, ref);

            entry->frame = (u32)reserved->frame[ref];
            head.flags |= marks;
            atomic_store_explicit((_Atomic u32 *)entry, head.word, memory_order_release);
        } else {
            union grant_entry_v2 *entry = grant_entry_v2_at(g, ref);

            entry->full_page.frame = reserved->frame[ref];
            atomic_store_explicit(grant_status_at(g, ref), marks, memory_order_relaxed);
            atomic_store_explicit((_Atomic u32 *)entry, head.word, memory_order_release);
        }
    }
}

static s64 change_version(struct domain *domain, u32 version)
{
    struct grants *g = &domain->grants;
    struct reserved reserved;

    if (others_in_use(g) || (version == 1 && statuses_are_mapped(g)) ||
        (g->frames && !read_reserved(g, &reserved))) {
        return -XEN_EBUSY;
    }
    if (version == 2 && !grant_statuses_add(domain, g->frames)) {
        grant_statuses_drop(g);
        return -XEN_ENOMEM;
    }
    if (version == 1) {
        grant_statuses_drop(g);
    }
    g->version = (u8)version;
    for (u32 i = 0; i < g->frames; i++) {
        memset(g->shared[i], 0, PAGE_SIZE);
    }
    if (g->frames) {
        write_reserved(g, &reserved);
    }
    return 0;
}

s64 grant_set_version(struct domain *domain, u32 *version)
{
    struct grants *g = &domain->grants;
    s64 result = 0;

    lock_take(&g->lock);
    if (*version != 1 && *version != 2) {
        result = -XEN_EINVAL;
    } else if (*version > g->version_max) {
        result = -XEN_ENOSYS;
    } else if (*version != g->version) {
        result = change_version(domain, *version);
    }
    *version = g->version;
    lock_release(&g->lock);
    return result;
}

/* Exchanges the contents of two entries, of which neither is in use, by words. */
static void swap(void *a, void *b, u32 words)
{
    volatile u64 *x = a, *y = b;

    for (u32 i = 0; i < words; i++) {
        u64 kept = x[i];

        x[i] = y[i];
        y[i] = kept;
    }
}

s16 grant_swap(struct domain *domain, u32 a, u32 b)
{
    struct grants *g = &domain->grants;
    s16 status = GNTST_okay;

    lock_take(&g->lock);
    u32 count = g->frames << grants_shift(g);
    if (a >= count || b >= count) {
        status = GNTST_bad_gntref;
    } else {
        a = (u32)index_masked(a, count);
        b = (u32)index_masked(b, count);
        if (a == b) {
            status = GNTST_okay;
        } else if (grant_in_use(g, a) || grant_in_use(g, b)) {
            status = GNTST_eagain;
        } else if (g->version == 1) {
            swap(grant_entry_v1_at(g, a), grant_entry_v1_at(g, b), 1);
        } else {
            swap(grant_entry_v2_at(g, a), grant_entry_v2_at(g, b), 2);
        }
    }
    lock_release(&g->lock);
    return status;
}
