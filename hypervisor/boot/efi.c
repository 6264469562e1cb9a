/* SPDX-License-Identifier: MIT */
/* Reading the tables of EFI's firmware. */
#include "hypervisor/boot/efi.h"
#include "hypervisor/boot/loader.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/direct.h"
#include "lib/string.h"

#define SYSTEM_SIGNATURE  0x5453595320494249 /* "IBI SYST" */
#define RUNTIME_SIGNATURE 0x56524553544e5552 /* "RUNTSERV" */
#define TABLES_MAX        1024u /* entries of the configuration table; more are not plausible */
#define TABLE_ENTRY       24u   /* bytes: a GUID and an address */
#define TABLE_ALIGN       8u

/* The types of memory that the firmware keeps after the end of its boot services. */
enum memory_type {
    EFI_RESERVED = 0,
    EFI_RUNTIME_CODE = 5,
    EFI_RUNTIME_DATA = 6,
    EFI_ACPI_TABLES = 9,
    EFI_ACPI_NVS = 10,
};

struct table_header {
    u64 signature;
    u32 revision, size, checksum, reserved;
};

struct system_table {
    struct table_header header;
    u64 vendor;
    u32 vendor_revision, padding;
    u64 consoles[6];
    u64 runtime, boot;
    u64 table_count, tables;
};

/* What may be read. */
struct view {
    const struct loader *loader;
    const u8 *memory;
    u64 size;
};

static struct {
    struct efi info;
    const struct loader *loader;
} kept;

static const struct efi_range *range_at(const struct loader *loader, u64 at)
{
    for (u32 i = 0; i < loader->efi_range_count; i++) {
        const struct efi_range *range = &loader->efi_range[i];

        if (at >= range->start && at - range->start < range->size) {
            return range;
        }
    }
    return NULL;
}

/* How many bytes from `at` on the firmware keeps, in one range, and are in the view; 0: none. */
static u64 kept_from(const struct view *view, u64 at)
{
    const struct efi_range *range = range_at(view->loader, at);
    u64 left;

    if (!range || at >= view->size) {
        return 0;
    }
    switch (range->type) {
    case EFI_RESERVED:
    case EFI_RUNTIME_CODE:
    case EFI_RUNTIME_DATA:
    case EFI_ACPI_TABLES:
    case EFI_ACPI_NVS:
        left = range->start + range->size - at;
        return left < view->size - at ? left : view->size - at;
    default:
        return 0;
    }
}

/* True when the table of `size` bytes at `at` may be read. */
static bool is_kept(const struct view *view, u64 at, u64 size)
{
    return at && at % TABLE_ALIGN == 0 && size && kept_from(view, at) >= size &&
           !loader_has_ram(view->loader, at, at + size);
}

static bool read_table(const struct view *view, u64 at, u64 signature, void *table, u64 size)
{
    struct table_header header;

    if (!is_kept(view, at, size)) {
        return false;
    }
    memcpy(&header, view->memory + at, sizeof header);
    memcpy(table, view->memory + at, size);
    return header.signature == signature && header.size >= size && is_kept(view, at, header.size);
}

/* Copies the vendor's name; cut if it is too long, or does not end in its range. */
static void read_vendor(const struct view *view, u64 at, struct efi *efi)
{
    u64 room = kept_from(view, at) / sizeof *efi->vendor;

    room = room < EFI_VENDOR_MAX - 1 ? room : EFI_VENDOR_MAX - 1;
    if (room == 0 || at % sizeof *efi->vendor ||
        loader_has_ram(view->loader, at, at + room * sizeof *efi->vendor)) {
        return;
    }
    memcpy(efi->vendor, view->memory + at, room * sizeof *efi->vendor);
}

const char *efi_read(const struct loader *loader, const u8 *memory, u64 size, struct efi *efi)
{
    const struct view view = {.loader = loader, .memory = memory, .size = size};
    struct system_table system;
    struct table_header runtime;

    *efi = (struct efi){.found = false};
    if (!loader->efi_system_table) {
        return NULL;
    }
    if (!loader->efi_range_count) {
        return "the boot loader gave no memory map of EFI's";
    }
    if (!read_table(&view, loader->efi_system_table, SYSTEM_SIGNATURE, &system, sizeof system)) {
        return "EFI's system table is damaged, or lies where it cannot stay";
    }
    if (system.table_count > TABLES_MAX ||
        !is_kept(&view, system.tables, system.table_count * TABLE_ENTRY)) {
        return "EFI's configuration table is damaged, or lies where it cannot stay";
    }
    efi->found = true;
    efi->version = system.header.revision;
    efi->tables = system.tables;
    efi->table_count = (u32)system.table_count;
    efi->vendor_revision = system.vendor_revision;
    read_vendor(&view, system.vendor, efi);
    if (read_table(&view, system.runtime, RUNTIME_SIGNATURE, &runtime, sizeof runtime)) {
        efi->runtime_version = runtime.revision;
    }
    return NULL;
}

static void describe(const struct efi *efi)
{
    char vendor[EFI_VENDOR_MAX];
    u32 length = 0;

    for (; efi->vendor[length]; length++) {
        bool printable = efi->vendor[length] >= ' ' && efi->vendor[length] <= '~';

        vendor[length] = printable ? (char)efi->vendor[length] : '?';
    }
    vendor[length] = 0;
    log_line("EFI %u.%u, firmware of %s: %u tables at %#llx; its runtime services are not used",
             efi->version >> 16, (efi->version & 0xffff) / 10,
             length ? vendor : "an unknown vendor", efi->table_count,
             (unsigned long long)efi->tables);
}

void efi_start(const struct loader *loader)
{
    const char *wrong = efi_read(loader, direct(maddr(0)), LOADER_END, &kept.info);

    kept.loader = loader;
    if (wrong) {
        log_line("%s: dom0 will not find ACPI", wrong);
    }
    if (loader->efi_ranges_left_out) {
        log_line("%u ranges of EFI's memory map are left out", loader->efi_ranges_left_out);
    }
    if (kept.info.found) {
        describe(&kept.info);
    }
}

const struct efi *efi_info(void)
{
    return &kept.info;
}

const struct efi_range *efi_range_at(u64 at)
{
    return kept.loader ? range_at(kept.loader, at) : NULL;
}
