/* SPDX-License-Identifier: MIT */
/* Drawing characters into a frame buffer. */
#include "hypervisor/screen/pixels.h"
#include "hypervisor/screen/font.h"

/* A screen is scaled as often as it has so many pixels. */
#define SCALE_WIDTH  1280u
#define SCALE_HEIGHT 400u
#define SCALE_MOST   8u
#define BYTES_MOST   4u
#define GREY         0xaau /* of 0xff: as bright as VGA's usual text */

/* 8 bytes at any address. */
struct any_place {
    u64 bytes;
} __attribute__((packed));

static u32 part_of(u32 level, struct screen_part part)
{
    u32 value = part.size < 8 ? level >> (8 - part.size) : level << (part.size - 8);

    return value << part.at;
}

static u32 scale_of(const struct screen_mode *mode)
{
    const u32 across = mode->width / SCALE_WIDTH, down = mode->height / SCALE_HEIGHT;
    const u32 scale = across < down ? across : down;

    if (scale < 1) {
        return 1;
    }
    return scale < SCALE_MOST ? scale : SCALE_MOST;
}

void pixels_use(struct pixels *pixels, const struct screen_mode *mode, void *memory)
{
    pixels->memory = memory;
    pixels->pitch = mode->pitch;
    pixels->bytes = (mode->bits + 7) / 8;
    pixels->scale = scale_of(mode);
    pixels->ink = part_of(GREY, mode->red) | part_of(GREY, mode->green) | part_of(GREY, mode->blue);
}

u32 pixels_columns(const struct pixels *pixels, const struct screen_mode *mode)
{
    return mode->width / (FONT_WIDTH * pixels->scale);
}

u32 pixels_rows(const struct pixels *pixels, const struct screen_mode *mode)
{
    return mode->height / (FONT_HEIGHT * pixels->scale);
}

static void clear_line(u8 *to, u32 size)
{
    u32 at = 0;

    for (; size - at >= 8; at += 8) {
        ((volatile struct any_place *)(to + at))->bytes = 0;
    }
    for (; at < size; at++) {
        ((volatile u8 *)to)[at] = 0;
    }
}

void pixels_clear(const struct pixels *pixels, const struct screen_mode *mode)
{
    for (u32 y = 0; y < mode->height; y++) {
        clear_line(pixels->memory + (u64)y * pixels->pitch, mode->width * pixels->bytes);
    }
}

/* Writes the pixels of one row of a glyph to `line`, as the screen has them. */
static void make_line(const struct pixels *pixels, u8 row, u8 *line)
{
    for (u32 x = 0; x < FONT_WIDTH; x++) {
        const u32 value = row >> (FONT_WIDTH - 1 - x) & 1 ? pixels->ink : 0;

        for (u32 i = 0; i < pixels->scale; i++) {
            for (u32 byte = 0; byte < pixels->bytes; byte++) {
                *line++ = (u8)(value >> 8 * byte);
            }
        }
    }
}

void pixels_put(const struct pixels *pixels, u32 column, u32 row, u8 character)
{
    const u32 size = FONT_WIDTH * pixels->scale * pixels->bytes; /* a multiple of 8 */
    u8 *to = pixels->memory + (u64)row * FONT_HEIGHT * pixels->scale * pixels->pitch +
             (u64)column * size;
    u8 line[FONT_WIDTH * SCALE_MOST * BYTES_MOST];

    for (u32 y = 0; y < FONT_HEIGHT; y++) {
        make_line(pixels, font_glyph[character][y], line);
        for (u32 i = 0; i < pixels->scale; i++, to += pixels->pitch) {
            for (u32 at = 0; at < size; at += 8) {
                ((volatile struct any_place *)(to + at))->bytes =
                    ((struct any_place *)(line + at))->bytes;
            }
        }
    }
}
