/* SPDX-License-Identifier: MIT */
/* What configuration space says of a PCI function. */
#include "hypervisor/pci/config.h"

#define CAPABILITIES_MOST ((PCI_SPACE - PCI_SPACE_STANDARD) / 4) /* a longer list is a loop */

bool pci_exists(u16 function)
{
    return pci_read(function, PCI_VENDOR, 2) != PCI_VENDOR_NONE;
}

u32 pci_capability(u16 function, u32 number)
{
    if (!pci_exists(function) || !(pci_read(function, PCI_STATUS, 2) & PCI_STATUS_HAS_LIST)) {
        return 0;
    }
    u32 at = pci_read(function, PCI_CAPABILITIES, 1) & ~3u;
    for (u32 i = 0; i < CAPABILITIES_MOST && at >= PCI_SPACE_STANDARD; i++) {
        u32 head = pci_read(function, at, 2); /* its number, then the offset of the next */

        if ((head & 0xff) == number) {
            return at;
        }
        at = head >> 8 & ~3u;
    }
    return 0;
}

u64 pci_bar(u16 function, u32 index)
{
    bool device = !(pci_read(function, PCI_HEADER, 1) & PCI_HEADER_TYPE);
    u32 count = device ? PCI_BARS_DEVICE : 2;

    if (index >= count) {
        return 0;
    }
    u32 at = PCI_BAR_FIRST + 4 * index;
    u64 bar = pci_read(function, at, 4);
    if (bar & PCI_BAR_IO) {
        return 0;
    }
    if ((bar & PCI_BAR_TYPE) == PCI_BAR_TYPE_64 && index + 1 < count) {
        bar |= (u64)pci_read(function, at + 4, 4) << 32;
    }
    return bar & PCI_BAR_ADDRESS;
}
