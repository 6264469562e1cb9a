/* SPDX-License-Identifier: MIT */
/* The end of a domain: one pass over the frame table drops its pins and its ownership references.
 *
 * The vCPUs have dropped their roots already. When the pins and the partial tables are gone too,
 * only other tables use the domain's tables. No entry points at a table of its own level, so there
 * is no cycle of tables, and dropping the pins releases them all. Shared pages are not touched: the
 * hypervisor ends their sharing by vmmu_unshare. */
#include "vmmu/flush.h"
#include "vmmu/port.h"
#include "vmmu/ref.h"
#include "vmmu/type.h"

/* How many frames that are not the domain's the pass skips before it asks port_should_stop. It asks
 * after each frame of the domain's own. */
#define PASSED_MAX 4096u

/* Drops what domain `id` itself has on its frame `m`: the pin or the partial state, if there is
 * one, and the ownership reference, if it is not dropped yet. Does nothing for a shared page and
 * for a frame whose last reference is gone. VMMU_AGAIN: interrupted, or another CPU is changing the
 * frame's type; call it again. */
static enum vmmu_result release(mfn_t m, u16 id)
{
    enum vmmu_result result = VMMU_DONE;

    const u64 before = frame_type_word(m);

    if (use_type(before) == VMMU_TYPE_SHARED) {
        return VMMU_DONE;
    }
    /* Most frames are in no use any more, or not yet. A frame with the ownership reference alone
     * has no type references either, even if its type word has changed meanwhile. */
    if (frame_count(before) == 0 && ref_release(m, id, RELEASE_ALONE) == VMMU_DONE) {
        return VMMU_DONE;
    }
    if (ref_get(m, id) != VMMU_DONE) {
        return VMMU_DONE;
    }
    if (frame_clear_type_bits(m, USE_PINNED) & USE_PINNED) {
        result = type_put(m);
        ref_put(m);
    } else {
        /* The frame may be partial because of an operation that was never resumed, or of an
         * interrupted call of this function. */
        result = type_finish(m);
        const u64 use = frame_type_word(m);
        if (frame_count(use) != 0 && !(use & USE_VALIDATED)) {
            /* Another domain's CPU demotes the frame and may leave it partial. The pass must not go
             * on: nobody would complete that demotion, and its reference would keep the frame. */
            result = VMMU_AGAIN;
        }
    }
    if (result == VMMU_DONE) {
        ref_release(m, id, RELEASE_OWN);
    }
    ref_put(m);
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
    u32 passed = 0;
    while (domain->teardown_cursor < vmmu_engine.count) {
        const mfn_t m = mfn(domain->teardown_cursor);
        const u64 references = atomic_load(frame_references_at(m));
        if (ref_is_owned_by(references, domain->id)) {
            if (release(m, domain->id) != VMMU_DONE) {
                return VMMU_AGAIN;
            }
            passed = PASSED_MAX;
        }
        domain->teardown_cursor++;
        if (++passed >= PASSED_MAX) {
            passed = 0;
            if (port_should_stop()) {
                return VMMU_AGAIN;
            }
        }
    }
    return VMMU_DONE;
}
