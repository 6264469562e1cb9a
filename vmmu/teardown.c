/* SPDX-License-Identifier: MIT */
/* The end of a domain: two passes over the frame table. The first drops its pins and completes its
 * partial tables. The vCPUs have dropped their roots already, so that only other tables use the
 * domain's tables then. No entry points at a table of its own level, so there is no cycle of
 * tables, and dropping the pins demotes them all.
 *
 * The second pass drops the ownership references. Most frames have no other reference by then, so
 * frames that are neighbours go to the machine's allocator together. Shared pages are not touched:
 * the hypervisor ends their sharing by vmmu_unshare. */
#include "vmmu/flush.h"
#include "vmmu/free.h"
#include "vmmu/port.h"
#include "vmmu/ref.h"
#include "vmmu/type.h"

/* How many frames a pass reads before it asks port_should_stop, unless it has found one that takes
 * longer; and how many neighbours the allocator is given together, at most. */
#define PASSED_MAX 4096u
#define RUN_MAX    512u

/* Drops the pin of frame `m`, or its partial state, if there is one. The caller has a reference.
 * VMMU_AGAIN: interrupted, or another CPU is changing the frame's type; call it again. */
static enum vmmu_result end_use(mfn_t m)
{
    if (frame_clear_type_bits(m, USE_PINNED) & USE_PINNED) {
        const enum vmmu_result result = type_put(m);
        ref_put(m);
        return result;
    }
    /* The frame may be partial because of an operation that was never resumed, or of an interrupted
     * call of this function. */
    const enum vmmu_result result = type_finish(m);
    const u64 use = frame_type_word(m);
    /* If another domain's CPU demotes the frame, it may leave it partial. The pass must not go on:
     * nobody would complete that demotion, and its reference would keep the frame. */
    return frame_count(use) != 0 && !(use & USE_VALIDATED) ? VMMU_AGAIN : result;
}

/* Drops what domain `id` itself has on its frame `m`: the pin or the partial state, if there is
 * one, and with `whole` the ownership reference, if it is not dropped yet. Does nothing for a
 * shared page and for a frame whose last reference is gone. VMMU_AGAIN: as end_use. */
static enum vmmu_result release(mfn_t m, u16 id, bool whole)
{
    if (use_type(frame_type_word(m)) == VMMU_TYPE_SHARED || ref_get(m, id) != VMMU_DONE) {
        return VMMU_DONE;
    }
    const enum vmmu_result result = end_use(m);
    if (result == VMMU_DONE && whole) {
        ref_release(m, id, RELEASE_OWN);
    }
    ref_put(m);
    return result;
}

/* Returns `left`, or PASSED_MAX if that is less. */
static u64 passed_at_most(u64 left)
{
    return left < PASSED_MAX ? left : PASSED_MAX;
}

/* Moves the first pass on: to the next frame that is pinned or partial, over that frame, or over
 * PASSED_MAX others. VMMU_AGAIN: as end_use. */
static enum vmmu_result unpin_some(struct vmmu_domain *domain)
{
    const struct vmmu_frame *const frames = vmmu_engine.frames;
    const struct vmmu_frame *frame = &frames[domain->unpinned];
    const struct vmmu_frame *const end =
        frame + passed_at_most(vmmu_engine.count - domain->unpinned);

    for (; frame < end; frame++) {
        /* The type word of a frame without an owner may be anything. */
        if ((word_read(&frame->type) & (USE_PINNED | USE_PARTIAL)) &&
            ref_is_owned_by(word_read(&frame->references), domain->id)) {
            break;
        }
    }
    domain->unpinned = (u64)(frame - frames);
    if (frame == end) {
        return VMMU_DONE;
    }
    const enum vmmu_result result = release(mfn(domain->unpinned), domain->id, false);
    domain->unpinned += result == VMMU_DONE;
    return result;
}

/* Moves the second pass on: over PASSED_MAX frames of others at most, and then over a run of the
 * domain's frames or over one that others refer to. VMMU_AGAIN: as end_use. */
static enum vmmu_result release_some(struct vmmu_domain *domain)
{
    const u64 end = domain->released + passed_at_most(vmmu_engine.count - domain->released);
    u64 n = domain->released;

    while (n < end && !ref_is_owned_by(frame_references(mfn(n)), domain->id)) {
        n++;
    }
    domain->released = n;
    if (n == end) {
        return VMMU_DONE;
    }
    const u64 left = vmmu_engine.count - n, most = RUN_MAX - n % RUN_MAX;
    const u64 freed = free_run(domain, mfn(n), left < most ? left : most);
    if (freed) {
        domain->released += freed;
        return VMMU_DONE;
    }
    const enum vmmu_result result = release(mfn(n), domain->id, true);
    domain->released += result == VMMU_DONE;
    return result;
}

enum vmmu_result vmmu_domain_stop(struct vmmu_domain *domain)
{
    if (!atomic_load_explicit(&domain->stopped, memory_order_relaxed)) {
        /* Before any frame is read: see domain_is_dying. */
        atomic_exchange_explicit(&domain->dying, true, memory_order_seq_cst);
        domain->stopped_at = flush_clock(domain->id);
        atomic_store_explicit(&domain->stopped, true, memory_order_release);
    }
    while (domain->unpinned < vmmu_engine.count) {
        if (unpin_some(domain) != VMMU_DONE || port_should_stop()) {
            return VMMU_AGAIN;
        }
    }
    /* Without frames the domain needs no more of the frame table. If another CPU gives it
     * frames from now on, that CPU releases them (vmmu_give). */
    while (domain->released < vmmu_engine.count && atomic_load(&domain->frames)) {
        if (release_some(domain) != VMMU_DONE || port_should_stop()) {
            return VMMU_AGAIN;
        }
    }
    return VMMU_DONE;
}
