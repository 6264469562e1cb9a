/* SPDX-License-Identifier: MIT */
/* Taking away rights to device frames. */
#include "vmmu/devices.h"

#include "vmmu/entry.h"
#include "vmmu/flush.h"
#include "vmmu/port.h"
#include "vmmu/type.h"

#define STRIDE 1024u /* frames that are visited between two questions whether to stop */

/* Waits until no CPU promotes or demotes `m` as an L1 table, which ends soon: an L1 table is never
 * partial. What a promotion that begins later accepts, it accepts by the new rights. Returns the
 * type word. */
static u64 wait_for_promotion(mfn_t m)
{
    u64 use = frame_type_word_acquire(m);

    while (use_type(use) == VMMU_TYPE_L1 && frame_count(use) && !(use & USE_VALIDATED)) {
        port_pause();
        use = frame_type_word_acquire(m);
    }
    return use;
}

/* Makes one entry of the locked table of domain `id` agree with the rights. */
static void restrict_entry(u16 id, _Atomic u64 *slot)
{
    const u64 entry = word_read(slot);

    switch (port_device_access(id, entry_frame(entry))) {
    case VMMU_ACCESS_NONE:
        atomic_store_explicit(slot, 0, memory_order_seq_cst);
        break;
    case VMMU_ACCESS_READ:
        atomic_fetch_and_explicit(slot, ~PTE_WRITABLE, memory_order_seq_cst);
        break;
    case VMMU_ACCESS_WRITE:
        break;
    }
}

static void restrict_table(u16 id, mfn_t table, mfn_t first, u64 count)
{
    const u64 use = wait_for_promotion(table);

    /* A table that another CPU has locked may be about to get its first such entry. */
    if (!use_is_valid(use, VMMU_TYPE_L1) || !(use & (USE_DEVICES | USE_LOCKED)) ||
        !type_lock(table, VMMU_TYPE_L1, 0)) {
        return;
    }
    _Atomic u64 *words = frame_words(table);
    for (u32 i = 0; i < ENTRIES && ref_is_owned_by(frame_references(table), id); i++) {
        const u64 entry = word_read(&words[i]);

        if (entry_device_bits(entry) && entry_frame(entry).n - first.n < count) {
            restrict_entry(id, &words[i]);
        }
    }
    type_unlock(table);
}

enum vmmu_result vmmu_restrict_devices(struct vmmu_domain *domain, mfn_t first, u64 count, u64 *at)
{
    if (*at == 0) {
        atomic_fetch_add_explicit(&vmmu_engine.restrictions, 1, memory_order_seq_cst);
    }
    while (*at < vmmu_engine.count) {
        restrict_table(domain->id, mfn(*at), first, count);
        if (++*at % STRIDE == 0 && port_should_stop()) {
            return VMMU_AGAIN;
        }
    }
    flush_since(domain, flush_clock(domain->id));
    return VMMU_DONE;
}
