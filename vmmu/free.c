/* SPDX-License-Identifier: MIT */
/* The end of a frame's ownership: its return to the machine's allocator. */
#include "vmmu/free.h"

#include "vmmu/flush.h"
#include "vmmu/frame.h"
#include "vmmu/m2p.h"
#include "vmmu/port.h"

void free_frame(mfn_t m, u64 since)
{
    struct vmmu_frame *frame = frame_of(m);
    const u64 use = frame_type_word_acquire(m);
    struct vmmu_domain *domain = frame_domain(m);

    if (frame_count(use)) {
        port_panic("a frame without references is in use", m.n);
    }
    const bool stopped = atomic_load_explicit(&domain->stopped, memory_order_acquire);
    flush_since(domain, stopped ? domain->stopped_at : since);
    m2p_write(m, MFN_NONE.n);
    atomic_store_explicit(&frame->type, 0, memory_order_relaxed);
    atomic_store_explicit(&frame->references, 0, memory_order_release);
    port_frame_free(domain, m);
    /* The caller of the engine may free the domain's struct as soon as the domain owns no frame and
     * no shared page, so this is the last access to the struct. */
    atomic_fetch_sub_explicit(use_type(use) == VMMU_TYPE_SHARED ? &domain->shared : &domain->frames,
                              1, memory_order_release);
}
