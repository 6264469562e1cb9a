/* SPDX-License-Identifier: MIT */
/* The machine's IO-APICs. */
#include "hypervisor/irq/ioapic.h"
#include "hypervisor/log/log.h"
#include "hypervisor/ranks.h"
#include "lib/lock.h"

#define REGISTER_VERSION 1
#define REGISTER_PINS    0x10 /* two registers a pin: the lower half of its entry, then the upper */
#define REGISTERS_OTHER  4    /* the registers below REGISTER_PINS that exist */

#define ENTRY_LOW    (1u << 13)
#define ENTRY_LEVEL  (1u << 15)
#define ENTRY_MASKED (1u << 16)
#define TARGET_SHIFT 24

#define FORM_LOW   3u
#define FORM_LEVEL 3u

struct ioapic {
    u64 address;
    void *registers;
    u32 first_gsi, pins;
};

static struct {
    struct lock lock;
    u32 count, gsis;
    struct ioapic ioapic[IOAPICS_MAX];
    u8 isa_gsi[ISA_IRQS];
    bool has_isa_gsi[ISA_IRQS]; /* the element of isa_gsi holds; else the GSI has the same number */
    bool has_form[GSIS_MAX];
    struct pin_form form[GSIS_MAX];
    u32 entry[GSIS_MAX]; /* the lower half of each pin's entry, as it was written last */
} ioapics = {.lock = {.rank = RANK_IOAPIC}};

void ioapic_found(u64 address, u32 first_gsi)
{
    if (ioapics.count == IOAPICS_MAX || first_gsi >= GSIS_MAX) {
        log_line("IO-APIC with GSI %u left out", first_gsi);
        return;
    }
    ioapics.ioapic[ioapics.count++] = (struct ioapic){.address = address, .first_gsi = first_gsi};
}

void ioapic_isa_override(u32 irq, u32 gsi, u32 polarity, u32 trigger)
{
    if (irq >= ISA_IRQS || gsi >= GSIS_MAX) {
        return;
    }
    ioapics.isa_gsi[irq] = (u8)gsi;
    ioapics.has_isa_gsi[irq] = true;
    ioapics.has_form[gsi] = true;
    ioapics.form[gsi] =
        (struct pin_form){.level = trigger == FORM_LEVEL, .low = polarity == FORM_LOW};
}

static u32 pins_of(const struct ioapic *ioapic)
{
    u32 pins = (ioapic_register(ioapic->registers, REGISTER_VERSION) >> 16 & 0xff) + 1;

    if (pins > IOAPIC_PINS_MAX) {
        pins = IOAPIC_PINS_MAX;
    }
    return pins > GSIS_MAX - ioapic->first_gsi ? GSIS_MAX - ioapic->first_gsi : pins;
}

/* Finds the IO-APIC that has the pin. NULL: no started one has. */
static struct ioapic *find(u32 gsi)
{
    for (u32 i = 0; i < ioapics.count; i++) {
        struct ioapic *ioapic = &ioapics.ioapic[i];

        if (gsi >= ioapic->first_gsi && gsi - ioapic->first_gsi < ioapic->pins) {
            return ioapic;
        }
    }
    return NULL;
}

/* Writes the lower half of the pin's entry. The lock is held. */
static void write_entry(u32 gsi, u32 entry)
{
    const struct ioapic *ioapic = find(gsi);

    ioapics.entry[gsi] = entry;
    ioapic_set_register(ioapic->registers, REGISTER_PINS + 2 * (gsi - ioapic->first_gsi), entry);
}

/* Writes the upper half of the pin's entry. The lock is held. */
static void write_target(u32 gsi, u32 apic_id)
{
    const struct ioapic *ioapic = find(gsi);

    ioapic_set_register(ioapic->registers, REGISTER_PINS + 2 * (gsi - ioapic->first_gsi) + 1,
                        apic_id << TARGET_SHIFT);
}

static void start(struct ioapic *ioapic)
{
    ioapic->registers = ioapic_map(ioapic->address);
    if (!ioapic->registers) {
        panic("no memory to map an IO-APIC");
    }
    ioapic->pins = pins_of(ioapic);
    for (u32 gsi = ioapic->first_gsi; gsi < ioapic->first_gsi + ioapic->pins; gsi++) {
        if (!ioapics.has_form[gsi]) {
            bool pci = gsi >= ISA_IRQS;

            ioapics.form[gsi] = (struct pin_form){.level = pci, .low = pci};
        }
        write_entry(gsi, ENTRY_MASKED);
    }
    if (ioapic->first_gsi + ioapic->pins > ioapics.gsis) {
        ioapics.gsis = ioapic->first_gsi + ioapic->pins;
    }
}

void ioapic_start(void)
{
    for (u32 i = 0; i < ioapics.count; i++) {
        if (!ioapics.ioapic[i].registers) {
            start(&ioapics.ioapic[i]);
        }
    }
}

u32 ioapic_gsis(void)
{
    return ioapics.gsis;
}

bool ioapic_has_pin(u32 gsi)
{
    return find(gsi) != NULL;
}

u32 ioapic_gsi_of_isa(u32 irq)
{
    return ioapics.has_isa_gsi[irq] ? ioapics.isa_gsi[irq] : irq;
}

struct pin_form ioapic_form(u32 gsi)
{
    return ioapics.form[gsi];
}

void ioapic_set_form(u32 gsi, struct pin_form form)
{
    lock_take(&ioapics.lock);
    ioapics.form[gsi] = form;
    lock_release(&ioapics.lock);
}

void ioapic_route(u32 gsi, u32 vector, u32 apic_id)
{
    lock_take(&ioapics.lock);
    const struct pin_form form = ioapics.form[gsi];

    write_target(gsi, apic_id);
    write_entry(gsi, ENTRY_MASKED | vector | (form.level ? ENTRY_LEVEL : 0) |
                         (form.low ? ENTRY_LOW : 0));
    lock_release(&ioapics.lock);
}

void ioapic_aim(u32 gsi, u32 apic_id)
{
    lock_take(&ioapics.lock);
    write_target(gsi, apic_id);
    lock_release(&ioapics.lock);
}

void ioapic_mask(u32 gsi)
{
    lock_take(&ioapics.lock);
    write_entry(gsi, ioapics.entry[gsi] | ENTRY_MASKED);
    lock_release(&ioapics.lock);
}

void ioapic_unmask(u32 gsi)
{
    lock_take(&ioapics.lock);
    write_entry(gsi, ioapics.entry[gsi] & ~ENTRY_MASKED);
    lock_release(&ioapics.lock);
}

static const struct ioapic *find_address(u64 address)
{
    for (u32 i = 0; i < ioapics.count; i++) {
        if (ioapics.ioapic[i].address == address && ioapics.ioapic[i].registers) {
            return &ioapics.ioapic[i];
        }
    }
    return NULL;
}

bool ioapic_find_pin(u64 address, u32 index, u32 *gsi, bool *high)
{
    const struct ioapic *ioapic = find_address(address);

    if (!ioapic || index < REGISTER_PINS || (index - REGISTER_PINS) / 2 >= ioapic->pins) {
        return false;
    }
    *gsi = ioapic->first_gsi + (index - REGISTER_PINS) / 2;
    *high = index & 1;
    return true;
}

bool ioapic_read(u64 address, u32 index, u32 *value)
{
    const struct ioapic *ioapic = find_address(address);
    u32 gsi;
    bool high;

    if (!ioapic || (index >= REGISTERS_OTHER && !ioapic_find_pin(address, index, &gsi, &high))) {
        return false;
    }
    lock_take(&ioapics.lock);
    *value = ioapic_register(ioapic->registers, index);
    lock_release(&ioapics.lock);
    return true;
}

u64 ioapic_address(u32 number)
{
    return number < ioapics.count ? ioapics.ioapic[number].address : 0;
}
