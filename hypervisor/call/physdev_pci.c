/* SPDX-License-Identifier: MIT */
/* physdev_op: PCI devices, for the privileged domain.
 *
 * The hypervisor keeps no list of devices: it finds what it needs in their configuration space when
 * an interrupt is mapped. So adding a device means only that it is checked to be there, and that
 * nobody may from then on write to its MSI-X table. Only segment 0 can be reached. */
#include "hypervisor/call/physdev.h"
#include "hypervisor/irq/line.h"
#include "hypervisor/irq/message.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/pci/config.h"
#include "hypervisor/pci/guest.h"
#include "hypervisor/pci/window.h"

static s64 add(u32 segment, u16 function)
{
    u32 entries;

    if (segment || !pci_exists(function)) {
        return -XEN_ENODEV;
    }
    u64 table = message_table(function, &entries);
    return !table || pci_table_found(table, (u64)entries * MSIX_ENTRY_SIZE) ? 0 : -XEN_ENOMEM;
}

/* A device goes only when its interrupts have been unmapped. It may be gone from its bus already.
 */
static s64 remove(u32 segment, u16 function)
{
    if (segment) {
        return -XEN_ENODEV;
    }
    return line_messages_of(function) == LINE_MESSAGES_NONE ? 0 : -XEN_EBUSY;
}

s64 physdev_manage_pci(u64 at, bool is_added)
{
    struct physdev_manage_pci ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    u16 function = PCI_FUNCTION(ask.bus, ask.devfn);
    return is_added ? add(0, function) : remove(0, function);
}

s64 physdev_manage_pci_add_ext(u64 at)
{
    struct physdev_manage_pci_ext ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    return ask.is_extfn && ask.is_virtfn ? -XEN_EINVAL : add(0, PCI_FUNCTION(ask.bus, ask.devfn));
}

s64 physdev_pci_device_add(u64 at)
{
    struct physdev_pci_device_add ask;

    if (!copy_from_guest(&ask, at, offsetof(struct physdev_pci_device_add, optarr))) {
        return -XEN_EFAULT;
    }
    return add(ask.seg, PCI_FUNCTION(ask.bus, ask.devfn));
}

s64 physdev_pci_device_remove(u64 at)
{
    struct physdev_pci_device ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    return remove(ask.seg, PCI_FUNCTION(ask.bus, ask.devfn));
}

/* The place of a device's MSI-X table will not change from now on, or may change again: where it is
 * is found anew each time, so that both only need the device. */
s64 physdev_msix_table(u64 at)
{
    struct physdev_pci_device ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    return add(ask.seg, PCI_FUNCTION(ask.bus, ask.devfn));
}

s64 physdev_restore_msi(u64 at, bool with_segment)
{
    struct physdev_pci_device ask = {0};
    struct physdev_restore_msi short_ask;

    if (with_segment) {
        if (!GET_GUEST(&ask, at)) {
            return -XEN_EFAULT;
        }
    } else {
        if (!GET_GUEST(&short_ask, at)) {
            return -XEN_EFAULT;
        }
        ask.bus = short_ask.bus;
        ask.devfn = short_ask.devfn;
    }
    u16 function = PCI_FUNCTION(ask.bus, ask.devfn);
    if (ask.seg || !pci_exists(function)) {
        return -XEN_ENODEV;
    }
    return line_restore(function) ? 0 : -XEN_EINVAL;
}

/* A window that the firmware's tables describe is known and guarded since boot. -ENODEV: another
 * one, on which the guest must not rely. */
s64 physdev_pci_mmcfg_reserved(u64 at)
{
    struct physdev_pci_mmcfg_reserved ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.start_bus > ask.end_bus || ask.flags & ~(u32)XEN_PCI_MMCFG_RESERVED) {
        return -XEN_EINVAL;
    }
    const struct pci_window *window;
    for (u32 i = 0; (window = pci_window(i)); i++) {
        if (window->base == ask.address && window->segment == ask.segment &&
            window->first_bus <= ask.start_bus && window->last_bus >= ask.end_bus) {
            return 0;
        }
    }
    return -XEN_ENODEV;
}

/* The reset of a controller with a debug port, which the hypervisor does not use. */
s64 physdev_dbgp_op(u64 at)
{
    struct physdev_dbgp_op ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    return ask.op == PHYSDEVOP_DBGP_RESET_PREPARE || ask.op == PHYSDEVOP_DBGP_RESET_DONE
               ? 0
               : -XEN_EINVAL;
}
