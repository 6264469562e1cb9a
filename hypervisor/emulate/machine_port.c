/* SPDX-License-Identifier: MIT */
/* The machine's I/O ports for the privileged domain. */
#include "hypervisor/emulate/machine_port.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/emulate/raw_port.h"
#include "hypervisor/pci/config.h"
#include "hypervisor/pci/guest.h"

#define NO_DEVICE (~0u)

#define TIMER_FIRST   0x40
#define TIMER_LAST    0x42
#define TIMER_SPEAKER 0x42
#define TIMER_COMMAND 0x43
#define SPEAKER_GATE  0x61

#define GATE_CHANGES    0x03 /* the gate of channel 2, and the loudspeaker */
#define COMMAND_CHANNEL 0xc0
#define COMMAND_SPEAKER 0x80 /* the command is for channel 2 */

#define PCI_ADDRESS      0xcf8
#define PCI_DATA_FIRST   0xcfc
#define ADDRESS_ENABLE   0x80000000u
#define ADDRESS_FUNCTION 0x00ffff00u
#define ADDRESS_REGISTER 0x000000fcu

/* ---- configuration space ---- */

/* Finds what an access to the data ports means by the domain's address register. False: it is no
 * configuration access, or of registers that no such access reaches. */
static bool find_register(const struct domain *domain, u16 port, u32 size, u16 *function,
                          u32 *offset)
{
    u32 address = atomic_load_explicit(&domain->pci_address, memory_order_relaxed);

    *function = (u16)((address & ADDRESS_FUNCTION) >> 8);
    *offset = (address & ADDRESS_REGISTER) + (port - PCI_DATA_FIRST);
    return (address & ~(ADDRESS_FUNCTION | 0xff)) == ADDRESS_ENABLE &&
           port - PCI_DATA_FIRST + size <= 4 && *offset % size == 0;
}

/* ---- filtered ports ---- */

static u32 read_filtered(struct domain *domain, u16 port, u32 size)
{
    u16 function;
    u32 offset;

    if (port == PCI_ADDRESS && size == sizeof(u32)) {
        return atomic_load_explicit(&domain->pci_address, memory_order_relaxed);
    }
    if (port >= PCI_DATA_FIRST) {
        return find_register(domain, port, size, &function, &offset)
                   ? pci_guest_read(function, offset, size)
                   : NO_DEVICE;
    }
    return size == 1 || port == PCI_ADDRESS ? raw_port_read(port, size) : NO_DEVICE;
}

static void write_filtered(struct domain *domain, u16 port, u32 size, u32 value)
{
    u16 function;
    u32 offset;

    if (port == PCI_ADDRESS && size == sizeof(u32)) {
        atomic_store_explicit(&domain->pci_address, value, memory_order_relaxed);
    } else if (port == PCI_ADDRESS) {
        raw_port_write(port, size, value);
    } else if (port >= PCI_DATA_FIRST) {
        if (find_register(domain, port, size, &function, &offset)) {
            pci_guest_write(function, offset, size, value);
        }
    } else if (size != 1) {
        return;
    } else if (port == SPEAKER_GATE) {
        raw_port_write(port, 1, (raw_port_read(port, 1) & ~GATE_CHANGES) | (value & GATE_CHANGES));
    } else if (port == TIMER_SPEAKER ||
               (port == TIMER_COMMAND && (value & COMMAND_CHANNEL) == COMMAND_SPEAKER)) {
        raw_port_write(port, 1, value);
    }
}

u32 machine_port_read(struct domain *domain, u16 port, u32 size)
{
    switch (rights_port(domain, port, size)) {
    case PORT_FREE:
        return raw_port_read(port, size);
    case PORT_FILTERED:
        return read_filtered(domain, port, size);
    default:
        /* The counters of the interval timer read 0 and never change, so that a kernel that
         * measures time with them gives up; if they read as all ones, it would wait for ever. */
        return port >= TIMER_FIRST && port <= TIMER_LAST ? 0 : NO_DEVICE;
    }
}

void machine_port_write(struct domain *domain, u16 port, u32 size, u32 value)
{
    switch (rights_port(domain, port, size)) {
    case PORT_FREE:
        raw_port_write(port, size, value);
        break;
    case PORT_FILTERED:
        write_filtered(domain, port, size, value);
        break;
    default:
        break;
    }
}
