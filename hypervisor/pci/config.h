/* SPDX-License-Identifier: MIT */
/* Configuration space of the PCI functions of segment 0: the first 256 bytes of each, by the ports
 * 0xcf8 and 0xcfc, which every PC has. Functions that take RANK_PCI may be called with locks of
 * lower ranks held. Sources: PCI Local Bus specification 3.0, section 3.2.2.3.2 and chapter 6. */
#ifndef PCI_CONFIG_H
#define PCI_CONFIG_H

#include "lib/types.h"

/* A function is named by its number on its bus and the bus: bus << 8 | device << 3 | function. */
#define PCI_FUNCTION(bus, devfn) ((u16)((u16)(bus) << 8 | (u8)(devfn)))

#define PCI_SPACE 256u /* bytes of configuration space that can be reached */

#define PCI_VENDOR         0x00
#define PCI_COMMAND        0x04
#define PCI_STATUS         0x06
#define PCI_HEADER         0x0e
#define PCI_BAR_FIRST      0x10
#define PCI_CAPABILITIES   0x34
#define PCI_SPACE_STANDARD 0x40 /* the standard header ends here; capabilities lie above */

#define PCI_COMMAND_MEMORY   0x0002u
#define PCI_COMMAND_INTX_OFF 0x0400u
#define PCI_STATUS_HAS_LIST  0x0010u
#define PCI_HEADER_TYPE      0x7fu
#define PCI_BAR_IO           0x01u
#define PCI_BAR_TYPE         0x06u
#define PCI_BAR_TYPE_64      0x04u
#define PCI_BAR_ADDRESS      (~0xfull)
#define PCI_BARS_DEVICE      6u /* of an ordinary device; a bridge has 2 */
#define PCI_VENDOR_NONE      0xffffu
#define PCI_CAPABILITY_MSI   0x05u
#define PCI_CAPABILITY_MSIX  0x11u

/* Read and write `size` (1, 2 or 4) bytes of the function's configuration space from `offset`, a
 * multiple of `size` below PCI_SPACE. A function that does not exist reads as all ones. Take
 * RANK_PCI. Defined by pci/config_access.c, in tests by the test. */
u32 pci_read(u16 function, u32 offset, u32 size);
void pci_write(u16 function, u32 offset, u32 size, u32 value);

bool pci_exists(u16 function);

/* The offset of the function's capability with this number (PCI_CAPABILITY_*); 0: it has none. */
u32 pci_capability(u16 function, u32 number);

/* The machine address that base address register `index` holds. 0: there is no such register, it is
 * not one of memory, or it holds none. */
u64 pci_bar(u16 function, u32 index);

#endif
