/* SPDX-License-Identifier: MIT */
/* Compares the beginnings of lines with the texts of marks, byte by byte as they arrive. */
#include "tools/marks.h"

#include <string.h>

/* The beginning of the line has a byte more. Returns true if it is now a mark's text. */
static bool compare(struct marks *marks)
{
    bool some = false;

    for (unsigned i = 0; i < marks->count; i++) {
        struct mark *mark = &marks->mark[i];

        if (mark->text && !mark->met && strlen(mark->text) == marks->line_size &&
            !memcmp(mark->text, marks->line, marks->line_size)) {
            mark->met = some = true;
        }
    }
    return some;
}

bool marks_take(struct marks *marks, const uint8_t *bytes, size_t size)
{
    bool some = false;

    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            marks->line_size = 0;
            marks->line_long = false;
        } else if (marks->line_size == MARK_TEXT_MAX) {
            marks->line_long = true;
        } else if (!marks->line_long) {
            marks->line[marks->line_size++] = (char)bytes[i];
            some |= compare(marks);
        }
    }
    return some;
}

bool marks_at_end(const struct marks *marks)
{
    for (unsigned i = 0; i < marks->count; i++) {
        if (!marks->mark[i].text) {
            return true;
        }
    }
    return false;
}
