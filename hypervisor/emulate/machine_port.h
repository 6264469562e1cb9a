/* SPDX-License-Identifier: MIT */
/* The machine's I/O ports for a domain that has a right to them (rights_port). */
#ifndef EMULATE_MACHINE_PORT_H
#define EMULATE_MACHINE_PORT_H

#include "lib/types.h"

struct domain;

/* Read and write the `size` (1, 2 or 4) ports from `port` on, as the domain's right to them allows:
 * without a right, a read gives all ones, and 0 of the interval timer's counters, and a write does
 * nothing. Of the filtered ports
 *   - 0xcf8 as a word of 4 bytes is a register of the domain's own, and the data ports behind it
 * lead to configuration space as pci/guest.h has it; other accesses to 0xcf8 reach the machine;
 *   - 0x42, 0x43 and 0x61 serve the loudspeaker: channel 2 of the interval timer and its gate. */
u32 machine_port_read(struct domain *domain, u16 port, u32 size);
void machine_port_write(struct domain *domain, u16 port, u32 size, u32 value);

#endif
