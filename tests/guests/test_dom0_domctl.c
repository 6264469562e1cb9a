/* SPDX-License-Identifier: MIT */
/* Every operation of domctl with one bad word: the version, the pointer, the domain (none, dom0
 * itself, one that is dead), a number, a length, a buffer, a vCPU's state. Each gets the ABI's
 * error, and the domain that it names is afterwards as it was before. The form in which the tools
 * of Xen 4.20 pass createdomain is read as well.
 * Runs as: dom0 Cpus: 1 2 4 */
#include "tests/guests/common/toolstack.h"

#define LEAVES_MOST  128u
#define MSRS_MOST    4u
#define NOBODY       77
#define VERSION_4_20 0x17u /* of the tools of Xen 4.19 and 4.20 */

static struct made made, dead;
static struct xen_domctl op;
static struct vcpu_guest_context context;
static u8 area[2 * PAGE_SIZE];
static u32 area_size;
static u64 set;
static xen_cpuid_leaf_t leaves[LEAVES_MOST];
static xen_msr_entry_t msrs[MSRS_MOST];
static struct xen_domctl_vcpu_msr vcpu_msr;
static xen_pfn_t frames[2];

/* ---- what must not change ---- */

static struct state {
    struct xen_domctl_getdomaininfo info, own;
    struct vcpu_guest_context context;
    struct xen_domctl_ext_vcpucontext extended;
    u64 hard, soft, nodes;
    u16 weight, cap;
    u32 tsc_mode, incarnation, leaves, domains;
    xen_cpuid_leaf_t leaf[LEAVES_MOST];
} before, after;

static void need(long result, const char *what)
{
    if (result) {
        error("%s: %ld", what, result);
    }
}

static struct xenctl_bitmap bitmap_at(u64 *word)
{
    struct xenctl_bitmap map = {.nr_bits = 64};

    set_xen_guest_handle(map.bitmap, (u8 *)word);
    return map;
}

static u32 count_domains(void)
{
    struct xen_domctl_getdomaininfo info;
    u32 count = 0;

    for (u32 id = 0; id < DOMID_FIRST_RESERVED && !tiny_info((u16)id, &info); count++) {
        id = info.domain + 1u;
    }
    return count;
}

static void read_settings(struct state *s)
{
    struct xen_domctl ask = {.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT};

    ask.u.vcpuaffinity.cpumap_hard = bitmap_at(&s->hard);
    ask.u.vcpuaffinity.cpumap_soft = bitmap_at(&s->soft);
    need(domctl(XEN_DOMCTL_getvcpuaffinity, made.id, &ask), "getvcpuaffinity");
    ask.u.nodeaffinity.nodemap = bitmap_at(&s->nodes);
    need(domctl(XEN_DOMCTL_getnodeaffinity, made.id, &ask), "getnodeaffinity");
    ask.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    ask.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    need(domctl(XEN_DOMCTL_scheduler_op, made.id, &ask), "getinfo");
    s->weight = ask.u.scheduler_op.u.credit2.weight;
    s->cap = ask.u.scheduler_op.u.credit2.cap;
    need(domctl(XEN_DOMCTL_gettscinfo, made.id, &ask), "gettscinfo");
    s->tsc_mode = ask.u.tsc_info.tsc_mode;
    s->incarnation = ask.u.tsc_info.incarnation;
    ask.u.cpu_policy =
        (struct xen_domctl_cpu_policy){.nr_leaves = LEAVES_MOST, .nr_msrs = MSRS_MOST};
    set_xen_guest_handle(ask.u.cpu_policy.leaves, s->leaf);
    set_xen_guest_handle(ask.u.cpu_policy.msrs, msrs);
    need(domctl(XEN_DOMCTL_get_cpu_policy, made.id, &ask), "get_cpu_policy");
    s->leaves = ask.u.cpu_policy.nr_leaves;
}

static void read_state(struct state *s)
{
    struct xen_domctl ask = {0};

    memset(s, 0, sizeof *s);
    need(tiny_info(made.id, &s->info), "getdomaininfo");
    need(tiny_info(0, &s->own), "getdomaininfo of dom0");
    s->own.cpu_time = s->own.flags = 0;
    s->domains = count_domains();
    set_xen_guest_handle(ask.u.vcpucontext.ctxt, &s->context);
    need(domctl(XEN_DOMCTL_getvcpucontext, made.id, &ask), "getvcpucontext");
    ask.u.ext_vcpucontext.vcpu = 0;
    need(domctl(XEN_DOMCTL_get_ext_vcpucontext, made.id, &ask), "get_ext_vcpucontext");
    s->extended = ask.u.ext_vcpucontext;
    read_settings(s);
}

static void check_unchanged(const char *what)
{
    read_state(&after);
    for (u64 i = 0; i < sizeof after; i++) {
        if (((u8 *)&after)[i] != ((u8 *)&before)[i]) {
            check(false, "%s: byte %lu of the state has changed", what, i);
            return;
        }
    }
}

/* ---- good arguments ---- */

static void fill_vcpu(u32 command)
{
    switch (command) {
    case XEN_DOMCTL_setvcpucontext:
        context = before.context;
        set_xen_guest_handle(op.u.vcpucontext.ctxt, &context);
        break;
    case XEN_DOMCTL_getvcpucontext:
        set_xen_guest_handle(op.u.vcpucontext.ctxt, &context);
        break;
    case XEN_DOMCTL_set_ext_vcpucontext:
        op.u.ext_vcpucontext = before.extended;
        break;
    case XEN_DOMCTL_getvcpuextstate:
    case XEN_DOMCTL_setvcpuextstate:
        op.u.vcpuextstate.size = area_size;
        op.u.vcpuextstate.xfeature_mask = area_size ? *(u64 *)area : 0;
        set_xen_guest_handle(op.u.vcpuextstate.buffer, (void *)area);
        break;
    case XEN_DOMCTL_get_vcpu_msrs:
    case XEN_DOMCTL_set_vcpu_msrs:
        op.u.vcpu_msrs.msr_count = 1;
        vcpu_msr = (struct xen_domctl_vcpu_msr){.index = 0xc0000080};
        set_xen_guest_handle(op.u.vcpu_msrs.msrs, &vcpu_msr);
        break;
    }
}

static void fill(u32 command)
{
    memset(&op, 0, sizeof op);
    set = 1;
    switch (command) {
    case XEN_DOMCTL_createdomain:
        op.u.createdomain = (struct xen_domctl_createdomain){.max_vcpus = 1,
                                                             .max_evtchn_port = 1023,
                                                             .max_grant_frames = -1,
                                                             .max_maptrack_frames = -1,
                                                             .grant_opts = 2};
        break;
    case XEN_DOMCTL_max_vcpus:
        op.u.max_vcpus.max = 1;
        break;
    case XEN_DOMCTL_setvcpuaffinity:
    case XEN_DOMCTL_getvcpuaffinity:
        op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;
        op.u.vcpuaffinity.cpumap_hard = bitmap_at(&set);
        op.u.vcpuaffinity.cpumap_soft = bitmap_at(&set);
        break;
    case XEN_DOMCTL_scheduler_op:
        op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
        op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
        break;
    case XEN_DOMCTL_set_address_size:
        op.u.address_size.size = 64;
        break;
    case XEN_DOMCTL_setnodeaffinity:
    case XEN_DOMCTL_getnodeaffinity:
        op.u.nodeaffinity.nodemap = bitmap_at(&set);
        break;
    case XEN_DOMCTL_get_cpu_policy:
    case XEN_DOMCTL_set_cpu_policy:
        op.u.cpu_policy.nr_leaves = LEAVES_MOST;
        op.u.cpu_policy.nr_msrs = command == XEN_DOMCTL_get_cpu_policy ? MSRS_MOST : 0;
        memcpy(leaves, before.leaf, sizeof leaves);
        op.u.cpu_policy.nr_leaves =
            command == XEN_DOMCTL_get_cpu_policy ? LEAVES_MOST : before.leaves;
        set_xen_guest_handle(op.u.cpu_policy.leaves, leaves);
        set_xen_guest_handle(op.u.cpu_policy.msrs, msrs);
        break;
    case XEN_DOMCTL_getpageframeinfo3:
        frames[0] = made.mfn[0];
        op.u.getpageframeinfo3.num = 2;
        set_xen_guest_handle(op.u.getpageframeinfo3.array, frames);
        break;
    default:
        fill_vcpu(command);
    }
}

/* ---- every operation ---- */

/* The operations, with what each answers for dom0 itself; 1: it is not asked, as it would change
 * dom0. */
static const struct {
    u8 command;
    s8 own;
} operations[] = {
    {XEN_DOMCTL_destroydomain, -XEN_EINVAL},
    {XEN_DOMCTL_pausedomain, -XEN_EINVAL},
    {XEN_DOMCTL_unpausedomain, -XEN_EINVAL},
    {XEN_DOMCTL_getdomaininfo, 0},
    {XEN_DOMCTL_setvcpuaffinity, 1},
    {XEN_DOMCTL_getvcpuaffinity, 0},
    {XEN_DOMCTL_shadow_op, -XEN_EINVAL},
    {XEN_DOMCTL_max_mem, 1},
    {XEN_DOMCTL_setvcpucontext, -XEN_EINVAL},
    {XEN_DOMCTL_getvcpucontext, -XEN_EINVAL},
    {XEN_DOMCTL_getvcpuinfo, 0},
    {XEN_DOMCTL_max_vcpus, -XEN_EINVAL},
    {XEN_DOMCTL_scheduler_op, 0},
    {XEN_DOMCTL_setdomainhandle, 1},
    {XEN_DOMCTL_hypercall_init, 1},
    {XEN_DOMCTL_settimeoffset, 1},
    {XEN_DOMCTL_resumedomain, -XEN_EINVAL},
    {XEN_DOMCTL_sendtrigger, 1},
    {XEN_DOMCTL_set_address_size, 1},
    {XEN_DOMCTL_get_address_size, 0},
    {XEN_DOMCTL_gettscinfo, -XEN_EINVAL},
    {XEN_DOMCTL_settscinfo, -XEN_EINVAL},
    {XEN_DOMCTL_set_virq_handler, 0},
    {XEN_DOMCTL_setnodeaffinity, 0},
    {XEN_DOMCTL_getnodeaffinity, 0},
    {XEN_DOMCTL_set_ext_vcpucontext, -XEN_EINVAL},
    {XEN_DOMCTL_get_ext_vcpucontext, -XEN_EINVAL},
    {XEN_DOMCTL_setvcpuextstate, -XEN_EINVAL},
    {XEN_DOMCTL_getvcpuextstate, -XEN_EINVAL},
    {XEN_DOMCTL_set_vcpu_msrs, -XEN_EINVAL},
    {XEN_DOMCTL_get_vcpu_msrs, -XEN_EINVAL},
    {XEN_DOMCTL_get_cpu_policy, 0},
    {XEN_DOMCTL_set_cpu_policy, -XEN_EEXIST},
    {XEN_DOMCTL_getpageframeinfo3, 0},
};

static bool takes_dead(u32 command)
{
    return command == XEN_DOMCTL_destroydomain || command == XEN_DOMCTL_pausedomain ||
           command == XEN_DOMCTL_unpausedomain || command == XEN_DOMCTL_getdomaininfo;
}

static void check_addresses(u32 command)
{
    static const u64 bad[] = {8, HYPERVISOR_VIRT_START, 1ull << 47, ~0ull - 7};

    for (u32 i = 0; i < ARRAY_LENGTH(bad); i++) {
        check_equal(hypercall(__HYPERVISOR_domctl, bad[i], 0, 0), -XEN_EFAULT, "domctl at %lx",
                    bad[i]);
    }
    for (u32 bit = 0; bit < 32; bit++) {
        fill(command);
        op.cmd = command;
        op.domain = made.id;
        op.interface_version = XEN_DOMCTL_INTERFACE_VERSION ^ 1u << bit;
        if (op.interface_version == VERSION_4_20) {
            continue;
        }
        check_equal(hypercall(__HYPERVISOR_domctl, address(&op), 0, 0), -XEN_EACCES,
                    "domctl %u, version %x", command, op.interface_version);
    }
}

static void check_domains(u32 command, s8 own)
{
    static const u16 nobody[] = {NOBODY, DOMID_SELF, DOMID_IO, DOMID_XEN, DOMID_COW, DOMID_INVALID};

    for (u32 i = 0; i < ARRAY_LENGTH(nobody); i++) {
        fill(command);
        check_equal(domctl(command, nobody[i], &op), -XEN_ESRCH, "domctl %u of %u", command,
                    nobody[i]);
    }
    if (own <= 0) {
        fill(command);
        check_equal(domctl(command, 0, &op), own, "domctl %u of dom0", command);
    }
    if (!takes_dead(command)) {
        fill(command);
        check_equal(domctl(command, dead.id, &op), -XEN_ESRCH, "domctl %u of the dead", command);
    }
}

static void check_every(void)
{
    for (u32 i = 0; i < ARRAY_LENGTH(operations); i++) {
        check_addresses(operations[i].command);
        check_domains(operations[i].command, operations[i].own);
    }
    check_unchanged("bad versions and domains");
    for (u32 command = 0; command < 100; command++) {
        bool known = command == XEN_DOMCTL_createdomain;

        for (u32 i = 0; i < ARRAY_LENGTH(operations); i++) {
            known |= operations[i].command == command;
        }
        if (!known) {
            memset(&op, 0, sizeof op);
            check_equal(domctl(command, made.id, &op), -XEN_ENOSYS, "domctl %u", command);
        }
    }
    check_unchanged("unknown operations");
}

/* ---- one bad word ---- */

static const struct bad {
    const char *what;
    u32 command;
    u8 offset, size;
    s16 error;
    u64 value;
} bads[] = {
#define BAD(command, member, value, error)                                                         \
    {                                                                                              \
        #command ", " #member " " #value, XEN_DOMCTL_##command,                                    \
            __builtin_offsetof(struct xen_domctl, u.member),                                       \
            sizeof((struct xen_domctl){0}.u.member), error, (u64)(value)                           \
    }
    BAD(createdomain, createdomain.flags, 1, -XEN_EINVAL),
    BAD(createdomain, createdomain.flags, 1u << 31, -XEN_EINVAL),
    BAD(createdomain, createdomain.iommu_opts, 1, -XEN_EINVAL),
    BAD(createdomain, createdomain.max_vcpus, 0, -XEN_EINVAL),
    BAD(createdomain, createdomain.max_vcpus, 33, -XEN_EINVAL),
    BAD(createdomain, createdomain.max_grant_frames, 0, -XEN_EINVAL),
    BAD(createdomain, createdomain.max_grant_frames, 0x7fffffff, -XEN_EINVAL),
    BAD(createdomain, createdomain.max_maptrack_frames, 0x7fffffff, -XEN_EINVAL),
    BAD(createdomain, createdomain.grant_opts, 0, -XEN_EINVAL),
    BAD(createdomain, createdomain.grant_opts, 3, -XEN_EINVAL),
    BAD(createdomain, createdomain.vmtrace_size, 4096, -XEN_EINVAL),
    BAD(createdomain, createdomain.cpupool_id, 1, -XEN_EINVAL),
    BAD(createdomain, createdomain.arch.emulation_flags, 1, -XEN_EINVAL),
    BAD(createdomain, createdomain.arch.misc_flags, 2, -XEN_EINVAL),
    BAD(max_vcpus, max_vcpus.max, 0, -XEN_EINVAL),
    BAD(max_vcpus, max_vcpus.max, 2, -XEN_EINVAL),
    BAD(max_vcpus, max_vcpus.max, ~0u, -XEN_EINVAL),
    BAD(setvcpuaffinity, vcpuaffinity.vcpu, 1, -XEN_ESRCH),
    BAD(setvcpuaffinity, vcpuaffinity.vcpu, ~0u, -XEN_ESRCH),
    BAD(setvcpuaffinity, vcpuaffinity.flags, 0, -XEN_EINVAL),
    BAD(setvcpuaffinity, vcpuaffinity.cpumap_hard.nr_bits, 0, -XEN_EINVAL),
    BAD(setvcpuaffinity, vcpuaffinity.cpumap_soft.nr_bits, 0, -XEN_EINVAL),
    BAD(setvcpuaffinity, vcpuaffinity.cpumap_hard.bitmap.p, 8, -XEN_EFAULT),
    BAD(setvcpuaffinity, vcpuaffinity.cpumap_soft.bitmap.p, 8, -XEN_EFAULT),
    BAD(getvcpuaffinity, vcpuaffinity.vcpu, 1, -XEN_ESRCH),
    BAD(getvcpuaffinity, vcpuaffinity.flags, 0, -XEN_EINVAL),
    BAD(getvcpuaffinity, vcpuaffinity.cpumap_hard.bitmap.p, 8, -XEN_EFAULT),
    BAD(shadow_op, shadow_op.op, 33, -XEN_EOPNOTSUPP),
    BAD(setvcpucontext, vcpucontext.vcpu, 1, -XEN_ESRCH),
    BAD(setvcpucontext, vcpucontext.vcpu, ~0u, -XEN_ESRCH),
    BAD(setvcpucontext, vcpucontext.ctxt.p, 8, -XEN_EFAULT),
    BAD(getvcpucontext, vcpucontext.vcpu, 1, -XEN_ESRCH),
    BAD(getvcpucontext, vcpucontext.ctxt.p, 8, -XEN_EFAULT),
    BAD(getvcpuinfo, getvcpuinfo.vcpu, 1, -XEN_ESRCH),
    BAD(getvcpuinfo, getvcpuinfo.vcpu, ~0u, -XEN_ESRCH),
    BAD(sendtrigger, sendtrigger.vcpu, 1, -XEN_ESRCH),
    BAD(sendtrigger, sendtrigger.trigger, XEN_DOMCTL_SENDTRIGGER_INIT, -XEN_ENOSYS),
    BAD(scheduler_op, scheduler_op.sched_id, XEN_SCHEDULER_CREDIT, -XEN_EINVAL),
    BAD(scheduler_op, scheduler_op.cmd, XEN_DOMCTL_SCHEDOP_putvcpuinfo, -XEN_EINVAL),
    BAD(scheduler_op, scheduler_op.cmd, 99, -XEN_EINVAL),
    BAD(hypercall_init, hypercall_init.gmfn, ~0ull, -XEN_EACCES),
    BAD(hypercall_init, hypercall_init.gmfn, 0, -XEN_EACCES),
    BAD(settscinfo, tsc_info.tsc_mode, 1, -XEN_EINVAL),
    BAD(settscinfo, tsc_info.tsc_mode, 9, -XEN_EINVAL),
    BAD(set_virq_handler, set_virq_handler.virq, 24, -XEN_EINVAL),
    BAD(set_virq_handler, set_virq_handler.virq, VIRQ_DOM_EXC, -XEN_EOPNOTSUPP),
    BAD(setnodeaffinity, nodeaffinity.nodemap.bitmap.p, 8, -XEN_EFAULT),
    BAD(setnodeaffinity, nodeaffinity.nodemap.nr_bits, 0, -XEN_EINVAL),
    BAD(getnodeaffinity, nodeaffinity.nodemap.bitmap.p, 8, -XEN_EFAULT),
    BAD(get_ext_vcpucontext, ext_vcpucontext.vcpu, 1, -XEN_ESRCH),
    BAD(set_ext_vcpucontext, ext_vcpucontext.vcpu, 1, -XEN_ESRCH),
    BAD(set_ext_vcpucontext, ext_vcpucontext.size, 4, -XEN_EINVAL),
    BAD(set_ext_vcpucontext, ext_vcpucontext.syscall32_callback_eip, 1ull << 50, -XEN_EINVAL),
    BAD(set_ext_vcpucontext, ext_vcpucontext.sysenter_callback_eip, 1ull << 50, -XEN_EINVAL),
    BAD(getvcpuextstate, vcpuextstate.vcpu, 1, -XEN_ESRCH),
    BAD(getvcpuextstate, vcpuextstate.size, 1, -XEN_EINVAL),
    BAD(setvcpuextstate, vcpuextstate.vcpu, 1, -XEN_ESRCH),
    BAD(setvcpuextstate, vcpuextstate.size, 1, -XEN_EINVAL),
    BAD(setvcpuextstate, vcpuextstate.size, 1ull << 40, -XEN_EINVAL),
    BAD(get_vcpu_msrs, vcpu_msrs.vcpu, 1, -XEN_ESRCH),
    BAD(set_vcpu_msrs, vcpu_msrs.vcpu, 1, -XEN_ESRCH),
    BAD(set_vcpu_msrs, vcpu_msrs.msr_count, 1, -XEN_EINVAL), /* one that there is not */
    BAD(set_vcpu_msrs, vcpu_msrs.msrs.p, 8, -XEN_EFAULT),
    BAD(get_cpu_policy, cpu_policy.nr_leaves, 1, -XEN_ENOBUFS),
    BAD(get_cpu_policy, cpu_policy.nr_msrs, 1, -XEN_ENOBUFS),
    BAD(get_cpu_policy, cpu_policy.leaves.p, 8, -XEN_EFAULT),
    BAD(get_cpu_policy, cpu_policy.msrs.p, 8, -XEN_EFAULT),
    BAD(set_cpu_policy, cpu_policy.nr_leaves, 129, -XEN_E2BIG),
    BAD(set_cpu_policy, cpu_policy.nr_msrs, 99, -XEN_E2BIG),
    BAD(set_cpu_policy, cpu_policy.leaves.p, 8, -XEN_EFAULT),
    BAD(getpageframeinfo3, getpageframeinfo3.num, 1025, -XEN_E2BIG),
    BAD(getpageframeinfo3, getpageframeinfo3.num, ~0ull, -XEN_E2BIG),
    BAD(getpageframeinfo3, getpageframeinfo3.array.p, 8, -XEN_EFAULT),
#undef BAD
};

static void check_bad(const struct bad *bad)
{
    fill(bad->command);
    memcpy((u8 *)&op + bad->offset, &bad->value, bad->size);
    check_equal(
        domctl(bad->command, bad->command == XEN_DOMCTL_createdomain ? 0xffff : made.id, &op),
        bad->error, "%s", bad->what);
    check_unchanged(bad->what);
}

/* ---- bad states of a vCPU ---- */

static void check_context(u64 offset, u32 size, u64 value, long expected)
{
    fill(XEN_DOMCTL_setvcpucontext);
    context.debugreg[0] = 0x5000; /* a word that a refused state must not leave behind */
    context.user_regs.r15 = 0x77;
    memcpy((u8 *)&context + offset, &value, size);
    check_equal(domctl(XEN_DOMCTL_setvcpucontext, made.id, &op), expected,
                "a state with %lx at %lu", value, offset);
    check_unchanged("a bad state");
}

#define CONTEXT(member, value, expected)                                                           \
    check_context(__builtin_offsetof(struct vcpu_guest_context, member), sizeof context.member,    \
                  (u64)(value), expected)

static void check_contexts(void)
{
    CONTEXT(user_regs.rip, 1ull << 50, -XEN_EINVAL);
    CONTEXT(trap_ctxt[14].address, 1ull << 50, -XEN_EINVAL);
    CONTEXT(event_callback_eip, 1ull << 50, -XEN_EINVAL);
    CONTEXT(failsafe_callback_eip, 1ull << 50, -XEN_EINVAL);
    CONTEXT(syscall_callback_eip, 1ull << 50, -XEN_EINVAL);
    CONTEXT(fs_base, 1ull << 50, -XEN_EINVAL);
    CONTEXT(gs_base_kernel, 1ull << 50, -XEN_EINVAL);
    CONTEXT(gs_base_user, 1ull << 50, -XEN_EINVAL);
    CONTEXT(gdt_ents, FIRST_RESERVED_GDT_ENTRY + 1, -XEN_EINVAL);
    CONTEXT(ldt_ents, 8193, -XEN_EINVAL);
    CONTEXT(flags, VGCF_online, -XEN_EINVAL); /* in user mode without a user root */
    CONTEXT(vm_assist, 1ull << 40, -XEN_EINVAL);
    CONTEXT(debugreg[3], HYPERVISOR_VIRT_START, -XEN_EINVAL);
    CONTEXT(debugreg[6], 1ull << 40, -XEN_EINVAL);
    CONTEXT(debugreg[7], 1ull << 13, -XEN_EINVAL);
    CONTEXT(gdt_ents, 512, -XEN_EOPNOTSUPP); /* other tables than it has */
    CONTEXT(ldt_ents, 512, -XEN_EOPNOTSUPP);
    CONTEXT(ctrlreg[3], xen_pfn_to_cr3(made.mfn[0]), -XEN_EOPNOTSUPP);
    CONTEXT(ctrlreg[1], xen_pfn_to_cr3(made.mfn[0]), -XEN_EOPNOTSUPP);
}

/* ---- the form of later tools ---- */

/* createdomain as the tools of Xen 4.20 pass it: with a member more, before vmtrace_size. */
static long create_4_20(u32 added)
{
    const size_t at = offsetof(struct xen_domctl_createdomain, vmtrace_size);
    u8 *create = (u8 *)&op.u.createdomain;

    fill(XEN_DOMCTL_createdomain);
    op.cmd = XEN_DOMCTL_createdomain;
    op.interface_version = VERSION_4_20;
    op.domain = 0xffff;
    op.u.createdomain.arch.misc_flags = XEN_X86_MSR_RELAXED;
    memmove(create + at + sizeof added, create + at, sizeof op.u.createdomain - at);
    memcpy(create + at, &added, sizeof added);
    return hypercall(__HYPERVISOR_domctl, address(&op), 0, 0);
}

static void check_form_4_20(void)
{
    const size_t last = offsetof(struct xen_domctl_createdomain, arch.misc_flags);
    u32 misc_flags;

    check_equal(create_4_20(1), -XEN_EINVAL, "createdomain with altp2m_opts");
    check_unchanged("createdomain with altp2m_opts");
    check_equal(create_4_20(0), 0, "createdomain in the form of 4.20");
    memcpy(&misc_flags, (u8 *)&op.u.createdomain + last + sizeof misc_flags, sizeof misc_flags);
    check_equal(misc_flags, XEN_X86_MSR_RELAXED, "its answer, in the same form");
    u16 id = op.domain;
    struct xen_domctl info = {
        .cmd = XEN_DOMCTL_getdomaininfo, .interface_version = VERSION_4_20, .domain = id};
    check_equal(hypercall(__HYPERVISOR_domctl, address(&info), 0, 0), 0, "getdomaininfo of 4.20");
    check_equal(info.u.getdomaininfo.domain, id, "the new domain");
    check_equal(tiny_command(XEN_DOMCTL_destroydomain, id), 0, "destroydomain");
}

/* ---- structures that cannot be written ---- */

static void check_read_only(void)
{
    struct xen_domctl *page = page_take();

    fill(XEN_DOMCTL_createdomain);
    op.cmd = XEN_DOMCTL_createdomain;
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op.domain = 0xffff;
    *page = op;
    need(page_read_only(page), "a read-only page");
    check_equal(hypercall(__HYPERVISOR_domctl, address(page), 0, 0), -XEN_EFAULT,
                "createdomain in a page that cannot be written");
    for (u32 tries = 0; count_domains() != before.domains && tries < 1000; tries++) {
        sleep_ms(1); /* what was made goes soon */
    }
    check_unchanged("createdomain in a page that cannot be written");
}

static void start(void)
{
    struct xen_domctl ask = {0};

    if (tiny_make(&made) || tiny_make(&dead) || !tiny_map(&dead)) {
        error("a domain cannot be made");
    }
    need(tiny_command(XEN_DOMCTL_destroydomain, dead.id), "destroydomain");
    read_state(&before);
    need(domctl(XEN_DOMCTL_getvcpuextstate, made.id, &ask), "getvcpuextstate");
    area_size = (u32)ask.u.vcpuextstate.size;
    if (area_size) {
        set_xen_guest_handle(ask.u.vcpuextstate.buffer, (void *)area);
        need(domctl(XEN_DOMCTL_getvcpuextstate, made.id, &ask), "getvcpuextstate");
    }
}

void test_main(void)
{
    start();
    check_every();
    for (u32 i = 0; i < ARRAY_LENGTH(bads); i++) {
        check_bad(&bads[i]);
    }
    check_contexts();
    check_form_4_20();
    check_read_only();
    tiny_unmap(&dead);
    check_equal(tiny_command(XEN_DOMCTL_destroydomain, made.id), 0, "destroydomain");
}
