/* SPDX-License-Identifier: MIT */
/* Prints the text that a picture of a screen shows, one line for each line of text: what it has in
 * the hypervisor's font. For tests/system/test_grub.sh.
 *   read_screen PICTURE GLYPHS      a PPM of QEMU's monitor, and what tools/take-font has taken */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN 8
#define ROW    16

static unsigned char glyph[256][ROW];

/* The character of the cell whose first pixel is at `pixel`; '?': none of ASCII. */
static char read_cell(const unsigned char *pixel, unsigned width)
{
    unsigned char seen[ROW] = {0};

    for (unsigned y = 0; y < ROW; y++) {
        for (unsigned x = 0; x < COLUMN; x++) {
            const unsigned char *colour = pixel + 3 * (y * width + x);

            seen[y] |= (unsigned char)((colour[0] > 0x40) << (COLUMN - 1 - x));
        }
    }
    for (int c = ' '; c <= '~'; c++) {
        if (memcmp(seen, glyph[c], ROW) == 0) {
            return (char)c;
        }
    }
    return '?';
}

static void fail(const char *what)
{
    fprintf(stderr, "read_screen: %s\n", what);
    exit(1);
}

int main(int count, char **argument)
{
    FILE *picture = count == 3 ? fopen(argument[1], "rb") : NULL;
    FILE *glyphs = count == 3 ? fopen(argument[2], "rb") : NULL;
    unsigned width, height;

    if (!picture || !glyphs || fread(glyph, sizeof glyph, 1, glyphs) != 1 ||
        fscanf(picture, "P6 %u %u 255", &width, &height) != 2 || fgetc(picture) == EOF ||
        width > 10000 || height > 10000) {
        fail("no picture or no glyphs");
    }
    unsigned char *pixels = malloc(3ul * width * height);
    if (!pixels || fread(pixels, 3ul * width * height, 1, picture) != 1) {
        fail("the picture is cut");
    }
    for (unsigned row = 0; row < height / ROW; row++) {
        for (unsigned column = 0; column < width / COLUMN; column++) {
            putchar(read_cell(pixels + 3ul * (row * ROW * width + column * COLUMN), width));
        }
        putchar('\n');
    }
    return 0;
}
