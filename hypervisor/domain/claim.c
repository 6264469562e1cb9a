/* SPDX-License-Identifier: MIT */
/* Claims of managed domains. */
#include "hypervisor/domain/claim.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/ranks.h"
#include "hypervisor/xen.h"

static struct {
    struct lock lock;
    _Atomic u64 sum; /* of all domains' claims; changed with `lock` held */
} claims = {.lock = {.rank = RANK_CLAIMS}};

u64 claims_all(void)
{
    return atomic_load_explicit(&claims.sum, memory_order_relaxed);
}

u64 claim_of(const struct domain *domain)
{
    return atomic_load_explicit(&domain->toolstack.claim, memory_order_relaxed);
}

/* Changes the domain's claim to `pages`. The caller holds the lock. */
static void change(struct domain *domain, u64 pages)
{
    atomic_fetch_add(&claims.sum, pages - claim_of(domain));
    atomic_store(&domain->toolstack.claim, pages);
}

bool claim_permits(const struct domain *domain, u64 count)
{
    u64 others = claims_all();

    return !others || others - claim_of(domain) + count <= frames_free_count();
}

s64 claim_set(struct domain *domain, u64 pages)
{
    u64 has = domain->mmu.frames;
    s64 result = 0;

    lock_take(&claims.lock);
    if (!pages) {
        change(domain, 0);
    } else if (claim_of(domain) || pages <= has || pages > domain->mmu.frames_max) {
        result = -XEN_EINVAL;
    } else if (claims_all() + pages - has > frames_free_count()) {
        result = -XEN_ENOMEM;
    } else {
        change(domain, pages - has);
    }
    lock_release(&claims.lock);
    return result;
}

void claim_use(struct domain *domain, u64 count)
{
    if (!claim_of(domain)) {
        return;
    }
    lock_take(&claims.lock);
    u64 claim = claim_of(domain);
    change(domain, claim > count ? claim - count : 0);
    lock_release(&claims.lock);
}
