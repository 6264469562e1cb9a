/* SPDX-License-Identifier: MIT */
/* What EFI's firmware says of itself, of its tables and of the memory, for the privileged domain:
 * on UEFI only the configuration table leads to ACPI. Everything is a copy, read once at boot; the
 * firmware's runtime services are never called. Source: UEFI specification 2.10, sections 4.3 to
 * 4.6 and 7.2. */
#ifndef BOOT_EFI_H
#define BOOT_EFI_H

#include "lib/types.h"

#define EFI_VENDOR_MAX 64u  /* characters of the vendor's name, with the 0 at the end */
#define EFI_RANGES_MAX 512u /* ranges of its memory map; more are left out */

struct loader;

/* A range of EFI's memory map. */
struct efi_range {
    u64 start, size; /* bytes; multiples of 4 KiB, and start + size is no overflow */
    u64 attributes;  /* EFI_MEMORY_... */
    u32 type;        /* EFI_MEMORY_TYPE */
};

struct efi {
    bool found;      /* the machine was started from EFI, and its tables are right */
    u32 version;     /* of the specification: major << 16 | minor */
    u64 tables;      /* machine address of the configuration table, ... */
    u32 table_count; /* ... and its entries */
    u32 vendor_revision;
    u16 vendor[EFI_VENDOR_MAX]; /* its name in UTF-16, ended by a 0; empty: not readable */
    u32 runtime_version;        /* of the table of runtime services; 0: not readable */
};

/* Reads the system table that the loader reports, and what it leads to, into *efi. `memory`: where
 * machine address 0 is mapped; `size`: bytes from there on that may be read. All that is read lies
 * in one range that the firmware keeps by EFI's memory map, in none that the loader calls RAM, and
 * is aligned. Returns NULL, also if the machine was not started from EFI, or what is wrong as a
 * sentence for the log; then efi->found is false. */
const char *efi_read(const struct loader *loader, const u8 *memory, u64 size, struct efi *efi);

/* Reads as efi_read does and keeps the result for efi_info; writes to the log what it is or what is
 * wrong. *loader stays where it is. Once, at boot, while the first 4 GiB are mapped. */
void efi_start(const struct loader *loader);

/* What efi_start has read. */
const struct efi *efi_info(void);

/* The range of EFI's memory map in which machine address `at` lies. NULL: none. */
const struct efi_range *efi_range_at(u64 at);

#endif
