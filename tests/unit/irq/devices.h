/* SPDX-License-Identifier: MIT */
/* A machine for tests of irq/ and pci/: two IO-APICs as register models, and a few PCI functions
 * with a configuration space and an MSI-X table in memory. */
#ifndef UNIT_IRQ_DEVICES_H
#define UNIT_IRQ_DEVICES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/cpu/cpu.h"
#include "hypervisor/irq/ioapic.h"
#include "hypervisor/irq/line.h"
#include "hypervisor/irq/message.h"
#include "hypervisor/irq/pic.h"
#include "hypervisor/irq/vector.h"
#include "hypervisor/log/log.h"
#include "hypervisor/pci/config.h"
#include "hypervisor/pci/guest.h"
#include "hypervisor/xen.h"
#include "lib/addr.h"

#define IOAPIC_A 0xfec00000ull /* GSIs 0 to 23 */
#define IOAPIC_B 0xfec10000ull /* GSIs 24 to 31 */

/* The functions, all on bus 0. */
#define PLAIN    0x08u /* without capabilities */
#define MSI_ONE  0x10u /* MSI: one message, an address of 64 bits, no masks */
#define MSI_FOUR 0x18u /* MSI: four messages, with masks */
#define MSIX     0x20u /* MSI-X: TABLE_ENTRIES entries */
#define NOTHING  0x28u /* no such function */

#define MSI_AT        0x50u /* offsets of the capabilities */
#define MSIX_AT       0x70u
#define WINDOW        0xb0000000ull
#define TABLE_ENTRIES 8u
#define TABLE_BAR     0xfebf0000ull
#define TABLE_OFFSET  0x1000u

struct model {
    u32 version;
    u32 redirection[64];
};

struct devices {
    struct model ioapic[2];
    u8 space[0x30][PCI_SPACE];
    u32 table[TABLE_ENTRIES][4];
    u8 extended[PAGE_SIZE]; /* the page of PLAIN in the window on configuration space */
    u32 tables_found;
    bool refuses_tables; /* pci_table_found fails */
    bool has_pic;
    bool pic_enabled[16];
};

extern struct devices devices;

/* Makes everything as after a reset, and starts the IO-APICs on the first call. Lines that a test
 * opens it closes. */
void devices_start(void);

u32 space_word(u32 function, u32 offset);
void set_space_word(u32 function, u32 offset, u32 value);

/* The lower and the upper half of a pin's entry. */
u32 entry_low(u32 gsi);
u32 entry_high(u32 gsi);

#endif
