/* SPDX-License-Identifier: MIT */
/* Drawing characters into a frame buffer. It is only written: reading one is slow. */
#ifndef SCREEN_PIXELS_H
#define SCREEN_PIXELS_H

#include "hypervisor/screen/mode.h"

struct pixels {
    u8 *memory; /* of the first pixel */
    u32 pitch;
    u32 bytes; /* of a pixel */
    u32 scale; /* a pixel of the font is a square of so many pixels of the screen */
    u32 ink;   /* the value of a pixel of a character; the background is 0 */
};

/* Makes *pixels for a sound mode (screen_mode_is_sound) whose frame buffer is at `memory`. */
void pixels_use(struct pixels *pixels, const struct screen_mode *mode, void *memory);

/* How many characters a line of the mode has, and how many lines. */
u32 pixels_columns(const struct pixels *pixels, const struct screen_mode *mode);
u32 pixels_rows(const struct pixels *pixels, const struct screen_mode *mode);

/* Makes every pixel of the mode black. */
void pixels_clear(const struct pixels *pixels, const struct screen_mode *mode);

/* Draws a character into the cell at this column and row, which must be within the mode. */
void pixels_put(const struct pixels *pixels, u32 column, u32 row, u8 character);

#endif
