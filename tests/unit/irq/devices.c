/* SPDX-License-Identifier: MIT */
/* A machine for tests of irq/ and pci/. */
#include "tests/unit/irq/devices.h"

struct devices devices;

static struct cpu cpus[4];

struct cpu *cpu_at(u32 number)
{
    return &cpus[number];
}

void lock_wait(void)
{
    fail_msg("a lock is held");
}

void log_line(const char *format, ...)
{
    (void)format;
}

_Noreturn void panic(const char *format, ...)
{
    fail_msg("%s", format);
    __builtin_unreachable();
}

bool pic_start(void)
{
    return devices.has_pic;
}

bool pic_is_present(void)
{
    return devices.has_pic;
}

void pic_enable(u32 irq)
{
    devices.pic_enabled[irq] = true;
}

bool pic_is_enabled(u32 irq)
{
    return devices.pic_enabled[irq];
}

/* ---- IO-APICs ---- */

void *ioapic_map(u64 address)
{
    return &devices.ioapic[address == IOAPIC_B];
}

u32 ioapic_register(volatile void *registers, u32 index)
{
    volatile struct model *model = registers;

    return index == 1 ? model->version : index < 0x10 ? 0 : model->redirection[index - 0x10];
}

void ioapic_set_register(volatile void *registers, u32 index, u32 value)
{
    volatile struct model *model = registers;

    assert_in_range(index, 0x10, 0x10 + 63);
    model->redirection[index - 0x10] = value;
}

static u32 entry_half(u32 gsi, u32 half)
{
    const struct model *model = &devices.ioapic[gsi >= 24];

    return model->redirection[2 * (gsi >= 24 ? gsi - 24 : gsi) + half];
}

u32 entry_low(u32 gsi)
{
    return entry_half(gsi, 0);
}

u32 entry_high(u32 gsi)
{
    return entry_half(gsi, 1);
}

/* ---- PCI ---- */

u32 space_word(u32 function, u32 offset)
{
    u32 value;

    memcpy(&value, &devices.space[function][offset], sizeof value);
    return value;
}

void set_space_word(u32 function, u32 offset, u32 value)
{
    memcpy(&devices.space[function][offset], &value, sizeof value);
}

u32 pci_read(u16 function, u32 offset, u32 size)
{
    u32 value = 0;

    assert_true(offset % size == 0 && offset + size <= PCI_SPACE);
    if (function >= ARRAY_LENGTH(devices.space)) {
        return size == 4 ? ~0u : (1u << 8 * size) - 1;
    }
    memcpy(&value, &devices.space[function][offset], size);
    return value;
}

void pci_write(u16 function, u32 offset, u32 size, u32 value)
{
    assert_true(offset % size == 0 && offset + size <= PCI_SPACE);
    assert_in_range(function, 0, ARRAY_LENGTH(devices.space) - 1);
    memcpy(&devices.space[function][offset], &value, size);
}

void *message_map(u64 address)
{
    u64 offset = address - TABLE_BAR - TABLE_OFFSET;

    if (address == WINDOW + PLAIN * PAGE_SIZE) {
        return devices.extended;
    }

    assert_in_range(offset, 0, sizeof devices.table - 1);
    return (char *)devices.table + offset;
}

bool pci_table_found(u64 address, u64 bytes)
{
    assert_int_equal(address, TABLE_BAR + TABLE_OFFSET);
    assert_int_equal(bytes, sizeof devices.table);
    devices.tables_found++;
    return !devices.refuses_tables;
}

static void make_function(u32 function, u32 capability, u32 head)
{
    set_space_word(function, PCI_VENDOR, 0x12345678);
    set_space_word(function, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_STATUS_HAS_LIST << 16);
    devices.space[function][PCI_CAPABILITIES] = (u8)capability;
    set_space_word(function, capability, head);
}

static void make_functions(void)
{
    memset(devices.space, 0xff, sizeof devices.space);
    for (u32 i = PLAIN; i <= MSIX; i += 8) {
        memset(devices.space[i], 0, PCI_SPACE);
    }
    set_space_word(PLAIN, PCI_VENDOR, 0x12345678);
    make_function(MSI_ONE, MSI_AT, MSI_WIDE << 16 | PCI_CAPABILITY_MSI);
    make_function(MSI_FOUR, MSI_AT, (MSI_WIDE | MSI_MASKABLE | 2u << 1) << 16 | PCI_CAPABILITY_MSI);
    make_function(MSIX, MSIX_AT, (TABLE_ENTRIES - 1) << 16 | PCI_CAPABILITY_MSIX);
    set_space_word(MSIX, MSIX_AT + MSIX_TABLE, TABLE_OFFSET | 1);
    set_space_word(MSIX, PCI_BAR_FIRST + 4, (u32)TABLE_BAR | PCI_BAR_TYPE_64);
}

void devices_start(void)
{
    static bool started;

    memset(&devices, 0, sizeof devices);
    make_functions();
    for (u32 i = 0; i < ARRAY_LENGTH(cpus); i++) {
        cpus[i].number = i;
        cpus[i].apic_id = 0x10 * i;
    }
    devices.ioapic[0].version = 23u << 16 | 0x20;
    devices.ioapic[1].version = 7u << 16 | 0x20;
    if (!started) {
        ioapic_found(IOAPIC_A, 0);
        ioapic_found(IOAPIC_B, 24);
        ioapic_isa_override(0, 2, 0, 0);
        ioapic_isa_override(9, 9, 1, 3);
        ioapic_start();
        started = true;
    }
}
