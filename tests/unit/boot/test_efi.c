/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/boot/efi reads what EFI's system table leads to, that it refuses a table
 * that is damaged or lies where the firmware does not keep it, in words, and that it reads no
 * byte outside the memory that it may read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/boot/efi.h"
#include "hypervisor/boot/loader.h"
#include "hypervisor/log/log.h"

/* The machine: RAM, a page of runtime data with all tables, RAM, a page that boot services used. */
#define SIZE    0x4000u
#define KEPT    0x1000u
#define SYSTEM  0x1008u
#define VENDOR  0x1102u
#define RUNTIME 0x1200u
#define TABLES  0x1300u
#define ENTRIES 3u
#define BOOT    0x3000u /* of boot services: free by now */

/* Offsets in the tables (UEFI 2.10, sections 4.2, 4.3). */
#define HEADER_REVISION 8u
#define HEADER_SIZE     12u
#define SYSTEM_VENDOR   24u
#define SYSTEM_RUNTIME  88u
#define SYSTEM_COUNT    104u
#define SYSTEM_TABLES   112u
#define SYSTEM_SIZE     120u
#define RUNTIME_SIZE    136u

static u8 machine[SIZE];
static struct loader loader;
static struct efi efi;

void log_line(const char *format, ...)
{
    (void)format;
}

static void put(u32 at, u64 value, u32 size)
{
    memcpy(machine + at, &value, size);
}

static void make_machine(void)
{
    static const u16 vendor[] = {'P', 'r', 0xe9, 'v', 0};

    memset(machine, 0, sizeof machine);
    memset(&loader, 0, sizeof loader);
    memcpy(machine + SYSTEM, "IBI SYST", 8);
    put(SYSTEM + HEADER_REVISION, 2 << 16 | 70, 4);
    put(SYSTEM + HEADER_SIZE, SYSTEM_SIZE, 4);
    put(SYSTEM + SYSTEM_VENDOR, VENDOR, 8);
    put(SYSTEM + SYSTEM_VENDOR + 8, 0x10203, 4);
    put(SYSTEM + SYSTEM_RUNTIME, RUNTIME, 8);
    put(SYSTEM + SYSTEM_COUNT, ENTRIES, 8);
    put(SYSTEM + SYSTEM_TABLES, TABLES, 8);
    memcpy(machine + VENDOR, vendor, sizeof vendor);
    memcpy(machine + RUNTIME, "RUNTSERV", 8);
    put(RUNTIME + HEADER_REVISION, 2 << 16 | 60, 4);
    put(RUNTIME + HEADER_SIZE, RUNTIME_SIZE, 4);
    loader.efi_system_table = SYSTEM;
    loader_add_efi_range(&loader, 0, 1, 15, 7);
    loader_add_efi_range(&loader, KEPT, 1, 1ull << 63 | 15, 6);
    loader_add_efi_range(&loader, 0x2000, 1, 15, 2);
    loader_add_efi_range(&loader, BOOT, 1, 15, 4);
    loader_add_range(&loader, 0, 0x1000, MACHINE_RAM);
    loader_add_range(&loader, KEPT, 0x1000, 2);
    loader_add_range(&loader, 0x2000, 0x2000, MACHINE_RAM);
}

/* Reads the first `size` bytes of the machine, in a block of that size. */
static const char *read_part(u32 size)
{
    u8 *block = malloc(size);
    const char *wrong;

    memcpy(block, machine, size);
    memset(&efi, 0xa5, sizeof efi);
    wrong = efi_read(&loader, block, size, &efi);
    free(block);
    return wrong;
}

static const char *read_machine(void)
{
    return read_part(sizeof machine);
}

static void everything_is_read(void **state)
{
    (void)state;
    make_machine();
    assert_null(read_machine());
    assert_true(efi.found);
    assert_int_equal(efi.version, 2 << 16 | 70);
    assert_int_equal(efi.tables, TABLES);
    assert_int_equal(efi.table_count, ENTRIES);
    assert_int_equal(efi.vendor_revision, 0x10203);
    assert_int_equal(efi.vendor[2], 0xe9);
    assert_int_equal(efi.vendor[4], 0);
    assert_int_equal(efi.runtime_version, 2 << 16 | 60);
}

static void a_machine_without_efi_is_nothing_wrong(void **state)
{
    (void)state;
    make_machine();
    loader.efi_system_table = 0;
    assert_null(read_machine());
    assert_false(efi.found);
}

/* Refuses the machine as it is now, and makes a good one. */
static void refused(const char *what)
{
    const char *wrong = read_machine();

    if (!wrong || efi.found) {
        fail_msg("accepted: %s", what);
    }
    make_machine();
}

static void a_system_table_is_checked(void **state)
{
    (void)state;
    make_machine();
    machine[SYSTEM + 3]++;
    refused("another signature");
    put(SYSTEM + HEADER_SIZE, SYSTEM_SIZE - 1, 4);
    refused("a header that is too short");
    put(SYSTEM + HEADER_SIZE, 0x1000, 4);
    refused("one that goes on behind what the firmware keeps");
    loader.efi_system_table = SYSTEM + 4;
    refused("a table that is not aligned");
    loader.efi_system_table = SIZE;
    refused("one behind the memory");
    loader.efi_system_table = 0 - 8ull;
    refused("one at the end of all addresses");
    memcpy(machine + 0x1f90, machine + SYSTEM, SYSTEM_SIZE);
    loader.efi_system_table = 0x1f90;
    refused("one that crosses the end of its range");
    memcpy(machine + BOOT, machine + SYSTEM, SYSTEM_SIZE);
    loader.efi_system_table = BOOT;
    refused("one in the memory of boot services");
    loader.efi_range_count = 0;
    refused("no memory map of EFI's");
    loader.range[1].type = MACHINE_RAM;
    refused("a table in what the loader calls RAM");
    loader.range[2] = (struct machine_range){KEPT + 0x10, 8, MACHINE_RAM};
    refused("a table of which a part is RAM");
}

static void a_configuration_table_is_checked(void **state)
{
    (void)state;
    make_machine();
    put(SYSTEM + SYSTEM_COUNT, 0, 8);
    refused("no tables");
    put(SYSTEM + SYSTEM_COUNT, 1025, 8);
    refused("too many tables");
    put(SYSTEM + SYSTEM_COUNT, 0x1000000000000000, 8);
    refused("so many that their size overflows");
    put(SYSTEM + SYSTEM_COUNT, (0x2000 - TABLES) / 24 + 1, 8);
    refused("more tables than the range has room for");
    put(SYSTEM + SYSTEM_TABLES, BOOT, 8);
    refused("a list in the memory of boot services");
    put(SYSTEM + SYSTEM_TABLES, TABLES + 4, 8);
    refused("a list that is not aligned");
    put(SYSTEM + SYSTEM_TABLES, 0, 8);
    refused("no list");
    put(SYSTEM + SYSTEM_TABLES, 0 - 8ull, 8);
    refused("a list at the end of all addresses");
    put(SYSTEM + SYSTEM_COUNT, (0x2000 - TABLES) / 24, 8);
    assert_null(read_machine());
}

static void a_vendor_that_cannot_be_read_is_left_out(void **state)
{
    static const u64 places[] = {0, VENDOR + 1, BOOT, SIZE, 0 - 2ull};

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(places); i++) {
        make_machine();
        put(SYSTEM + SYSTEM_VENDOR, places[i], 8);
        assert_null(read_machine());
        assert_int_equal(efi.vendor[0], 0);
    }
}

static void a_long_vendor_is_cut(void **state)
{
    (void)state;
    make_machine();
    memset(machine + 0x1e00, 'x', 0x200);
    put(SYSTEM + SYSTEM_VENDOR, 0x1e00, 8);
    assert_null(read_machine());
    assert_int_equal(efi.vendor[EFI_VENDOR_MAX - 2], 'x' << 8 | 'x');
    assert_int_equal(efi.vendor[EFI_VENDOR_MAX - 1], 0);
    put(SYSTEM + SYSTEM_VENDOR, 0x1ffc, 8); /* it does not end in its range */
    assert_null(read_machine());
    assert_int_equal(efi.vendor[1], 'x' << 8 | 'x');
    assert_int_equal(efi.vendor[2], 0);
}

static void runtime_services_may_be_missing(void **state)
{
    static const u64 places[] = {0, RUNTIME + 4, BOOT, TABLES};

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(places); i++) {
        make_machine();
        put(SYSTEM + SYSTEM_RUNTIME, places[i], 8);
        assert_null(read_machine());
        assert_int_equal(efi.runtime_version, 0);
        assert_int_equal(efi.table_count, ENTRIES);
    }
}

static void a_range_that_is_no_range_is_ignored(void **state)
{
    (void)state;
    memset(&loader, 0, sizeof loader);
    loader_add_efi_range(&loader, 0x1000, 0, 0, 0);
    loader_add_efi_range(&loader, 0x1001, 1, 0, 0);
    loader_add_efi_range(&loader, 0x1000, 1ull << 52, 0, 0);
    loader_add_efi_range(&loader, 0 - 0x1000ull, 1, 0, 0);
    assert_int_equal(loader.efi_range_count, 0);
    loader_add_efi_range(&loader, 0 - 0x2000ull, 1, 0, 0);
    assert_int_equal(loader.efi_range_count, 1);
    for (u32 i = 0; i < EFI_RANGES_MAX; i++) {
        loader_add_efi_range(&loader, i * PAGE_SIZE, 1, 0, 0);
    }
    assert_int_equal(loader.efi_range_count, EFI_RANGES_MAX);
    assert_int_equal(loader.efi_ranges_left_out, 1);
}

/* Every bit of the tables changed, and the memory cut at each place: under the address sanitizer,
 * nothing outside may be touched, and what is accepted lies where the firmware keeps it. */
static void nothing_outside_is_read(void **state)
{
    (void)state;
    make_machine();
    for (u32 at = KEPT; at < TABLES; at++) {
        for (u32 bit = 0; bit < 8; bit++) {
            machine[at] ^= (u8)(1u << bit);
            if (!read_machine()) {
                assert_true(efi.tables >= KEPT);
                assert_true(efi.tables + efi.table_count * 24 <= KEPT + 0x1000);
            }
            machine[at] ^= (u8)(1u << bit);
        }
    }
    for (u32 size = 1; size < BOOT; size += 3) {
        const char *wrong = read_part(size);

        assert_true(size >= TABLES + 24 * ENTRIES ? !wrong : wrong != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_read),
        cmocka_unit_test(a_machine_without_efi_is_nothing_wrong),
        cmocka_unit_test(a_system_table_is_checked),
        cmocka_unit_test(a_configuration_table_is_checked),
        cmocka_unit_test(a_vendor_that_cannot_be_read_is_left_out),
        cmocka_unit_test(a_long_vendor_is_cut),
        cmocka_unit_test(runtime_services_may_be_missing),
        cmocka_unit_test(a_range_that_is_no_range_is_ignored),
        cmocka_unit_test(nothing_outside_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
