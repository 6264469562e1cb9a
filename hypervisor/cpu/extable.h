/* SPDX-License-Identifier: MIT */
/* The exception table: the hypervisor's instructions that may fault because of a guest, and their
 * fixups. Assembly adds entries to it (section .extable). */
#ifndef CPU_EXTABLE_H
#define CPU_EXTABLE_H

#include "lib/types.h"

/* The address at which execution continues when the instruction at `rip` faults. 0: that
 * instruction must not fault, so the fault is an error of the hypervisor. */
u64 extable_fixup(u64 rip);

/* Makes `address` the address of this CPU's last page fault (CR2) again, for a handler that may
 * have caused others, which were fixed. */
void fault_address_restore(u64 address);

#endif
