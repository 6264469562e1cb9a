/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/boot/multiboot2 reads what a Multiboot 2 loader reports, in any
 * order of the tags, and that damaged information is refused in words without a byte outside being
 * read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/boot/multiboot2.h"

#define END         0u
#define COMMAND     1u
#define MODULE      3u
#define MAP         6u
#define SCREEN      8u
#define EFI64       12u
#define POINTER_OLD 14u
#define POINTER_NEW 15u
#define EFI_MAP     17u

/* ---- building information ---- */

static struct {
    u8 byte[8192];
    u32 size;
} built;

static void put(const void *bytes, u32 size)
{
    memcpy(built.byte + built.size, bytes, size);
    built.size += size;
}

static void put_tag(u32 type, const void *content, u32 size)
{
    u32 head[2] = {type, size + 8};

    put(head, sizeof head);
    put(content, size);
    built.size = (built.size + 7) & ~7u;
}

static void begin(void)
{
    memset(&built, 0, sizeof built);
    built.size = 8;
}

static void put_map(u32 ranges)
{
    u32 content[2 + 6 * 200] = {24, 0};

    for (u32 i = 0; i < ranges; i++) {
        u32 *entry = content + 2 + 6 * i;

        entry[0] = i << 20;
        entry[2] = 0x1000;
        entry[4] = i % 2 ? 20 : 1;
    }
    put_tag(MAP, content, 8 + 24 * ranges);
}

static void put_module(u32 start, u32 end, const char *text)
{
    u8 content[200];

    memcpy(content, &start, 4);
    memcpy(content + 4, &end, 4);
    memcpy(content + 8, text, strlen(text) + 1);
    put_tag(MODULE, content, 8 + (u32)strlen(text) + 1);
}

static struct loader loader;

/* Reads the information in a block of exactly `size` bytes. */
static const char *read_block(u32 size)
{
    u8 *block = malloc(size);
    const char *wrong;

    memcpy(block, built.byte, size);
    memset(&loader, 0, sizeof loader);
    wrong = multiboot2_read(block, size, &loader);
    free(block);
    return wrong;
}

static const char *read_all(void)
{
    put_tag(END, "", 0);
    memcpy(built.byte, &built.size, 4);
    return read_block(built.size);
}

/* EFI's map of `ranges` ranges, with descriptors of `size` bytes, the last one of `last`. */
static void put_efi_map(u32 ranges, u32 size, u32 last)
{
    u8 content[8 + 48 * 10] = {(u8)size, 0, 0, 0, 1};

    for (u32 i = 0; i < ranges; i++) {
        u64 words[] = {i + 1, i << 12, 7, 1, 1ull << 63 | 15};

        memcpy(content + 8 + size * i, words, sizeof words < size ? sizeof words : size);
    }
    put_tag(EFI_MAP, content, 8 + size * (ranges - 1) + last);
}

/* ---- claims ---- */

static void everything_is_read(void **state)
{
    u64 table = 0x123456789a;

    (void)state;
    begin();
    put_tag(COMMAND, "placeholder console=com1", 25);
    put_tag(POINTER_NEW, "RSD PTR new, of revision 2, 36 bytes", 36);
    put_tag(POINTER_OLD, "RSD PTR old, 20 byte", 20);
    put_module(0x3000, 0x83000, "placeholder root=UUID");
    put_tag(77, "unknown", 7);
    put_module(0x100000, 0x100001, "");
    put_tag(EFI64, &table, 8);
    put_map(3);
    assert_null(read_all());
    assert_string_equal(loader.command_line, "placeholder console=com1");
    assert_string_equal(loader.module_text, "placeholder root=UUID");
    assert_int_equal(loader.module_count, 2);
    assert_int_equal(loader.module[0].start, 0x3000);
    assert_int_equal(loader.module[0].end, 0x83000);
    assert_int_equal(loader.module[1].end, 0x100001);
    assert_int_equal(loader.range_count, 3);
    assert_int_equal(loader.range[1].start, 1 << 20);
    assert_int_equal(loader.range[1].size, 0x1000);
    assert_int_equal(loader.range[1].type, 20);
    assert_int_equal(loader.efi_system_table, table);
    assert_int_equal(loader.root_pointer_size, 36);
    assert_memory_equal(loader.root_pointer, "RSD PTR new", 11);
}

static void the_memory_map_of_efi_is_read(void **state)
{
    (void)state;
    begin();
    put_efi_map(3, 48, 48);
    put_map(1);
    assert_null(read_all());
    assert_int_equal(loader.efi_range_count, 3);
    assert_int_equal(loader.efi_range[2].start, 0x2000);
    assert_int_equal(loader.efi_range[2].size, 0x1000);
    assert_int_equal(loader.efi_range[2].type, 3);
    assert_int_equal(loader.efi_range[2].attributes, 1ull << 63 | 15);
    begin();
    put_efi_map(3, 40, 39); /* the last one is cut */
    put_map(1);
    assert_null(read_all());
    assert_int_equal(loader.efi_range_count, 2);
    begin();
    put_efi_map(3, 32, 32); /* descriptors that are too short */
    put_map(1);
    assert_null(read_all());
    assert_int_equal(loader.efi_range_count, 0);
    begin();
    put_tag(EFI_MAP, "", 0);
    put_map(1);
    assert_null(read_all());
    assert_int_equal(loader.efi_range_count, 0);
}

static void the_newer_pointer_counts_wherever_it_is(void **state)
{
    (void)state;
    begin();
    put_map(1);
    put_tag(POINTER_OLD, "RSD PTR old, 20 byte", 20);
    assert_null(read_all());
    assert_int_equal(loader.root_pointer_size, 20);
    begin();
    put_map(1);
    put_tag(POINTER_OLD, "RSD PTR old, 20 byte", 20);
    put_tag(POINTER_NEW, "RSD PTR new, of revision 2, 36 bytes", 36);
    assert_null(read_all());
    assert_int_equal(loader.root_pointer_size, 36);
}

static void a_screen_is_read(void **state)
{
    u8 content[24] = {0};
    const u8 parts[6] = {16, 8, 8, 8, 0, 8};
    const u64 at = 0x4000000000;
    const u32 numbers[3] = {4096, 1024, 768};
    u8 whole[sizeof content + sizeof parts];

    (void)state;
    memcpy(content, &at, sizeof at);
    memcpy(content + 8, numbers, sizeof numbers);
    content[20] = 32;
    content[21] = 1;
    memcpy(whole, content, sizeof content);
    memcpy(whole + sizeof content, parts, sizeof parts);
    begin();
    put_map(1);
    put_tag(SCREEN, whole, sizeof whole);
    assert_null(read_all());
    assert_int_equal(loader.screen.kind, SCREEN_PIXELS);
    assert_int_equal(loader.screen.at, at);
    assert_int_equal(loader.screen.pitch, 4096);
    assert_int_equal(loader.screen.height, 768);
    assert_int_equal(loader.screen.bits, 32);
    assert_int_equal(loader.screen.red.at, 16);
    assert_int_equal(loader.screen.blue.size, 8);
    loader_check_screen(&loader);
    assert_int_equal(loader.screen.kind, SCREEN_PIXELS);
    loader.efi_system_table = 1;
    assert_true(loader_add_range(&loader, at + 0x2ff000, 0x1000, MACHINE_RAM));
    loader_check_screen(&loader);
    assert_true(loader.screen.from_efi);
    assert_int_equal(loader.screen.kind, SCREEN_NONE);
    /* RAM, or a screen, whose end no address has. */
    loader.screen.kind = SCREEN_PIXELS;
    loader.range[1].size = ~at;
    loader_check_screen(&loader);
    assert_int_equal(loader.screen.kind, SCREEN_NONE);
    loader.screen.kind = SCREEN_PIXELS;
    loader.screen.at = ~0xfffull;
    loader.range_count = 0;
    loader_check_screen(&loader);
    assert_int_equal(loader.screen.kind, SCREEN_NONE);

    begin();
    put_map(1);
    put_tag(SCREEN, whole, sizeof whole - 1);
    whole[21] = 2; /* text */
    put_tag(SCREEN, whole, sizeof whole);
    assert_null(read_all());
    assert_int_equal(loader.screen.kind, SCREEN_NONE);
}

static void long_texts_are_cut(void **state)
{
    char text[COMMAND_LINE_MAX + 500];

    (void)state;
    memset(text, 'x', sizeof text);
    begin();
    put_tag(COMMAND, text, sizeof text);
    put_map(1);
    assert_null(read_all());
    assert_int_equal(strlen(loader.command_line), COMMAND_LINE_MAX - 1);
}

static void a_file_name_is_left_out_where_there_is_one(void **state)
{
    char text[COMMAND_LINE_MAX];

    (void)state;
    loader_copy_text(text, "/boot/vmlinuz  root=/dev/sda quiet", 1000, true);
    assert_string_equal(text, "root=/dev/sda quiet");
    loader_copy_text(text, "root=/dev/sda quiet", 1000, false);
    assert_string_equal(text, "root=/dev/sda quiet");
    loader_copy_text(text, "/boot/vmlinuz", 1000, true);
    assert_string_equal(text, "");
    loader_copy_text(text, "abcdef", 3, false);
    assert_string_equal(text, "abc");
}

static void damaged_information_is_refused(void **state)
{
    u32 wrong_size = 1000;

    (void)state;
    begin();
    put_tag(COMMAND, "x", 2);
    assert_non_null(read_all()); /* no memory map */
    begin();
    put_map(MACHINE_RANGES_MAX + 1);
    assert_non_null(read_all());
    begin();
    put_map(1);
    for (u32 i = 0; i <= HANDOFF_MODULES_MAX; i++) {
        put_module(0, 1, "");
    }
    assert_non_null(read_all());
    begin();
    put_map(1);
    put_module(2, 1, "");
    assert_non_null(read_all());
    begin();
    put_map(1);
    memcpy(built.byte + 12, &wrong_size, 4); /* a tag beyond the end */
    assert_non_null(read_all());
    begin();
    put_map(1);
    memset(built.byte + 12, 0, 4); /* a tag without a head */
    assert_non_null(read_all());
    begin();
    put_map(1);
    memset(built.byte + 16, 0, 4); /* entries without a size */
    assert_non_null(read_all());
    begin();
    memcpy(built.byte, &wrong_size, 4);
    assert_non_null(read_block(8));
    assert_non_null(read_block(4));
}

/* Reads the information with each of its bytes changed, and cut at each place: under the address
 * sanitizer, nothing outside may be touched. */
static void nothing_outside_is_read(void **state)
{
    (void)state;
    begin();
    put_tag(COMMAND, "console=com1", 13);
    put_module(0x3000, 0x83000, "placeholder");
    put_tag(POINTER_OLD, "RSD PTR old, 20 byte", 20);
    put_map(3);
    put_efi_map(2, 48, 48);
    assert_null(read_all());
    for (u32 at = 0; at < built.size; at++) {
        u8 kept = built.byte[at];

        for (u32 bit = 0; bit < 8; bit++) {
            built.byte[at] = (u8)(kept ^ 1u << bit);
            read_block(built.size);
        }
        built.byte[at] = kept;
        read_block(at ? at : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_read),
        cmocka_unit_test(the_memory_map_of_efi_is_read),
        cmocka_unit_test(the_newer_pointer_counts_wherever_it_is),
        cmocka_unit_test(a_screen_is_read),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(a_file_name_is_left_out_where_there_is_one),
        cmocka_unit_test(damaged_information_is_refused),
        cmocka_unit_test(nothing_outside_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
