/* SPDX-License-Identifier: MIT */
/* Lessened entries: the word of each domain. */
#include "vmmu/lessened.h"

void lessened_mark(struct vmmu_domain *domain)
{
    atomic_fetch_or_explicit(&domain->lessened, LESSENED_SINCE, memory_order_seq_cst);
}

__attribute__((noinline)) void lessened_note_slow(struct vmmu_domain *domain, u64 old, u64 next)
{
    if (lessened_by(old, next)) {
        lessened_mark(domain);
    }
}

u64 vmmu_generation(struct vmmu_domain *domain)
{
    u64 word = atomic_load_explicit(&domain->lessened, memory_order_seq_cst);
    while (word & LESSENED_SINCE) {
        const u64 next = word + LESSENED_SINCE;
        if (atomic_compare_exchange_strong_explicit(&domain->lessened, &word, next,
                                                    memory_order_seq_cst, memory_order_seq_cst)) {
            return next;
        }
    }
    return word;
}
