/* SPDX-License-Identifier: MIT */
/* domctl, and the calls by which a toolstack makes a domain, one after the other. */
#define __XEN_TOOLS__
#include "tests/fuzz/forms.h"

#include "hypervisor/vcpu/policy.h"
#include "vmmu/entry.h"

static u64 bitmap_bytes(void)
{
    const u64 bits = word_once_in(3) ? word_any() : 3;

    return FORM_PUT(bits);
}

static struct xenctl_bitmap bitmap(void)
{
    struct xenctl_bitmap map = {.nr_bits = WORD_OF(u32, 1 + input_below(&input, 70))};

    set_xen_guest_handle(map.bitmap, (void *)word_or_any(bitmap_bytes()));
    return map;
}

void form_context(struct vcpu_guest_context *context, struct domain *domain)
{
    const u64 root = word_frame(domain), user = word_once_in(3) ? word_frame(domain) : 0;

    memset(context, 0, sizeof *context);
    context->flags = VGCF_in_kernel | (word_once_in(4) ? 0 : VGCF_online) |
                     (word_once_in(4) ? VGCF_i387_valid : 0);
    context->user_regs.rip = word_or_any(word_page_address());
    context->user_regs.rflags = word_or_any(0x200);
    context->gdt_ents = word_once_in(4) ? WORD_OF(u32, 512) : 0;
    context->gdt_frames[0] = word_or_any(word_frame(domain));
    context->ldt_ents = word_once_in(8) ? WORD_OF(u32, 512) : 0;
    context->ctrlreg[3] = xen_pfn_to_cr3(root);
    context->ctrlreg[1] = user ? xen_pfn_to_cr3(user) : 0;
    context->debugreg[input_below(&input, 8)] = word_once_in(6) ? word_any() : 0;
    context->vm_assist = word_once_in(8) ? word_any() : 0;
    context->fs_base = word_or_any(0);
    /* a vCPU that has a state keeps its tables */
    const struct vcpu *own = domain->vcpu[0];
    if (own && own->initialised && word_once_in(2)) {
        context->ctrlreg[3] = xen_pfn_to_cr3(own->mmu.kernel_root.n);
        context->ctrlreg[1] =
            mfn_is_none(own->mmu.user_root) ? 0 : xen_pfn_to_cr3(own->mmu.user_root.n);
        context->gdt_ents = own->mmu.gdt_entries;
        context->gdt_frames[0] = own->mmu.gdt_frame[0].n;
        context->ldt_ents = own->mmu.ldt_entries;
        context->ldt_base = own->mmu.ldt_base.a;
    }
}

static void policy(struct xen_domctl_cpu_policy *ask)
{
    xen_cpuid_leaf_t leaves[6];
    xen_msr_entry_t msrs[POLICY_MSRS];
    const u32 count = input_below(&input, ARRAY_LENGTH(leaves));

    for (u32 i = 0; i < ARRAY_LENGTH(leaves); i++) {
        static const u32 known[] = {0, 1, 7, 0xd, 0x80000000, 0x80000001, 0x80000008, 0x40000000};

        leaves[i] = (xen_cpuid_leaf_t){.leaf = WORD_OF(u32, known[input_below(&input, 8)]),
                                       .subleaf = word_once_in(3) ? 0 : XEN_CPUID_NO_SUBLEAF,
                                       .a = (u32)word_any(),
                                       .b = (u32)word_any(),
                                       .c = (u32)word_any()};
    }
    for (u32 i = 0; i < POLICY_MSRS; i++) {
        policy_msr(i, &msrs[i]);
        msrs[i].val = word_or_any(msrs[i].val);
    }
    ask->nr_leaves = WORD_OF(u32, count);
    ask->nr_msrs = WORD_OF(u32, input_below(&input, 3));
    set_xen_guest_handle(ask->leaves, (void *)word_or_any(FORM_PUT(leaves)));
    set_xen_guest_handle(ask->msrs, (void *)word_or_any(FORM_PUT(msrs)));
}

static void create(struct xen_domctl_createdomain *ask)
{
    *ask = (struct xen_domctl_createdomain){
        .ssidref = (u32)word_any(),
        .flags = WORD_OF(u32, 0),
        .max_vcpus = WORD_OF(u32, 1 + input_below(&input, 2)),
        .max_evtchn_port = WORD_OF(u32, 1023),
        .max_grant_frames = WORD_OF(s32, word_once_in(2) ? -1 : 4),
        .max_maptrack_frames = WORD_OF(s32, word_once_in(2) ? -1 : 2),
        .grant_opts = WORD_OF(u32, 1 + input_below(&input, 2)),
    };
}

static void extended_state(struct xen_domctl_vcpuextstate *ask)
{
    u64 area[(16 + 0x340) / 8] = {7, 7};

    for (u32 i = 0; i < 4; i++) {
        area[2 + 64 + i] = word_once_in(8) ? word_any() : 0; /* the header of the area */
    }
    ask->vcpu = WORD_OF(u32, 0);
    ask->size = word_once_in(4) ? 0 : word_or_any(sizeof area);
    ask->xfeature_mask = ask->size || word_once_in(4) ? word_or_any(7) : 0;
    area[0] = word_or_any(area[0]);
    set_xen_guest_handle(ask->buffer, (void *)word_or_any(FORM_PUT(area)));
}

static void msrs(struct xen_domctl_vcpu_msrs *ask)
{
    struct xen_domctl_vcpu_msr entries[2] = {
        {.index = WORD_OF(u32, 0xc0000103), .value = word_or_any(5)}};

    ask->vcpu = WORD_OF(u32, 0);
    ask->msr_count = input_below(&input, 3);
    set_xen_guest_handle(ask->msrs, (void *)(word_once_in(4) ? 0 : FORM_PUT(entries)));
}

/* The operations on vCPUs. */
static void fill_vcpu(struct xen_domctl *op, struct domain *target)
{
    struct vcpu_guest_context context;

    switch (op->cmd) {
    case XEN_DOMCTL_setvcpucontext:
    case XEN_DOMCTL_getvcpucontext:
        form_context(&context, target);
        op->u.vcpucontext.vcpu = WORD_OF(u32, word_once_in(6));
        set_xen_guest_handle(op->u.vcpucontext.ctxt, (void *)word_or_any(FORM_PUT(context)));
        break;
    case XEN_DOMCTL_setvcpuaffinity:
    case XEN_DOMCTL_getvcpuaffinity:
        op->u.vcpuaffinity =
            (struct xen_domctl_vcpuaffinity){.vcpu = WORD_OF(u32, 0),
                                             .flags = WORD_OF(u32, 1 + input_below(&input, 3)),
                                             .cpumap_hard = bitmap(),
                                             .cpumap_soft = bitmap()};
        break;
    case XEN_DOMCTL_set_ext_vcpucontext:
    case XEN_DOMCTL_get_ext_vcpucontext:
        op->u.ext_vcpucontext.vcpu = WORD_OF(u32, 0);
        op->u.ext_vcpucontext.size = WORD_OF(u32, sizeof op->u.ext_vcpucontext);
        op->u.ext_vcpucontext.sysenter_callback_eip = word_or_any(0);
        break;
    case XEN_DOMCTL_getvcpuextstate:
    case XEN_DOMCTL_setvcpuextstate:
        extended_state(&op->u.vcpuextstate);
        break;
    case XEN_DOMCTL_get_vcpu_msrs:
    case XEN_DOMCTL_set_vcpu_msrs:
        msrs(&op->u.vcpu_msrs);
        break;
    default:
        op->u.getvcpuinfo.vcpu = WORD_OF(u32, word_once_in(6));
    }
}

static void fill_frames(struct xen_domctl_getpageframeinfo3 *ask, const struct domain *target)
{
    u64 frames[8];

    for (u32 i = 0; i < ARRAY_LENGTH(frames); i++) {
        frames[i] = word_or_any(word_frame(target));
    }
    ask->num = WORD_OF(u32, ARRAY_LENGTH(frames));
    set_xen_guest_handle(ask->array, (void *)word_or_any(FORM_PUT(frames)));
}

static void fill(struct xen_domctl *op, struct domain *target)
{
    switch (op->cmd) {
    case XEN_DOMCTL_createdomain:
        op->domain = word_once_in(3) ? word_domain() : 0xffff;
        create(&op->u.createdomain);
        break;
    case XEN_DOMCTL_max_vcpus:
        op->u.max_vcpus.max = WORD_OF(u32, target->toolstack.vcpus_max);
        break;
    case XEN_DOMCTL_max_mem:
        op->u.max_mem.max_memkb = word_or_any(input_below(&input, 64) * 4);
        break;
    case XEN_DOMCTL_scheduler_op:
        op->u.scheduler_op.sched_id = WORD_OF(u32, XEN_SCHEDULER_CREDIT2);
        op->u.scheduler_op.cmd = WORD_OF(u32, input_below(&input, 3));
        op->u.scheduler_op.u.credit2.weight = WORD_OF(u16, 256);
        op->u.scheduler_op.u.credit2.cap = WORD_OF(u16, 50);
        break;
    case XEN_DOMCTL_set_cpu_policy:
    case XEN_DOMCTL_get_cpu_policy:
        policy(&op->u.cpu_policy);
        break;
    case XEN_DOMCTL_getpageframeinfo3:
        fill_frames(&op->u.getpageframeinfo3, target);
        break;
    case XEN_DOMCTL_setnodeaffinity:
    case XEN_DOMCTL_getnodeaffinity:
        op->u.nodeaffinity.nodemap = bitmap();
        break;
    case XEN_DOMCTL_hypercall_init:
        op->u.hypercall_init.gmfn = word_or_any(word_frame(target));
        break;
    case XEN_DOMCTL_set_address_size:
        op->u.address_size.size = WORD_OF(u32, 64);
        break;
    case XEN_DOMCTL_settscinfo:
        op->u.tsc_info.tsc_mode = WORD_OF(u32, input_below(&input, 3));
        break;
    default:
        fill_vcpu(op, target);
    }
}

void form_domctl(struct form *form)
{
    static const u8 operations[] = {
        XEN_DOMCTL_createdomain,        XEN_DOMCTL_destroydomain,    XEN_DOMCTL_pausedomain,
        XEN_DOMCTL_unpausedomain,       XEN_DOMCTL_getdomaininfo,    XEN_DOMCTL_setvcpuaffinity,
        XEN_DOMCTL_shadow_op,           XEN_DOMCTL_max_mem,          XEN_DOMCTL_setvcpucontext,
        XEN_DOMCTL_getvcpucontext,      XEN_DOMCTL_getvcpuinfo,      XEN_DOMCTL_max_vcpus,
        XEN_DOMCTL_scheduler_op,        XEN_DOMCTL_setdomainhandle,  XEN_DOMCTL_hypercall_init,
        XEN_DOMCTL_settimeoffset,       XEN_DOMCTL_getvcpuaffinity,  XEN_DOMCTL_resumedomain,
        XEN_DOMCTL_set_address_size,    XEN_DOMCTL_get_address_size, XEN_DOMCTL_set_ext_vcpucontext,
        XEN_DOMCTL_get_ext_vcpucontext, XEN_DOMCTL_gettscinfo,       XEN_DOMCTL_settscinfo,
        XEN_DOMCTL_getpageframeinfo3,   XEN_DOMCTL_setvcpuextstate,  XEN_DOMCTL_getvcpuextstate,
        XEN_DOMCTL_set_virq_handler,    XEN_DOMCTL_setnodeaffinity,  XEN_DOMCTL_getnodeaffinity,
        XEN_DOMCTL_get_vcpu_msrs,       XEN_DOMCTL_set_vcpu_msrs,    XEN_DOMCTL_get_cpu_policy,
        XEN_DOMCTL_set_cpu_policy,      XEN_DOMCTL_setvcpucontext,   XEN_DOMCTL_createdomain};
    struct domain *target = word_target();
    struct xen_domctl op = {
        .cmd = operations[input_below(&input, ARRAY_LENGTH(operations))],
        .interface_version = WORD_OF(u32, XEN_DOMCTL_INTERFACE_VERSION),
        .domain = word_once_in(8) ? word_domain() : target->id,
    };

    fill(&op, target);
    op.cmd = WORD_OF(u32, op.cmd);
    form->number = __HYPERVISOR_domctl;
    form->argument[0] = word_or_any(FORM_PUT(op));
}
