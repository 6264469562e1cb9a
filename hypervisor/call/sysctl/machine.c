/* SPDX-License-Identifier: MIT */
/* sysctl: the machine's CPUs and memory. It has one node. */
#include "hypervisor/call/sysctl/sysctl.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/topology.h"
#include "hypervisor/domain/claim.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/vcpu/policy.h"
#include "lib/string.h"

#define PCI_DEVICES_MOST 64u
#define NODE_DISTANCE    10u /* of a node to itself, as ACPI counts */

s64 sysctl_physinfo(struct sysctl *s)
{
    struct xen_sysctl_physinfo *info = &s->op.u.physinfo;
    u32 features[POLICY_FEATURE_WORDS];

    memset(info, 0, sizeof *info);
    info->threads_per_core = topology_threads_a_core();
    info->cores_per_socket = topology_cores_a_socket();
    info->nr_cpus = cpu_count();
    info->max_cpu_id = cpu_count() - 1;
    info->nr_nodes = 1;
    info->cpu_khz = (u32)clock_tsc_khz();
    info->capabilities =
        XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1 | XEN_SYSCTL_PHYSCAP_gnttab_v2;
    info->total_pages = boot_memory_pages();
    info->free_pages = frames_free_count();
    info->outstanding_pages = claims_all();
    info->max_mfn = frames_count() - 1;
    policy_features(POLICY_MACHINE, features);
    memcpy(info->hw_cap, features, sizeof info->hw_cap);
    s->answers = true;
    return 0;
}

s64 sysctl_cputopoinfo(struct sysctl *s)
{
    struct xen_sysctl_cputopoinfo *info = &s->op.u.cputopoinfo;
    u64 at = (u64)info->cputopo.p;
    u32 room = at ? info->num_cpus : 0;

    for (u32 i = 0; i < cpu_count() && i < room; i++) {
        struct topology topology = topology_of(i);
        struct xen_sysctl_cputopo cpu = {.core = topology.core, .socket = topology.socket};

        if (!PUT_GUEST(at + i * sizeof cpu, &cpu)) {
            return -XEN_EFAULT;
        }
    }
    info->num_cpus = cpu_count();
    s->answers = true;
    return 0;
}

s64 sysctl_numainfo(struct sysctl *s)
{
    struct xen_sysctl_numainfo *info = &s->op.u.numainfo;
    struct xen_sysctl_meminfo memory = {.memsize = boot_memory_pages() << PAGE_SHIFT,
                                        .memfree = frames_free_count() << PAGE_SHIFT};
    u32 distance = NODE_DISTANCE;

    if (info->num_nodes && info->meminfo.p && !PUT_GUEST((u64)info->meminfo.p, &memory)) {
        return -XEN_EFAULT;
    }
    if (info->num_nodes && info->distance.p && !PUT_GUEST((u64)info->distance.p, &distance)) {
        return -XEN_EFAULT;
    }
    info->num_nodes = 1;
    s->answers = true;
    return 0;
}

s64 sysctl_pcitopoinfo(struct sysctl *s)
{
    struct xen_sysctl_pcitopoinfo *info = &s->op.u.pcitopoinfo;
    u32 node = XEN_INVALID_NODE_ID; /* no device is nearer to one part of the memory */

    if (!info->devs.p || !info->nodes.p) {
        return -XEN_EINVAL;
    }
    if (info->num_devs > PCI_DEVICES_MOST) {
        info->num_devs = PCI_DEVICES_MOST;
    }
    for (u32 i = 0; i < info->num_devs; i++) {
        if (!PUT_GUEST((u64)info->nodes.p + i * sizeof node, &node)) {
            return -XEN_EFAULT;
        }
    }
    s->answers = true;
    return 0;
}

s64 sysctl_getcpuinfo(struct sysctl *s)
{
    struct xen_sysctl_getcpuinfo *info = &s->op.u.getcpuinfo;
    u32 count = info->max_cpus < cpu_count() ? info->max_cpus : cpu_count();

    for (u32 i = 0; i < count; i++) {
        struct xen_sysctl_cpuinfo cpu = {.idletime = sched_idle_time(cpu_at(i))};

        if (!PUT_GUEST((u64)info->info.p + i * sizeof cpu, &cpu)) {
            return -XEN_EFAULT;
        }
    }
    info->nr_cpus = count;
    s->answers = true;
    return 0;
}

s64 sysctl_availheap(struct sysctl *s)
{
    struct xen_sysctl_availheap *heap = &s->op.u.availheap;

    if (heap->node != -1 && heap->node != 0) {
        return -XEN_EINVAL;
    }
    heap->avail_bytes = frames_free_count() << PAGE_SHIFT;
    s->answers = true;
    return 0;
}
