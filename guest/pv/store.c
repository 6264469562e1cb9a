/* SPDX-License-Identifier: MIT */
/* Changes of entries: stores to tables that nobody checked yet, requests for the others. */
#include "guest/backend.h"
#include "guest/batch.h"
#include "guest/entry.h"
#include "guest/page.h"
#include "guest/pv/request.h"
#include "guest/space.h"

#define HARDWARE_BITS (PTE_ACCESSED | PTE_DIRTY)

static u64 machine_address(const entry_t *at)
{
    return pfn_to_mfn(address_pfn(at)).n << PAGE_SHIFT | page_offset((u64)(uintptr_t)at);
}

static void store(entry_t *at, u64 value)
{
    __atomic_store_n(&at->raw, value, __ATOMIC_RELAXED);
}

/* The same entry of the user root, for one of a space's kernel root; else NULL. */
static entry_t *twin(const struct page *table, const entry_t *at)
{
    u64 index = page_offset((u64)(uintptr_t)at) / sizeof *at;

    if (table->level != ENTRY_LEVELS || index >= USER_TOP_SLOTS || !table->space ||
        !table->space->user_root || (at - index) != table->space->root) {
        return NULL;
    }
    return table->space->user_root + index;
}

entry_t entry_get(const entry_t *at)
{
    if (requests_wait()) {
        requests_before_reading(machine_address(at));
    }
    return (entry_t){__atomic_load_n(&at->raw, __ATOMIC_RELAXED)};
}

int entry_set(entry_t *at, entry_t value)
{
    const struct page *table = address_page(at);
    entry_t *other = twin(table, at);

    if (!table->pinned) {
        store(at, value.raw);
        if (other) {
            store(other, value.raw);
        }
        return 0;
    }
    if (!other) {
        return request_update(machine_address(at) | MMU_NORMAL_PT_UPDATE, value.raw);
    }
    batch_open();
    request_update(machine_address(at) | MMU_NORMAL_PT_UPDATE, value.raw);
    request_update(machine_address(other) | MMU_NORMAL_PT_UPDATE, value.raw);
    return batch_close();
}

/* In steps, because no request gives the old entry back: while it is not present, no processor
 * sets bits in it. */
int entry_exchange(entry_t *at, entry_t value, entry_t *old)
{
    const struct page *table = address_page(at);
    u64 seen = entry_get(at).raw;
    struct batch_now now;
    int result;

    if (!table->pinned) {
        old->raw = seen;
        return entry_set(at, value);
    }
    if (seen & PTE_PRESENT && table->level == 1) {
        now = batch_now();
        request_update(machine_address(at) | MMU_PT_UPDATE_PRESERVE_AD,
                       seen & ~(PTE_PRESENT | HARDWARE_BITS));
        result = batch_now_end(now);
        if (result) {
            return result;
        }
        seen = __atomic_load_n(&at->raw, __ATOMIC_RELAXED) | PTE_PRESENT;
    }
    old->raw = seen;
    now = batch_now();
    entry_set(at, value);
    result = batch_now_end(now);
    if (result) { /* as it was: the same frame with the same rights cannot be refused */
        request_update(machine_address(at) | MMU_NORMAL_PT_UPDATE, seen);
    }
    return result;
}

int entry_change_flags(entry_t *at, u64 flags)
{
    const struct page *table = address_page(at);
    u64 frame = entry_get(at).raw & PTE_ADDRESS;

    if (table->pinned) {
        return request_update(machine_address(at) | MMU_PT_UPDATE_PRESERVE_AD, frame | flags);
    }
    store(at, frame | flags | (at->raw & HARDWARE_BITS));
    return 0;
}
