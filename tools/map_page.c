/* SPDX-License-Identifier: MIT */
/* The page: tools/map/page.html with its style, scripts and recorded snapshots in the places of the
 * words between @. */
#include "tools/map_page.h"

#include <string.h>

#include "tools/map_text.h"

/* The bytes of a file, linked into this program, and a 0. */
#define PART(name, path)                                                                           \
    __asm__(".section .rodata\n" #name ":\n.incbin \"tools/map/" path "\"\n.byte 0\n.previous\n"); \
    extern const char name[] __attribute__((visibility("hidden")))

PART(map_part_page, "page.html");
PART(map_part_style, "page.css");
PART(map_part_model, "model.js");
PART(map_part_canvas, "canvas.js");
PART(map_part_panels, "panels.js");
PART(map_part_tree, "tree.js");

static void add(struct buffer *to, const char *text)
{
    buffer_append(to, text, strlen(text));
}

/* Appends a text in which no character has a meaning in HTML. */
static void add_plain(struct buffer *to, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        switch (text[i]) {
        case '<':
            add(to, "&lt;");
            break;
        case '&':
            add(to, "&amp;");
            break;
        case '"':
            add(to, "&quot;");
            break;
        default:
            buffer_append(to, &text[i], 1);
        }
    }
}

/* Appends bytes in base64, in lines. */
static void add_base64(struct buffer *to, const uint8_t *bytes, size_t size)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        const uint32_t three = (uint32_t)bytes[i] << 16 |
                               (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                               (left > 2 ? bytes[i + 2] : 0);
        const char four[4] = {digit[three >> 18], digit[three >> 12 & 63],
                              left > 1 ? digit[three >> 6 & 63] : '=',
                              left > 2 ? digit[three & 63] : '='};

        buffer_append(to, four, 4);
        if (i % 72 == 69) {
            add(to, "\n");
        }
    }
}

/* Appends the snapshot in its file's form, with what does not fit left out. */
static void pack(struct snapshot *snapshot, size_t most, struct buffer *to)
{
    snapshot_write(snapshot, 9, to);
    if (to->size > most && snapshot->tables) {
        snapshot_drop_tables(snapshot);
        to->size = 0;
        snapshot_write(snapshot, 9, to);
    }
    if (to->size > most) {
        snapshot_drop_counts(snapshot);
        to->size = 0;
        snapshot_write(snapshot, 9, to);
    }
    for (unsigned coarse = 1; to->size > most && coarse <= MAP_COARSE_MAX; coarse++) {
        snapshot_coarsen(snapshot, coarse);
        to->size = 0;
        snapshot_write(snapshot, 9, to);
    }
}

static void add_snapshots(struct snapshot *snapshot, unsigned count, size_t most, struct buffer *to)
{
    for (unsigned i = 0; i < count; i++) {
        struct buffer packed = {0};

        pack(&snapshot[i], most, &packed);
        add(to, "<script type=\"application/octet-stream\" class=\"snapshot\">\n");
        add_base64(to, packed.bytes, packed.size);
        add(to, "\n</script>\n");
        buffer_free(&packed);
    }
}

static void add_title(const struct snapshot *snapshot, unsigned count, struct buffer *to)
{
    for (unsigned i = 0; i < count; i++) {
        add(to, i ? ", " : "");
        add_plain(to, snapshot[i].label, strlen(snapshot[i].label));
    }
}

static void add_text(const struct snapshot *snapshot, unsigned count, struct buffer *to)
{
    struct buffer text = {0};

    map_text(&snapshot[count - 1], count > 1 ? &snapshot[0] : NULL, &text);
    add_plain(to, (const char *)text.bytes, text.size);
    buffer_free(&text);
}

void map_page(struct snapshot *snapshot, unsigned count, size_t most, struct buffer *to)
{
    const char *at = map_part_page;
    const char *mark;

    while ((mark = strchr(at, '@')) != NULL) {
        buffer_append(to, at, (size_t)(mark - at));
        at = mark + strcspn(mark + 1, "@") + 2;
        if (!strncmp(mark, "@TITLE@", 7)) {
            add_title(snapshot, count, to);
        } else if (!strncmp(mark, "@STYLE@", 7)) {
            add(to, map_part_style);
        } else if (!strncmp(mark, "@TEXT@", 6)) {
            add_text(snapshot, count, to);
        } else if (!strncmp(mark, "@SNAPSHOTS@", 11)) {
            add_snapshots(snapshot, count, most, to);
        } else {
            add(to, map_part_model);
            add(to, map_part_canvas);
            add(to, map_part_panels);
            add(to, map_part_tree);
        }
    }
    add(to, at);
}
