/* SPDX-License-Identifier: MIT */
/* The pages of a domain's grant table: how many there are, and which frames they are. */
#include "hypervisor/grant/grant_table.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/ranks.h"
#include "lib/index.h"
#include "vmmu/port.h"

#define USE_ORDER 1u

_Static_assert(sizeof(struct grant_use) * GRANTS_A_FRAME == PAGE_SIZE << USE_ORDER, "two pages");

void grants_start(struct domain *domain)
{
    struct grants *g = &domain->grants;

    g->version = 1;
    g->version_max = 2;
    g->frames_max = GRANT_FRAMES_MAX;
    g->handle_pages_max = HANDLE_PAGES_MAX;
    g->free_handle = HANDLE_NONE;
    g->lock.rank = RANK_GRANTS;
    g->handle_lock.rank = RANK_HANDLES;
}

bool grants_limits_ok(s32 frames, s32 handle_pages, u32 version)
{
    return frames != 0 && frames <= (s32)GRANT_FRAMES_MAX &&
           handle_pages <= (s32)HANDLE_PAGES_MAX && version >= 1 && version <= 2;
}

s64 grants_limit(struct domain *domain, s32 frames, s32 handle_pages, u32 version)
{
    struct grants *g = &domain->grants;

    if (!grants_limits_ok(frames, handle_pages, version)) {
        return -XEN_EINVAL;
    }
    g->frames_max = frames < 0 ? GRANT_FRAMES_MAX : (u32)frames;
    g->handle_pages_max = handle_pages < 0 ? HANDLE_PAGES_MAX : (u32)handle_pages;
    g->version_max = (u8)version;
    return 0;
}

bool grant_statuses_add(struct domain *domain, u32 frames)
{
    struct grants *g = &domain->grants;

    for (u32 i = 0; i < grant_statuses_for(frames); i++) {
        if (g->status[i]) {
            continue;
        }
        g->status[i] = page_alloc(0);
        if (!g->status[i]) {
            return false;
        }
        vmmu_share(&domain->mmu, frame_of_view(g->status[i]), true);
    }
    return true;
}

void grant_statuses_drop(struct grants *g)
{
    for (u32 i = 0; i < STATUS_FRAMES_MAX; i++) {
        if (g->status[i]) {
            vmmu_unshare(frame_of_view(g->status[i]));
        }
        g->status[i] = NULL;
    }
}

/* Adds one page. False: no memory. */
static bool add_page(struct domain *domain)
{
    struct grants *g = &domain->grants;
    void *shared = page_alloc(0), *use = page_alloc(USE_ORDER);

    if (use) {
        page_mark(use, USE_ORDER, domain->id);
    }
    if (shared && use && (g->version == 1 || grant_statuses_add(domain, g->frames + 1))) {
        vmmu_share(&domain->mmu, frame_of_view(shared), true);
        g->shared[g->frames] = shared;
        g->use[g->frames++] = use;
        return true;
    }
    if (shared) {
        page_free(shared, 0);
    }
    if (use) {
        page_free(use, USE_ORDER);
    }
    return false;
}

s16 grant_grow_locked(struct domain *domain, u32 frames)
{
    struct grants *g = &domain->grants;

    if (frames > g->frames_max) {
        return GNTST_general_error;
    }
    while (g->frames < frames) {
        if (!add_page(domain)) {
            return GNTST_no_space;
        }
    }
    return GNTST_okay;
}

s16 grant_grow(struct domain *domain, u32 frames)
{
    lock_take(&domain->grants.lock);
    s16 status = grant_grow_locked(domain, frames);
    lock_release(&domain->grants.lock);
    return status;
}

/* The page that grants_frame finds, in a table that has grown for it. NULL: there is none. */
static const void *page_of(const struct grants *g, enum grant_frames kind, u32 n)
{
    if (kind == GRANT_FRAMES_SHARED) {
        return n < g->frames ? g->shared[index_masked(n, GRANT_FRAMES_MAX)] : NULL;
    }
    return n < STATUS_FRAMES_MAX ? g->status[index_masked(n, STATUS_FRAMES_MAX)] : NULL;
}

s64 grants_frame(struct domain *domain, enum grant_frames kind, u32 n, mfn_t *frame)
{
    struct grants *g = &domain->grants;
    u64 frames =
        kind == GRANT_FRAMES_SHARED ? n + 1ull : n * (u64)STATUSES_A_FRAME / GRANTS_A_FRAME_V2 + 1;
    s64 result = -XEN_EINVAL;

    lock_take(&g->lock);
    if (frames <= g->frames_max && (kind == GRANT_FRAMES_SHARED || g->version == 2)) {
        result = grant_grow_locked(domain, (u32)frames) == GNTST_okay ? 0 : -XEN_ENOMEM;
    }
    const void *page = page_of(g, kind, n);
    if (!result && page) {
        *frame = frame_of_view(page);
    }
    lock_release(&g->lock);
    return result;
}

u32 grants_frames_max(const struct domain *domain, enum grant_frames kind)
{
    u32 frames = domain->grants.frames_max;

    return kind == GRANT_FRAMES_SHARED ? frames : grant_statuses_for(frames);
}

s16 grant_status_list(struct domain *domain, u32 count, mfn_t *list)
{
    struct grants *g = &domain->grants;
    s16 status = GNTST_general_error;

    lock_take(&g->lock);
    if (count <= (g->version == 1 ? 0 : grant_statuses_for(g->frames))) {
        for (u32 i = 0; i < count; i++) {
            list[i] = frame_of_view(g->status[i]);
        }
        status = GNTST_okay;
    }
    lock_release(&g->lock);
    return status;
}

/* Ends all mappings that `mapper` still has. False: interrupted. */
static bool end_mappings(struct domain *mapper)
{
    struct grants *g = &mapper->grants;

    for (; g->stopped < g->handle_pages * HANDLES_A_PAGE; g->stopped++) {
        struct grant_handle handle;
        struct domain *granter;

        if (g->stopped % HANDLES_A_PAGE == 0 && port_should_stop()) {
            return false;
        }
        if (!handle_get(mapper, g->stopped, &handle) || !handle_drop(mapper, g->stopped)) {
            continue;
        }
        granter = domain_by_id(handle.granter);
        lock_take(&granter->grants.lock);
        if (handle.device) {
            atomic_fetch_sub_explicit(&g->device_mappings, 1, memory_order_relaxed);
            vmmu_unhold(mfn(handle.frame));
        }
        grant_put(granter, handle.ref, handle.writable);
        lock_release(&granter->grants.lock);
    }
    handles_free(g);
    return true;
}

bool grants_stop(struct domain *domain)
{
    struct grants *g = &domain->grants;

    if (!end_mappings(domain)) {
        return false;
    }
    lock_take(&g->lock);
    g->frames_max = 0;
    for (u32 i = 0; i < g->frames; i++) {
        vmmu_unshare(frame_of_view(g->shared[i]));
        page_free(g->use[i], USE_ORDER);
    }
    g->frames = 0;
    grant_statuses_drop(g);
    lock_release(&g->lock);
    return true;
}
