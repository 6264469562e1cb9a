/* SPDX-License-Identifier: MIT */
/* The end of a domain: one pass over the frame table undoes its pins and takes its frames.
 *
 * Once all roots, pins and half-done tables are gone, no table of the domain is used by anything
 * but other tables; same-level entries do not exist, so nothing is used in a circle, and dropping
 * the pins drops it all. */
#include "vmmu/flush.h"
#include "vmmu/port.h"
#include "vmmu/ref.h"
#include "vmmu/type.h"

/* How many frames of others count as progress. */
#define PASSED_MAX 4096u

/* Undoes what domain `id` itself did with its frame `m`. */
static enum vmmu_result release(mfn_t m, u16 id)
{
    enum vmmu_result result = VMMU_DONE;

    if (use_type(frame_type_word(m)) == VMMU_TYPE_SHARED || ref_get(m, id) != VMMU_DONE) {
        return VMMU_DONE;
    }
    if (frame_clear_type_bits(m, USE_PINNED) & USE_PINNED) {
        result = type_put(m);
        ref_put(m);
    } else {
        /* Left by an operation that was never finished, or by us the last time. */
        result = type_finish(m);
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
        atomic_store_explicit(&domain->dying, true, memory_order_relaxed);
        domain->stopped_at = flush_clock(domain->id);
        atomic_store_explicit(&domain->stopped, true, memory_order_release);
    }
    u32 passed = 0;
    while (domain->teardown_cursor < vmmu_engine.count) {
        const mfn_t m = mfn(domain->teardown_cursor);
        const u64 references = frame_references(m);
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
