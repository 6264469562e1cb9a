/* SPDX-License-Identifier: MIT */
/* Stand-ins for what only the privileged domain reaches: the machine, its interrupts, its console,
 * and toolstacks. Each answers as for a machine without devices. */
#include "hypervisor/call/call.h"
#include "hypervisor/call/physdev.h"
#include "hypervisor/console/machine_console.h"
#include "hypervisor/cpu/processor.h"
#include "hypervisor/domain/claim.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/managed.h"
#include "hypervisor/log/log.h"
#include "hypervisor/pirq/pirq.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/vcpu/fpu.h"
#include "hypervisor/xen.h"

void sched_notifies(bool notifies)
{
    (void)notifies;
}

u32 processor_physical_bits(void)
{
    return 46;
}

u32 fpu_mxcsr_mask(void)
{
    return 0xffff;
}

void log_console_write(const char *bytes, u64 count)
{
    (void)bytes;
    (void)count;
}

u32 machine_console_peek(char *bytes, u32 count, u32 *at)
{
    (void)bytes;
    (void)count;
    *at = 0;
    return 0;
}

bool machine_console_take(u32 at, u32 count)
{
    (void)at;
    (void)count;
    return true;
}

s64 claim_set(struct domain *domain, u64 pages)
{
    (void)domain;
    (void)pages;
    return -XEN_ENOMEM;
}

bool claim_permits(const struct domain *domain, u64 count)
{
    (void)domain;
    (void)count;
    return true;
}

void claim_use(struct domain *domain, u64 count)
{
    (void)domain;
    (void)count;
}

void domain_stop(struct domain *domain, u32 reason)
{
    (void)domain;
    (void)reason;
}

bool domain_is_stopped(const struct domain *domain)
{
    (void)domain;
    return false;
}

s64 pirq_bind(struct domain *domain, u32 pirq, u32 port)
{
    (void)domain;
    (void)pirq;
    (void)port;
    return -XEN_EINVAL;
}

void pirq_unbind(struct domain *domain, u32 pirq)
{
    (void)domain;
    (void)pirq;
}

void pirq_aim(struct domain *domain, u32 pirq, const struct vcpu *vcpu)
{
    (void)domain;
    (void)pirq;
    (void)vcpu;
}

#define NO_DEVICE(name, ...)                                                                       \
    s64 name(__VA_ARGS__)                                                                          \
    {                                                                                              \
        return -XEN_EPERM;                                                                         \
    }

#pragma clang diagnostic ignored "-Wunused-parameter"
NO_DEVICE(physdev_map_pirq, struct domain *domain, u64 at)
NO_DEVICE(physdev_unmap_pirq, struct domain *domain, u64 at)
NO_DEVICE(physdev_get_free_pirq, struct domain *domain, u64 at)
NO_DEVICE(physdev_alloc_irq_vector, struct domain *domain, u64 at)
NO_DEVICE(physdev_irq_status_query, struct domain *domain, u64 at)
NO_DEVICE(physdev_setup_gsi, struct domain *domain, u64 at)
NO_DEVICE(physdev_eoi, struct domain *domain, u64 at)
NO_DEVICE(physdev_pirq_eoi_gmfn, struct domain *domain, u64 at, bool unmasks, bool *again)
NO_DEVICE(physdev_apic_read, u64 at)
NO_DEVICE(physdev_apic_write, struct domain *domain, u64 at)
NO_DEVICE(physdev_manage_pci, u64 at, bool add)
NO_DEVICE(physdev_manage_pci_add_ext, u64 at)
NO_DEVICE(physdev_pci_device_add, u64 at)
NO_DEVICE(physdev_pci_device_remove, u64 at)
NO_DEVICE(physdev_msix_table, u64 at)
NO_DEVICE(physdev_restore_msi, u64 at, bool with_segment)
NO_DEVICE(physdev_pci_mmcfg_reserved, u64 at)
NO_DEVICE(physdev_dbgp_op, u64 at)
NO_DEVICE(call_platform_op, struct vcpu *vcpu, struct call *call)
NO_DEVICE(call_sysctl, struct vcpu *vcpu, struct call *call)
NO_DEVICE(call_domctl, struct vcpu *vcpu, struct call *call)
