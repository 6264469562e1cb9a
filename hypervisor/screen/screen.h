/* SPDX-License-Identifier: MIT */
/* A screen as a console: text that scrolls. What is to be seen is kept in memory, and only the
 * characters that change are drawn.
 *
 * One screen, without a lock: the log's lock guards it. */
#ifndef SCREEN_SCREEN_H
#define SCREEN_SCREEN_H

#include "hypervisor/screen/mode.h"

#define SCREEN_TEXT_COLUMNS 80u /* of VGA's text mode */
#define SCREEN_TEXT_ROWS    25u

/* More characters than that are not used of a screen. */
#define SCREEN_COLUMNS_MOST 240u
#define SCREEN_ROWS_MOST    100u

/* The text of a screen. */
struct screen_text {
    u8 wanted[SCREEN_ROWS_MOST][SCREEN_COLUMNS_MOST]; /* that is to be seen */
    u8 shown[SCREEN_ROWS_MOST][SCREEN_COLUMNS_MOST];  /* that has been drawn */
};

/* Clears the screen and starts at its first line. memory: its frame buffer, or the characters of
 * its text mode. The mode is text mode, or sound (screen_mode_is_sound). *text is used from then
 * on; its contents are of no matter. */
void screen_start(const struct screen_mode *mode, void *memory, struct screen_text *text);

/* From now on screen_write does nothing. */
void screen_stop(void);

/* True between screen_start and screen_stop. */
bool screen_is_on(void);

/* Writes `count` bytes: ASCII with the control characters \n, \r, \b and \t. Other bytes are shown
 * as a point, and a terminal's escape sequences not at all. Lines that are too long are broken. */
void screen_write(const char *bytes, u64 count);

/* The place where the next character will be. */
void screen_cursor(u32 *column, u32 *row);

/* The number of lines of text; 0 before screen_start. */
u32 screen_rows(void);

#endif
