/* SPDX-License-Identifier: MIT */
/* Frames of the machine that nobody may map, or map for writing. */
#include "hypervisor/pirq/forbid.h"
#include "hypervisor/cpu/processor.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/irq/ioapic.h"
#include "hypervisor/log/log.h"
#include "hypervisor/pci/guest.h"
#include "hypervisor/pci/window.h"
#include "hypervisor/time/hpet.h"
#include "vmmu/devices.h"

/* The addresses that AMD processors reserve for messages of HyperTransport: 12 GiB below 2^40, and
 * from family 17h on below 2^48 (BIOS and Kernel Developer's Guides; Processor Programming
 * References). */
static const u64 hypertransport[] = {0xfd00000000, 0xfffd00000000};
#define HYPERTRANSPORT_SIZE 0x300000000

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

/* Takes the right to write to these frames from the entries that map them already. */
static void take_away(mfn_t first, u64 count)
{
    struct domain *privileged = domain_by_id(0);
    u64 at = 0;

    while (privileged && vmmu_restrict_devices(&privileged->mmu, first, count, &at) == VMMU_AGAIN) {
    }
}

static bool forbid(u64 address, u64 bytes)
{
    u64 first = address >> PAGE_SHIFT, end = (address + bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;

    if (is_forbidden(first, end)) {
        return true;
    }
    if (!rights_forbid_writing(mfn(first), end - first)) {
        return false;
    }
    take_away(mfn(first), end - first);
    return true;
}

bool pci_table_found(u64 address, u64 bytes)
{
    return forbid(address, bytes);
}

/* Forbids addresses that the processor reserves. False: no room. */
static bool forbid_reserved(void)
{
    bool room = true;

    if (processor_vendor_is("AuthenticAMD") || processor_vendor_is("HygonGenuine")) {
        for (u32 i = 0; i < ARRAY_LENGTH(hypertransport); i++) {
            room &= rights_forbid(mfn(hypertransport[i] >> PAGE_SHIFT),
                                  HYPERTRANSPORT_SIZE >> PAGE_SHIFT);
        }
    }
    return room;
}

void forbid_for_ever(void)
{
    u64 hpet = hpet_start();
    bool room = forbid_reserved() && (!hpet || forbid(hpet, 1));

    const struct pci_window *window;
    for (u32 i = 0; (window = pci_window(i)); i++) {
        room &= rights_forbid_writing(pci_window_first(window), pci_window_frames(window));
    }
    for (u32 i = 0; ioapic_address(i); i++) {
        room &= forbid(ioapic_address(i), 1);
    }
    if (!room) {
        panic("no room for the frames that nobody may map or write to");
    }
}
