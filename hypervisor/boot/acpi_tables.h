/* SPDX-License-Identifier: MIT */
/* The ACPI tables, found through the root pointer. To be used before map_start, while the first
 * 4 GiB are mapped; a table beyond them, with an implausible size or with a wrong checksum counts
 * as absent. Source: ACPI specification 6.5, section 5.2. */
#ifndef BOOT_ACPI_TABLES_H
#define BOOT_ACPI_TABLES_H

#include "lib/types.h"

#define ACPI_POINTER_SIGNATURE 0x2052545020445352 /* "RSD PTR " */

/* The root pointer (RSDP); the members after `root` exist from revision 2 on. */
struct acpi_pointer {
    u64 signature;
    u8 checksum;
    char oem[6];
    u8 revision;
    u32 root;
    u32 length;
    u64 extended_root;
} __attribute__((packed));

/* The header of every table. */
struct acpi_table {
    char signature[4];
    u32 length;
    u8 revision, checksum;
    char oem[6], oem_table[8];
    u32 oem_revision, creator, creator_revision;
} __attribute__((packed));

/* Makes the functions below use the copy of the root pointer of `size` bytes at `pointer`, which
 * the boot loader gave and which stays where it is. If its size or its checksum is wrong, or size
 * is 0, they search the first MiB of a PC's memory for a root pointer. */
void acpi_use_pointer(const void *pointer, u32 size);

/* Finds the table with this signature (4 characters). NULL: there is none, or it is shorter than
 * `least` bytes, which include the header. */
const struct acpi_table *acpi_find(const char *signature, u32 least);

/* The table with this signature at machine address `at`. NULL: there is none. */
const struct acpi_table *acpi_find_at(u64 at, const char *signature);

#endif
