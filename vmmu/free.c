/* SPDX-License-Identifier: MIT */
/* The end of a frame's ownership: its return to the machine's allocator. */
#include "vmmu/free.h"

#include "vmmu/flush.h"
#include "vmmu/frame.h"
#include "vmmu/m2p.h"
#include "vmmu/port.h"
#include "vmmu/usual.h"

static void check_unused(mfn_t m, u64 use)
{
    if (frame_count(use)) {
        port_panic("a frame without references is in use", m.n);
    }
}

void free_frame(mfn_t m, u64 since)
{
    struct vmmu_frame *frame = frame_of(m);
    const u64 use = frame_type_word_acquire(m);
    struct vmmu_domain *domain = frame_domain(m);

    check_unused(m, use);
    const bool stopped = atomic_load_explicit(&domain->stopped, memory_order_acquire);
    flush_since(domain, stopped ? domain->stopped_at : since);
    m2p_write(m, MFN_NONE.n);
    atomic_store_explicit(&frame->type, 0, memory_order_relaxed);
    atomic_store_explicit(&frame->references, 0, memory_order_release);
    port_frames_free(domain, m, 1);
    /* The caller of the engine may free the domain's struct as soon as the domain owns no frame and
     * no shared page, so this is the last access to the struct. */
    atomic_fetch_sub_explicit(use_type(use) == VMMU_TYPE_SHARED ? &domain->shared : &domain->frames,
                              1, memory_order_release);
}

u64 free_run(struct vmmu_domain *domain, mfn_t first, u64 most)
{
    struct vmmu_frame *const frames = frame_of(first);
    u64 *const m2p = &vmmu_engine.m2p[first.n];
    const u64 unreferenced = ref_usual(domain->id) + 1;
    u64 count = 0;

    for (; count < most; count++) {
        u64 old = word_read(&frames[count].references);

        /* A frame whose only reference is the ownership reference is no shared page, and nobody
         * else has a type reference on it either, if the exchange succeeds. */
        if (((old ^ unreferenced) & (REF_USUAL_BITS | FRAME_COUNT)) ||
            !word_swap(&frames[count].references, &old, 0, memory_order_acq_rel)) {
            break;
        }
        check_unused(mfn(first.n + count), word_read(&frames[count].type));
        __atomic_store_n(&m2p[count], MFN_NONE.n, __ATOMIC_RELAXED);
        word_write(&frames[count].type, 0);
    }
    if (count) {
        flush_since(domain, domain->stopped_at);
        port_frames_free(domain, first, count);
        /* The last access to the struct, as in free_frame. */
        atomic_fetch_sub_explicit(&domain->frames, count, memory_order_release);
    }
    return count;
}
