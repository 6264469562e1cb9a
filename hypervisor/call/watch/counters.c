/* SPDX-License-Identifier: MIT */
/* watch: the counters of the machine and of each domain. */
#include "hypervisor/call/watch/watch.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/info.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "lib/print.h"
#include "lib/string.h"
#include "lib/watch_counters.h"

/* The names of the counters of struct vmmu_counters, in its order. */
static const char *const work_name[] = {
    "entries_checked", "updates",         "promotions",    "demotions",     "pins",
    "unpins",          "emulated_writes", "root_switches", "flushes_asked", "flushes_sent",
    "flushes_skipped", "refusals",        "remote_asked",  "remote_sent",   "remote_skipped",
};

s64 watch_machine(u64 at)
{
    struct watch_machine machine = {
        .version = WATCH_VERSION,
        .now = clock_now(),
        .frames = boot_memory_pages(),
        .frames_free = frames_free_count(),
        .cpus = cpu_count(),
        .cpu_khz = (u32)clock_tsc_khz(),
    };

    return PUT_GUEST(at, &machine) ? 0 : -XEN_EFAULT;
}

/* An array in the caller's memory that is filled from its beginning. */
struct array {
    u64 at;
    u32 room, used;
};

/* Appends an element, or only counts it if there is no room. False: it cannot be written. */
static bool append(struct array *array, const void *element, u64 size)
{
    u32 i = array->used++;

    return i >= array->room || copy_to_guest(array->at + i * size, element, size);
}

static bool append_counter(struct array *array, enum watch_group group, const char *name, u64 count)
{
    struct watch_counter counter;

    memset(&counter, 0, sizeof counter);
    print_to(counter.name, sizeof counter.name, "%s", name);
    counter.group = group;
    counter.count = count;
    return append(array, &counter, sizeof counter);
}

static bool append_counters(struct array *array, const struct domain *domain)
{
    struct vmmu_counters sum;

    _Static_assert(sizeof sum == ARRAY_LENGTH(work_name) * sizeof(u64), "a name for each counter");
    domain_counters(domain, &sum);
    for (u32 i = 0; i < ARRAY_LENGTH(work_name); i++) {
        const _Atomic u64 *count = (const _Atomic u64 *)&sum + i;

        if (!append_counter(array, WATCH_GROUP_WORK, work_name[i],
                            atomic_load_explicit(count, memory_order_relaxed))) {
            return false;
        }
    }
    for (u32 i = VMMU_AGAIN + 1; i < VMMU_RESULTS; i++) {
        if (!append_counter(array, WATCH_GROUP_REFUSAL, vmmu_result_name(i),
                            atomic_load_explicit(&domain->refused[i], memory_order_relaxed))) {
            return false;
        }
    }
    return true;
}

static bool append_vcpus(struct array *array, struct domain *domain)
{
    for (u32 i = 0; !domain_has_ended(domain) && i < domain->vcpu_count; i++) {
        struct watch_vcpu vcpu = {.online = atomic_load(&domain->vcpu[i]->state) != VCPU_DOWN};
        struct vcpu_runstate_info runstate;

        sched_read_runstate(domain->vcpu[i], &runstate);
        vcpu.cpu_time = runstate.time[RUNSTATE_running];
        if (!append(array, &vcpu, sizeof vcpu)) {
            return false;
        }
    }
    return true;
}

/* The state of a domain, from the flags that a toolstack is shown. */
static u32 state_of(u32 flags)
{
    u32 code = flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
    bool down = flags & XEN_DOMINF_shutdown;

    return (flags & XEN_DOMINF_dying ? WATCH_STATE_DYING : 0) |
           (down && code != SHUTDOWN_crash ? WATCH_STATE_SHUTDOWN : 0) |
           (down && code == SHUTDOWN_crash ? WATCH_STATE_CRASHED : 0) |
           (flags & XEN_DOMINF_blocked ? WATCH_STATE_BLOCKED : 0) |
           (flags & XEN_DOMINF_paused ? WATCH_STATE_PAUSED : 0) |
           (flags & XEN_DOMINF_running ? WATCH_STATE_RUNNING : 0);
}

s64 watch_domain(u64 at)
{
    struct xen_domctl_getdomaininfo info;
    struct watch_domain d;
    struct array counters, vcpus;
    struct domain *domain;

    if (!GET_GUEST(&d, at)) {
        return -XEN_EFAULT;
    }
    domain = d.id < DOMID_FIRST_RESERVED ? domain_from((u16)d.id) : NULL;
    if (!domain) {
        return -XEN_ESRCH;
    }
    domain_info(domain, &info);
    d.id = domain->id;
    d.state = state_of(info.flags);
    d.online_vcpus = info.nr_online_vcpus;
    d.cpu_time = info.cpu_time;
    d.frames = info.tot_pages;
    d.frames_max = info.max_pages;
    print_to(d.name, sizeof d.name, "%s", domain->name);
    counters = (struct array){.at = d.counters_at, .room = d.counters};
    vcpus = (struct array){.at = d.vcpus_at, .room = d.vcpus};
    if (!append_counters(&counters, domain) || !append_vcpus(&vcpus, domain)) {
        return -XEN_EFAULT;
    }
    d.counters = counters.used;
    d.vcpus = vcpus.used;
    return PUT_GUEST(at, &d) ? 0 : -XEN_EFAULT;
}
