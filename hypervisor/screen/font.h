/* SPDX-License-Identifier: MIT */
/* The font of the screen. */
#ifndef SCREEN_FONT_H
#define SCREEN_FONT_H

#include "lib/types.h"

#define FONT_GLYPHS 256u
#define FONT_WIDTH  8u /* pixels */
#define FONT_HEIGHT 16u

/* By character, of which those from ' ' to '~' are ASCII's: its rows from top to bottom, the
 * leftmost pixel in bit 7. */
extern const u8 font_glyph[FONT_GLYPHS][FONT_HEIGHT];

#endif
