/* SPDX-License-Identifier: MIT */
/* Frames of the machine that nobody may map for writing. */
#include "hypervisor/pirq/forbid.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/irq/ioapic.h"
#include "hypervisor/log/log.h"
#include "hypervisor/pci/guest.h"
#include "hypervisor/time/hpet.h"

/* Says whether nobody can write to a frame of [first, end) as it is: each enable of MSI-X reports
 * the table again. */
static bool is_forbidden(u64 first, u64 end)
{
    const struct domain *privileged = domain_by_id(0);

    while (first < end && privileged && rights_frame(privileged, mfn(first)) != VMMU_ACCESS_WRITE) {
        first++;
    }
    return first == end;
}

static bool forbid(u64 address, u64 bytes)
{
    u64 first = address >> PAGE_SHIFT, end = (address + bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;

    return is_forbidden(first, end) || rights_forbid_writing(mfn(first), end - first);
}

bool pci_table_found(u64 address, u64 bytes)
{
    return forbid(address, bytes);
}

void forbid_interrupt_registers(void)
{
    u64 hpet = hpet_start();
    bool room = !hpet || forbid(hpet, 1);

    for (u32 i = 0; ioapic_address(i); i++) {
        room &= forbid(ioapic_address(i), 1);
    }
    if (!room) {
        panic("no room for the frames that nobody may write to");
    }
}
