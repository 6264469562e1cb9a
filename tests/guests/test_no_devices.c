/* SPDX-License-Identifier: MIT */
/* A guest without privileges has no interrupt of the machine, no PCI device and no IO-APIC: every
 * operation on them answers as the ABI says, for every argument, and nothing is read or written.
 * XSA-16, XSA-21, XSA-46. */
#include "tests/guests/common/event.h"

#include <xen/event_channel.h>
#include <xen/physdev.h>

#define ARGUMENT_SIZE 64u

/* Operations that only the privileged domain has, and what others get. */
static const struct {
    u32 operation;
    long answer;
} operations[] = {
    {PHYSDEVOP_irq_status_query, -XEN_EINVAL},
    {PHYSDEVOP_apic_read, -XEN_EPERM},
    {PHYSDEVOP_apic_write, -XEN_EPERM},
    {PHYSDEVOP_alloc_irq_vector, -XEN_EPERM},
    {PHYSDEVOP_free_irq_vector, -XEN_ENOSYS},
    {PHYSDEVOP_eoi, -XEN_EINVAL},
    {PHYSDEVOP_map_pirq, -XEN_EPERM},
    {PHYSDEVOP_unmap_pirq, -XEN_EPERM},
    {PHYSDEVOP_manage_pci_add, -XEN_EPERM},
    {PHYSDEVOP_manage_pci_remove, -XEN_EPERM},
    {PHYSDEVOP_pirq_eoi_gmfn_v1, -XEN_ENOSYS},
    {PHYSDEVOP_restore_msi, -XEN_EPERM},
    {PHYSDEVOP_manage_pci_add_ext, -XEN_EPERM},
    {PHYSDEVOP_setup_gsi, -XEN_EPERM},
    {PHYSDEVOP_get_free_pirq, -XEN_EPERM},
    {PHYSDEVOP_pci_mmcfg_reserved, -XEN_EPERM},
    {PHYSDEVOP_pci_device_add, -XEN_EPERM},
    {PHYSDEVOP_pci_device_remove, -XEN_EPERM},
    {PHYSDEVOP_restore_msi_ext, -XEN_EPERM},
    {PHYSDEVOP_pirq_eoi_gmfn_v2, -XEN_ENOSYS},
    {PHYSDEVOP_dbgp_op, -XEN_EPERM},
    {PHYSDEVOP_prepare_msix, -XEN_EPERM},
    {PHYSDEVOP_release_msix, -XEN_EPERM},
};

/* without: the answer without an argument. */
static void check_operation(u32 operation, long answer, long without)
{
    static const u8 fills[] = {0, 1, 0x7f, 0xff};
    u8 argument[ARGUMENT_SIZE];

    for (unsigned i = 0; i < sizeof fills; i++) {
        memset(argument, fills[i], sizeof argument);
        check_equal(hypercall(__HYPERVISOR_physdev_op, operation, address(argument), 0), answer,
                    "physdev_op %u", operation);
        for (unsigned k = 0; k < sizeof argument; k++) {
            check(argument[k] == fills[i], "physdev_op %u writes byte %u", operation, k);
        }
    }
    check_equal(hypercall(__HYPERVISOR_physdev_op, operation, 0, 0), without, "physdev_op %u of 0",
                operation);
}

void test_main(void)
{
    static const u32 pirqs[] = {0, 1, 15, 255, 511, 512, 1u << 20, ~0u};

    for (unsigned i = 0; i < sizeof operations / sizeof *operations; i++) {
        const u32 operation = operations[i].operation;
        const long answer = operations[i].answer;
        /* Those that exist read the argument first, but for two. */
        const bool refuses = answer == -XEN_ENOSYS || operation == PHYSDEVOP_pci_mmcfg_reserved ||
                             operation == PHYSDEVOP_dbgp_op;

        check_operation(operation, answer, refuses ? answer : -XEN_EFAULT);
    }
    for (unsigned i = 0; i < sizeof pirqs / sizeof *pirqs; i++) {
        struct evtchn_bind_pirq ask = {.pirq = pirqs[i]};

        check_equal(event_channel_op(EVTCHNOP_bind_pirq, &ask), -XEN_EPERM, "bind of pirq %u",
                    pirqs[i]);
    }
}
