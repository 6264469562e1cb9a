/* SPDX-License-Identifier: MIT */
/* Snapshots that `pinion run --map` is to record: each when a line that begins with a text has
 * begun on standard output, or when the machine has ended. */
#ifndef TOOLS_MARKS_H
#define TOOLS_MARKS_H

#include "tools/buffer.h"

#define MARKS_MAX     16u
#define MARK_TEXT_MAX 200u /* bytes */

struct mark {
    const char *path; /* where the snapshot is written */
    const char *text; /* NULL: when the machine has ended */
    bool met;         /* the text was printed */
    bool recorded;
};

struct marks {
    unsigned count;
    struct mark mark[MARKS_MAX];
    char line[MARK_TEXT_MAX]; /* the beginning of the line that is being printed */
    size_t line_size;
    bool line_long; /* the line has more than `line` holds */
};

/* Takes bytes that go to standard output. Returns true if they complete the text of a mark that was
 * not met before; `met` of that mark is then set. */
bool marks_take(struct marks *marks, const uint8_t *bytes, size_t size);

/* Says whether a snapshot is to be recorded when the machine has ended. */
bool marks_at_end(const struct marks *marks);

#endif
