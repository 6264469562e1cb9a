/* SPDX-License-Identifier: MIT */
/* Changes entries: by a store in a table that is not pinned, by a request in a live page table. */
#include "guest/backend.h"
#include "guest/batch.h"
#include "guest/entry.h"
#include "guest/page.h"
#include "guest/pv/request.h"
#include "guest/space.h"

#define HARDWARE_BITS (PTE_ACCESSED | PTE_DIRTY)

/* Returns the machine address at which an entry is stored. */
static u64 machine_address(const entry_t *at)
{
    return pfn_to_mfn(address_pfn(at)).n << PAGE_SHIFT | page_offset((u64)(uintptr_t)at);
}

static void store(entry_t *at, u64 value)
{
    __atomic_store_n(&at->raw, value, __ATOMIC_RELAXED);
}

/* Returns the entry of the user root that must be changed together with `at`. NULL: none, because
 * `at` is not in the user half of a kernel root, or the space has no user root.
 *
 * table: the page that contains `at`. */
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

/* In a live page table the exchange takes two requests, because none returns the old entry. The
 * first makes the entry not present, so that no processor sets accessed or dirty bits in it any
 * more; then it is read, and the second request writes the new value. */
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
    if (result) { /* restore the old entry, which cannot be refused */
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
