/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/boot/payload finds the packed kernel in a bzImage, that it refuses each
 * header which does not describe one, and that it reads nothing behind the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/boot/payload.h"

#define SETUP_SECTORS 2u
#define OFFSET        0x40u
#define START         ((SETUP_SECTORS + 1) * 512 + OFFSET)
#define SIZE          64u
#define FILE_SIZE     (START + SIZE)
#define UNPACKED      0x12345u

static void put(u8 *at, u32 value, u32 size)
{
    memcpy(at, &value, size);
}

/* A bzImage with a payload that begins with `magic`, in a block of exactly its size. */
static u8 *image(const char *magic, u32 length)
{
    u8 *file = calloc(1, FILE_SIZE);

    file[0x1f1] = SETUP_SECTORS;
    memcpy(file + 0x202, "HdrS", 4);
    put(file + 0x206, 0x20f, 2);
    put(file + 0x248, OFFSET, 4);
    put(file + 0x24c, SIZE, 4);
    memcpy(file + START, magic, length);
    put(file + FILE_SIZE - 4, UNPACKED, 4);
    return file;
}

static void each_packing_is_recognised(void **state)
{
    static const struct {
        const char *magic;
        u32 length;
        const char *name;
        u32 trailer; /* bytes at the end that are not the payload's */
    } packings[] = {
        {"\x1f\x8b\x08", 3, "gzip", 0},
        {"\xfd"
         "7zXZ\0",
         6, "xz", 4},
        {"\x28\xb5\x2f\xfd", 4, "zstd", 4},
        {"\x02\x21\x4c\x18", 4, "lz4", 4},
        {"\x5d\0\0", 3, "lzma", 4},
    };

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(packings); i++) {
        u8 *file = image(packings[i].magic, packings[i].length);
        struct payload payload;

        assert_null(payload_find(file, FILE_SIZE, &payload));
        assert_string_equal(payload.packing, packings[i].name);
        assert_ptr_equal(payload.bytes, file + START);
        assert_int_equal(payload.size, SIZE - packings[i].trailer);
        assert_int_equal(payload.unpacked_size, UNPACKED);
        free(file);
    }
}

static const char *reason_for(u32 at, u32 value, u32 size)
{
    u8 *file = image("\x28\xb5\x2f\xfd", 4);
    struct payload payload;

    put(file + at, value, size);
    const char *reason = payload_find(file, FILE_SIZE, &payload);
    free(file);
    assert_non_null(reason);
    return reason;
}

static void a_header_that_describes_no_payload_is_refused(void **state)
{
    (void)state;
    assert_non_null(strstr(reason_for(0x202, 0, 4), "neither"));
    assert_non_null(strstr(reason_for(0x206, 0x207, 2), "2.6.26"));
    assert_non_null(strstr(reason_for(0x248, OFFSET + 1, 4), "truncated"));
    assert_non_null(strstr(reason_for(0x248, 0xffffffff, 4), "truncated"));
    assert_non_null(strstr(reason_for(0x24c, SIZE + 1, 4), "truncated"));
    assert_non_null(strstr(reason_for(0x24c, 0xffffffff, 4), "truncated"));
    assert_non_null(strstr(reason_for(0x24c, 7, 4), "truncated"));
    assert_non_null(strstr(reason_for(START, 0, 4), "no known way"));
    assert_non_null(strstr(reason_for(FILE_SIZE - 4, 0, 4), "plausible"));
    assert_non_null(strstr(reason_for(FILE_SIZE - 4, 0x40000001, 4), "plausible"));
}

static void every_shorter_file_is_refused(void **state)
{
    (void)state;
    for (u64 size = 0; size < FILE_SIZE; size++) {
        u8 *whole = image("\x28\xb5\x2f\xfd", 4), *file = malloc(size ? size : 1);
        struct payload payload;

        memcpy(file, whole, size);
        assert_non_null(payload_find(file, size, &payload));
        free(file);
        free(whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_packing_is_recognised),
        cmocka_unit_test(a_header_that_describes_no_payload_is_refused),
        cmocka_unit_test(every_shorter_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
