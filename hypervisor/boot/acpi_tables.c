/* SPDX-License-Identifier: MIT */
/* Finding ACPI tables. */
#include "hypervisor/boot/acpi_tables.h"
#include "hypervisor/memory/map.h"
#include "lib/string.h"

#define REACHABLE                                                                                  \
    0x100000000ull /* the memory that head.S has mapped: tables beyond it cannot be read yet */
#define TABLE_MOST 0x100000u /* bytes; a table that claims to be larger is ignored */
#define BIOS_START 0xe0000ull
#define BIOS_END   0x100000ull
#define EBDA_OF                                                                                    \
    0x40eull /* address of the word that holds the segment of the extended BIOS data area */
#define EBDA_SEARCH 1024u
#define POINTER_GAP 16u /* bytes: a root pointer lies on a multiple of this */

/* The boot loader's copy; NULL: it gave none that is right. */
static const struct acpi_pointer *given;

static bool sums_to_zero(const void *of, u32 length)
{
    const u8 *byte = of;
    u8 sum = 0;

    while (length--) {
        sum = (u8)(sum + *byte++);
    }
    return sum == 0;
}

/* Revision 0 of the pointer ends before `length`. */
static bool is_pointer(const struct acpi_pointer *pointer, u32 size)
{
    u32 first = offsetof(struct acpi_pointer, length);

    return size >= first && pointer->signature == ACPI_POINTER_SIGNATURE &&
           sums_to_zero(pointer, first) && (pointer->revision < 2 || size >= sizeof *pointer);
}

static const struct acpi_pointer *find_pointer(u64 start, u64 end)
{
    for (u64 at = start; at + sizeof(struct acpi_pointer) <= end; at += POINTER_GAP) {
        const struct acpi_pointer *pointer = direct(maddr(at));

        if (is_pointer(pointer, sizeof *pointer)) {
            return pointer;
        }
    }
    return NULL;
}

void acpi_use_pointer(const void *pointer, u32 size)
{
    given = is_pointer(pointer, size) ? pointer : NULL;
}

static const struct acpi_pointer *find(void)
{
    if (given) {
        return given;
    }
    u64 ebda = (u64) * (const u16 *)direct(maddr(EBDA_OF)) << 4;
    const struct acpi_pointer *pointer = ebda ? find_pointer(ebda, ebda + EBDA_SEARCH) : NULL;

    return pointer ? pointer : find_pointer(BIOS_START, BIOS_END);
}

/* The table at machine address `at`. NULL: `at` is 0, the table is not reachable, its size is not
 * plausible, or its checksum is wrong. */
static const struct acpi_table *table_at(u64 at)
{
    const struct acpi_table *table;

    if (at == 0 || at > REACHABLE - sizeof *table) {
        return NULL;
    }
    table = direct(maddr(at));
    if (table->length < sizeof *table || table->length > TABLE_MOST ||
        table->length > REACHABLE - at) {
        return NULL;
    }
    return sums_to_zero(table, table->length) ? table : NULL;
}

/* Finds a table through the root table, which holds the address of each other table in `size`
 * bytes. */
static const struct acpi_table *find_through(const struct acpi_table *root, u32 size,
                                             const char *signature)
{
    const u8 *entry = (const u8 *)(root + 1);

    for (u32 left = root->length - sizeof *root; left >= size; left -= size, entry += size) {
        u64 at = 0;
        const struct acpi_table *table;

        memcpy(&at, entry, size);
        table = table_at(at);
        if (table && memcmp(table->signature, signature, sizeof table->signature) == 0) {
            return table;
        }
    }
    return NULL;
}

const struct acpi_table *acpi_find(const char *signature, u32 least)
{
    const struct acpi_pointer *pointer = find();
    const struct acpi_table *root = NULL, *table = NULL;

    if (!pointer) {
        return NULL;
    }
    if (pointer->revision >= 2) {
        root = table_at(pointer->extended_root);
    }
    if (root) {
        table = find_through(root, sizeof(u64), signature);
    } else if ((root = table_at(pointer->root))) {
        table = find_through(root, sizeof(u32), signature);
    }
    return table && table->length >= least ? table : NULL;
}

const struct acpi_table *acpi_find_at(u64 at, const char *signature)
{
    const struct acpi_table *table = table_at(at);

    return table && memcmp(table->signature, signature, sizeof table->signature) == 0 ? table
                                                                                      : NULL;
}
