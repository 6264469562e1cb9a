/* SPDX-License-Identifier: MIT */
/* Checking what a loader says of a frame buffer. */
#include "hypervisor/screen/mode.h"
#include "hypervisor/screen/font.h"

#define SIDE_MOST  16384u /* pixels */
#define PITCH_MOST (SIDE_MOST * 4)
#define TEXT_WIDTH (40 * FONT_WIDTH)

static bool part_is_sound(struct screen_part part, u32 bits)
{
    return part.size && part.size <= 16 && part.at + part.size <= bits;
}

bool screen_mode_is_sound(const struct screen_mode *mode)
{
    const u32 bits = mode->bits;

    return mode->kind == SCREEN_PIXELS && mode->at &&
           (bits == 15 || bits == 16 || bits == 24 || bits == 32) && mode->width >= TEXT_WIDTH &&
           mode->width <= SIDE_MOST && mode->height >= FONT_HEIGHT && mode->height <= SIDE_MOST &&
           mode->pitch <= PITCH_MOST && mode->pitch >= mode->width * ((bits + 7) / 8) &&
           mode->at + screen_mode_size(mode) > mode->at && part_is_sound(mode->red, bits) &&
           part_is_sound(mode->green, bits) && part_is_sound(mode->blue, bits);
}

u64 screen_mode_size(const struct screen_mode *mode)
{
    return (u64)mode->pitch * mode->height;
}
