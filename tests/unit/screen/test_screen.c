/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/screen draws the characters of the font, at every depth and with lines of
 * any length, and nothing else; that text scrolls, and lines are broken; that only what changes is
 * drawn; and that a mode which makes no sense is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/screen/font.h"
#include "hypervisor/screen/pixels.h"
#include "hypervisor/screen/screen.h"

#define UNTOUCHED 0x5a

/* ---- a frame buffer in memory of exactly its size ---- */

static struct {
    struct screen_mode mode;
    u8 *memory;
} fake;

static struct screen_text kept;

static struct screen_mode mode_of(u32 bits, u32 width, u32 height, u32 pitch)
{
    struct screen_mode mode = {.kind = SCREEN_PIXELS,
                               .at = 0xc0000000,
                               .pitch = pitch,
                               .width = width,
                               .height = height,
                               .bits = bits,
                               .red = {16, 8},
                               .green = {8, 8},
                               .blue = {0, 8}};

    if (bits == 16) {
        mode.red = (struct screen_part){11, 5};
        mode.green = (struct screen_part){5, 6};
        mode.blue = (struct screen_part){0, 5};
    }
    if (bits == 15) {
        mode.red = (struct screen_part){10, 5};
        mode.green = (struct screen_part){5, 5};
        mode.blue = (struct screen_part){0, 5};
    }
    return mode;
}

static void start(u32 bits, u32 width, u32 height, u32 pitch)
{
    fake.mode = mode_of(bits, width, height, pitch);
    assert_true(screen_mode_is_sound(&fake.mode));
    free(fake.memory);
    fake.memory = malloc(screen_mode_size(&fake.mode));
    memset(fake.memory, UNTOUCHED, screen_mode_size(&fake.mode));
    screen_start(&fake.mode, fake.memory, &kept);
}

static int end(void **unused)
{
    (void)unused;
    screen_stop();
    free(fake.memory);
    fake.memory = NULL;
    return 0;
}

static u32 pixel(u32 x, u32 y)
{
    u32 value = 0;

    memcpy(&value, fake.memory + y * fake.mode.pitch + x * ((fake.mode.bits + 7) / 8),
           (fake.mode.bits + 7) / 8);
    return value;
}

static u32 ink(void)
{
    switch (fake.mode.bits) {
    case 15:
        return 21 << 10 | 21 << 5 | 21;
    case 16:
        return 21 << 11 | 42 << 5 | 21;
    default:
        return 0xaaaaaa;
    }
}

/* The character that the pixels of a cell show; 0: none of ASCII. A pixel of the font is a square
 * of `scale` pixels. */
static char read_cell(u32 column, u32 row, u32 scale)
{
    for (u32 c = ' '; c <= '~'; c++) {
        bool same = true;

        for (u32 y = 0; y < FONT_HEIGHT * scale; y++) {
            for (u32 x = 0; x < FONT_WIDTH * scale; x++) {
                bool set = font_glyph[c][y / scale] >> (7 - x / scale) & 1;

                same &= pixel(column * FONT_WIDTH * scale + x, row * FONT_HEIGHT * scale + y) ==
                        (set ? ink() : 0);
            }
        }
        if (same) {
            return (char)c;
        }
    }
    return 0;
}

static void assert_line(u32 row, u32 scale, const char *text)
{
    const u32 columns = fake.mode.width / (FONT_WIDTH * scale);

    for (u32 i = 0; i < columns; i++) {
        assert_int_equal(read_cell(i, row, scale), *text ? *text : ' ');
        text += *text != 0;
    }
}

static void put(const char *text)
{
    screen_write(text, strlen(text));
}

/* ---- claims ---- */

static void the_font_is_what_it_should_be(void **unused)
{
    static const u8 expected[FONT_HEIGHT] = {0,    0,    0x3c, 0x42, 0x42, 0x42, 0x42, 0x7e,
                                             0x42, 0x42, 0x42, 0x42, 0,    0,    0,    0};
    static const u8 space[FONT_HEIGHT];

    (void)unused;
    assert_memory_equal(font_glyph['A'], expected, FONT_HEIGHT);
    assert_memory_equal(font_glyph[' '], space, FONT_HEIGHT);
    for (u32 a = '!'; a <= '~'; a++) {
        for (u32 b = ' '; b < a; b++) {
            assert_memory_not_equal(font_glyph[a], font_glyph[b], FONT_HEIGHT);
        }
    }
}

static void every_character_is_drawn_at_every_depth(void **unused)
{
    static const u32 depths[] = {15, 16, 24, 32};

    (void)unused;
    for (u32 i = 0; i < ARRAY_LENGTH(depths); i++) {
        const u32 bytes = (depths[i] + 7) / 8;

        for (u32 odd = 0; odd < 8; odd++) {
            const u32 width = 640 + odd, pitch = width * bytes + 3 * odd;
            char all[96] = "";

            start(depths[i], width, 60, pitch);
            for (char c = '!'; c <= '~'; c++) {
                all[c - '!'] = c;
            }
            put(all);
            assert_line(1, 1, all + 80);
            all[80] = 0;
            assert_line(0, 1, all);
            for (u32 y = 0; y < 60; y++) { /* what lies between the lines is not ours */
                for (u32 x = width * bytes; x < pitch; x++) {
                    assert_int_equal(fake.memory[y * pitch + x], UNTOUCHED);
                }
            }
        }
    }
}

static void a_screen_of_many_pixels_is_scaled(void **unused)
{
    (void)unused;
    start(32, 2560, 800, 2560 * 4);
    put("large\nletters");
    assert_line(0, 2, "large");
    assert_line(1, 2, "letters");
    assert_int_equal(screen_rows(), 25);
}

static void text_scrolls(void **unused)
{
    (void)unused;
    start(24, 320, 3 * 16, 320 * 3);
    put("one\ntwo\nthree");
    assert_line(0, 1, "one");
    put("\nfour\n");
    assert_line(0, 1, "three");
    assert_line(1, 1, "four");
    assert_line(2, 1, "");
    put("0123456789012345678901234567890123456789x");
    assert_line(0, 1, "four");
    assert_line(1, 1, "0123456789012345678901234567890123456789");
    assert_line(2, 1, "x");
}

static void control_characters_have_their_meaning(void **unused)
{
    (void)unused;
    start(32, 640, 64, 640 * 4);
    put("abc\rX\tY\bZ\x01\x80");
    assert_line(0, 1, "Xbc     Z..");
    put("\n\x1b[1;31mred\x1b[0m\x1b"
        "Mend");
    assert_line(1, 1, "redend");
}

static void only_what_changes_is_drawn(void **unused)
{
    (void)unused;
    start(32, 640, 64, 640 * 4);
    put("aaaa");
    memset(fake.memory, UNTOUCHED, screen_mode_size(&fake.mode));
    put("b");
    for (u32 i = 0; i < screen_mode_size(&fake.mode); i++) {
        const u32 x = i % fake.mode.pitch / 4, y = i / fake.mode.pitch;

        if (x < 32 || x >= 40 || y >= 16) {
            assert_int_equal(fake.memory[i], UNTOUCHED);
        }
    }
    assert_int_equal(read_cell(4, 0, 1), 'b');
}

static void text_mode_shows_characters(void **unused)
{
    static const struct screen_mode text = {.kind = SCREEN_TEXT};
    u16 *memory = malloc(80 * 25 * sizeof *memory);
    u32 column, row;

    (void)unused;
    memset(memory, UNTOUCHED, 80 * 25 * sizeof *memory);
    screen_start(&text, memory, &kept);
    for (u32 i = 0; i < 30; i++) {
        char line[] = {(char)('A' + i), '\n'};

        screen_write(line, 2);
    }
    put("end");
    assert_int_equal(memory[0], 0x0700 | 'G');
    assert_int_equal(memory[1], 0x0700 | ' ');
    assert_int_equal(memory[23 * 80], 0x0700 | ('A' + 29));
    assert_int_equal(memory[24 * 80 + 2], 0x0700 | 'd');
    screen_cursor(&column, &row);
    assert_int_equal(column, 3);
    assert_int_equal(row, 24);
    screen_stop();
    put("not shown");
    assert_int_equal(memory[24 * 80 + 3], 0x0700 | ' ');
    free(memory);
}

static void a_mode_without_sense_is_refused(void **unused)
{
    const struct screen_mode good = mode_of(32, 1024, 768, 4096);
    struct screen_mode bad[13];
    u32 i = 0;

    (void)unused;
    assert_true(screen_mode_is_sound(&good));
    for (u32 k = 0; k < ARRAY_LENGTH(bad); k++) {
        bad[k] = good;
    }
    bad[i++].kind = SCREEN_NONE;
    bad[i++].bits = 8;
    bad[i++].bits = 64;
    bad[i++].pitch = 4095;
    bad[i++].pitch = 1u << 30;
    bad[i++].width = 100;
    bad[i++].width = 0x40000001;
    bad[i++].height = 15;
    bad[i++].height = 1u << 31;
    bad[i++].at = 0;
    bad[i++].at = ~0ull - 100;
    bad[i++].red.at = 30;
    bad[i++].blue.size = 0;
    assert_int_equal(i, ARRAY_LENGTH(bad));
    for (u32 k = 0; k < ARRAY_LENGTH(bad); k++) {
        assert_false(screen_mode_is_sound(&bad[k]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_font_is_what_it_should_be),
        cmocka_unit_test_teardown(every_character_is_drawn_at_every_depth, end),
        cmocka_unit_test_teardown(a_screen_of_many_pixels_is_scaled, end),
        cmocka_unit_test_teardown(text_scrolls, end),
        cmocka_unit_test_teardown(control_characters_have_their_meaning, end),
        cmocka_unit_test_teardown(only_what_changes_is_drawn, end),
        cmocka_unit_test(text_mode_shows_characters),
        cmocka_unit_test(a_mode_without_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
