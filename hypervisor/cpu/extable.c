/* SPDX-License-Identifier: MIT */
/* The exception table: the hypervisor's instructions that may fault because of a guest, and their
 * fixups. */
#include "hypervisor/cpu/extable.h"
#include "hypervisor/cpu/asm.h"

struct extable_entry {
    u64 at, fixup;
};

extern const struct extable_entry extable_start[], extable_end[];

u64 extable_fixup(u64 rip)
{
    for (const struct extable_entry *e = extable_start; e < extable_end; e++) {
        if (e->at == rip) {
            return e->fixup;
        }
    }
    return 0;
}

void fault_address_restore(u64 address)
{
    if (read_cr2() != address) { /* reading it is much faster */
        write_cr2(address);
    }
}
