/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/log/crash_record recognises a record that it has written, with the end of
 * its text; and that memory which holds no whole record, or in which a single bit has
 * changed, is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/log/crash_record.h"
#include "lib/types.h"

static struct crash_record *record;

static int start(void **unused)
{
    (void)unused;
    record = malloc(sizeof *record);
    memset(record, 0xa5, sizeof *record);
    return 0;
}

static int end(void **unused)
{
    (void)unused;
    free(record);
    return 0;
}

static void what_was_written_is_whole(void **unused)
{
    (void)unused;
    assert_false(crash_record_is_whole(record));
    crash_record_write(record, 7, "one\ntwo\n", 8);
    assert_true(crash_record_is_whole(record));
    assert_int_equal(record->boots, 7);
    assert_int_equal(record->size, 8);
    assert_memory_equal(record->text, "one\ntwo\n", 8);
    crash_record_write(record, 8, "", 0);
    assert_true(crash_record_is_whole(record));
    assert_int_equal(record->size, 0);
}

static void the_end_of_a_long_text_is_kept(void **unused)
{
    static char text[2 * CRASH_RECORD_BYTES];

    (void)unused;
    for (u32 i = 0; i < sizeof text; i++) {
        text[i] = (char)(i * 31 + i / 256);
    }
    crash_record_write(record, 1, text, sizeof text);
    assert_true(crash_record_is_whole(record));
    assert_int_equal(record->size, sizeof record->text);
    assert_memory_equal(record->text, text + sizeof text - record->size, record->size);
}

static void no_bit_may_change(void **unused)
{
    (void)unused;
    crash_record_write(record, 3, "the last words", 14);
    for (u32 i = 0; i < (offsetof(struct crash_record, text) + 14) * 8; i++) {
        u8 *byte = (u8 *)record + i / 8;

        *byte ^= (u8)(1u << i % 8);
        assert_false(crash_record_is_whole(record));
        *byte ^= (u8)(1u << i % 8);
    }
    assert_true(crash_record_is_whole(record));
}

static void cleared_memory_is_no_record(void **unused)
{
    (void)unused;
    memset(record, 0, sizeof *record);
    assert_false(crash_record_is_whole(record));
    memset(record, 0xff, sizeof *record);
    assert_false(crash_record_is_whole(record));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_whole, start, end),
        cmocka_unit_test_setup_teardown(the_end_of_a_long_text_is_kept, start, end),
        cmocka_unit_test_setup_teardown(no_bit_may_change, start, end),
        cmocka_unit_test_setup_teardown(cleared_memory_is_no_record, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
