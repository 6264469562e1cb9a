/* SPDX-License-Identifier: MIT */
/* Reading the processors from the ACPI tables. */
#include "hypervisor/boot/acpi.h"
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

#define MADT_LOCAL_APIC   0u
#define MADT_LOCAL_X2APIC 9u
#define MADT_ENABLED      1u

/* The root pointer (RSDP); the members after `root` exist from revision 2 on. */
struct pointer {
    char signature[8];
    u8 checksum;
    char oem[6];
    u8 revision;
    u32 root;
    u32 length;
    u64 extended_root;
} __attribute__((packed));

struct table {
    char signature[4];
    u32 length;
    u8 revision, checksum;
    char oem[6], oem_table[8];
    u32 oem_revision, creator, creator_revision;
} __attribute__((packed));

struct madt {
    struct table table;
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

static bool sums_to_zero(const void *of, u32 length)
{
    const u8 *byte = of;
    u8 sum = 0;

    while (length--) {
        sum = (u8)(sum + *byte++);
    }
    return sum == 0;
}

static const struct pointer *find_pointer(u64 start, u64 end)
{
    for (u64 at = start; at + sizeof(struct pointer) <= end; at += POINTER_GAP) {
        const struct pointer *pointer = direct(maddr(at));

        if (memcmp(pointer->signature, "RSD PTR ", 8) == 0 &&
            sums_to_zero(pointer, offsetof(struct pointer, length))) {
            return pointer;
        }
    }
    return NULL;
}

static const struct pointer *find(void)
{
    u64 ebda = (u64) * (const u16 *)direct(maddr(EBDA_OF)) << 4;
    const struct pointer *pointer = ebda ? find_pointer(ebda, ebda + EBDA_SEARCH) : NULL;

    return pointer ? pointer : find_pointer(BIOS_START, BIOS_END);
}

/* The table at machine address `at`. NULL: `at` is 0, the table is not reachable, its size is not
 * plausible, or its checksum is wrong. */
static const struct table *table_at(u64 at)
{
    const struct table *table = direct(maddr(at));

    if (at == 0 || at + sizeof *table > REACHABLE || table->length < sizeof *table ||
        table->length > TABLE_MOST || at + table->length > REACHABLE) {
        return NULL;
    }
    return sums_to_zero(table, table->length) ? table : NULL;
}

/* Finds the MADT through the root table, which holds the address of each other table in `size`
 * bytes. NULL: there is no MADT. */
static const struct madt *find_madt(const struct table *root, u32 size)
{
    const u8 *entry = (const u8 *)(root + 1);

    for (u32 left = root->length - sizeof *root; left >= size; left -= size, entry += size) {
        u64 at = 0;
        const struct table *table;

        memcpy(&at, entry, size);
        table = table_at(at);
        if (table && memcmp(table->signature, "APIC", 4) == 0 &&
            table->length >= sizeof(struct madt)) {
            return (const struct madt *)table;
        }
    }
    return NULL;
}

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

static void read_madt(const struct madt *madt, struct processors *processors)
{
    const u8 *at = (const u8 *)(madt + 1), *end = (const u8 *)madt + madt->table.length;

    while (at + sizeof(struct madt_entry) <= end) {
        const struct madt_entry *entry = (const struct madt_entry *)at;

        if (entry->length < sizeof *entry || at + entry->length > end) {
            return;
        }
        if (entry->type == MADT_LOCAL_APIC && entry->length >= sizeof(struct madt_apic)) {
            const struct madt_apic *apic = (const struct madt_apic *)at;
            add(processors, apic->id, apic->flags);
        }
        if (entry->type == MADT_LOCAL_X2APIC && entry->length >= sizeof(struct madt_x2apic)) {
            const struct madt_x2apic *apic = (const struct madt_x2apic *)at;
            add(processors, apic->id, apic->flags);
        }
        at += entry->length;
    }
}

void acpi_read_processors(struct processors *processors)
{
    const struct pointer *pointer = find();
    const struct table *root = NULL;
    const struct madt *madt = NULL;

    *processors = (struct processors){.count = 0};
    if (!pointer) {
        return;
    }
    if (pointer->revision >= 2) {
        root = table_at(pointer->extended_root);
    }
    if (root) {
        madt = find_madt(root, sizeof(u64));
    } else if ((root = table_at(pointer->root))) {
        madt = find_madt(root, sizeof(u32));
    }
    if (madt) {
        read_madt(madt, processors);
    }
}
