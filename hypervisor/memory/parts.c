/* SPDX-License-Identifier: MIT */
/* Which parts of a page table hold an entry, by vector registers where they may be used. In a file
 * of its own, because a test on the host stands in for it. */
#include "hypervisor/cpu/asm.h"
#include "lib/parts.h"
#include "vmmu/port.h"

/* In parts.S. CR0.TS must be 0: otherwise the use of a vector register is a #NM. */
u32 parts_in_use_vectors(const void *page);

/* CR0.TS is 1 only if the guest of the loaded vCPU has asked for it. */
u32 port_parts_in_use(const _Atomic u64 *entries)
{
    const void *page = (const void *)entries;

    return read_cr0() & CR0_TS ? parts_in_use(page) : parts_in_use_vectors(page);
}
