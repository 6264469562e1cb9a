/* SPDX-License-Identifier: MIT */
/* Reading from the ACPI tables how the machine is switched off and reset, and its timers. */
#include "hypervisor/boot/acpi.h"
#include "hypervisor/boot/acpi_tables.h"
#include "hypervisor/cpu/machine.h"
#include "hypervisor/time/pm_timer.h"
#include "lib/string.h"

#define FADT_DSDT        40u
#define FADT_PM1A        64u
#define FADT_PM1B        68u
#define FADT_TIMER       76u
#define FADT_TIMER_SIZE  91u /* bytes of the timer's register: 4, or 0 if there is none */
#define FADT_FLAGS       112u
#define FADT_RESET       116u
#define FADT_RESET_VALUE 128u
#define FADT_TIMER_NEW   208u /* the same timer in the newer form, which counts if it is there */
#define FADT_LEAST       72u
#define FADT_WITH_FLAGS  116u
#define FADT_WITH_NEW    220u
#define FADT_WITH_RESET  129u
#define FADT_TIMER_WIDE  (1u << 8)
#define FADT_HAS_RESET   (1u << 10)
#define FADT_REDUCED     (1u << 20) /* none of the fixed registers exists */
#define TIMER_BYTES      4u
#define HPET_ADDRESS     40u
#define HPET_LEAST       56u
#define SPACE_PORTS      1u

/* The object \_S5 in AML: a package with the sleep types of the two PM1 registers. */
#define AML_PACKAGE   0x12
#define AML_BYTE      0x0a
#define AML_ONE       0x01
#define AML_NAME_S5   "_S5_"
#define AML_NAME_SIZE 4u

/* ACPI's description of a register. */
struct address {
    u8 space, bits, offset, access;
    u64 address;
} __attribute__((packed));

static u32 word_of(const struct acpi_table *table, u32 offset)
{
    u32 word;

    memcpy(&word, (const u8 *)table + offset, sizeof word);
    return word;
}

/* Reads a small number in AML. Returns the bytes that it takes; 0: it is none. */
static u32 read_number(const u8 *at, const u8 *end, u8 *value)
{
    if (at < end && *at <= AML_ONE) {
        *value = *at;
        return 1;
    }
    if (at + 1 < end && *at == AML_BYTE) {
        *value = at[1];
        return 2;
    }
    return 0;
}

/* Reads the two sleep types behind the name \_S5, at `at`. */
static bool read_package(const u8 *at, const u8 *end, struct machine_power *power)
{
    if (at + 2 >= end || *at != AML_PACKAGE) {
        return false;
    }
    at += 2 + (at[1] >> 6); /* the length has up to four bytes */
    at++;                   /* the number of elements */
    u32 size = read_number(at, end, &power->off_type_a);
    return size && read_number(at + size, end, &power->off_type_b);
}

static void read_off_types(const struct acpi_table *dsdt, struct machine_power *power)
{
    const u8 *at = (const u8 *)(dsdt + 1), *end = (const u8 *)dsdt + dsdt->length;

    for (; at + AML_NAME_SIZE < end && !power->has_off_types; at++) {
        power->has_off_types = memcmp(at, AML_NAME_S5, AML_NAME_SIZE) == 0 &&
                               read_package(at + AML_NAME_SIZE, end, power);
    }
}

static void read_reset(const struct acpi_table *fadt, struct machine_power *power)
{
    struct address reset;

    if (fadt->length < FADT_WITH_RESET || !(word_of(fadt, FADT_FLAGS) & FADT_HAS_RESET)) {
        return;
    }
    memcpy(&reset, (const u8 *)fadt + FADT_RESET, sizeof reset);
    if (reset.space == SPACE_PORTS && reset.address && reset.address <= 0xffff) {
        power->reset_port = (u16)reset.address;
        power->reset_value = ((const u8 *)fadt)[FADT_RESET_VALUE];
    }
}

void acpi_read_power(void)
{
    const struct acpi_table *fadt = acpi_find("FACP", FADT_LEAST);
    struct machine_power power = {.reset_port = 0};

    if (!fadt) {
        return;
    }
    power.pm1a_control = (u16)word_of(fadt, FADT_PM1A);
    power.pm1b_control = (u16)word_of(fadt, FADT_PM1B);
    const struct acpi_table *dsdt = acpi_find_at(word_of(fadt, FADT_DSDT), "DSDT");
    if (dsdt) {
        read_off_types(dsdt, &power);
    }
    read_reset(fadt, &power);
    machine_set_power(&power);
}

void acpi_read_timer(void)
{
    const struct acpi_table *fadt = acpi_find("FACP", FADT_WITH_FLAGS);
    struct address wide = {.space = 0};

    if (!fadt || word_of(fadt, FADT_FLAGS) & FADT_REDUCED ||
        ((const u8 *)fadt)[FADT_TIMER_SIZE] != TIMER_BYTES) {
        return;
    }
    u64 port = word_of(fadt, FADT_TIMER);
    if (fadt->length >= FADT_WITH_NEW) {
        memcpy(&wide, (const u8 *)fadt + FADT_TIMER_NEW, sizeof wide);
    }
    if (wide.address) {
        port = wide.space == SPACE_PORTS ? wide.address : 0;
    }
    if (port && port <= 0xffff) {
        pm_timer_found((u16)port, word_of(fadt, FADT_FLAGS) & FADT_TIMER_WIDE);
    }
}

u64 acpi_hpet(void)
{
    const struct acpi_table *hpet = acpi_find("HPET", HPET_LEAST);
    struct address registers;

    if (!hpet) {
        return 0;
    }
    memcpy(&registers, (const u8 *)hpet + HPET_ADDRESS, sizeof registers);
    return registers.space ? 0 : registers.address;
}
