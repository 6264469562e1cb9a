/* SPDX-License-Identifier: MIT */
/* A domain, in the order of the calls of `xl create`. */
#define __XEN_TOOLS__
#include "tests/fuzz/builder.h"

#include "vmmu/entry.h"

#define PAGES       10u
#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED)

/* The pages of the domain: its tables, of which the highest is first, and others. */
enum { L4, L3, L2, L1, OTHERS };

static struct {
    void (*call)(const struct form *form);
    u16 id;
    u64 frame[PAGES];
} build;

/* Makes a domctl of the domain; *op has the answer. False: its caller may not go on. */
static bool domctl(u32 command, struct xen_domctl *op)
{
    struct form form = {.number = __HYPERVISOR_domctl};

    op->cmd = command;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = WORD_OF(u16, build.id);
    form_begin();
    form.argument[0] = FORM_PUT(*op);
    build.call(&form);
    memcpy(op, (void *)form.argument[0], sizeof *op);
    return current_vcpu() != NULL;
}

static bool create(void)
{
    struct xen_domctl op = {.u.createdomain = {.max_vcpus = 1 + word_once_in(2),
                                               .max_evtchn_port = 1023,
                                               .max_grant_frames = -1,
                                               .max_maptrack_frames = -1,
                                               .grant_opts = 2}};
    const u32 vcpus = op.u.createdomain.max_vcpus;

    build.id = 0xffff;
    if (!domctl(XEN_DOMCTL_createdomain, &op)) {
        return false;
    }
    build.id = op.domain;
    op.u.max_vcpus.max = WORD_OF(u32, vcpus);
    if (!domctl(XEN_DOMCTL_max_vcpus, &op)) {
        return false;
    }
    op.u.max_mem.max_memkb = word_or_any((PAGES + 4) * 4);
    return domctl(XEN_DOMCTL_max_mem, &op);
}

static bool populate(void)
{
    struct xen_memory_reservation ask = {.nr_extents = PAGES, .domid = build.id};
    struct form form = {.number = __HYPERVISOR_memory_op, .argument = {XENMEM_populate_physmap}};

    for (u32 i = 0; i < PAGES; i++) {
        build.frame[i] = i;
    }
    form_begin();
    const u64 list = FORM_PUT(build.frame);
    set_xen_guest_handle(ask.extent_start, (void *)list);
    form.argument[1] = FORM_PUT(ask);
    build.call(&form);
    memcpy(build.frame, (void *)list, sizeof build.frame);
    return current_vcpu() != NULL;
}

/* Writes the entries of the domain's tables. */
static bool fill_tables(void)
{
    struct mmu_update updates[3 + PAGES];
    struct form form = {.number = __HYPERVISOR_mmu_update};

    for (u32 i = L4; i < L1; i++) {
        updates[i] = (struct mmu_update){build.frame[i] << PAGE_SHIFT,
                                         build.frame[i + 1] << PAGE_SHIFT | TABLE_FLAGS};
    }
    for (u32 i = 0; i < PAGES; i++) {
        const u64 flags = i < OTHERS ? TABLE_FLAGS & ~PTE_WRITABLE : TABLE_FLAGS;

        updates[3 + i] = (struct mmu_update){build.frame[L1] << PAGE_SHIFT | i * 8,
                                             word_or_any(build.frame[i] << PAGE_SHIFT | flags)};
    }
    form_begin();
    form.argument[0] = FORM_PUT(updates);
    form.argument[1] = ARRAY_LENGTH(updates);
    form.argument[3] = build.id | (u64)(build.id + 1u) << 16;
    build.call(&form);
    return current_vcpu() != NULL;
}

static bool pin(void)
{
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = word_or_any(build.frame[L4])};
    struct form form = {.number = __HYPERVISOR_mmuext_op};

    form_begin();
    form.argument[0] = FORM_PUT(op);
    form.argument[1] = 1;
    form.argument[3] = build.id;
    build.call(&form);
    return current_vcpu() != NULL;
}

static bool set_context(void)
{
    struct vcpu_guest_context context = {.flags = VGCF_in_kernel | VGCF_online,
                                         .ctrlreg[3] = xen_pfn_to_cr3(build.frame[L4])};
    struct xen_domctl op = {0};

    context.ctrlreg[1] = word_once_in(2) ? context.ctrlreg[3] : 0;
    context.gdt_ents = word_once_in(4) ? 512 : 0;
    context.gdt_frames[0] = build.frame[PAGES - 1];
    form_begin();
    set_xen_guest_handle(op.u.vcpucontext.ctxt, (void *)FORM_PUT(context));
    struct form form = {.number = __HYPERVISOR_domctl};
    op.cmd = XEN_DOMCTL_setvcpucontext;
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op.domain = build.id;
    form.argument[0] = FORM_PUT(op);
    build.call(&form);
    return current_vcpu() != NULL;
}

static bool unpause(void)
{
    struct xen_domctl op = {0};

    return domctl(XEN_DOMCTL_unpausedomain, &op);
}

void build_domain(void (*call)(const struct form *form))
{
    static bool (*const step[])(void) = {create, populate, fill_tables, pin, set_context, unpause};
    const u32 count =
        word_once_in(4) ? input_below(&input, ARRAY_LENGTH(step)) : ARRAY_LENGTH(step);

    build.call = call;
    for (u32 i = 0; i < count && step[i](); i++)
        ;
}
