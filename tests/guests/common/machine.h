/* SPDX-License-Identifier: MIT */
/* The machine's devices, for a test that runs as dom0: ports, PCI configuration space, device
 * memory and interrupts. */
#ifndef GUESTS_MACHINE_H
#define GUESTS_MACHINE_H

#include "tests/guests/common/guest.h"

#include <xen/physdev.h>

static inline u8 in8(u16 port)
{
    u8 value;
    __asm__ volatile("in %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void out8(u16 port, u8 value)
{
    __asm__ volatile("out %0, %1" : : "a"(value), "Nd"(port));
}

static inline u32 in32(u16 port)
{
    u32 value;
    __asm__ volatile("in %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void out32(u16 port, u32 value)
{
    __asm__ volatile("out %0, %1" : : "a"(value), "Nd"(port));
}

/* Lets the kernel use ports, and prepares the wait for events. First. */
void machine_start(void);

long physdev_op(unsigned operation, void *argument);

/* ---- PCI; a function is bus << 8 | device << 3 | number ---- */

#define PCI_NONE 0xffffu

u32 pci_read(u32 function, u32 offset);
void pci_write(u32 function, u32 offset, u32 value);

/* Reads and writes 2 bytes. */
u32 pci_read16(u32 function, u32 offset);
void pci_write16(u32 function, u32 offset, u32 value);

/* The first function on bus 0 with these numbers. PCI_NONE: there is none. */
u32 pci_find(u32 vendor, u32 device);

/* The offset of the function's capability `number`; 0: it has none. */
u32 pci_capability(u32 function, u32 number);

/* Maps `pages` pages of device memory from machine address `at`, uncached. `writable`: asks for
 * that. Returns their address; error() if the hypervisor refuses. */
volatile u32 *map_device(u64 at, u32 pages, bool writable);

/* ---- interrupts ---- */

/* Maps pin `gsi` as pirq. The result of the call; *pirq is in and out. */
long map_gsi(u32 gsi, int *pirq);

/* Maps a message of a PCI function: with `table`, the machine address of a BAR, entry `entry` of
 * its MSI-X table. */
long map_message(u32 function, u64 table, u32 entry, int *pirq);

long unmap_pirq(int pirq);
long bind_pirq(int pirq, evtchn_port_t *port);
long end_of_interrupt(int pirq);

/* Unmasks the port. */
void open_port(evtchn_port_t port);

/* Waits until the port is pending, and clears that. False: nothing came for a time in which it
 * would have. */
bool take_event(evtchn_port_t port);

/* Says whether the port is pending. */
bool port_is_pending(evtchn_port_t port);

#endif
