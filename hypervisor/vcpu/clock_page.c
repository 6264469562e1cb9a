/* SPDX-License-Identifier: MIT */
/* The time that the ABI shows to a guest: in vcpu_info, in a registered copy, and in shared_info.
 */
#include "hypervisor/vcpu/clock_page.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/time/clock.h"

/* Makes the version number of a structure odd, which means to the guest that the structure is being
 * changed. The guest can write the version too, so any value may be found. Returns the even number
 * that ends the change. */
static u32 version_open(volatile u32 *version)
{
    u32 odd = *version | 1;

    *version = odd;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return odd + 1;
}

/* Ends a change that version_open has begun: stores the even version number that it returned. */
static void version_close(volatile u32 *version, u32 even)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    *version = even;
}

static void fill(struct vcpu_time_info *time)
{
    const struct clock_origin origin = clock_origin();

    time->tsc_timestamp = origin.tsc;
    time->system_time = 0;
    time->tsc_to_system_mul = origin.scale.multiplier;
    time->tsc_shift = origin.scale.shift;
    time->flags = XEN_PVCLOCK_TSC_STABLE_BIT;
}

void clock_page_update(struct vcpu *vcpu)
{
    struct vcpu_time_info *time = &vcpu->info->time;
    u32 even = version_open(&time->version);

    fill(time);
    version_close(&time->version, even);
}

bool clock_page_update_area(struct vcpu *vcpu)
{
    struct vcpu_time_info time = {.version = 1};
    u64 at = vcpu->time_area;
    u32 version = 2;

    if (!at) {
        return true;
    }
    fill(&time);
    return PUT_GUEST(at, &time) &&
           PUT_GUEST(at + offsetof(struct vcpu_time_info, version), &version);
}

void clock_page_update_wall(struct domain *domain)
{
    u64 seconds;
    u32 nanoseconds;

    clock_wall(&seconds, &nanoseconds);
    lock_take(&domain->lock);
    struct shared_info *shared = domain->shared;
    if (!shared) { /* the domain is torn down */
        lock_release(&domain->lock);
        return;
    }
    seconds += (u64)domain->toolstack.time_offset;
    u32 even = version_open(&shared->wc_version);
    shared->wc_sec = (u32)seconds;
    shared->wc_sec_hi = (u32)(seconds >> 32);
    shared->wc_nsec = nanoseconds;
    version_close(&shared->wc_version, even);
    lock_release(&domain->lock);
}
