/* SPDX-License-Identifier: MIT */
/* Proves that a ring of the timeline keeps the oldest records and counts what finds no room, that
 * records can be written again once some were read, and that a reader's position which makes no
 * sense writes nothing outside the array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/trace/seat.h"

#define COUNT TRACE_RECORDS_LEAST

static struct trace_ring ring;
static struct {
    struct trace_record records[COUNT];
    struct trace_record behind;
} array;
static struct trace_seat seat = {.ring = &ring, .records = array.records, .mask = COUNT - 1};

static int start(void **state)
{
    (void)state;
    memset(&ring, 0, sizeof(ring));
    memset(&array, 0, sizeof(array));
    seat.next = seat.end = NULL;
    return 0;
}

static void write_records(u64 from, u64 count)
{
    for (u64 i = from; i < from + count; i++) {
        trace_write(&seat, &(struct trace_record){.value = i});
    }
}

static void a_full_ring_counts_what_is_lost(void **state)
{
    (void)state;
    write_records(0, COUNT + 72);
    assert_int_equal(ring.head, COUNT);
    assert_int_equal(ring.lost, 72);
    for (u64 i = 0; i < COUNT; i++) {
        assert_int_equal(array.records[i].value, i);
    }
}

static void reading_makes_room(void **state)
{
    (void)state;
    write_records(0, COUNT + 1);
    ring.tail = 50;
    write_records(1000, 51);
    assert_int_equal(ring.head, COUNT + 50);
    assert_int_equal(ring.lost, 2);
    assert_int_equal(array.records[49].value, 1049);
    assert_int_equal(array.records[50].value, 50);
}

static void a_wrong_position_does_no_harm(void **state)
{
    (void)state;
    for (u32 i = 0; i < 3; i++) {
        ring.tail = (u64[]){~0ull, 1ull << 40, 1}[i];
        write_records(i * 500, 500);
    }
    assert_int_equal(array.behind.value, 0);
    assert_int_equal(ring.head + ring.lost, 1500);
}

static void a_cpu_without_a_ring_records_nothing(void **state)
{
    struct trace_seat none = {.ring = NULL};

    (void)state;
    trace_write(&none, &(struct trace_record){.value = 1});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_full_ring_counts_what_is_lost, start),
        cmocka_unit_test_setup(reading_makes_room, start),
        cmocka_unit_test_setup(a_wrong_position_does_no_harm, start),
        cmocka_unit_test_setup(a_cpu_without_a_ring_records_nothing, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
