/* SPDX-License-Identifier: MIT */
/* The windows in memory on configuration space that a PCI Express machine has: a page for each
 * function, whose first 256 bytes are those of the ports 0xcf8 and 0xcfc. The privileged domain may
 * only read them; its stores are faults that end here. Source: PCI Firmware Specification 3.3,
 * section 4.1. */
#ifndef PCI_WINDOW_H
#define PCI_WINDOW_H

#include "lib/addr.h"

/* A window: buses `first_bus` to `last_bus` of a segment, bus 0 being at machine address `base`. */
struct pci_window {
    u64 base;
    u16 segment;
    u8 first_bus, last_bus;
};

/* Records a window that the firmware describes. Only at boot. False: there is no room. */
bool pci_window_found(struct pci_window window);

/* The window with number `index`, counted from 0; NULL: there are not so many. */
const struct pci_window *pci_window(u32 index);

/* The frames of a window. */
mfn_t pci_window_first(const struct pci_window *window);
u64 pci_window_frames(const struct pci_window *window);

/* Does the privileged domain's store of `size` bytes (1, 2, 4 or 8, and `offset` is a multiple of
 * that) to frame `m`, if it is a function's page in a window: as pci_guest_write in the first 256
 * bytes, and unchecked in the others, which have no register of interrupts. Without effect if it is
 * none, or one of another segment than 0. Takes RANK_LINES. */
void pci_window_store(mfn_t m, u32 offset, u32 size, u64 value);

#endif
