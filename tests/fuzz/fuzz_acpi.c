/* SPDX-License-Identifier: MIT */
/* The readers of ACPI's tables on a machine whose firmware wrote tables of the fuzzer's: with right
 * checksums, since with wrong ones nothing is read. The last table ends where the memory that may
 * be read does. Proves that nothing behind it is read, and what the readers promise of what they
 * find. */
#include <setjmp.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "hypervisor/boot/acpi.h"
#include "hypervisor/boot/acpi_tables.h"
#include "hypervisor/cpu/machine.h"
#include "hypervisor/irq/ioapic.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/direct.h"
#include "hypervisor/pci/window.h"
#include "hypervisor/time/pm_timer.h"
#include "tests/fuzz/input.h"

#define END         0x100000000ull /* of the memory that may be read */
#define TABLES_MAX  8u
#define CONTENT_MAX 256u /* bytes of a table behind its header */
#define AREA        0x2000u
#define SCAN        0xe0000u /* where a BIOS' root pointer may lie */
#define FADT_DSDT   40u
#define POINTER_OLD offsetof(struct acpi_pointer, length) /* bytes of revision 0 */

static u8 *memory;
static jmp_buf too_many;

void *direct(maddr_t at)
{
    return memory + at.a;
}

void log_line(const char *format, ...)
{
    (void)format;
}

/* There may be more windows than there is room for. */
_Noreturn void panic(const char *format, ...)
{
    (void)format;
    longjmp(too_many, 1);
}

static void claim(bool true_of_it)
{
    if (!true_of_it) {
        abort();
    }
}

/* ---- what the readers report ---- */

void ioapic_found(u64 address, u32 first_gsi)
{
    claim(address < END);
    (void)first_gsi;
}

void ioapic_isa_override(u32 irq, u32 gsi, u32 polarity, u32 trigger)
{
    claim(irq < 256 && polarity < 4 && trigger < 4);
    (void)gsi;
}

bool pci_window_found(struct pci_window window)
{
    claim(window.first_bus <= window.last_bus);
    return window.segment != 7;
}

void machine_set_power(const struct machine_power *power)
{
    (void)power;
}

void pm_timer_found(u16 port, bool wide)
{
    claim(port != 0);
    (void)wide;
}

/* ---- the firmware ---- */

static void complete(void *bytes, u32 size, u8 *checksum)
{
    u8 sum = 0;

    *checksum = 0;
    for (u32 i = 0; i < size; i++) {
        sum = (u8)(sum + ((u8 *)bytes)[i]);
    }
    *checksum = (u8)-sum;
}

/* Writes a table that ends at `end`, with `size` bytes of content of which the input gives the
 * first. Returns its address. */
static u64 write_table(struct input *in, u64 end, const char *signature, u32 size)
{
    u64 at = end - sizeof(struct acpi_table) - size;
    struct acpi_table *table = direct(maddr(at));
    u8 *content = (u8 *)(table + 1);

    memset(table, 0, sizeof *table);
    memcpy(table->signature, signature, sizeof table->signature);
    table->length = (u32)sizeof *table + size;
    for (u32 i = 0; i < size; i++) {
        content[i] = (u8)input_number(in, 1);
    }
    return at;
}

/* The length may be wrong; then the checksum is, too, unless the bytes are there. */
static void end_table(struct input *in, u64 at)
{
    struct acpi_table *table = direct(maddr(at));

    if (input_below(in, 8) == 0) {
        table->length = (u32)input_number(in, 2);
    }
    if (table->length >= sizeof *table && at + table->length <= END) {
        complete(table, table->length, &table->checksum);
    }
}

/* Writes tables and returns the address of the one that lists them, each in `size` bytes. */
static u64 write_tables(struct input *in, u32 size)
{
    static const char *const signatures[] = {"APIC", "FACP", "DSDT", "MCFG", "HPET", "XXXX"};
    u32 count = 1 + input_below(in, TABLES_MAX);
    u64 place[TABLES_MAX], end = END, dsdt = 0, list;
    u8 *entry;

    for (u32 i = 0; i < count; i++) {
        u32 kind = input_below(in, ARRAY_LENGTH(signatures));

        place[i] = end = write_table(in, end, signatures[kind], input_below(in, CONTENT_MAX));
        if (kind == 2) {
            dsdt = end;
        } else if (kind == 1 && dsdt) {
            memcpy((u8 *)direct(maddr(end)) + FADT_DSDT, &dsdt, sizeof(u32));
        }
        end_table(in, end);
    }
    list = end - sizeof(struct acpi_table) - size * count;
    write_table(in, end, size == 4 ? "RSDT" : "XSDT", size * count);
    entry = (u8 *)direct(maddr(list)) + sizeof(struct acpi_table);
    for (u32 i = 0; i < count; i++) {
        u64 at = input_below(in, 16) ? place[i] : input_number(in, size);

        memcpy(entry + i * size, &at, size);
    }
    end_table(in, list);
    return list;
}

/* Reads as boot does. `given`: the loader gave a copy of the pointer; otherwise it is searched. */
static void read_all(const struct acpi_pointer *pointer, u32 size, bool given)
{
    struct processors processors;
    u8 *copy = malloc(size);

    memcpy(copy, pointer, size);
    memcpy(memory + SCAN, pointer, sizeof *pointer);
    acpi_use_pointer(copy, given ? size : 0);
    acpi_read_processors(&processors);
    claim(processors.count <= VMMU_CPUS_MAX);
    acpi_read_interrupts();
    acpi_read_power();
    acpi_read_timer();
    (void)acpi_hpet();
    if (setjmp(too_many) == 0) {
        acpi_read_windows();
    }
    acpi_use_pointer(NULL, 0);
    free(copy);
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
    struct input in = {.bytes = bytes, .left = size};
    struct acpi_pointer pointer = {.signature = ACPI_POINTER_SIGNATURE};
    bool new_one = input_below(&in, 2), given = input_below(&in, 2);

    if (!memory) { /* and a page behind it that faults */
        memory = mmap(NULL, END + PAGE_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        claim(memory != MAP_FAILED && mprotect(memory + END, PAGE_SIZE, PROT_NONE) == 0);
    }
    memset(memory + END - AREA, 0, AREA);
    pointer.revision = new_one ? 2 : 0;
    pointer.length = sizeof pointer;
    if (new_one) {
        pointer.extended_root = write_tables(&in, 8);
    } else {
        pointer.root = (u32)write_tables(&in, 4);
    }
    complete(&pointer, POINTER_OLD, &pointer.checksum);
    read_all(&pointer,
             input_below(&in, 8) ? (new_one ? sizeof pointer : POINTER_OLD)
                                 : input_below(&in, sizeof pointer + 1),
             given);
    return 0;
}
