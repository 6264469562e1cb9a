/* SPDX-License-Identifier: MIT */
/* The privileged domain's accesses to configuration space: checked, then done. */
#include "hypervisor/pci/guest.h"
#include "hypervisor/irq/line.h"
#include "hypervisor/irq/message.h"
#include "hypervisor/pci/config.h"

/* The lengths of the two kinds of MSI capabilities: with an address of 64 bits and masks at most,
 * and at least. */
#define MSI_LENGTH_WIDE_MASKED 24u
#define MSI_LENGTH_WIDE        16u
#define MSI_LENGTH_MASKED      20u
#define MSI_LENGTH             12u

/* A part of configuration space, in bytes. */
struct part {
    u32 at, size;
};

static bool overlap(struct part a, struct part b)
{
    return a.at < b.at + b.size && b.at < a.at + a.size;
}

/* The word of 2 bytes at `at`, which holds `old`, as the write of `value` to `written` leaves it.
 */
static u32 merged(u32 at, u32 old, struct part written, u32 value)
{
    for (u32 i = 0; i < 2; i++) {
        u32 byte = at + i;

        if (byte >= written.at && byte < written.at + written.size) {
            u32 new = value >> 8 * (byte - written.at) & 0xff;
            old = (old & ~(0xffu << 8 * i)) | new << 8 * i;
        }
    }
    return old;
}

static u32 msi_length(u32 control)
{
    if (control & MSI_MASKABLE) {
        return control & MSI_WIDE ? MSI_LENGTH_WIDE_MASKED : MSI_LENGTH_MASKED;
    }
    return control & MSI_WIDE ? MSI_LENGTH_WIDE : MSI_LENGTH;
}

u32 pci_guest_read(u16 function, u32 offset, u32 size)
{
    u32 value = pci_read(function, offset, size);
    u32 msi = offset < PCI_SPACE_STANDARD ? 0 : pci_capability(function, PCI_CAPABILITY_MSI);
    const struct part read = {offset, size}, control = {msi + MSI_CONTROL, 1};

    if (msi && overlap(read, control) && line_msi_is_wanted(function)) {
        value |= MSI_ENABLE << 8 * (msi + MSI_CONTROL - offset);
    }
    return value;
}

/* Writes the part of an MSI capability at `msi` that the privileged domain may change: whether MSI
 * is on. */
static void write_msi(u16 function, u32 msi, struct part written, u32 value)
{
    u32 at = msi + MSI_CONTROL;

    if (overlap(written, (struct part){at, 1})) {
        line_want_msi(function, merged(at, 0, written, value) & MSI_ENABLE);
    }
}

static void write_msix(u16 function, u32 msix, struct part written, u32 value)
{
    u32 at = msix + MSIX_CONTROL, old = pci_read(function, at, 2), entries;
    u32 new = merged(at, old, written, value);

    if (new & ~old & MSIX_ENABLE) {
        u64 table = message_table(function, &entries);

        if (!table || !pci_table_found(table, (u64)entries * MSIX_ENTRY_SIZE) ||
            !line_mask_unused(function)) {
            new &= ~MSIX_ENABLE;
        }
    }
    pci_write(function, at, 2, new);
}

void pci_guest_write(u16 function, u32 offset, u32 size, u32 value)
{
    const struct part written = {offset, size};

    if (offset >= PCI_SPACE_STANDARD) {
        u32 msi = pci_capability(function, PCI_CAPABILITY_MSI);
        u32 length = msi ? msi_length(pci_read(function, msi + MSI_CONTROL, 2)) : 0;

        if (msi && overlap(written, (struct part){msi, length})) {
            write_msi(function, msi, written, value);
            return;
        }
        u32 msix = pci_capability(function, PCI_CAPABILITY_MSIX);
        if (msix && overlap(written, (struct part){msix, MSIX_TABLE})) {
            write_msix(function, msix, written, value);
            return;
        }
    }
    pci_write(function, offset, size, value);
}
