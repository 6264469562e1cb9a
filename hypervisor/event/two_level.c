/* SPDX-License-Identifier: MIT */
/* The two-level ABI. The guest writes to this memory at the same time, so nothing read from it is
 * trusted, and each change of a bit is one that the compiler turns into a single atomic
 * instruction: the guest could prolong a compare-and-exchange loop without limit. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/table.h"
#include "hypervisor/event/two_level.h"

static bool set_bit(xen_ulong_t *word, u32 bit)
{
    const xen_ulong_t mask = 1ul << bit;

    return __atomic_fetch_or(word, mask, __ATOMIC_SEQ_CST) & mask;
}

static bool clear_bit(xen_ulong_t *word, u32 bit)
{
    const xen_ulong_t mask = 1ul << bit;

    return __atomic_fetch_and(word, ~mask, __ATOMIC_SEQ_CST) & mask;
}

static bool read_bit(const xen_ulong_t *word, u32 bit)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST) >> bit & 1;
}

/* Sets the selector bit for the word that holds `port`, and requests the upcall if the bit was
 * clear. */
static void select_and_upcall(struct vcpu *vcpu, u32 port)
{
    struct vcpu_info *info = __atomic_load_n(&vcpu->info, __ATOMIC_ACQUIRE);

    if (!set_bit(&info->evtchn_pending_sel, port / 64)) {
        event_upcall(vcpu);
    }
}

bool two_level_raise(struct domain *domain, const struct channel *channel, u32 port)
{
    struct shared_info *shared = domain->shared;

    if (set_bit(&shared->evtchn_pending[port / 64], port % 64)) {
        return false;
    }
    if (!read_bit(&shared->evtchn_mask[port / 64], port % 64)) {
        select_and_upcall(domain->vcpu[channel->vcpu], port);
    }
    return true;
}

void two_level_unmask(struct domain *domain, const struct channel *channel, u32 port)
{
    struct shared_info *shared = domain->shared;

    if (clear_bit(&shared->evtchn_mask[port / 64], port % 64) && channel &&
        two_level_pending(domain, port)) {
        select_and_upcall(domain->vcpu[channel->vcpu], port);
    }
}

bool two_level_pending(const struct domain *domain, u32 port)
{
    return port < EVTCHN_2L_NR_CHANNELS &&
           read_bit(&domain->shared->evtchn_pending[port / 64], port % 64);
}

bool two_level_take(struct domain *domain, u32 port)
{
    return clear_bit(&domain->shared->evtchn_pending[port / 64], port % 64);
}
