/* SPDX-License-Identifier: MIT */
/* Configuration space as the privileged domain reads and writes it. It may write what it likes, but
 * for what the hypervisor programs: addresses, data and masks of MSI keep their values, MSI can be
 * on only while the hypervisor has given the function an interrupt line (irq/line.h), and MSI-X
 * only while entries of its table without a line are masked and the table's frames cannot be
 * written. */
#ifndef PCI_GUEST_H
#define PCI_GUEST_H

#include "lib/types.h"

/* Read and write `size` (1, 2, 4) bytes from `offset` of the function's configuration space, below
 * PCI_SPACE; they lie in one word of 4 bytes. Take RANK_LINES. */
u32 pci_guest_read(u16 function, u32 offset, u32 size);
void pci_guest_write(u16 function, u32 offset, u32 size, u32 value);

/* Defined by pirq/: from now on nobody maps these frames, of an MSI-X table, for writing; entries
 * that do lose the right. False: there is no room to record them. No lock is held; interrupts may
 * be let in. */
bool pci_table_found(u64 address, u64 bytes);

#endif
