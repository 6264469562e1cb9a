/* SPDX-License-Identifier: MIT */
/* Which frames that are no RAM a domain may map, and for which owner. */
#include "hypervisor/cpu/processor.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/ranks.h"
#include "hypervisor/xen.h"

#define RANGES_MAX 256

/* Messages of interrupts are writes to these frames, the first of which is the local APIC's page
 * (Intel SDM, volume 3, 11.4.1 and 11.11.1). */
#define MESSAGES_FIRST 0xfee00ull
#define MESSAGES_COUNT 0x100ull

struct range {
    u64 first, count;
};

/* Ranges are only added, the newest last; `count` says to readers, who take no lock, how many there
 * are. */
struct ranges {
    _Atomic u32 count;
    struct range range[RANGES_MAX];
};

static struct {
    struct lock lock; /* held to add a range */
    struct ranges forbidden, read_only;
} frame_rights = {.lock = {.rank = RANK_RIGHTS},
                  .forbidden = {.count = 1, .range = {{MESSAGES_FIRST, MESSAGES_COUNT}}}};

static bool holds(const struct ranges *ranges, mfn_t m)
{
    const u32 count = atomic_load_explicit(&ranges->count, memory_order_acquire);

    for (u32 i = 0; i < count; i++) {
        if (m.n - ranges->range[i].first < ranges->range[i].count) {
            return true;
        }
    }
    return false;
}

static bool add(struct ranges *ranges, mfn_t first, u64 count)
{
    lock_take(&frame_rights.lock);
    const u32 at = atomic_load_explicit(&ranges->count, memory_order_relaxed);
    const bool room = at < RANGES_MAX;
    if (room) {
        ranges->range[at] = (struct range){first.n, count};
        atomic_store_explicit(&ranges->count, at + 1, memory_order_release);
    }
    lock_release(&frame_rights.lock);
    return room;
}

bool rights_forbid(mfn_t first, u64 count)
{
    return add(&frame_rights.forbidden, first, count);
}

bool rights_forbid_writing(mfn_t first, u64 count)
{
    return add(&frame_rights.read_only, first, count);
}

enum vmmu_access rights_frame(const struct domain *domain, mfn_t m)
{
    if (!domain->privileged || m.n >> (processor_physical_bits() - PAGE_SHIFT) ||
        holds(&frame_rights.forbidden, m)) {
        return VMMU_ACCESS_NONE;
    }
    return holds(&frame_rights.read_only, m) ? VMMU_ACCESS_READ : VMMU_ACCESS_WRITE;
}

struct vmmu_domain *rights_frame_owner(struct domain *actor, u16 id, s64 *error)
{
    if (actor->privileged && (id == DOMID_IO || id == DOMID_XEN)) {
        return vmmu_special_owner(id);
    }
    struct domain *target = rights_target(actor, RIGHT_MAP_FRAMES, id, error);
    return target ? &target->mmu : NULL;
}
