/* SPDX-License-Identifier: MIT */
/* physdev_op: devices, of which an unprivileged guest has none. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/vcpu/vcpu.h"

#define PORTS 65536u

/* Sets the virtual I/O privilege level. The guest owns no port, so the level decides only whether
 * port instructions, CLI and STI fault or are executed without effect; IN then reads what read_port
 * says. */
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

s64 call_physdev_op(struct vcpu *vcpu, struct call *call)
{
    u64 at = call->argument[1];

    switch ((u32)call->argument[0]) {
    case PHYSDEVOP_set_iopl:
        return set_iopl(vcpu, at);
    case PHYSDEVOP_set_iobitmap:
        return set_iobitmap(vcpu, at);
    case PHYSDEVOP_eoi: /* end of a physical interrupt: no guest has one */
    case PHYSDEVOP_irq_status_query:
        return -XEN_EINVAL;
    case PHYSDEVOP_apic_read:
    case PHYSDEVOP_apic_write:
    case PHYSDEVOP_alloc_irq_vector:
    case PHYSDEVOP_map_pirq:
    case PHYSDEVOP_unmap_pirq:
    case PHYSDEVOP_get_free_pirq:
    case PHYSDEVOP_setup_gsi:
    case PHYSDEVOP_manage_pci_add:
    case PHYSDEVOP_manage_pci_add_ext:
    case PHYSDEVOP_manage_pci_remove:
    case PHYSDEVOP_pci_device_add:
    case PHYSDEVOP_pci_device_remove:
    case PHYSDEVOP_pci_mmcfg_reserved:
    case PHYSDEVOP_prepare_msix:
    case PHYSDEVOP_release_msix:
    case PHYSDEVOP_restore_msi:
    case PHYSDEVOP_restore_msi_ext:
    case PHYSDEVOP_dbgp_op:
        return -XEN_EPERM;
    default:
        return -XEN_ENOSYS;
    }
}
