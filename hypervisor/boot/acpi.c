/* SPDX-License-Identifier: MIT */
/* Reading the processors and the interrupt controllers from the ACPI tables. */
#include "hypervisor/boot/acpi.h"
#include "hypervisor/boot/acpi_tables.h"
#include "hypervisor/irq/ioapic.h"
#include "hypervisor/pci/window.h"
#include "hypervisor/log/log.h"

#define MADT_LOCAL_APIC   0u
#define MADT_IOAPIC       1u
#define MADT_OVERRIDE     2u
#define MADT_LOCAL_X2APIC 9u
#define MADT_ENABLED      1u
#define BUS_ISA           0u
#define FLAG_MASK         3u
#define FLAG_TRIGGER      2 /* shift */

struct madt {
    struct acpi_table table;
    u32 address, flags;
} __attribute__((packed));

struct madt_entry {
    u8 type, length;
} __attribute__((packed));

struct madt_apic {
    struct madt_entry entry;
    u8 processor, id;
    u32 flags;
} __attribute__((packed));

struct madt_x2apic {
    struct madt_entry entry;
    u16 reserved;
    u32 id, flags, processor;
} __attribute__((packed));

struct madt_ioapic {
    struct madt_entry entry;
    u8 id, reserved;
    u32 address, first_gsi;
} __attribute__((packed));

struct madt_override {
    struct madt_entry entry;
    u8 bus, irq;
    u32 gsi;
    u16 flags;
} __attribute__((packed));

/* The table of windows on configuration space (PCI Firmware Specification 3.3, section 4.1.2). */
struct mcfg {
    struct acpi_table table;
    u64 reserved;
} __attribute__((packed));

struct mcfg_window {
    u64 base;
    u16 segment;
    u8 first_bus, last_bus;
    u32 reserved;
} __attribute__((packed));

static void add(struct processors *processors, u32 id, u32 flags)
{
    if (!(flags & MADT_ENABLED)) {
        return;
    }
    if (processors->count == VMMU_CPUS_MAX) {
        processors->left_out++;
    } else {
        processors->apic_id[processors->count++] = id;
    }
}

/* The entry of type `type` behind `from` (NULL: the first), if it has `least` bytes. NULL: there is
 * none, or what precedes it is damaged. */
static const void *next_entry(const struct madt *madt, const void *from, u32 type, u32 least)
{
    const u8 *at = (const u8 *)(madt + 1), *end = (const u8 *)madt + madt->table.length;
    bool behind = !from;

    while (at + sizeof(struct madt_entry) <= end) {
        const struct madt_entry *entry = (const struct madt_entry *)at;

        if (entry->length < sizeof *entry || at + entry->length > end) {
            return NULL;
        }
        if (behind && entry->type == type && entry->length >= least) {
            return entry;
        }
        behind |= (const void *)entry == from;
        at += entry->length;
    }
    return NULL;
}

/* The next entry of `type`, whose structure `entry` points to. */
#define NEXT_ENTRY(madt, entry, type) next_entry(madt, entry, type, sizeof *(entry))

static const struct madt *find_madt(void)
{
    return (const struct madt *)acpi_find("APIC", sizeof(struct madt));
}

void acpi_read_processors(struct processors *processors)
{
    const struct madt *madt = find_madt();
    const struct madt_apic *apic = NULL;
    const struct madt_x2apic *x2apic = NULL;

    *processors = (struct processors){.count = 0};
    if (!madt) {
        return;
    }
    while ((apic = NEXT_ENTRY(madt, apic, MADT_LOCAL_APIC))) {
        add(processors, apic->id, apic->flags);
    }
    while ((x2apic = NEXT_ENTRY(madt, x2apic, MADT_LOCAL_X2APIC))) {
        add(processors, x2apic->id, x2apic->flags);
    }
}

void acpi_read_interrupts(void)
{
    const struct madt *madt = find_madt();
    const struct madt_ioapic *ioapic = NULL;
    const struct madt_override *override = NULL;

    if (!madt) {
        return;
    }
    while ((ioapic = NEXT_ENTRY(madt, ioapic, MADT_IOAPIC))) {
        ioapic_found(ioapic->address, ioapic->first_gsi);
    }
    while ((override = NEXT_ENTRY(madt, override, MADT_OVERRIDE))) {
        if (override->bus == BUS_ISA) {
            ioapic_isa_override(override->irq, override->gsi, override->flags & FLAG_MASK,
                                override->flags >> FLAG_TRIGGER & FLAG_MASK);
        }
    }
}

void acpi_read_windows(void)
{
    const struct mcfg *mcfg = (const struct mcfg *)acpi_find("MCFG", sizeof(struct mcfg));

    if (!mcfg) {
        return;
    }
    const struct mcfg_window *window = (const struct mcfg_window *)(mcfg + 1);
    for (u64 left = mcfg->table.length - sizeof *mcfg; left >= sizeof *window;
         left -= sizeof *window, window++) {
        if (window->last_bus >= window->first_bus &&
            !pci_window_found((struct pci_window){.base = window->base,
                                                  .segment = window->segment,
                                                  .first_bus = window->first_bus,
                                                  .last_bus = window->last_bus})) {
            panic("more windows on PCI configuration space than are supported");
        }
    }
}
