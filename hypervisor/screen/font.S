/* SPDX-License-Identifier: MIT */
/* The font of the screen: Terminus Font, 8 by 16 pixels, which tools/take-font takes from Debian's
 * package console-setup-linux while Pinion is built. That font is Copyright (c) 2010 Dimitar
 * Toshkov Zhekov, with Reserved Font Name "Terminus Font", under the SIL Open Font License 1.1. */
#include "lib/assembly.inc"

        .section .rodata.font, "a", @progbits
OBJECT font_glyph
        .incbin "font/glyphs"
END font_glyph
        .section .note.GNU-stack, "", @progbits
