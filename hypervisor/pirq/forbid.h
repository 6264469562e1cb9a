/* SPDX-License-Identifier: MIT */
/* Frames of the machine that nobody may map for writing, since a write there is an interrupt with a
 * vector of the writer's choice, or prepares one: the registers of the IO-APICs and of the HPET,
 * the windows on configuration space (pci/window.h), and the MSI-X tables of devices
 * (pci_table_found in pci/guest.h). The local APICs' frames are forbidden from the start
 * (domain/rights.h). */
#ifndef PIRQ_FORBID_H
#define PIRQ_FORBID_H

/* Forbids writing to the IO-APICs, the HPET and the windows, and mapping what the processor
 * reserves for HyperTransport; starts the HPET's counter. Once, before the privileged domain runs.
 * Panics if there is no room. */
void forbid_for_ever(void);

#endif
