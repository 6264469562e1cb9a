/* SPDX-License-Identifier: MIT */
/* domctl: settings of a domain. */
#include "hypervisor/call/domctl/domctl.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/hypercall_page.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/vcpu/clock_page.h"
#include "lib/string.h"

#define TSC_DEFAULT       0u
#define TSC_NEVER         2u /* never emulated; mode 1 is "always emulated" */
#define NODES             1u /* there is one NUMA node, as a set */
#define GUEST_WORD_BITS   64u
#define PAGES_IN_KIB(kib) ((kib) >> (PAGE_SHIFT - 10))

/* Sets the most frames that the target may have. It may have more already; then it gets no more. */
s64 domctl_max_mem(struct domctl *d)
{
    __atomic_store_n(&d->target->mmu.frames_max, PAGES_IN_KIB(d->op.u.max_mem.max_memkb),
                     __ATOMIC_RELAXED);
    return 0;
}

s64 domctl_setdomainhandle(struct domctl *d)
{
    memcpy(d->target->toolstack.handle, d->op.u.setdomainhandle.handle,
           sizeof d->target->toolstack.handle);
    return 0;
}

/* Guests are 64-bit kernels: another size is refused with EINVAL. */
s64 domctl_set_address_size(struct domctl *d)
{
    return d->op.u.address_size.size == GUEST_WORD_BITS ? 0 : -XEN_EINVAL;
}

s64 domctl_get_address_size(struct domctl *d)
{
    d->op.u.address_size.size = GUEST_WORD_BITS;
    d->answers = true;
    return 0;
}

/* The TSC is never emulated: a guest reads the machine's. The default mode and "never" are
 * accepted; EINVAL: another mode, or the target is the caller's domain. */
s64 domctl_settscinfo(struct domctl *d)
{
    const struct xen_domctl_tsc_info *info = &d->op.u.tsc_info;
    struct toolstack *tools = &d->target->toolstack;

    if (d->target == d->vcpu->domain ||
        (info->tsc_mode != TSC_DEFAULT && info->tsc_mode != TSC_NEVER)) {
        return -XEN_EINVAL;
    }
    tools->tsc_mode = info->tsc_mode;
    tools->tsc_khz = info->gtsc_khz;
    tools->tsc_incarnation = info->incarnation;
    tools->tsc_elapsed = info->elapsed_nsec;
    return 0;
}

s64 domctl_gettscinfo(struct domctl *d)
{
    const struct toolstack *tools = &d->target->toolstack;

    if (d->target == d->vcpu->domain) {
        return -XEN_EINVAL;
    }
    d->op.u.tsc_info = (struct xen_domctl_tsc_info){
        .tsc_mode = tools->tsc_mode,
        .gtsc_khz = (u32)clock_tsc_khz(),
        .incarnation = tools->tsc_incarnation,
        .elapsed_nsec = tools->tsc_elapsed + clock_now() - d->target->started_at,
    };
    d->answers = true;
    return 0;
}

s64 domctl_settimeoffset(struct domctl *d)
{
    lock_take(&d->target->lock);
    d->target->toolstack.time_offset = d->op.u.settimeoffset.time_offset_seconds;
    lock_release(&d->target->lock);
    clock_page_update_wall(d->target);
    return 0;
}

/* EFAULT: a bad bitmap; EINVAL: none of its nodes exists. */
s64 domctl_setnodeaffinity(struct domctl *d)
{
    u64 nodes;

    if (!bitmap_read(&d->op.u.nodeaffinity.nodemap, &nodes)) {
        return -XEN_EFAULT;
    }
    if (!(nodes & NODES)) {
        return -XEN_EINVAL;
    }
    d->target->toolstack.nodes = nodes & NODES;
    return 0;
}

s64 domctl_getnodeaffinity(struct domctl *d)
{
    return bitmap_write(&d->op.u.nodeaffinity.nodemap, d->target->toolstack.nodes) ? 0
                                                                                   : -XEN_EFAULT;
}

/* Fills a frame of the target as its hypercall page. EACCES: it is not a frame of the target that
 * the target could write to. */
s64 domctl_hypercall_init(struct domctl *d)
{
    mfn_t m = guest_mfn(d->op.u.hypercall_init.gmfn);

    switch (vmmu_hold(&d->target->mmu, m)) {
    case VMMU_DONE:
        break;
    case VMMU_AGAIN:
        d->call->again = true;
        return 0;
    default:
        return -XEN_EACCES;
    }
    hypercall_page_fill(frame_view(m));
    vmmu_unhold(m);
    return 0;
}

/* There are no shadow page tables and no log of dirty pages. To switch them off, which a toolstack
 * does after saving, is EINVAL; everything else EOPNOTSUPP. */
s64 domctl_shadow_op(struct domctl *d)
{
    return d->op.u.shadow_op.op == XEN_DOMCTL_SHADOW_OP_OFF ? -XEN_EINVAL : -XEN_EOPNOTSUPP;
}

/* Global virtual interrupts go to the privileged domain. EINVAL: there is no such one; EOPNOTSUPP:
 * another domain is to get it. */
s64 domctl_set_virq_handler(struct domctl *d)
{
    if (d->op.u.set_virq_handler.virq >= NR_VIRQS) {
        return -XEN_EINVAL;
    }
    return d->target->privileged ? 0 : -XEN_EOPNOTSUPP;
}
