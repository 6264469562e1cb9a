/* SPDX-License-Identifier: MIT */
/* Separates the guests' consoles. */
#include "tools/consoles.h"

#include <string.h>

void consoles_start(struct consoles *consoles, const struct guests *guests)
{
    *consoles = (struct consoles){0};
    consoles->guests = guests;
}

/* Appends the line of a guest to `out`, behind the guest's name. */
static void show_line(struct consoles *consoles, unsigned guest, struct buffer *out)
{
    struct buffer *line = &consoles->line[guest];
    const char *name = consoles->guests->guest[guest].name;

    buffer_append(out, name, strlen(name));
    buffer_append(out, ": ", 2);
    buffer_append(out, line->bytes, line->size);
    line->size = 0;
}

/* Takes bytes of the current guest that contain no escape. */
static void take_run(struct consoles *consoles, const uint8_t *bytes, size_t size,
                     struct buffer *out)
{
    if (consoles->guests->count == 1) {
        buffer_append(out, bytes, size);
        return;
    }
    while (size) {
        struct buffer *line = &consoles->line[consoles->current];
        const uint8_t *end = memchr(bytes, '\n', size);
        size_t part = end ? (size_t)(end - bytes) : size, room = CONSOLES_LINE_MAX - line->size;

        if (part > room) {
            part = room;
            buffer_append(line, bytes, part);
            buffer_append(line, CONSOLES_CUT "\n", sizeof(CONSOLES_CUT));
            show_line(consoles, consoles->current, out);
        } else {
            part += end != NULL;
            buffer_append(line, bytes, part);
            if (end) {
                show_line(consoles, consoles->current, out);
            }
        }
        bytes += part;
        size -= part;
    }
}

void consoles_take(struct consoles *consoles, const uint8_t *bytes, size_t size, struct buffer *out)
{
    static const uint8_t escape = HANDOFF_ESCAPE;

    while (size) {
        if (consoles->escaped) {
            unsigned guest = (unsigned)*bytes - 'A';

            if (*bytes == escape) {
                take_run(consoles, &escape, 1, out);
            } else if (guest < consoles->guests->count) {
                consoles->current = guest;
            } else if (*bytes == HANDOFF_ENDED) {
                consoles->ended = true;
            }
            consoles->escaped = false;
            bytes++;
            size--;
            continue;
        }
        const uint8_t *end = memchr(bytes, escape, size);
        size_t part = end ? (size_t)(end - bytes) : size;
        take_run(consoles, bytes, part, out);
        consoles->escaped = end != NULL;
        bytes += part + (end != NULL);
        size -= part + (end != NULL);
    }
}

void consoles_finish(struct consoles *consoles, struct buffer *out)
{
    for (unsigned i = 0; i < consoles->guests->count; i++) {
        if (consoles->line[i].size) {
            show_line(consoles, i, out);
            buffer_append(out, "\n", 1);
        }
        buffer_free(&consoles->line[i]);
    }
}
