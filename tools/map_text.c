/* SPDX-License-Identifier: MIT */
/* The text form of a snapshot: one line for each owner and type, in a fixed order. */
#include "tools/map_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX 400u /* bytes */

/* Frames of one owner and one type. */
struct line {
    uint8_t kind, type;
    uint16_t owner;
    bool pinned, partial;
    uint64_t frames[2], references, type_references; /* frames: of the snapshot, and of `before` */
};

struct lines {
    struct line *line;
    size_t count, room;
};

static void add(struct buffer *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct buffer *to, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    buffer_reserve(to, LINE_MAX);
    const int size = vsnprintf((char *)to->bytes + to->size, LINE_MAX, format, arguments);
    va_end(arguments);
    to->size += (size_t)size < LINE_MAX ? (size_t)size : LINE_MAX - 1;
}

/* The type as which a frame is used now. */
static unsigned type_of(const struct map_state *state)
{
    return state->type_references || state->flags & MAP_NOT_COUNTED ? state->type : MAP_TYPE_NONE;
}

/* The order of the lines: domains by number, then what is no domain's; tables by level. */
static int compare(const void *first, const void *second)
{
    const struct line *a = first, *b = second;
    const long key[][2] = {{b->kind, a->kind},
                           {a->owner, b->owner},
                           {a->type, b->type},
                           {a->pinned, b->pinned},
                           {a->partial, b->partial}};

    for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
        if (key[i][0] != key[i][1]) {
            return key[i][0] < key[i][1] ? -1 : 1;
        }
    }
    return 0;
}

static struct line *line_for(struct lines *lines, const struct map_state *state)
{
    const bool owned = state->kind == MAP_OWNED || state->kind == MAP_SHOWN;
    const struct line wanted = {.kind = state->kind,
                                .type = (uint8_t)(owned ? type_of(state) : MAP_TYPE_NONE),
                                .owner = state->owner,
                                .pinned = state->flags & MAP_PINNED,
                                .partial = state->flags & MAP_PARTIAL};

    for (size_t i = 0; i < lines->count; i++) {
        if (!compare(&lines->line[i], &wanted)) {
            return &lines->line[i];
        }
    }
    if (lines->count == lines->room) {
        lines->room = lines->room ? 2 * lines->room : 64;
        lines->line = grow(lines->line, lines->room * sizeof(struct line));
    }
    lines->line[lines->count] = wanted;
    return &lines->line[lines->count++];
}

/* Adds the frames of a snapshot; which: index in line.frames. */
static void add_up(struct lines *lines, const struct snapshot *snapshot, unsigned which)
{
    uint64_t *frames = grow(NULL, (snapshot->states + 1) * sizeof(uint64_t));

    memset(frames, 0, (snapshot->states + 1) * sizeof(uint64_t));
    for (size_t i = 0; i < snapshot->runs; i++) {
        frames[snapshot->run[i].state] += snapshot->run[i].length;
    }
    for (size_t i = 0; i < snapshot->states; i++) {
        const struct map_state *state = &snapshot->state[i];
        struct line *line = line_for(lines, state);

        line->frames[which] += frames[i];
        if (!which) {
            line->references += frames[i] * state->references;
            line->type_references += frames[i] * state->type_references;
        }
    }
    free(frames);
}

static void add_owner(const struct snapshot *snapshot, const struct line *line, struct buffer *to)
{
    char text[MAP_NAME_MAX + 32];
    const struct map_domain *domain = snapshot_domain(snapshot, line->owner);

    if (line->kind == MAP_OWNED) {
        snprintf(text, sizeof(text), "d%u %s%s", line->owner, domain ? domain->name : "",
                 domain && domain->ended ? " (ended)" : "");
    } else {
        snprintf(text, sizeof(text), "%s", map_kind_name(line->kind));
    }
    add(to, "%-24s", text);
}

static void add_line(const struct snapshot *snapshot, const struct line *line, bool two,
                     struct buffer *to)
{
    char type[64] = "-";

    if (line->kind == MAP_OWNED || line->kind == MAP_SHOWN) {
        snprintf(type, sizeof(type), "%s%s%s", map_type_name(line->type),
                 line->pinned ? ", pinned" : "", line->partial ? ", partial" : "");
    }
    add_owner(snapshot, line, to);
    add(to, " %-18s", type);
    if (two) {
        add(to, " %11" PRIu64 " %11" PRIu64 " %+11" PRId64 "\n", line->frames[1], line->frames[0],
            (int64_t)(line->frames[0] - line->frames[1]));
        return;
    }
    add(to, " %11" PRIu64 " %10.1f", line->frames[0], (double)line->frames[0] / 256);
    add(to, " %12" PRIu64 " %12" PRIu64 "\n", line->references, line->type_references);
}

void map_text(const struct snapshot *snapshot, const struct snapshot *before, struct buffer *to)
{
    struct lines lines = {0};

    add_up(&lines, snapshot, 0);
    if (before) {
        add_up(&lines, before, 1);
    }
    qsort(lines.line, lines.count, sizeof(struct line), compare);
    add(to, "%-24s %-18s ", "owner", "type");
    if (before) {
        add(to, "%11s %11s %11s\n", "before", "after", "change");
    } else {
        add(to, "%11s %10s %12s %12s\n", "frames", "MiB", "references", "type refs");
    }
    for (size_t i = 0; i < lines.count; i++) {
        add_line(snapshot, &lines.line[i], before != NULL, to);
    }
    add(to, "%-24s %-18s ", "together", "");
    if (before) {
        add(to, "%11" PRIu64 " %11" PRIu64 " %+11" PRId64 "\n", before->frames, snapshot->frames,
            (int64_t)(snapshot->frames - before->frames));
    } else {
        add(to, "%11" PRIu64 " %10.1f\n", snapshot->frames, (double)snapshot->frames / 256);
    }
    free(lines.line);
}
