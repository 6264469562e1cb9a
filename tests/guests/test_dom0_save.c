/* SPDX-License-Identifier: MIT */
/* Save and restore, by the calls of libxl-save-helper in their order: a domain suspends itself,
 * dom0 reads what its frames are used as, their contents and its vCPU's state, destroys it, and
 * makes another one of that, in which the guest goes on as if nothing had happened. Also each
 * refusal of these calls, the CPU policy, and the domain's share of the CPUs.
 * Runs as: dom0 Cpus: 1 2 4 */
#include "tests/guests/common/toolstack.h"
#include "tests/guests/common/time.h"

#define CONTEXT_BYTES 8192

/* What is saved. Entries of page tables hold numbers of the domain's pages instead of frames. */
static struct {
    xen_pfn_t mfn[TINY_PAGES];
    xen_pfn_t type[TINY_PAGES];
    u64 page[TINY_PAGES][PAGE_SIZE / 8];
    union {
        struct vcpu_guest_context context;
        u8 bytes[CONTEXT_BYTES];
    };
    struct xen_domctl extended;
    u8 vector[2 * PAGE_SIZE];
    u64 vector_mask, vector_size;
    struct xen_domctl_vcpu_msr msr[8];
    u32 msrs;
} saved;

/* ---- saving ---- */

static bool wait_suspended(u16 id)
{
    const u64 end = time_of(&vcpu_info()->time) + PATIENCE;

    while (time_of(&vcpu_info()->time) < end) {
        struct xen_domctl_getdomaininfo info;

        if (!tiny_info(id, &info) && info.flags & XEN_DOMINF_shutdown) {
            return true;
        }
        sleep_ms(1);
    }
    return false;
}

static s64 frame_types(u16 id, xen_pfn_t *frames, u64 count)
{
    struct xen_domctl op = {.u.getpageframeinfo3.num = count};

    set_xen_guest_handle(op.u.getpageframeinfo3.array, frames);
    return domctl(XEN_DOMCTL_getpageframeinfo3, id, &op);
}

static s64 context_call(u32 command, u16 id, u32 vcpu, void *context)
{
    struct xen_domctl op = {.u.vcpucontext.vcpu = vcpu};

    set_xen_guest_handle(op.u.vcpucontext.ctxt, context);
    return domctl(command, id, &op);
}

/* The number of the domain's page that has this frame; ~0: none. */
static u64 page_of(u64 frame)
{
    for (u32 i = 0; i < TINY_PAGES; i++) {
        if (saved.mfn[i] == frame) {
            return i;
        }
    }
    return ~0ul;
}

/* True for the entries of an L4 table that are the hypervisor's. */
static bool is_reserved(u32 page, u32 index)
{
    const xen_pfn_t level = saved.type[page] & XEN_DOMCTL_PFINFO_LTABTYPE_MASK;

    return level == XEN_DOMCTL_PFINFO_L4TAB && index >= 256 && index < 272;
}

/* Maps a frame of the domain for reading, as one must map its page tables. */
static const u64 *map_to_read(const struct made *made, u32 page)
{
    static u64 at;

    at = at ? at : address(window_take());
    return hypercall6(__HYPERVISOR_update_va_mapping_otherdomain, at,
                      made->mfn[page] * PAGE_SIZE | PTE_RO, UVMF_INVLPG, made->id, 0, 0)
               ? NULL
               : (const u64 *)at;
}

static void save_page(const struct made *made, u32 page)
{
    const u64 *from = map_to_read(made, page);

    if (!from) {
        check(false, "page %u cannot be mapped", page);
        return;
    }
    memcpy(saved.page[page], from, PAGE_SIZE);
    check_equal(update_va_mapping((u64)from, 0, UVMF_INVLPG), 0, "an unmap");
    for (u32 i = 0; saved.type[page] && i < PAGE_SIZE / 8; i++) {
        u64 *entry = &saved.page[page][i];

        if (is_reserved(page, i)) {
            *entry = 0;
        } else if (*entry & 1) {
            const u64 number = page_of(*entry >> 12 & 0xffffffffff);

            check(number != ~0ul, "entry %u of page %u names a frame of nobody: %lx", i, page,
                  *entry);
            *entry = (*entry & 0xfff0000000000fff) | number << 12;
        }
    }
}

static void save_types(const struct made *made)
{
    u32 levels[8] = {0}, pinned = 0;

    memcpy(saved.mfn, made->mfn, sizeof saved.mfn);
    memcpy(saved.type, made->mfn, sizeof saved.type);
    check_equal(frame_types(made->id, saved.type, TINY_PAGES), 0, "getpageframeinfo3");
    for (u32 i = 0; i < TINY_PAGES; i++) {
        levels[saved.type[i] >> XEN_DOMCTL_PFINFO_LTAB_SHIFT & 7]++;
        pinned += !!(saved.type[i] & XEN_DOMCTL_PFINFO_LPINTAB);
    }
    for (u32 level = 1; level <= 4; level++) {
        check_equal(levels[level], 1, "tables of level %u", level);
    }
    check_equal(pinned, 1, "pinned tables");
}

static void save_vectors(u16 id)
{
    struct xen_domctl op = {0};

    check_equal(domctl(XEN_DOMCTL_getvcpuextstate, id, &op), 0, "getvcpuextstate, size");
    saved.vector_mask = op.u.vcpuextstate.xfeature_mask;
    saved.vector_size = op.u.vcpuextstate.size;
    if (!saved.vector_mask) {
        return;
    }
    check(saved.vector_size <= sizeof saved.vector, "%lu bytes", saved.vector_size);
    set_xen_guest_handle(op.u.vcpuextstate.buffer, (void *)saved.vector);
    check_equal(domctl(XEN_DOMCTL_getvcpuextstate, id, &op), 0, "getvcpuextstate");
    op.u.vcpuextstate.size--;
    check_equal(domctl(XEN_DOMCTL_getvcpuextstate, id, &op), -XEN_EINVAL, "a size too small");
}

static void save_msrs(u16 id)
{
    struct xen_domctl op = {0};

    check_equal(domctl(XEN_DOMCTL_get_vcpu_msrs, id, &op), 0, "get_vcpu_msrs, count");
    check(op.u.vcpu_msrs.msr_count <= ARRAY_LENGTH(saved.msr), "%u MSRs", op.u.vcpu_msrs.msr_count);
    set_xen_guest_handle(op.u.vcpu_msrs.msrs, saved.msr);
    check_equal(domctl(XEN_DOMCTL_get_vcpu_msrs, id, &op), 0, "get_vcpu_msrs");
    saved.msrs = op.u.vcpu_msrs.msr_count;
}

static void save(const struct made *made)
{
    save_types(made);
    for (u32 i = 0; i < TINY_PAGES; i++) {
        save_page(made, i);
    }
    memset(saved.bytes, 0x5a, sizeof saved.bytes);
    check_equal(context_call(XEN_DOMCTL_getvcpucontext, made->id, 0, &saved.context), 0,
                "getvcpucontext");
    check_equal(saved.bytes[sizeof saved.context], 0x5a, "the byte behind the context");
    check_equal(page_of(xen_cr3_to_pfn(saved.context.ctrlreg[3])) < TINY_PAGES, true,
                "the saved root");
    check_equal(saved.context.user_regs.rax, 0, "the result of the suspension");
    check(saved.context.flags & VGCF_in_kernel && saved.context.flags & VGCF_online, "flags %lx",
          saved.context.flags);
    saved.extended = (struct xen_domctl){0};
    check_equal(domctl(XEN_DOMCTL_get_ext_vcpucontext, made->id, &saved.extended), 0,
                "get_ext_vcpucontext");
    save_vectors(made->id);
    save_msrs(made->id);
}

/* ---- restoring ---- */

static void restore_page(const struct made *made, u32 page)
{
    u64 *to = foreign_map(1, made->id, made->mfn[page]);

    if (!to) {
        check(false, "page %u cannot be mapped", page);
        return;
    }
    for (u32 i = 0; i < PAGE_SIZE / 8; i++) {
        const u64 word = saved.page[page][i];

        to[i] = saved.type[page] && word & 1
                    ? (word & 0xfff0000000000fff) | made->mfn[word >> 12 & 0xffffffffff] << 12
                    : word;
    }
    foreign_unmap(1);
}

/* Pins the tables that were pinned, all in one call. */
static s64 restore_pins(const struct made *made)
{
    struct mmuext_op ops[TINY_PAGES];
    u32 count = 0;

    for (u32 i = 0; i < TINY_PAGES; i++) {
        if (saved.type[i] & XEN_DOMCTL_PFINFO_LPINTAB) {
            const u32 level = (u32)(saved.type[i] >> XEN_DOMCTL_PFINFO_LTAB_SHIFT & 7);

            ops[count].cmd = MMUEXT_PIN_L1_TABLE + level - 1;
            ops[count++].arg1.mfn = made->mfn[i];
        }
    }
    return hypercall6(__HYPERVISOR_mmuext_op, address(ops), count, 0, made->id, 0, 0);
}

static s64 restore_vectors(u16 id)
{
    struct xen_domctl op = {.u.vcpuextstate.size = saved.vector_size};

    set_xen_guest_handle(op.u.vcpuextstate.buffer, (void *)saved.vector);
    return domctl(XEN_DOMCTL_setvcpuextstate, id, &op);
}

static s64 restore_msrs(u16 id)
{
    struct xen_domctl op = {.u.vcpu_msrs.msr_count = saved.msrs};

    set_xen_guest_handle(op.u.vcpu_msrs.msrs, saved.msr);
    return domctl(XEN_DOMCTL_set_vcpu_msrs, id, &op);
}

/* Changes what this guest does not use, so that it can be seen to be restored. */
static void change_context(struct vcpu_guest_context *context)
{
    context->vm_assist = 1 << VMASST_TYPE_runstate_update_flag | 1ul << VMASST_TYPE_m2p_strict;
    context->fs_base = 0x123456789000;
    context->gs_base_kernel = 0x223456789000;
    context->gs_base_user = 0x323456789000;
    context->debugreg[0] = 0x1000;
    context->ctrlreg[2] = 0x4321;
    context->trap_ctxt[3] =
        (struct trap_info){.vector = 3, .flags = 3 | 4, .cs = 0xe033, .address = 0x1234000};
    context->syscall_callback_eip = 0x1235000;
    context->flags |= VGCF_syscall_disables_events;
    context->user_regs.r15 = 0xfedcba9876543210;
    *(u32 *)(context->fpu_ctxt.x + 24) = 0x1fc0; /* MXCSR with denormals as zeroes */
    context->fpu_ctxt.x[160] = 0x77;             /* a byte of XMM0 */
}

/* Checks that the new domain's vCPU has the saved state. */
static void check_context(const struct made *made)
{
    static struct vcpu_guest_context now;
    const u8 *a = (const u8 *)&now, *b = saved.bytes;

    check_equal(context_call(XEN_DOMCTL_getvcpucontext, made->id, 0, &now), 0, "getvcpucontext");
    for (u64 i = 0; i < sizeof now; i++) {
        const bool fpu_tail = i >= 416 && i < 512;

        if (a[i] != b[i] && !fpu_tail) {
            check(false, "byte %lu of the context is %x, not %x", i, a[i], b[i]);
            return;
        }
    }
}

static void restore_vcpu(const struct made *made)
{
    struct xen_domctl extended = saved.extended;

    saved.context.ctrlreg[3] =
        xen_pfn_to_cr3(made->mfn[page_of(xen_cr3_to_pfn(saved.context.ctrlreg[3]))]);
    saved.context.vm_assist = 1ul << 40;
    check_equal(context_call(XEN_DOMCTL_setvcpucontext, made->id, 0, &saved.context), -XEN_EINVAL,
                "setvcpucontext with an unknown mode");
    change_context(&saved.context);
    check_equal(context_call(XEN_DOMCTL_setvcpucontext, made->id, 0, &saved.context), 0,
                "setvcpucontext");
    check_context(made);
    check_equal(domctl(XEN_DOMCTL_set_ext_vcpucontext, made->id, &extended), 0,
                "set_ext_vcpucontext");
    if (saved.vector_mask) {
        check_equal(restore_vectors(made->id), 0, "setvcpuextstate");
        saved.vector[8 + 8 + 512 + 63] = 1; /* a reserved byte of the area's header */
        check_equal(restore_vectors(made->id), -XEN_EINVAL, "setvcpuextstate with a bad header");
        saved.vector[8 + 8 + 512 + 63] = 0;
        saved.vector[0] = 0; /* XCR0 without x87 */
        check_equal(restore_vectors(made->id), -XEN_EINVAL, "setvcpuextstate with a bad XCR0");
    }
    check_equal(restore_msrs(made->id), 0, "set_vcpu_msrs");
    saved.msr[0] = (struct xen_domctl_vcpu_msr){.index = 0xc0000080, .value = 1};
    saved.msrs = 1;
    check_equal(restore_msrs(made->id), -XEN_EINVAL, "set_vcpu_msrs of EFER");
}

static void restore(struct made *made)
{
    struct xen_memory_reservation ask = {.nr_extents = TINY_PAGES};

    check_equal(tiny_create(made, 1), 0, "another domain");
    for (u32 i = 0; i < TINY_PAGES; i++) {
        made->mfn[i] = i;
    }
    ask.domid = made->id;
    set_xen_guest_handle(ask.extent_start, made->mfn);
    check_equal(memory_op_in_multicall(XENMEM_populate_physmap, &ask), TINY_PAGES,
                "populate_physmap");
    for (u32 i = 0; i < TINY_PAGES; i++) {
        restore_page(made, i);
    }
    restore_vcpu(made);
    check_equal(restore_pins(made), 0, "pins");
}

static void check_round_trip(void)
{
    struct made made;

    if (tiny_make(&made) || !tiny_map(&made)) {
        error("a domain cannot be made");
    }
    made.tiny->reason = SHUTDOWN_suspend;
    made.tiny->mode = TINY_SHUTS_DOWN;
    check_equal(tiny_command(XEN_DOMCTL_unpausedomain, made.id), 0, "unpausedomain");
    check(wait_suspended(made.id), "it does not suspend");
    const u64 count = made.tiny->count;
    save(&made);
    tiny_unmap(&made);
    check_equal(tiny_command(XEN_DOMCTL_destroydomain, made.id), 0, "destroydomain");
    restore(&made);
    check(tiny_map(&made), "the restored domain's page cannot be mapped");
    check_equal(made.tiny->count, count, "what was counted before the restoration");
    check_equal(tiny_command(XEN_DOMCTL_unpausedomain, made.id), 0, "unpausedomain");
    const u64 end = time_of(&vcpu_info()->time) + PATIENCE;
    while (made.tiny->count <= count + 1 && time_of(&vcpu_info()->time) < end) {
        sleep_ms(1);
    }
    check(made.tiny->count > count, "it does not go on");
    check_equal(made.tiny->resumed, 1, "how often its suspension has returned");
    check_equal(made.tiny->result, 0, "what its suspension returned");
    tiny_unmap(&made);
    check_equal(tiny_command(XEN_DOMCTL_destroydomain, made.id), 0, "destroydomain");
}

/* ---- refusals ---- */

static void check_contexts_refused(const struct made *made)
{
    static const u32 calls[] = {XEN_DOMCTL_get_ext_vcpucontext, XEN_DOMCTL_set_ext_vcpucontext,
                                XEN_DOMCTL_getvcpuextstate,     XEN_DOMCTL_setvcpuextstate,
                                XEN_DOMCTL_get_vcpu_msrs,       XEN_DOMCTL_set_vcpu_msrs,
                                XEN_DOMCTL_getvcpucontext};

    for (u32 i = 0; i < ARRAY_LENGTH(calls); i++) {
        struct xen_domctl op = {0};

        check_equal(domctl(calls[i], 0, &op), -XEN_EINVAL, "domctl %u of dom0 itself", calls[i]);
        check_equal(domctl(calls[i], 77, &op), -XEN_ESRCH, "domctl %u of no domain", calls[i]);
        op.u.vcpucontext.vcpu = 1; /* the first member of all of them */
        check_equal(domctl(calls[i], made->id, &op), -XEN_ESRCH, "domctl %u of vCPU 1", calls[i]);
        op.u.vcpucontext.vcpu = ~0u;
        check_equal(domctl(calls[i], made->id, &op), -XEN_ESRCH, "domctl %u of vCPU -1", calls[i]);
    }
    check_equal(context_call(XEN_DOMCTL_getvcpucontext, made->id, 0, (void *)8), -XEN_EFAULT,
                "a context at 8");
    struct xen_domctl op = {.u.ext_vcpucontext.size = 128};
    op.u.ext_vcpucontext.sysenter_callback_eip = 1ull << 50;
    check_equal(domctl(XEN_DOMCTL_set_ext_vcpucontext, made->id, &op), -XEN_EINVAL,
                "a callback that is not canonical");
    op.u.ext_vcpucontext.sysenter_callback_eip = 0;
    op.u.ext_vcpucontext.size = 4;
    check_equal(domctl(XEN_DOMCTL_set_ext_vcpucontext, made->id, &op), -XEN_EINVAL,
                "a short extended context");
}

static void check_frames_refused(const struct made *made)
{
    xen_pfn_t frames[3] = {~0ul, 0, made->mfn[0]};

    check_equal(frame_types(made->id, frames, 1025), -XEN_E2BIG, "1025 frames");
    check_equal(frame_types(made->id, (void *)8, 1), -XEN_EFAULT, "frames at 8");
    check_equal(frame_types(made->id, frames, 3), 0, "frames of others");
    check_equal(frames[0], XEN_DOMCTL_PFINFO_XTAB, "no frame");
    check_equal(frames[1], XEN_DOMCTL_PFINFO_XTAB, "frame 0");
    check_equal(frames[2], XEN_DOMCTL_PFINFO_NOTAB, "its first page");
}

/* An NMI reaches a vCPU; a kernel without a handler goes on. */
static void check_trigger(const struct made *made)
{
    struct xen_domctl op = {.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_NMI};

    check_equal(domctl(XEN_DOMCTL_sendtrigger, made->id, &op), 0, "an NMI");
    op.u.sendtrigger.vcpu = 1;
    check_equal(domctl(XEN_DOMCTL_sendtrigger, made->id, &op), -XEN_ESRCH, "an NMI of vCPU 1");
    op.u.sendtrigger.vcpu = 0;
    op.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_POWER;
    check_equal(domctl(XEN_DOMCTL_sendtrigger, made->id, &op), -XEN_ENOSYS, "the power button");
}

/* A domain that runs is stopped for each call, and goes on after it. */
static void check_running(const struct made *made)
{
    struct xen_domctl_getdomaininfo info;

    check_equal(tiny_command(XEN_DOMCTL_unpausedomain, made->id), 0, "unpausedomain");
    for (u32 i = 0; i < 20; i++) {
        const u64 count = made->tiny->count, end = time_of(&vcpu_info()->time) + PATIENCE;

        check_equal(context_call(XEN_DOMCTL_getvcpucontext, made->id, 0, saved.bytes), 0,
                    "the context of a running domain");
        check(saved.context.flags & VGCF_i387_valid, "its context is not there");
        check_equal(context_call(i % 2 ? XEN_DOMCTL_setvcpucontext : XEN_DOMCTL_getvcpucontext,
                                 made->id, 0, i % 2 ? saved.bytes : (void *)8),
                    i % 2 ? 0 : -XEN_EFAULT, "the next call");
        check_trigger(made);
        check_equal(tiny_info(made->id, &info), 0, "getdomaininfo");
        check_equal(info.flags & XEN_DOMINF_paused, 0, "whether it is shown as paused");
        while (made->tiny->count == count && time_of(&vcpu_info()->time) < end) {
            sleep_ms(1);
        }
        check(made->tiny->count > count, "it does not go on");
    }
    check_equal(tiny_command(XEN_DOMCTL_pausedomain, made->id), 0, "pausedomain");
    check_equal(context_call(XEN_DOMCTL_getvcpucontext, made->id, 0, saved.bytes), 0,
                "the context of a paused domain");
    check_equal(context_call(XEN_DOMCTL_setvcpucontext, made->id, 0, saved.bytes), 0,
                "the same context");
    const u64 count = made->tiny->count;
    check_equal(tiny_command(XEN_DOMCTL_unpausedomain, made->id), 0, "unpausedomain");
    sleep_ms(5);
    check(made->tiny->count > count, "it does not go on");
    check_equal(tiny_command(XEN_DOMCTL_pausedomain, made->id), 0, "pausedomain");
}

/* ---- policy and share ---- */

static xen_cpuid_leaf_t leaf[256];
static xen_msr_entry_t msr[16];

static s64 policy(u32 command, u16 id, struct xen_domctl *op)
{
    set_xen_guest_handle(op->u.cpu_policy.leaves, leaf);
    set_xen_guest_handle(op->u.cpu_policy.msrs, msr);
    return domctl(command, id, op);
}

static void check_policy(u16 id)
{
    struct xen_domctl op = {
        .u.cpu_policy = {.nr_leaves = ARRAY_LENGTH(leaf), .nr_msrs = ARRAY_LENGTH(msr)}};

    check_equal(policy(XEN_DOMCTL_get_cpu_policy, id, &op), 0, "get_cpu_policy");
    const u32 leaves = op.u.cpu_policy.nr_leaves;
    check(leaves > 10 && leaf[1].leaf == 1 && leaf[1].d & 1 << 26, "%u leaves", leaves);
    leaf[1].d &= ~(1u << 26); /* SSE2 */
    op.u.cpu_policy.nr_msrs = 0;
    check_equal(policy(XEN_DOMCTL_set_cpu_policy, id, &op), 0, "set_cpu_policy");
    leaf[1].d = ~0u;
    op.u.cpu_policy.nr_msrs = ARRAY_LENGTH(msr);
    check_equal(policy(XEN_DOMCTL_get_cpu_policy, id, &op), 0, "get_cpu_policy");
    check(!(leaf[1].d & 1 << 26) && leaf[1].d & 1 << 25, "features %x", leaf[1].d);

    leaf[1].leaf = 0xe;
    op.u.cpu_policy.nr_msrs = 0;
    check_equal(policy(XEN_DOMCTL_set_cpu_policy, id, &op), -XEN_ERANGE, "an unknown leaf");
    check_equal(op.u.cpu_policy.err_leaf, 0xe, "the leaf that is refused");
    check_equal(op.u.cpu_policy.err_msr, ~0u, "the MSR that is not refused");
    leaf[1].leaf = 1;
    leaf[0].a = 0x1000;
    check_equal(policy(XEN_DOMCTL_set_cpu_policy, id, &op), -XEN_EINVAL, "too many leaves");
    check_equal(op.u.cpu_policy.err_leaf, 0, "the leaf that is refused");
    op.u.cpu_policy.nr_leaves = 100000;
    check_equal(policy(XEN_DOMCTL_set_cpu_policy, id, &op), -XEN_E2BIG, "a list too long");
    op.u.cpu_policy.nr_leaves = 0;
    op.u.cpu_policy.nr_msrs = 1;
    msr[0].idx = 0x10;
    check_equal(policy(XEN_DOMCTL_set_cpu_policy, id, &op), -XEN_ERANGE, "an unknown MSR");
    check_equal(op.u.cpu_policy.err_msr, 0x10, "the MSR that is refused");
}

static void check_policy_after_start(u16 id)
{
    struct xen_domctl op = {0};

    check_equal(policy(XEN_DOMCTL_set_cpu_policy, id, &op), -XEN_EEXIST,
                "set_cpu_policy of a domain that has run");
}

static s64 share(u16 id, u32 command, u16 *weight, u16 *cap)
{
    struct xen_domctl op = {.u.scheduler_op = {.sched_id = XEN_SCHEDULER_CREDIT2,
                                               .cmd = command,
                                               .u.credit2 = {.weight = *weight, .cap = *cap}}};
    const s64 result = domctl(XEN_DOMCTL_scheduler_op, id, &op);

    *weight = op.u.scheduler_op.u.credit2.weight;
    *cap = op.u.scheduler_op.u.credit2.cap;
    return result;
}

static void check_share(u16 id)
{
    u16 weight = 0, cap = 0;

    check_equal(share(id, XEN_DOMCTL_SCHEDOP_getinfo, &weight, &cap), 0, "getinfo");
    check(weight == 256 && cap == 0, "weight %u, cap %u", weight, cap);
    weight = 512;
    cap = 50;
    check_equal(share(id, XEN_DOMCTL_SCHEDOP_putinfo, &weight, &cap), 0, "putinfo");
    weight = cap = 0;
    check_equal(share(id, XEN_DOMCTL_SCHEDOP_getinfo, &weight, &cap), 0, "getinfo");
    check(weight == 512 && cap == 50, "weight %u, cap %u", weight, cap);
    weight = cap = 0;
    check_equal(share(id, XEN_DOMCTL_SCHEDOP_putinfo, &weight, &cap), 0, "putinfo of nothing");
    check_equal(share(id, XEN_DOMCTL_SCHEDOP_getinfo, &weight, &cap), 0, "getinfo");
    check(weight == 512 && cap == 0, "weight %u, cap %u", weight, cap);
    check_equal(share(id, XEN_DOMCTL_SCHEDOP_getvcpuinfo, &weight, &cap), -XEN_EINVAL,
                "getvcpuinfo");
    check_equal(share(id, XEN_DOMCTL_SCHEDOP_putvcpuinfo, &weight, &cap), -XEN_EINVAL,
                "putvcpuinfo");
    struct xen_domctl op = {.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT};
    check_equal(domctl(XEN_DOMCTL_scheduler_op, id, &op), -XEN_EINVAL, "credit");
}

void test_main(void)
{
    struct made made;

    if (tiny_create(&made, 1)) {
        error("a domain cannot be created");
    }
    check_policy(made.id);
    check_share(made.id);
    check_equal(context_call(XEN_DOMCTL_getvcpucontext, made.id, 0, saved.bytes), -XEN_ENODATA,
                "the context of a vCPU without one");
    check_equal(tiny_build(&made), 0, "tiny_build");
    check(tiny_map(&made), "its page cannot be mapped");
    check_contexts_refused(&made);
    check_frames_refused(&made);
    check_running(&made);
    check_policy_after_start(made.id);
    tiny_unmap(&made);
    check_equal(tiny_command(XEN_DOMCTL_destroydomain, made.id), 0, "destroydomain");
    check_round_trip();
}
