/* SPDX-License-Identifier: MIT */
/* What a screen looks like to a program: VGA's text mode, or a linear frame buffer. */
#ifndef SCREEN_MODE_H
#define SCREEN_MODE_H

#include "lib/types.h"

enum screen_kind {
    SCREEN_NONE,  /* there is no screen, or none that is understood */
    SCREEN_TEXT,  /* VGA's text mode 3: 80 by 25 characters */
    SCREEN_PIXELS /* a frame buffer, each pixel of which holds its colour */
};

/* A colour's part of a pixel. */
struct screen_part {
    u8 at, size; /* its lowest bit, and how many bits */
};

struct screen_mode {
    enum screen_kind kind;
    /* Of a frame buffer: */
    u64 at;            /* machine address of the first pixel */
    u32 pitch;         /* bytes from one line of pixels to the next */
    u32 width, height; /* pixels */
    u32 bits;          /* of a pixel: 15, 16, 24 or 32 */
    struct screen_part red, green, blue;
    bool from_efi; /* EFI set the mode, not a VGA BIOS */
};

/* True for a frame buffer whose numbers agree with each other, with room for at least one line of
 * text. Its bytes are screen_mode_size. */
bool screen_mode_is_sound(const struct screen_mode *mode);

/* Bytes of a frame buffer. */
u64 screen_mode_size(const struct screen_mode *mode);

#endif
