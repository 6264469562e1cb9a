/* SPDX-License-Identifier: MIT */
/* Proves that the power management timer is found in the FADT's old field and in the newer one,
 * which counts if it is set; and that a timer which is not in an I/O port, of another size, of a
 * machine without fixed registers, or of a table that is too short, counts as absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/boot/acpi.h"
#include "hypervisor/boot/acpi_tables.h"
#include "hypervisor/cpu/machine.h"
#include "hypervisor/time/pm_timer.h"

#define SIZE      244u
#define OLD       76u
#define OLD_SIZE  91u
#define FLAGS     112u
#define NEW       208u
#define WIDE      (1u << 8)
#define REDUCED   (1u << 20)
#define IN_PORTS  1u
#define IN_MEMORY 0u

static union {
    struct acpi_table table;
    u8 byte[SIZE];
} fadt;

static struct {
    u32 calls;
    u16 port;
    bool wide;
} found;

const struct acpi_table *acpi_find(const char *signature, u32 least)
{
    return memcmp(signature, "FACP", 4) == 0 && fadt.table.length >= least ? &fadt.table : NULL;
}

const struct acpi_table *acpi_find_at(u64 at, const char *signature)
{
    (void)at;
    (void)signature;
    return NULL;
}

void machine_set_power(const struct machine_power *power)
{
    (void)power;
}

void pm_timer_found(u16 port, bool wide)
{
    found.calls++;
    found.port = port;
    found.wide = wide;
}

static void put(u32 offset, u64 value, u32 size)
{
    memcpy(&fadt.byte[offset], &value, size);
}

static void start(u32 length, u32 port, u32 flags)
{
    memset(&fadt, 0, sizeof fadt);
    memset(&found, 0, sizeof found);
    fadt.table.length = length;
    put(OLD, port, 4);
    put(OLD_SIZE, 4, 1);
    put(FLAGS, flags, 4);
}

static void put_new(u8 space, u64 address)
{
    put(NEW, space, 1);
    put(NEW + 4, address, 8);
}

static void expect(u16 port, bool wide)
{
    acpi_read_timer();
    assert_int_equal(found.calls, 1);
    assert_int_equal(found.port, port);
    assert_int_equal(found.wide, wide);
}

static void expect_none(void)
{
    acpi_read_timer();
    assert_int_equal(found.calls, 0);
}

static void both_fields(void **state)
{
    (void)state;
    start(SIZE, 0x608, 0);
    expect(0x608, false);
    start(SIZE, 0x608, WIDE);
    put_new(IN_PORTS, 0x1808);
    expect(0x1808, true);
    start(NEW + 11, 0x608, 0); /* the newer field is cut: it does not count */
    put_new(IN_PORTS, 0x1808);
    expect(0x608, false);
    start(FLAGS + 4, 0x608, 0); /* a table of the first version */
    expect(0x608, false);
}

static void what_is_none(void **state)
{
    (void)state;
    start(SIZE, 0, 0);
    expect_none();
    start(SIZE, 0x608, REDUCED);
    expect_none();
    start(SIZE, 0x608, 0);
    put(OLD_SIZE, 0, 1);
    expect_none();
    start(SIZE, 0x608, 0);
    put_new(IN_MEMORY, 0xfed40000);
    expect_none();
    start(SIZE, 0, 0);
    put_new(IN_PORTS, 0x10000);
    expect_none();
    start(SIZE, 0xffff0608, 0);
    expect_none();
    start(FLAGS + 3, 0x608, 0);
    expect_none();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_fields),
        cmocka_unit_test(what_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
