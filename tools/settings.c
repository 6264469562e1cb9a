/* SPDX-License-Identifier: MIT */
/* Reads settings with libxlutil, and says in our words what is wrong with a text. */
#include "tools/settings.h"

#include <ctype.h>
#include <errno.h>
#include <libxlutil.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_MAX 60 /* bytes of the text that a refusal shows */

/* ---- refusals ------------------------------------------------------------------------------- */

/* What the library's message about a text says. */
struct complaint {
    unsigned line;
    const char *near; /* the place, `near_size` bytes */
    size_t near_size;
    const char *message;
};

/* Takes the first line of the report apart:
 *     :LINE: config parsing error near `PLACE': MESSAGE
 * where PLACE may contain anything. Returns false if it has another form. */
static bool read_complaint(char *report, struct complaint *complaint)
{
    static const char before[] = ": config parsing error near ", newline[] = "<newline>: ";
    char *at = report, *end;

    report[strcspn(report, "\n")] = 0; /* errors that follow from the first one come after it */
    if (*at != ':') {
        return false;
    }
    complaint->line = (unsigned)strtoul(at + 1, &at, 10);
    if (strncmp(at, before, strlen(before)) != 0) {
        return false;
    }
    at += strlen(before);
    if (!strncmp(at, newline, strlen(newline))) {
        /* In this case the library counts the line before. */
        complaint->line += 1;
        complaint->near = "";
        complaint->near_size = 0;
        complaint->message = at + strlen(newline);
    } else {
        /* The words of a message have no such characters, but PLACE may, so the last one counts. */
        complaint->near = at + 1;
        for (end = NULL; (at = strstr(at, "': ")); at++) {
            end = at;
        }
        if (!end) {
            return false;
        }
        complaint->near_size = (size_t)(end - complaint->near);
        complaint->message = end + 3;
    }
    complaint->near_size = complaint->near_size < NEAR_MAX ? complaint->near_size : NEAR_MAX;
    return true;
}

/* Copies the place of a complaint, in which control characters become question marks. */
static void show_place(const struct complaint *complaint, char place[NEAR_MAX + 1])
{
    for (size_t i = 0; i < complaint->near_size; i++) {
        char c = complaint->near[i];

        place[i] = (unsigned char)c < ' ' || c == 0x7f ? '?' : c;
    }
    place[complaint->near_size] = 0;
}

/* Says what is wrong with a character, or with a text in quotes, that the library cannot read. */
static bool refuse_characters(const struct settings *settings, const struct complaint *complaint,
                              struct failure *failure)
{
    const char *near = complaint->near, *path = settings->path;
    unsigned line = complaint->line;
    char place[NEAR_MAX + 1];

    show_place(complaint, place);
    switch (complaint->near_size ? near[0] : 0) {
    case '"':
    case '\'':
        return refuse(failure, "%s:%u: expected a closing %c on this line", path, line, near[0]);
    case '#':
        return refuse(failure, "%s:%u: expected the end of the line after the comment", path, line);
    case '\r':
        return refuse(failure,
                      "%s:%u: expected lines that end with a line feed alone, not with a carriage "
                      "return before it",
                      path, line);
    default:
        break;
    }
    if (complaint->near_size >= 3 && !memcmp(near, "\xef\xbb\xbf", 3)) {
        return refuse(failure, "%s:%u: expected no byte order mark before the first setting", path,
                      line);
    }
    return refuse(failure,
                  "%s:%u: expected key = value, with a number, a text in quotes or a list in [ ] "
                  "as the value, not %s",
                  path, line, place);
}

/* Our words for what the library's grammar expects. "$end" is also what it names where a line may
 * end, too. */
static const char *expectation(const char *message)
{
    static const char *const words[][2] = {
        {", expecting STRING or NUMBER or '['", "a number, a text in quotes or a list in [ ]"},
        {", expecting += or '='", "= or += after the key"},
        {", expecting ']'", "a , or a ] in this list"},
        {", expecting $end or IDENT", "a setting: key = value"},
        {", expecting $end", "the end of the line after the value"},
    };

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strstr(message, words[i][0])) {
            return words[i][1];
        }
    }
    return NULL;
}

/* Fills in the failure from the library's report. Returns false. */
static bool refuse_text(const struct settings *settings, struct failure *failure)
{
    struct complaint complaint;
    const char *path = settings->path;
    char place[NEAR_MAX + 1];

    if (!read_complaint(settings->said, &complaint)) {
        return refuse(failure, "%s: not in the syntax of xl.cfg: %.200s", path, settings->said);
    }
    const char *message = complaint.message, *expected = expectation(message);
    show_place(&complaint, place);
    if (!strncmp(message, "lexical error", 13)) {
        return refuse_characters(settings, &complaint, failure);
    }
    if (expected) {
        return refuse(failure, "%s:%u: expected %s%s%s", path, complaint.line, expected,
                      place[0] ? ", not " : "", place);
    }
    if (strstr(message, "quoted string")) {
        return refuse(failure, "%s:%u: expected no escape that xl cannot read, as in %s", path,
                      complaint.line, place);
    }
    if (strstr(message, "vice versa")) {
        return refuse(failure, "%s:%u: expected += of a text to a text, or of a list to a list",
                      path, complaint.line);
    }
    if (!strncmp(message, "memory exhausted", 16)) {
        return refuse(failure, "%s:%u: expected lists that are nested less deeply", path,
                      complaint.line);
    }
    return refuse(failure, "%s:%u: not in the syntax of xl.cfg: %s, near %s", path, complaint.line,
                  message, place);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Refuses what must not reach the library: it does not expect NUL bytes. */
static bool check_bytes(const char *path, const char *text, size_t size, struct failure *failure)
{
    const char *nul = size ? memchr(text, 0, size) : NULL;
    unsigned line = 1;

    for (const char *at = text; nul && at < nul; at++) {
        line += *at == '\n';
    }
    if (nul) {
        return refuse(failure, "%s:%u: expected text, not a NUL byte", path, line);
    }
    if (size > SETTINGS_SIZE_MAX) {
        return refuse(failure, "%s: a guest's description has at most %u bytes, this file has %zu",
                      path, SETTINGS_SIZE_MAX, size);
    }
    return true;
}

bool settings_read(struct settings *settings, const char *path, const char *text, size_t size,
                   struct failure *failure)
{
    *settings = (struct settings){.path = path, .text = text, .size = size};
    if (!check_bytes(path, text, size, failure)) {
        return false;
    }
    settings->report = open_memstream(&settings->said, &settings->said_bytes);
    /* The name of the file is left out of the library's messages, because it may contain what
     * separates their parts. */
    settings->config = settings->report ? xlu_cfg_init(settings->report, "") : NULL;
    if (!settings->config) {
        settings_free(settings);
        return refuse(failure, "%s: cannot be read: %s", path, strerror(ENOMEM));
    }
    if (!xlu_cfg_readdata(settings->config, text, (int)size)) {
        return true;
    }
    fflush(settings->report);
    refuse_text(settings, failure);
    settings_free(settings);
    return false;
}

void settings_free(struct settings *settings)
{
    if (settings->config) {
        xlu_cfg_destroy(settings->config);
    }
    if (settings->report) {
        fclose(settings->report);
    }
    free(settings->said);
    *settings = (struct settings){0};
}

/* ---- values --------------------------------------------------------------------------------- */

enum setting_kind settings_find(const struct settings *settings, const char *key, const char **text)
{
    switch (xlu_cfg_get_string(settings->config, key, text, 1)) {
    case 0:
        return SETTING_TEXT;
    case ESRCH:
        return SETTING_MISSING;
    default:
        return SETTING_LIST;
    }
}

bool settings_number(const struct settings *settings, const char *key, long *number)
{
    return !xlu_cfg_get_long(settings->config, key, number, 1);
}

unsigned settings_items(const struct settings *settings, const char *key)
{
    XLU_ConfigList *list;
    int items = 0;

    return xlu_cfg_get_list(settings->config, key, &list, &items, 1) ? 0 : (unsigned)items;
}

const char *settings_item(const struct settings *settings, const char *key, unsigned item)
{
    XLU_ConfigList *list;
    int items = 0;

    return xlu_cfg_get_list(settings->config, key, &list, &items, 1)
               ? NULL
               : xlu_cfg_get_listitem(list, (int)item);
}

/* ---- lines and keys ------------------------------------------------------------------------- */

/* The library gives the line of a setting only in its warnings, so this asks for a list where there
 * is a text, or the other way round. */
unsigned settings_line(struct settings *settings, const char *key)
{
    const char *text;
    XLU_ConfigList *list;
    unsigned line = 0;

    fflush(settings->report);
    size_t before = settings->said_bytes;
    switch (settings_find(settings, key, &text)) {
    case SETTING_TEXT:
        xlu_cfg_get_list(settings->config, key, &list, NULL, 0);
        break;
    case SETTING_LIST:
        xlu_cfg_get_string(settings->config, key, &text, 0);
        break;
    default:
        break;
    }
    fflush(settings->report);
    if (settings->said_bytes > before && sscanf(settings->said + before, ":%u:", &line) != 1) {
        line = 0;
    }
    return line;
}

static bool is_of_key(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* The library cannot list its keys. Each one stands before a = or += in the text, so every word in
 * such a place, be it in a comment, is looked up. */
bool settings_next_key(const struct settings *settings, size_t *at, char key[SETTINGS_KEY_MAX + 1])
{
    const char *text = settings->text, *value;

    while (*at < settings->size) {
        size_t start = *at, end, behind;

        for (end = start; end < settings->size && is_of_key(text[end]); end++) {
        }
        for (behind = end; behind < settings->size && (text[behind] == ' ' || text[behind] == '\t');
             behind++) {
        }
        *at = end > start ? end : start + 1;
        if (end == start || end - start > SETTINGS_KEY_MAX || behind == settings->size ||
            (text[behind] != '=' && text[behind] != '+')) {
            continue;
        }
        memcpy(key, text + start, end - start);
        key[end - start] = 0;
        if (settings_find(settings, key, &value) != SETTING_MISSING) {
            return true;
        }
    }
    return false;
}
