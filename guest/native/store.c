/* SPDX-License-Identifier: MIT */
/* Changes entries on the bare machine: always by a store, also in a live page table. */
#include "guest/entry.h"

#define HARDWARE_BITS (PTE_ACCESSED | PTE_DIRTY)

entry_t entry_get(const entry_t *at)
{
    return (entry_t){__atomic_load_n(&at->raw, __ATOMIC_RELAXED)};
}

int entry_set(entry_t *at, entry_t value)
{
    __atomic_store_n(&at->raw, value.raw, __ATOMIC_RELEASE);
    return 0;
}

int entry_exchange(entry_t *at, entry_t value, entry_t *old)
{
    old->raw = __atomic_exchange_n(&at->raw, value.raw, __ATOMIC_ACQ_REL);
    return 0;
}

int entry_change_flags(entry_t *at, u64 flags)
{
    u64 old = entry_get(at).raw, next;

    do {
        next = (old & (PTE_ADDRESS | HARDWARE_BITS)) | flags;
    } while (!__atomic_compare_exchange_n(&at->raw, &old, next, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    return 0;
}
