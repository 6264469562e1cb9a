/* SPDX-License-Identifier: MIT */
/* The grants that a domain gives: the table it shares with the hypervisor, and the uses of each
 * grant. */
#include "hypervisor/grant/grant.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/ranks.h"
#include "lib/index.h"

#define USE_ORDER 1u

_Static_assert(sizeof(struct grant_use) * GRANTS_A_FRAME == PAGE_SIZE << USE_ORDER, "two pages");
_Static_assert(sizeof(struct grant_entry_v1) * GRANTS_A_FRAME == PAGE_SIZE, "one page");

/* The flags and the domain of a grant entry, read and changed as one aligned word: the granter may
 * write to it at any time. */
union entry_head {
    struct {
        u16 flags, domid;
    };
    u32 word;
};

void grants_start(struct domain *domain)
{
    domain->grants.free_handle = HANDLE_NONE;
    domain->grants.lock.rank = RANK_GRANTS;
    domain->grants.handle_lock.rank = RANK_HANDLES;
}

s16 grant_grow(struct domain *domain, u32 frames)
{
    struct grants *g = &domain->grants;
    s16 status = GNTST_okay;

    if (frames > GRANT_FRAMES_MAX) {
        return GNTST_general_error;
    }
    lock_take(&g->lock);
    while (g->frames < frames && status == GNTST_okay) {
        void *shared = page_alloc(0), *use = page_alloc(USE_ORDER);

        if (shared && use) {
            vmmu_share(&domain->mmu, frame_of_view(shared), true);
            g->shared[g->frames] = shared;
            g->use[g->frames++] = use;
            continue;
        }
        if (shared) {
            page_free(shared, 0);
        }
        if (use) {
            page_free(use, USE_ORDER);
        }
        status = GNTST_no_space;
    }
    lock_release(&g->lock);
    return status;
}

static _Atomic u32 *head_of(const struct grants *g, u32 ref)
{
    return (_Atomic u32 *)&g->shared[ref / GRANTS_A_FRAME][ref % GRANTS_A_FRAME];
}

static struct grant_use *use_of(const struct grants *g, u32 ref)
{
    return &g->use[ref / GRANTS_A_FRAME][ref % GRANTS_A_FRAME];
}

/* Sets the reading flag in the granter's entry, and with `writable` the writing flag too, if the
 * entry permits domain `user` that access at this moment. Returns GNTST_okay or, if not,
 * GNTST_general_error. */
static s16 mark(_Atomic u32 *at, u16 user, bool writable)
{
    union entry_head seen = {.word = atomic_load_explicit(at, memory_order_acquire)}, marked;

    do {
        if ((seen.flags & GTF_type_mask) != GTF_permit_access || seen.domid != user ||
            (writable && seen.flags & GTF_readonly)) {
            return GNTST_general_error;
        }
        marked = seen;
        marked.flags |= GTF_reading | (writable ? GTF_writing : 0);
    } while (!atomic_compare_exchange_weak_explicit(at, &seen.word, marked.word,
                                                    memory_order_acq_rel, memory_order_acquire));
    return GNTST_okay;
}

s16 grant_get(struct domain *granter, const struct domain *user, u32 ref, bool writable,
              mfn_t *frame)
{
    struct grants *g = &granter->grants;
    struct grant_use *use;
    s16 status;

    if (ref / GRANTS_A_FRAME >= g->frames) {
        return GNTST_bad_gntref;
    }
    ref = (u32)index_masked(ref, g->frames * GRANTS_A_FRAME);
    use = use_of(g, ref);
    if (use->readers + use->writers >= 0x7fffffff) {
        return GNTST_no_space;
    }
    status = mark(head_of(g, ref), user->id, writable);
    if (status != GNTST_okay) {
        return status;
    }
    if (use->readers + use->writers == 0) {
        use->frame = *(volatile u32 *)&g->shared[ref / GRANTS_A_FRAME][ref % GRANTS_A_FRAME].frame;
    }
    *(writable ? &use->writers : &use->readers) += 1;
    atomic_fetch_add_explicit(&g->users, 1, memory_order_relaxed);
    *frame = mfn(use->frame);
    return GNTST_okay;
}

void grant_put(struct domain *granter, u32 ref, bool writable)
{
    struct grants *g = &granter->grants;
    struct grant_use *use;
    union entry_head done = {.word = 0};

    atomic_fetch_sub_explicit(&g->users, 1, memory_order_release);
    if (ref / GRANTS_A_FRAME >= g->frames) {
        return; /* grants_stop has freed the granter's table already. */
    }
    use = use_of(g, ref);
    *(writable ? &use->writers : &use->readers) -= 1;
    if (use->writers == 0) {
        done.flags |= GTF_writing;
    }
    if (use->readers + use->writers == 0) {
        done.flags |= GTF_reading;
    }
    atomic_fetch_and_explicit(head_of(g, ref), ~done.word, memory_order_release);
}

static void end_mappings(struct domain *mapper)
{
    struct grants *g = &mapper->grants;

    for (u32 i = 0; i < g->handle_pages * HANDLES_A_PAGE; i++) {
        struct grant_handle handle;
        struct domain *granter;

        if (!handle_get(mapper, i, &handle) || !handle_drop(mapper, i)) {
            continue;
        }
        granter = domain_by_id(handle.granter);
        lock_take(&granter->grants.lock);
        grant_put(granter, handle.ref, handle.writable);
        lock_release(&granter->grants.lock);
    }
    for (u32 page = 0; page < g->handle_pages; page++) {
        page_free(g->handles[page], 0);
    }
    g->handle_pages = 0;
    g->free_handle = HANDLE_NONE;
}

void grants_stop(struct domain *domain)
{
    struct grants *g = &domain->grants;

    end_mappings(domain);
    lock_take(&g->lock);
    for (u32 i = 0; i < g->frames; i++) {
        vmmu_unshare(frame_of_view(g->shared[i]));
        page_free(g->use[i], USE_ORDER);
    }
    g->frames = 0;
    lock_release(&g->lock);
}
