/* SPDX-License-Identifier: MIT */
/* physdev_op: the vCPU's right to ports, and devices, of which an unprivileged guest has none. */
#include "hypervisor/call/call.h"
#include "hypervisor/call/physdev.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/vcpu/vcpu.h"

#define PORTS 65536u

/* Sets the virtual I/O privilege level. It decides whether port instructions, CLI and STI fault or
 * are executed; which ports of the machine they then reach is a matter of the domain's rights
 * (rights_port). */
static s64 set_iopl(struct vcpu *vcpu, u64 at)
{
    struct physdev_set_iopl ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.iopl > 3) {
        return -XEN_EINVAL;
    }
    vcpu->iopl = (u8)ask.iopl;
    vcpu_refresh_iopl(vcpu);
    return 0;
}

/* Sets the bitmap of the ports that the vCPU may use without the privilege level. Only its place is
 * kept: the guest changes its bits in its own memory, which is read when an instruction needs
 * them. */
static s64 set_iobitmap(struct vcpu *vcpu, u64 at)
{
    struct physdev_set_iobitmap ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    /* The rest of the bitmap is checked when it is read. */
    if (ask.nr_ports > PORTS || !guest_range_ok((u64)ask.bitmap.p, 1)) {
        return -XEN_EINVAL;
    }
    vcpu->io_bitmap = (u64)ask.bitmap.p;
    vcpu->io_bitmap_ports = ask.nr_ports;
    return 0;
}

/* Operations on PCI devices. -ENOSYS: `operation` is none. */
static s64 serve_pci(u32 operation, u64 at)
{
    switch (operation) {
    case PHYSDEVOP_manage_pci_add:
        return physdev_manage_pci(at, true);
    case PHYSDEVOP_manage_pci_add_ext:
        return physdev_manage_pci_add_ext(at);
    case PHYSDEVOP_manage_pci_remove:
        return physdev_manage_pci(at, false);
    case PHYSDEVOP_pci_device_add:
        return physdev_pci_device_add(at);
    case PHYSDEVOP_pci_device_remove:
        return physdev_pci_device_remove(at);
    case PHYSDEVOP_pci_mmcfg_reserved:
        return physdev_pci_mmcfg_reserved(at);
    case PHYSDEVOP_prepare_msix:
    case PHYSDEVOP_release_msix:
        return physdev_msix_table(at);
    case PHYSDEVOP_restore_msi:
        return physdev_restore_msi(at, false);
    case PHYSDEVOP_restore_msi_ext:
        return physdev_restore_msi(at, true);
    case PHYSDEVOP_dbgp_op:
        return physdev_dbgp_op(at);
    default:
        return -XEN_ENOSYS;
    }
}

/* Operations of the privileged domain. -ENOSYS: `operation` is none. */
static s64 serve_machine(struct domain *domain, u32 operation, u64 at, bool *again)
{
    switch (operation) {
    case PHYSDEVOP_eoi:
        return physdev_eoi(domain, at);
    case PHYSDEVOP_irq_status_query:
        return physdev_irq_status_query(domain, at);
    case PHYSDEVOP_pirq_eoi_gmfn_v1:
    case PHYSDEVOP_pirq_eoi_gmfn_v2:
        return physdev_pirq_eoi_gmfn(domain, at, operation == PHYSDEVOP_pirq_eoi_gmfn_v1, again);
    case PHYSDEVOP_apic_read:
        return physdev_apic_read(at);
    case PHYSDEVOP_apic_write:
        return physdev_apic_write(domain, at);
    case PHYSDEVOP_alloc_irq_vector:
        return physdev_alloc_irq_vector(domain, at);
    case PHYSDEVOP_map_pirq:
        return physdev_map_pirq(domain, at);
    case PHYSDEVOP_unmap_pirq:
        return physdev_unmap_pirq(domain, at);
    case PHYSDEVOP_get_free_pirq:
        return physdev_get_free_pirq(domain, at);
    case PHYSDEVOP_setup_gsi:
        return physdev_setup_gsi(domain, at);
    default:
        return serve_pci(operation, at);
    }
}

/* The size of the structure of an operation of the privileged domain whose argument is checked
 * before the caller's right; 0: it is not. */
static u64 size_of(u32 operation)
{
    static const u8 size[] = {
        [PHYSDEVOP_irq_status_query] = sizeof(struct physdev_irq_status_query),
        [PHYSDEVOP_apic_read] = sizeof(struct physdev_apic),
        [PHYSDEVOP_apic_write] = sizeof(struct physdev_apic),
        [PHYSDEVOP_alloc_irq_vector] = sizeof(struct physdev_irq),
        [PHYSDEVOP_eoi] = sizeof(struct physdev_eoi),
        [PHYSDEVOP_map_pirq] = sizeof(struct physdev_map_pirq),
        [PHYSDEVOP_unmap_pirq] = sizeof(struct physdev_unmap_pirq),
        [PHYSDEVOP_manage_pci_add] = sizeof(struct physdev_manage_pci),
        [PHYSDEVOP_manage_pci_remove] = sizeof(struct physdev_manage_pci),
        [PHYSDEVOP_restore_msi] = sizeof(struct physdev_restore_msi),
        [PHYSDEVOP_manage_pci_add_ext] = sizeof(struct physdev_manage_pci_ext),
        [PHYSDEVOP_setup_gsi] = sizeof(struct physdev_setup_gsi),
        [PHYSDEVOP_get_free_pirq] = sizeof(struct physdev_get_free_pirq),
        [PHYSDEVOP_pci_device_add] = offsetof(struct physdev_pci_device_add, optarr),
        [PHYSDEVOP_pci_device_remove] = sizeof(struct physdev_pci_device),
        [PHYSDEVOP_restore_msi_ext] = sizeof(struct physdev_pci_device),
        [PHYSDEVOP_prepare_msix] = sizeof(struct physdev_pci_device),
        [PHYSDEVOP_release_msix] = sizeof(struct physdev_pci_device),
    };

    return operation < ARRAY_LENGTH(size) ? size[operation] : 0;
}

/* What an operation of the privileged domain answers to others: they have no interrupt that they
 * could end, and no right to the rest. */
static s64 refuse(u32 operation, u64 at)
{
    u8 structure[sizeof(struct physdev_map_pirq)];
    const u64 size = size_of(operation);

    if (size && !copy_from_guest(structure, at, size)) {
        return -XEN_EFAULT;
    }
    switch (operation) {
    case PHYSDEVOP_eoi:
    case PHYSDEVOP_irq_status_query:
        return -XEN_EINVAL;
    case PHYSDEVOP_pci_mmcfg_reserved:
    case PHYSDEVOP_dbgp_op:
        return -XEN_EPERM;
    default:
        return size ? -XEN_EPERM : -XEN_ENOSYS;
    }
}

s64 call_physdev_op(struct vcpu *vcpu, struct call *call)
{
    u32 operation = (u32)call->argument[0];
    u64 at = call->argument[1];

    switch (operation) {
    case PHYSDEVOP_set_iopl:
        return set_iopl(vcpu, at);
    case PHYSDEVOP_set_iobitmap:
        return set_iobitmap(vcpu, at);
    default:
        return rights_machine(vcpu->domain)
                   ? serve_machine(vcpu->domain, operation, at, &call->again)
                   : refuse(operation, at);
    }
}
