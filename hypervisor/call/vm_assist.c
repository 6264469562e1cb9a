/* SPDX-License-Identifier: MIT */
/* vm_assist: modes that a domain may switch on. */
#include "hypervisor/call/vm_assist.h"
#include "hypervisor/call/call.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/sched/sched.h"

/* The modes that are accepted. Writable page tables are always on; the 4 GiB and PAE modes have a
 * meaning for 32-bit guests only. */
#define KNOWN                                                                                      \
    (1ull << VMASST_TYPE_writable_pagetables | 1ull << VMASST_TYPE_4gb_segments |                  \
     1ull << VMASST_TYPE_4gb_segments_notify | 1ull << VMASST_TYPE_pae_extended_cr3 |              \
     1ull << VMASST_TYPE_architectural_iopl | 1ull << VMASST_TYPE_runstate_update_flag |           \
     1ull << VMASST_TYPE_m2p_strict)

#define STRICT (1ull << VMASST_TYPE_m2p_strict) /* is the engine's to keep */

bool vm_assist_known(u64 modes)
{
    return !(modes & ~KNOWN);
}

void vm_assist_set(struct domain *domain, u64 modes)
{
    lock_take(&domain->lock);
    domain->vm_assist = (u32)(modes & ~STRICT);
    atomic_store(&domain->mmu.hides_m2p, modes & STRICT);
    lock_release(&domain->lock);
}

u64 vm_assist_get(const struct domain *domain)
{
    return domain->vm_assist | (domain->mmu.hides_m2p ? STRICT : 0);
}

s64 call_vm_assist(struct vcpu *vcpu, struct call *call)
{
    struct domain *domain = vcpu->domain;
    u32 command = (u32)call->argument[0], type = (u32)call->argument[1];
    bool enable = command == VMASST_CMD_enable;

    if (type >= 64 || !(KNOWN >> type & 1)) {
        return -XEN_EINVAL;
    }
    if (!enable && command != VMASST_CMD_disable) {
        return -XEN_ENOSYS;
    }
    lock_take(&domain->lock);
    if (type == VMASST_TYPE_m2p_strict) {
        atomic_store(&domain->mmu.hides_m2p, enable);
    } else if (enable) {
        domain->vm_assist |= 1u << type;
    } else {
        domain->vm_assist &= ~(1u << type);
    }
    lock_release(&domain->lock);
    if (type == VMASST_TYPE_architectural_iopl) {
        vcpu_refresh_iopl(vcpu);
        sched_kick_domain(domain); /* vCPUs on other CPUs are refreshed in the run loop */
    }
    return 0;
}
