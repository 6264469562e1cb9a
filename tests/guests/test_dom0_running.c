/* SPDX-License-Identifier: MIT */
/* Settings that dom0 changes while the domain runs. The CPUs that may run a vCPU: it moves to one
 * that may, stays there and goes on, one vCPU or all of a domain, dom0's own too, however often
 * that changes. The offset of the wall clock: the clock in the domain's shared page moves by it and
 * back, any offset is kept, and dom0's own clock stays. What the flags say of its end: no reason.
 * Runs as: dom0 Cpus: 1 2 4 */
#include "tests/guests/common/toolstack.h"
#include "tests/guests/common/time.h"

#define VCPUS   2u
#define ALL     (~0ull)
#define CHANGES 300u
#define SLACK   2u /* seconds; clocks are rounded */

static struct made made;

/* ---- CPUs ---- */

static struct xenctl_bitmap bitmap_at(u64 *set)
{
    struct xenctl_bitmap bitmap = {.nr_bits = 64};

    set_xen_guest_handle(bitmap.bitmap, (void *)set);
    return bitmap;
}

/* Asks that CPUs `set` run the vCPU; *effective becomes what the call says of it. */
static long allow(u16 id, u32 vcpu, u64 set, u64 *effective)
{
    struct xen_domctl op = {.u.vcpuaffinity = {.vcpu = vcpu,
                                               .flags = XEN_VCPUAFFINITY_HARD,
                                               .cpumap_hard = bitmap_at(effective)}};

    *effective = set;
    return domctl(XEN_DOMCTL_setvcpuaffinity, id, &op);
}

static u64 allowed(u16 id, u32 vcpu)
{
    u64 set = 0;
    struct xen_domctl op = {.u.vcpuaffinity = {.vcpu = vcpu,
                                               .flags = XEN_VCPUAFFINITY_HARD,
                                               .cpumap_hard = bitmap_at(&set)}};

    check_equal(domctl(XEN_DOMCTL_getvcpuaffinity, id, &op), 0, "getvcpuaffinity");
    return set;
}

static struct xen_domctl_getvcpuinfo vcpu_state(u16 id, u32 vcpu)
{
    struct xen_domctl op = {.u.getvcpuinfo.vcpu = vcpu};

    check_equal(domctl(XEN_DOMCTL_getvcpuinfo, id, &op), 0, "getvcpuinfo");
    return op.u.getvcpuinfo;
}

/* Waits until the vCPU has run on a CPU of `set`, and sees that it runs on no other from then on.
 */
static void check_runs_on(u32 vcpu, u64 set)
{
    u64 end = time_of(&vcpu_info()->time) + PATIENCE;
    struct xen_domctl_getvcpuinfo first = vcpu_state(made.id, vcpu), now = first;

    while (!(set >> now.cpu & 1) && time_of(&vcpu_info()->time) < end) {
        sleep_ms(1);
        now = vcpu_state(made.id, vcpu);
    }
    check(set >> now.cpu & 1, "vCPU %u is on CPU %u, not on one of %lx", vcpu, now.cpu, set);
    first = now;
    while (now.cpu_time == first.cpu_time && time_of(&vcpu_info()->time) < end) {
        sleep_ms(1);
        now = vcpu_state(made.id, vcpu);
        check(set >> now.cpu & 1, "vCPU %u went to CPU %u", vcpu, now.cpu);
    }
    check(now.cpu_time != first.cpu_time, "vCPU %u does not run on %lx", vcpu, set);
}

static u32 count_cpus(void)
{
    u64 online = 0;

    check_equal(allow(made.id, 0, ALL, &online), 0, "all CPUs");
    return (u32)__builtin_ctzll(~online); /* they follow each other */
}

static void check_one(u32 cpus)
{
    u64 effective;

    for (u32 round = 0; round < 3 * cpus; round++) {
        u32 vcpu = round % VCPUS;
        u64 set = 1ull << round % cpus;

        check_equal(allow(made.id, vcpu, set, &effective), 0, "one CPU");
        check_equal(effective, set, "the CPUs that are meant");
        check_equal(allowed(made.id, vcpu), set, "the CPUs that are kept");
        check_runs_on(vcpu, set);
    }
    check_equal(allow(made.id, 0, 1ull << cpus, &effective), -XEN_EINVAL, "a CPU that is none");
    check_equal(allow(made.id, 0, 0, &effective), -XEN_EINVAL, "no CPU");
    check_equal(allowed(made.id, 0), 1ull << (3 * cpus - 1 - (VCPUS - 1)) % cpus, "after that");
}

static void check_domain(u32 cpus)
{
    u64 effective, most = (1ull << cpus) - 1;

    for (u64 set = most; set; set = (set - 1) & most) {
        for (u32 vcpu = 0; vcpu < VCPUS; vcpu++) {
            check_equal(allow(made.id, vcpu, set | 1ull << 63, &effective), 0, "CPUs %lx", set);
            check_equal(effective, set, "the CPUs that there are");
        }
        for (u32 vcpu = 0; vcpu < VCPUS; vcpu++) {
            check_runs_on(vcpu, set);
        }
    }
}

/* One change follows the other while the vCPUs move. */
static void check_often(u32 cpus)
{
    u64 effective;

    for (u32 i = 0; i < CHANGES; i++) {
        check_equal(allow(made.id, i % VCPUS, 1ull << i * 7 / 3 % cpus, &effective), 0, "a change");
    }
    for (u32 vcpu = 0; vcpu < VCPUS; vcpu++) {
        u64 set = allowed(made.id, vcpu);

        check_runs_on(vcpu, set);
        check_equal(allow(made.id, vcpu, ALL, &effective), 0, "all CPUs");
        check_runs_on(vcpu, effective);
    }
}

static void check_own(u32 cpus)
{
    u64 effective, end = time_of(&vcpu_info()->time) + PATIENCE;

    for (u32 i = 0; i < 4 * cpus; i++) {
        u32 cpu = i % cpus;

        check_equal(allow(0, 0, 1ull << cpu, &effective), 0, "dom0's vCPU");
        while (vcpu_state(0, 0).cpu != cpu && time_of(&vcpu_info()->time) < end) {
            sleep_ms(1);
        }
        check_equal(vcpu_state(0, 0).cpu, cpu, "where dom0 runs");
    }
    check_equal(allow(0, 0, ALL, &effective), 0, "dom0's vCPU");
}

/* ---- the wall clock ---- */

static u64 seconds_of(const volatile struct shared_info *shared)
{
    u32 version;
    u64 seconds;

    do {
        version = shared->wc_version;
        __sync_synchronize();
        seconds = shared->wc_sec | (u64)shared->wc_sec_hi << 32;
        __sync_synchronize();
    } while (version & 1 || version != shared->wc_version);
    return seconds;
}

static void check_offset(const volatile struct shared_info *shared, s64 offset)
{
    struct xen_domctl op = {.u.settimeoffset.time_offset_seconds = offset};
    u64 own = seconds_of(shared_info), before, after;

    check_equal(domctl(XEN_DOMCTL_settimeoffset, made.id, &op), 0, "an offset of %ld", offset);
    before = seconds_of(shared) - (u64)offset;
    after = seconds_of(shared_info);
    check(before - own + SLACK <= 2 * SLACK, "an offset of %ld: %lu, dom0's %lu", offset, before,
          own);
    check_equal(after, own, "dom0's clock");
}

static void check_clock(void)
{
    static const s64 offsets[] = {0,           3600,     -3600,     0,         1l << 31,
                                  -(1l << 31), 1l << 40, INT64_MAX, INT64_MIN, -(1l << 40)};
    struct xen_domctl_getdomaininfo info;

    check_equal(tiny_info(made.id, &info), 0, "getdomaininfo");
    const volatile struct shared_info *shared = foreign_map(0, made.id, info.shared_info_frame);
    if (!shared) {
        error("the shared page cannot be mapped");
    }
    for (u32 i = 0; i < ARRAY_LENGTH(offsets); i++) {
        check_offset(shared, offsets[i]);
    }
    check_offset(shared, 0);
    foreign_unmap(0);
}

/* ---- the domain ---- */

/* vCPU 1 begins as vCPU 0 does. */
static void start_second(void)
{
    static struct vcpu_guest_context context;
    struct xen_domctl op = {0};

    set_xen_guest_handle(op.u.vcpucontext.ctxt, (void *)&context);
    check_equal(domctl(XEN_DOMCTL_getvcpucontext, made.id, &op), 0, "getvcpucontext");
    op.u.vcpucontext.vcpu = 1;
    context.flags |= VGCF_online;
    check_equal(domctl(XEN_DOMCTL_setvcpucontext, made.id, &op), 0, "setvcpucontext");
}

static void check_flags(u16 id)
{
    struct xen_domctl_getdomaininfo info;

    check_equal(tiny_info(id, &info), 0, "getdomaininfo");
    check_equal(info.flags & ~(XEN_DOMINF_running | XEN_DOMINF_blocked),
                ~0u << XEN_DOMINF_shutdownshift, "the flags of a domain that runs");
}

void test_main(void)
{
    check_equal(tiny_create(&made, VCPUS), 0, "an empty domain");
    check_equal(tiny_build(&made), 0, "its memory");
    start_second();
    check_equal(tiny_command(XEN_DOMCTL_unpausedomain, made.id), 0, "unpause");
    check_flags(0);
    check_flags(made.id);
    u32 cpus = count_cpus();
    check_one(cpus);
    check_domain(cpus);
    check_often(cpus);
    check_own(cpus);
    check_clock();
    check_equal(tiny_command(XEN_DOMCTL_destroydomain, made.id), 0, "destroy");
}
