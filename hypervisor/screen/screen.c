/* SPDX-License-Identifier: MIT */
/* A screen as a console. */
#include "hypervisor/screen/screen.h"
#include "hypervisor/screen/pixels.h"
#include "lib/string.h"

#define TEXT_COLOUR 0x0700u /* of a character in text mode: grey on black */
#define TAB         8u
#define ESCAPE      0x1b

/* Where the output is in a terminal's escape sequence: ESC [ PARAMETERS LETTER, or ESC LETTER. */
enum escape { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_PARAMETERS };

static struct {
    bool on;
    enum screen_kind kind;
    struct pixels pixels;    /* of a frame buffer */
    volatile u16 *character; /* of text mode */
    u32 columns, rows;
    u32 column, row;
    enum escape escape;
    struct screen_text *text;
} screen;

static u32 smaller(u32 a, u32 b)
{
    return a < b ? a : b;
}

void screen_start(const struct screen_mode *mode, void *memory, struct screen_text *text)
{
    screen.kind = mode->kind;
    screen.columns = SCREEN_TEXT_COLUMNS;
    screen.rows = SCREEN_TEXT_ROWS;
    screen.column = screen.row = 0;
    screen.escape = ESCAPE_NONE;
    screen.text = text;
    memset(text, ' ', sizeof *text);
    if (mode->kind == SCREEN_PIXELS) {
        pixels_use(&screen.pixels, mode, memory);
        pixels_clear(&screen.pixels, mode);
        screen.columns = smaller(pixels_columns(&screen.pixels, mode), SCREEN_COLUMNS_MOST);
        screen.rows = smaller(pixels_rows(&screen.pixels, mode), SCREEN_ROWS_MOST);
    } else {
        screen.character = memory;
        for (u32 i = 0; i < SCREEN_TEXT_COLUMNS * SCREEN_TEXT_ROWS; i++) {
            screen.character[i] = TEXT_COLOUR | ' ';
        }
    }
    screen.on = true;
}

void screen_stop(void)
{
    screen.on = false;
}

bool screen_is_on(void)
{
    return screen.on;
}

static void draw(u32 column, u32 row, u8 character)
{
    switch (screen.kind) {
    case SCREEN_PIXELS:
        pixels_put(&screen.pixels, column, row, character);
        break;
    case SCREEN_TEXT:
        screen.character[row * SCREEN_TEXT_COLUMNS + column] = (u16)(TEXT_COLOUR | character);
        break;
    case SCREEN_NONE:
        break;
    }
}

static void draw_changes(void)
{
    for (u32 row = 0; row < screen.rows; row++) {
        for (u32 column = 0; column < screen.columns; column++) {
            const u8 wanted = screen.text->wanted[row][column];

            if (wanted != screen.text->shown[row][column]) {
                draw(column, row, wanted);
                screen.text->shown[row][column] = wanted;
            }
        }
    }
}

static void next_line(void)
{
    screen.column = 0;
    if (++screen.row < screen.rows) {
        return;
    }
    screen.row--;
    memmove(screen.text->wanted[0], screen.text->wanted[1], (u64)screen.row * SCREEN_COLUMNS_MOST);
    memset(screen.text->wanted[screen.row], ' ', SCREEN_COLUMNS_MOST);
}

static void put(u8 character)
{
    if (screen.column == screen.columns) {
        next_line();
    }
    screen.text->wanted[screen.row][screen.column++] = character;
}

/* Takes a byte of an escape sequence. False: it belongs to none. */
static bool in_escape(char byte)
{
    switch (screen.escape) {
    case ESCAPE_NONE:
        screen.escape = byte == ESCAPE ? ESCAPE_BEGUN : ESCAPE_NONE;
        return byte == ESCAPE;
    case ESCAPE_BEGUN:
        screen.escape = byte == '[' ? ESCAPE_PARAMETERS : ESCAPE_NONE;
        return true;
    case ESCAPE_PARAMETERS:
        screen.escape = byte >= '@' && byte <= '~' ? ESCAPE_NONE : ESCAPE_PARAMETERS;
        return true;
    }
    return false;
}

static void take(char byte)
{
    if (in_escape(byte)) {
        return;
    }
    switch (byte) {
    case '\n':
        next_line();
        break;
    case '\r':
        screen.column = 0;
        break;
    case '\b':
        screen.column -= screen.column > 0;
        break;
    case '\t':
        screen.column = smaller((screen.column / TAB + 1) * TAB, screen.columns - 1);
        break;
    default:
        put(byte >= ' ' && byte <= '~' ? (u8)byte : '.');
    }
}

void screen_write(const char *bytes, u64 count)
{
    if (!screen.on) {
        return;
    }
    for (u64 i = 0; i < count; i++) {
        take(bytes[i]);
    }
    draw_changes();
}

void screen_cursor(u32 *column, u32 *row)
{
    *column = smaller(screen.column, screen.columns ? screen.columns - 1 : 0);
    *row = screen.row;
}

u32 screen_rows(void)
{
    return screen.rows;
}
