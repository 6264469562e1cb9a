/* SPDX-License-Identifier: MIT */
/* A toolstack's questions about the machine. Each is asked as Debian's tools ask it, with the
 * length first where the answer is a list; a bad version, pointer or operation is refused, and a
 * buffer is never written beyond the length that its owner gave. A guest without privileges may ask
 * nothing.
 * Runs as: dom0 Cpus: 1 2 */
#define __XEN_TOOLS__
#include "tests/guests/common/guest.h"

#include <xen/sysctl.h>

#define FILL 0x5a

static struct xen_sysctl op;
static u8 buffer[1 << 16];

/* Makes the operation in `op`, whose members the caller has set. */
static s64 ask(u32 command)
{
    op.cmd = command;
    op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return hypercall(__HYPERVISOR_sysctl, address(&op), 0, 0);
}

static void begin(void)
{
    memset(&op, 0, sizeof op);
    memset(buffer, FILL, sizeof buffer);
}

/* Checks that the buffer is untouched from byte `from` on. */
static void check_untouched(u64 from, const char *name)
{
    for (u64 i = from; i < from + 4096; i++) {
        if (buffer[i] != FILL) {
            check(false, "%s wrote byte %lu", name, i);
            return;
        }
    }
}

static u32 cpus;

static void check_physinfo(void)
{
    const struct xen_sysctl_physinfo *info = &op.u.physinfo;

    begin();
    memset(&op.u, 0xff, sizeof op.u);
    check_equal(ask(XEN_SYSCTL_physinfo), 0, "physinfo");
    cpus = info->nr_cpus;
    check(cpus >= 1 && info->max_cpu_id == cpus - 1, "%u CPUs, highest %u", cpus, info->max_cpu_id);
    check(info->threads_per_core * info->cores_per_socket >= 1 &&
              info->threads_per_core * info->cores_per_socket <= cpus,
          "%u threads, %u cores", info->threads_per_core, info->cores_per_socket);
    check(info->nr_nodes == 1 && info->max_node_id == 0, "%u nodes", info->nr_nodes);
    check(info->cpu_khz > 1000, "%u kHz", info->cpu_khz);
    check(info->capabilities & XEN_SYSCTL_PHYSCAP_pv &&
              !(info->capabilities & (XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_directio)),
          "capabilities %x", info->capabilities);
    check(info->total_pages > info->free_pages && info->free_pages && !info->scrub_pages,
          "%lu pages, %lu free", info->total_pages, info->free_pages);
    check(info->max_mfn >= info->total_pages, "highest frame %lu", info->max_mfn);
    check(info->hw_cap[0] & 1, "no FPU: %x", info->hw_cap[0]);
}

static void check_topology(void)
{
    const struct xen_sysctl_cputopo *cpu = (const struct xen_sysctl_cputopo *)buffer;

    begin();
    check_equal(ask(XEN_SYSCTL_cputopoinfo), 0, "cputopoinfo, length");
    check_equal(op.u.cputopoinfo.num_cpus, cpus, "number of CPUs");
    set_xen_guest_handle(op.u.cputopoinfo.cputopo, (void *)buffer);
    check_equal(ask(XEN_SYSCTL_cputopoinfo), 0, "cputopoinfo");
    check_equal(op.u.cputopoinfo.num_cpus, cpus, "number of CPUs");
    for (u32 i = 0; i < cpus; i++) {
        check_equal(cpu[i].node, 0, "node of CPU %u", i);
    }
    check_untouched(cpus * sizeof *cpu, "cputopoinfo");
    begin();
    set_xen_guest_handle(op.u.cputopoinfo.cputopo, (void *)buffer);
    check_equal(ask(XEN_SYSCTL_cputopoinfo), 0, "cputopoinfo without room");
    check_untouched(0, "cputopoinfo without room");

    begin();
    check_equal(ask(XEN_SYSCTL_numainfo), 0, "numainfo, length");
    check_equal(op.u.numainfo.num_nodes, 1, "number of nodes");
    op.u.numainfo.num_nodes = 7;
    set_xen_guest_handle(op.u.numainfo.meminfo, (void *)buffer);
    set_xen_guest_handle(op.u.numainfo.distance, (void *)(buffer + 8192));
    check_equal(ask(XEN_SYSCTL_numainfo), 0, "numainfo");
    check_equal(op.u.numainfo.num_nodes, 1, "number of nodes");
    check_equal(*(u32 *)(buffer + 8192), 10, "distance");
    check(((struct xen_sysctl_meminfo *)buffer)->memsize > 1 << 20, "memory of the node");
    check_untouched(sizeof(struct xen_sysctl_meminfo), "numainfo");
    check_untouched(8192 + 4, "numainfo");

    begin();
    op.u.pcitopoinfo.num_devs = 100;
    set_xen_guest_handle(op.u.pcitopoinfo.devs, (void *)buffer);
    set_xen_guest_handle(op.u.pcitopoinfo.nodes, (void *)(buffer + 8192));
    check_equal(ask(XEN_SYSCTL_pcitopoinfo), 0, "pcitopoinfo");
    check(op.u.pcitopoinfo.num_devs >= 1 && op.u.pcitopoinfo.num_devs <= 100, "%u devices",
          op.u.pcitopoinfo.num_devs);
    check_untouched(8192 + 4 * op.u.pcitopoinfo.num_devs, "pcitopoinfo");
    begin();
    check_equal(ask(XEN_SYSCTL_pcitopoinfo), -XEN_EINVAL, "pcitopoinfo without arrays");

    begin();
    op.u.getcpuinfo.max_cpus = 64;
    set_xen_guest_handle(op.u.getcpuinfo.info, (void *)buffer);
    check_equal(ask(XEN_SYSCTL_getcpuinfo), 0, "getcpuinfo");
    check_equal(op.u.getcpuinfo.nr_cpus, cpus, "number of CPUs");
    check_untouched(cpus * sizeof(struct xen_sysctl_cpuinfo), "getcpuinfo");
    begin();
    op.u.availheap.node = -1;
    check_equal(ask(XEN_SYSCTL_availheap), 0, "availheap");
    check(op.u.availheap.avail_bytes > 1 << 20, "%lu bytes", op.u.availheap.avail_bytes);
    op.u.availheap.node = 1;
    check_equal(ask(XEN_SYSCTL_availheap), -XEN_EINVAL, "availheap of node 1");
}

static void check_domains(void)
{
    const struct xen_domctl_getdomaininfo *domain = (const struct xen_domctl_getdomaininfo *)buffer;

    begin();
    op.u.getdomaininfolist.max_domains = 10;
    set_xen_guest_handle(op.u.getdomaininfolist.buffer, (void *)buffer);
    check_equal(ask(XEN_SYSCTL_getdomaininfolist), 0, "getdomaininfolist");
    check_equal(op.u.getdomaininfolist.num_domains, 1, "number of domains");
    check_equal(domain->domain, 0, "number of the domain");
    check(domain->flags & XEN_DOMINF_running, "flags %x", domain->flags);
    check(domain->tot_pages && domain->tot_pages <= domain->max_pages, "%lu pages",
          domain->tot_pages);
    check_equal(domain->nr_online_vcpus, 1, "vCPUs that are up");
    check_untouched(sizeof *domain, "getdomaininfolist");
    begin();
    set_xen_guest_handle(op.u.getdomaininfolist.buffer, (void *)buffer);
    check_equal(ask(XEN_SYSCTL_getdomaininfolist), 0, "getdomaininfolist without room");
    check_equal(op.u.getdomaininfolist.num_domains, 0, "without room");
    check_untouched(0, "getdomaininfolist without room");
    op.u.getdomaininfolist.first_domain = 1;
    op.u.getdomaininfolist.max_domains = 10;
    check_equal(ask(XEN_SYSCTL_getdomaininfolist), 0, "getdomaininfolist from 1");
    check_equal(op.u.getdomaininfolist.num_domains, 0, "number of domains from 1");
    op.u.getdomaininfolist.first_domain = DOMID_SELF;
    check_equal(ask(XEN_SYSCTL_getdomaininfolist), 0, "getdomaininfolist from DOMID_SELF");
    check_equal(op.u.getdomaininfolist.num_domains, 0, "number of domains from DOMID_SELF");
    op.u.getdomaininfolist.first_domain = 0;
    set_xen_guest_handle(op.u.getdomaininfolist.buffer, (void *)8);
    check_equal(ask(XEN_SYSCTL_getdomaininfolist), -XEN_EFAULT, "getdomaininfolist at 8");
}

static s64 scheduler(u32 command, u32 limit)
{
    begin();
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op.u.scheduler_op.cmd = command;
    op.u.scheduler_op.u.sched_credit2.ratelimit_us = limit;
    return ask(XEN_SYSCTL_scheduler_op);
}

static s64 pool(u32 operation, u32 number)
{
    begin();
    op.u.cpupool_op.op = operation;
    op.u.cpupool_op.cpupool_id = number;
    op.u.cpupool_op.cpumap.nr_bits = 128;
    set_xen_guest_handle(op.u.cpupool_op.cpumap.bitmap, (void *)buffer);
    return ask(XEN_SYSCTL_cpupool_op);
}

static void check_scheduler(void)
{
    begin();
    check_equal(ask(XEN_SYSCTL_sched_id), 0, "sched_id");
    check_equal(op.u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2, "the scheduler");
    check_equal(scheduler(XEN_SYSCTL_SCHEDOP_getinfo, 0), 0, "scheduler_op");
    check_equal(op.u.scheduler_op.u.sched_credit2.ratelimit_us, 1000, "rate limit");
    check_equal(scheduler(XEN_SYSCTL_SCHEDOP_putinfo, 2500), 0, "rate limit 2500");
    check_equal(scheduler(XEN_SYSCTL_SCHEDOP_putinfo, 99), -XEN_EINVAL, "rate limit 99");
    check_equal(scheduler(XEN_SYSCTL_SCHEDOP_putinfo, 500001), -XEN_EINVAL, "rate limit 500001");
    check_equal(scheduler(XEN_SYSCTL_SCHEDOP_getinfo, 0), 0, "scheduler_op");
    check_equal(op.u.scheduler_op.u.sched_credit2.ratelimit_us, 2500, "rate limit");
    check_equal(scheduler(2, 0), -XEN_EINVAL, "scheduler_op 2");
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT;
    check_equal(ask(XEN_SYSCTL_scheduler_op), -XEN_EINVAL, "scheduler_op of credit");
    op.u.scheduler_op.cpupool_id = 1;
    check_equal(ask(XEN_SYSCTL_scheduler_op), -XEN_ESRCH, "scheduler_op of pool 1");

    check_equal(pool(XEN_SYSCTL_CPUPOOL_OP_INFO, 0), 0, "pool 0");
    check_equal(op.u.cpupool_op.sched_id, XEN_SCHEDULER_CREDIT2, "scheduler of the pool");
    check_equal(op.u.cpupool_op.n_dom, 1, "domains in the pool");
    check_equal(*(u64 *)buffer, (1ul << cpus) - 1, "CPUs of the pool");
    check_equal(*(u64 *)(buffer + 8), 0, "CPUs 64 to 127");
    check_untouched(16, "cpupool_op");
    check_equal(pool(XEN_SYSCTL_CPUPOOL_OP_INFO, 1), -XEN_ENOENT, "pool 1");
    check_equal(pool(XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 0), 0, "free CPUs");
    check_equal(*(u64 *)buffer, 0, "free CPUs");
    check_equal(pool(XEN_SYSCTL_CPUPOOL_OP_CREATE, 5), -XEN_EOPNOTSUPP, "a new pool");
    check_equal(pool(XEN_SYSCTL_CPUPOOL_OP_DESTROY, 0), -XEN_EBUSY, "no pool 0");
    check_equal(pool(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0), -XEN_EBUSY, "no CPU for pool 0");
    check_equal(pool(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 0), -XEN_ENODEV, "a CPU for pool 0");
    check_equal(pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 0), 0, "domain 0 to pool 0");
    check_equal(pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 1), -XEN_ENOENT, "domain 0 to pool 1");
    op.u.cpupool_op.cpupool_id = 0;
    op.u.cpupool_op.domid = 77;
    check_equal(ask(XEN_SYSCTL_cpupool_op), -XEN_ESRCH, "domain 77 to pool 0");
    check_equal(pool(99, 0), -XEN_ENOSYS, "cpupool_op 99");
}

static bool has_text(const char *text, u64 count, const char *wanted)
{
    const u64 length = strlen(wanted);

    for (u64 i = 0; i + length <= count; i++) {
        if (!memcmp(text + i, wanted, length)) {
            return true;
        }
    }
    return false;
}

/* Reads the log into the buffer, up to `room` bytes, from `index` on if `incremental`. */
static u32 read_log(bool incremental, u32 index, u32 room, bool clear)
{
    begin();
    op.u.readconsole.incremental = incremental;
    op.u.readconsole.index = index;
    op.u.readconsole.count = room;
    op.u.readconsole.clear = clear;
    set_xen_guest_handle(op.u.readconsole.buffer, (void *)buffer);
    check_equal(ask(XEN_SYSCTL_readconsole), 0, "readconsole");
    check(op.u.readconsole.count <= room, "%u bytes of %u", op.u.readconsole.count, room);
    check_untouched(op.u.readconsole.count, "readconsole");
    return op.u.readconsole.count;
}

static s64 press(const char *keys)
{
    begin();
    set_xen_guest_handle(op.u.debug_keys.keys, keys);
    op.u.debug_keys.nr_keys = (u32)strlen(keys);
    return ask(XEN_SYSCTL_debug_keys);
}

static void check_log(void)
{
    u32 count = read_log(false, 0, 32768, false), index = op.u.readconsole.index;

    check(has_text((char *)buffer, count, "Pinion"), "the log's first line: %u bytes", count);
    check_equal(read_log(true, index, 32768, false), 0, "nothing new");
    check_equal(press("h"), 0, "debug key h");
    count = read_log(true, index, 32768, false);
    check(has_text((char *)buffer, count, "debug keys: "), "no help: %u bytes", count);
    check_equal(press("qregimv?\xff"), 0, "debug keys");
    count = read_log(true, index, 32768, false);
    check(has_text((char *)buffer, count, "domain 0 \"Domain-0\""), "no report of domain 0");
    check(has_text((char *)buffer, count, "CPU 0: "), "no report of CPU 0");
    check(has_text((char *)buffer, count, "MiB of RAM"), "no report of memory");
    check(has_text((char *)buffer, count, "audit: isolation: ") ||
              has_text((char *)buffer, count, "guests are not isolated"),
          "no report of what roots map");
    check_equal(read_log(true, index, 10, false), 10, "ten bytes");
    check_equal(op.u.readconsole.index, index + 10, "position behind ten bytes");
    read_log(false, 0, 32768, true);
    check_equal(read_log(false, 0, 32768, false), 0, "a cleared log");
    begin();
    op.u.readconsole.count = 100;
    check_equal(press("h"), 0, "debug key h");
    begin();
    op.u.readconsole.count = 100;
    set_xen_guest_handle(op.u.readconsole.buffer, (char *)8);
    check_equal(ask(XEN_SYSCTL_readconsole), -XEN_EFAULT, "readconsole at 8");
    check_equal(op.u.readconsole.count, 100, "a refused readconsole changed its argument");
    begin();
    op.u.debug_keys.nr_keys = 1 << 20;
    check_equal(ask(XEN_SYSCTL_debug_keys), -XEN_E2BIG, "a million debug keys");
    op.u.debug_keys.nr_keys = 1;
    set_xen_guest_handle(op.u.debug_keys.keys, (const char *)8);
    check_equal(ask(XEN_SYSCTL_debug_keys), -XEN_EFAULT, "debug keys at 8");
}

static s64 policy(u32 index, u32 leaves, u32 msrs)
{
    begin();
    op.u.cpu_policy.index = index;
    op.u.cpu_policy.nr_leaves = leaves;
    op.u.cpu_policy.nr_msrs = msrs;
    set_xen_guest_handle(op.u.cpu_policy.leaves, (xen_cpuid_leaf_t *)buffer);
    set_xen_guest_handle(op.u.cpu_policy.msrs, (xen_msr_entry_t *)(buffer + 32768));
    return ask(XEN_SYSCTL_get_cpu_policy);
}

static void check_policy(void)
{
    const xen_cpuid_leaf_t *leaf = (const xen_cpuid_leaf_t *)buffer;
    u32 leaves, msrs;

    begin();
    op.u.cpu_policy.index = XEN_SYSCTL_cpu_policy_pv_default;
    check_equal(ask(XEN_SYSCTL_get_cpu_policy), 0, "get_cpu_policy, lengths");
    leaves = op.u.cpu_policy.nr_leaves;
    msrs = op.u.cpu_policy.nr_msrs;
    check(leaves > 20 && leaves < 1000 && msrs < 100, "%u leaves, %u MSRs", leaves, msrs);
    for (u32 i = 0; i < 6; i++) {
        const bool hvm =
            i == XEN_SYSCTL_cpu_policy_hvm_max || i == XEN_SYSCTL_cpu_policy_hvm_default;

        check_equal(policy(i, leaves, msrs), hvm ? -XEN_EOPNOTSUPP : 0, "policy %u", i);
    }
    check_equal(policy(6, leaves, msrs), -XEN_EINVAL, "policy 6");
    check_equal(policy(XEN_SYSCTL_cpu_policy_pv_max, leaves, msrs), 0, "pv_max");
    leaves = op.u.cpu_policy.nr_leaves;
    check_equal(op.u.cpu_policy.nr_msrs, msrs, "number of MSRs");
    check(leaves > 10 && leaf[0].leaf == 0 && leaf[1].leaf == 1, "%u leaves", leaves);
    check_equal(leaf[0].subleaf, XEN_CPUID_NO_SUBLEAF, "subleaf of leaf 0");
    for (u32 i = 1; i < leaves; i++) {
        check(leaf[i].leaf > leaf[i - 1].leaf ||
                  (leaf[i].leaf == leaf[i - 1].leaf && leaf[i].subleaf > leaf[i - 1].subleaf),
              "leaf %x after %x", leaf[i].leaf, leaf[i - 1].leaf);
    }
    check_untouched(leaves * sizeof *leaf, "get_cpu_policy");
    check_untouched(32768 + msrs * sizeof(xen_msr_entry_t), "get_cpu_policy");
    check_equal(policy(XEN_SYSCTL_cpu_policy_pv_max, leaves - 1, msrs), -XEN_ENOBUFS,
                "one leaf too few");
    check_untouched((leaves - 1) * sizeof *leaf, "get_cpu_policy");
    check_equal(policy(XEN_SYSCTL_cpu_policy_pv_max, leaves, msrs - 1), -XEN_ENOBUFS,
                "one MSR too few");
    op.u.cpu_policy._rsvd = 1;
    check_equal(ask(XEN_SYSCTL_get_cpu_policy), -XEN_EINVAL, "a reserved member");
}

static void check_features(void)
{
    for (u32 i = 0; i < 6; i++) {
        const bool hvm =
            i == XEN_SYSCTL_cpu_featureset_hvm || i == XEN_SYSCTL_cpu_featureset_hvm_max;

        begin();
        op.u.cpu_featureset.index = i;
        check_equal(ask(XEN_SYSCTL_get_cpu_featureset), hvm ? -XEN_EOPNOTSUPP : 0,
                    "featureset %u, length", i);
        u32 words = op.u.cpu_featureset.nr_features;
        set_xen_guest_handle(op.u.cpu_featureset.features, (void *)buffer);
        check_equal(ask(XEN_SYSCTL_get_cpu_featureset), hvm ? -XEN_EOPNOTSUPP : 0, "featureset %u",
                    i);
        check_equal(op.u.cpu_featureset.nr_features, words, "words of featureset %u", i);
        check_untouched(words * 4, "get_cpu_featureset");
        check(hvm || *(u32 *)buffer & 1, "no FPU in featureset %u", i);
    }
    begin();
    op.u.cpu_featureset.nr_features = 2;
    set_xen_guest_handle(op.u.cpu_featureset.features, (void *)buffer);
    check_equal(ask(XEN_SYSCTL_get_cpu_featureset), -XEN_ENOBUFS, "two words of features");
    check_untouched(8, "get_cpu_featureset");
    begin();
    op.u.cpu_featureset.index = 6;
    check_equal(ask(XEN_SYSCTL_get_cpu_featureset), -XEN_EINVAL, "featureset 6");
    begin();
    check_equal(ask(XEN_SYSCTL_get_cpu_levelling_caps), 0, "get_cpu_levelling_caps");
    check_equal(op.u.cpu_levelling_caps.caps, 0, "levelling caps");
}

static void check_refusals(void)
{
    static const u32 not_supported[] = {XEN_SYSCTL_tbuf_op, XEN_SYSCTL_cpu_hotplug,
                                        XEN_SYSCTL_page_offline_op, XEN_SYSCTL_coverage_op,
                                        XEN_SYSCTL_livepatch_op};
    static const u32 no_device[] = {XEN_SYSCTL_get_pmstat, XEN_SYSCTL_pm_op, XEN_SYSCTL_psr_cmt_op,
                                    XEN_SYSCTL_psr_alloc};
    static const u32 unknown[] = {
        0, XEN_SYSCTL_perfc_op, 13, XEN_SYSCTL_lockprof_op, 24, 28, 30, 1000, ~0u};

    begin();
    for (u32 i = 0; i < ARRAY_LENGTH(not_supported); i++) {
        check_equal(ask(not_supported[i]), -XEN_EOPNOTSUPP, "sysctl %u", not_supported[i]);
    }
    for (u32 i = 0; i < ARRAY_LENGTH(no_device); i++) {
        check_equal(ask(no_device[i]), -XEN_ENODEV, "sysctl %u", no_device[i]);
    }
    for (u32 i = 0; i < ARRAY_LENGTH(unknown); i++) {
        check_equal(ask(unknown[i]), -XEN_ENOSYS, "sysctl %u", unknown[i]);
    }
    for (u32 bit = 0; bit < 32; bit++) {
        op.cmd = XEN_SYSCTL_sched_id;
        op.interface_version = XEN_SYSCTL_INTERFACE_VERSION ^ 1u << bit;
        check_equal(hypercall(__HYPERVISOR_sysctl, address(&op), 0, 0), -XEN_EACCES, "version %x",
                    op.interface_version);
    }
    check_equal(hypercall(__HYPERVISOR_sysctl, 8, 0, 0), -XEN_EFAULT, "sysctl at 8");
    check_equal(hypercall(__HYPERVISOR_sysctl, HYPERVISOR_VIRT_START, 0, 0), -XEN_EFAULT,
                "sysctl in the hypervisor's slots");
}

void test_main(void)
{
    if (!is_initial_domain()) {
        check_equal(hypercall(__HYPERVISOR_sysctl, address(&op), 0, 0), -XEN_EACCES,
                    "sysctl of a guest, another version");
        check_equal(ask(XEN_SYSCTL_physinfo), -XEN_EPERM, "physinfo of a guest");
        return;
    }
    check_physinfo();
    check_topology();
    check_domains();
    check_scheduler();
    check_log();
    check_policy();
    check_features();
    check_refusals();
}
