/* SPDX-License-Identifier: MIT */
/* Reads the xl.cfg syntax, in one pass over the text, setting by setting. */
#include "tools/cfg.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cpulist.h"

enum value_kind { VALUE_TEXT, VALUE_NUMBER, VALUE_LIST };

struct value {
    enum value_kind kind;
    char *text;                /* of a VALUE_TEXT */
    unsigned long long number; /* of a VALUE_NUMBER */
    struct value *item;        /* elements of a VALUE_LIST */
    unsigned items;            /* their number */
};

struct reader {
    const char *path;
    const char *at, *end; /* what has not been read yet */
    unsigned line;        /* number of the line that contains `at` */
    struct guest *guest;
    char *root, *extra, *cmdline; /* the values of these keys; NULL: not given */
    unsigned cpu_lists;           /* vCPUs for which `cpus` has a list of their own */
    struct buffer *ignored;
    struct failure *failure;
    unsigned restart_line[GUEST_ENDS]; /* the line with on_END = "restart"; 0: none */
};

/* Fills in the failure "path:line: expected WHAT". Returns false. */
static bool expected(struct reader *reader, unsigned line, const char *what)
{
    return refuse(reader->failure, "%s:%u: expected %s", reader->path, line, what);
}

/* ---- characters ----------------------------------------------------------------------------- */

/* Returns the next character, without reading it; EOF at the end. */
static int peek(const struct reader *reader)
{
    return reader->at < reader->end ? (unsigned char)*reader->at : EOF;
}

/* Reads the next character; EOF at the end. */
static int next(struct reader *reader)
{
    int c = peek(reader);

    if (c == EOF) {
        return EOF;
    }
    reader->at++;
    if (c == '\n') {
        reader->line++;
    }
    return c;
}

/* Skips blanks and comments, and if `lines` also line ends. */
static void skip(struct reader *reader, bool lines)
{
    for (;;) {
        int c = peek(reader);

        if (c == '#') {
            while (peek(reader) != '\n' && peek(reader) != EOF) {
                next(reader);
            }
        } else if (c == ' ' || c == '\t' || c == '\r' || (lines && (c == '\n' || c == ';'))) {
            next(reader);
        } else {
            break;
        }
    }
}

/* ---- values --------------------------------------------------------------------------------- */

/* Reads "text", in which \\ \" \' \n \t are escapes, or 'text', in which a backslash means itself.
 */
static bool read_text(struct reader *reader, struct value *value)
{
    unsigned line = reader->line;
    struct buffer text = {0};
    int quote = next(reader), c;

    while ((c = next(reader)) != quote) {
        if (quote == '"' && c == '\\') {
            c = next(reader);
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        } else if (c == '\n') {
            c = EOF;
        }
        if (c == EOF || !c) {
            buffer_free(&text);
            return expected(reader, line,
                            quote == '"' ? "a closing \" on this line"
                                         : "a closing ' on this line");
        }
        char kept = (char)c;
        buffer_append(&text, &kept, 1);
    }
    buffer_append(&text, "", 1);
    value->kind = VALUE_TEXT;
    value->text = (char *)text.bytes;
    return true;
}

static bool read_number(struct reader *reader, struct value *value)
{
    const char *start = reader->at;
    char digits[24], *end;

    while (isalnum(peek(reader))) {
        next(reader);
    }
    size_t size = (size_t)(reader->at - start);
    if (size >= sizeof(digits)) {
        return expected(reader, reader->line, "a shorter number");
    }
    memcpy(digits, start, size);
    digits[size] = 0;
    value->kind = VALUE_NUMBER;
    value->number = strtoull(digits, &end, 0);
    if (*end) {
        return expected(reader, reader->line, "a number, a text in quotes or a list in [ ]");
    }
    return true;
}

static void value_free(struct value *value)
{
    while (value->items) {
        value_free(&value->item[--value->items]);
    }
    free(value->item);
    free(value->text);
}

static bool read_value(struct reader *reader, struct value *value, unsigned depth);

static bool read_list(struct reader *reader, struct value *value, unsigned depth)
{
    unsigned line = reader->line;

    next(reader);
    value->kind = VALUE_LIST;
    for (;;) {
        struct value item = {0};

        skip(reader, true);
        if (peek(reader) == ']') {
            break;
        }
        if (peek(reader) == EOF) {
            return expected(reader, line, "a ] that closes this list");
        }
        if (!read_value(reader, &item, depth + 1)) {
            value_free(&item);
            return false;
        }
        value->item = grow(value->item, (value->items + 1) * sizeof(item));
        value->item[value->items++] = item;
        skip(reader, true);
        if (peek(reader) == ',') {
            next(reader);
        } else if (peek(reader) != ']') {
            return expected(reader, reader->line, "a , or a ] in this list");
        }
    }
    next(reader);
    return true;
}

static bool read_value(struct reader *reader, struct value *value, unsigned depth)
{
    int c = peek(reader);

    if (c == '"' || c == '\'') {
        return read_text(reader, value);
    }
    if (isdigit(c)) {
        return read_number(reader, value);
    }
    if (c == '[' && depth < 8) {
        return read_list(reader, value, depth);
    }
    return expected(reader, reader->line, "a number, a text in quotes or a list in [ ]");
}

/* ---- settings ------------------------------------------------------------------------------- */

/* Gives the number of a value. A number may stand in quotes, as xl allows. */
static bool as_number(const struct value *value, unsigned long long *number)
{
    char *end;

    if (value->kind == VALUE_LIST) {
        return false;
    }
    if (value->kind == VALUE_NUMBER) {
        *number = value->number;
        return true;
    }
    *number = strtoull(value->text, &end, 0);
    return isdigit((unsigned char)value->text[0]) && !*end;
}

static bool set_text(struct reader *reader, unsigned line, char **field, struct value *value)
{
    if (value->kind != VALUE_TEXT) {
        return expected(reader, line, "a text in quotes");
    }
    free(*field);
    *field = value->text;
    value->text = NULL;
    return true;
}

static bool set_number(struct reader *reader, unsigned line, const struct value *value,
                       bool (*set)(struct guest *, unsigned long long, struct failure *))
{
    struct failure reason;
    unsigned long long number;

    if (!as_number(value, &number)) {
        return expected(reader, line, "a number");
    }
    if (!set(reader->guest, number, &reason)) {
        return refuse(reader->failure, "%s:%u: %.600s", reader->path, line, reason.sentence);
    }
    return true;
}

static bool set_name(struct reader *reader, unsigned line, const struct value *value)
{
    struct failure reason;

    if (value->kind != VALUE_TEXT) {
        return expected(reader, line, "a text in quotes");
    }
    if (!guest_set_name(reader->guest, value->text, &reason)) {
        return refuse(reader->failure, "%s:%u: %.600s", reader->path, line, reason.sentence);
    }
    return true;
}

static bool is_text(const struct value *value, const char *text)
{
    return value->kind == VALUE_TEXT && !strcmp(value->text, text);
}

/* Handles the keys on_poweroff, on_reboot and on_crash. Returns false if `key` is none of them, or
 * has a value that only xl has. */
static bool take_action(struct reader *reader, unsigned line, const char *key,
                        const struct value *value)
{
    bool restart = is_text(value, "restart");

    for (unsigned end = 0; end < GUEST_ENDS; end++) {
        if (strncmp(key, "on_", 3) || strcmp(key + 3, guest_end_word[end])) {
            continue;
        }
        reader->restart_line[end] = restart ? line : 0;
        return restart || is_text(value, "destroy");
    }
    return false;
}

/* Reports a key as ignored. */
static void ignore(struct reader *reader, unsigned line, const char *key)
{
    char place[600];

    snprintf(place, sizeof(place), "%.400s:%u: %.100s\n", reader->path, line, key);
    buffer_append(reader->ignored, place, strlen(place));
}

/* Reads a list of CPUs, as a text or a single number. Bit N of *cpus is CPU N. */
static bool read_cpus(struct reader *reader, unsigned line, const struct value *value,
                      unsigned long long *cpus)
{
    struct failure reason;
    char digits[24];

    snprintf(digits, sizeof(digits), "%llu", value->number);
    if (value->kind == VALUE_LIST) {
        return expected(reader, line, "a list of CPUs for each vCPU, as in [\"0\", \"1-3\"]");
    }
    if (!cpulist_read(value->kind == VALUE_TEXT ? value->text : digits, cpus, &reason)) {
        return refuse(reader->failure, "%s:%u: %.600s", reader->path, line, reason.sentence);
    }
    return true;
}

/* Handles the key cpus: one list of CPUs for all vCPUs, or a list of such lists, the first for vCPU
 * 0 and so on; vCPUs without one may run on all CPUs. */
static bool set_cpus(struct reader *reader, unsigned line, const struct value *value)
{
    unsigned long long *cpus = reader->guest->cpus, all = 0;

    if (value->kind != VALUE_LIST && !read_cpus(reader, line, value, &all)) {
        return false;
    }
    if (value->items > GUEST_VCPUS_MAX) {
        return expected(reader, line, "no more lists of CPUs than vCPUs");
    }
    reader->cpu_lists = value->items;
    for (unsigned i = 0; i < GUEST_VCPUS_MAX; i++) {
        cpus[i] = all;
        if (i < value->items && !read_cpus(reader, line, &value->item[i], &cpus[i])) {
            return false;
        }
    }
    return true;
}

/* Checks a key for which Pinion knows two values at most, `one` and `other`. */
static bool only(struct reader *reader, unsigned line, const struct value *value, const char *one,
                 const char *other)
{
    if (is_text(value, one) || is_text(value, other)) {
        return true;
    }
    return refuse(reader->failure, "%s:%u: expected \"%s\": Pinion runs PV guests only",
                  reader->path, line, one);
}

static bool take(struct reader *reader, unsigned line, const char *key, struct value *value)
{
    if (!strcmp(key, "name")) {
        return set_name(reader, line, value);
    }
    if (!strcmp(key, "kernel")) {
        return set_text(reader, line, &reader->guest->kernel, value);
    }
    if (!strcmp(key, "ramdisk")) {
        return set_text(reader, line, &reader->guest->ramdisk, value);
    }
    if (!strcmp(key, "cmdline")) {
        return set_text(reader, line, &reader->cmdline, value);
    }
    if (!strcmp(key, "root")) {
        return set_text(reader, line, &reader->root, value);
    }
    if (!strcmp(key, "extra")) {
        return set_text(reader, line, &reader->extra, value);
    }
    if (!strcmp(key, "memory")) {
        return set_number(reader, line, value, guest_set_memory);
    }
    if (!strcmp(key, "vcpus") || !strcmp(key, "maxvcpus")) {
        return set_number(reader, line, value, guest_set_vcpus);
    }
    if (!strcmp(key, "restarts")) {
        return set_number(reader, line, value, guest_set_restarts);
    }
    if (!strcmp(key, "cpu_weight")) {
        return set_number(reader, line, value, guest_set_weight);
    }
    if (!strcmp(key, "cap")) {
        return set_number(reader, line, value, guest_set_cap);
    }
    if (!strcmp(key, "cpus")) {
        return set_cpus(reader, line, value);
    }
    if (!strcmp(key, "type")) {
        return only(reader, line, value, "pv", "pv");
    }
    if (!strcmp(key, "builder")) {
        return only(reader, line, value, "generic", "linux");
    }
    if (!take_action(reader, line, key, value)) {
        ignore(reader, line, key);
    }
    return true;
}

/* Reads a setting, "key = value", up to the end of the line or a semicolon. */
static bool read_setting(struct reader *reader)
{
    unsigned line = reader->line;
    const char *start = reader->at;
    struct value value = {0};
    char key[64];

    while (isalnum(peek(reader)) || peek(reader) == '_' || peek(reader) == '-') {
        next(reader);
    }
    size_t size = (size_t)(reader->at - start);
    if (!size || size >= sizeof(key)) {
        return expected(reader, line, "a setting: key = value");
    }
    memcpy(key, start, size);
    key[size] = 0;
    skip(reader, false);
    if (next(reader) != '=') {
        return expected(reader, line, "= after the key");
    }
    skip(reader, false);
    bool well = read_value(reader, &value, 0) && take(reader, line, key, &value);
    value_free(&value);
    if (!well) {
        return false;
    }
    skip(reader, false);
    if (peek(reader) != EOF && peek(reader) != '\n' && peek(reader) != ';') {
        return expected(reader, reader->line, "the end of the line after the value");
    }
    return true;
}

/* Makes the kernel command line: the value of cmdline, or "root=ROOT EXTRA" from root and extra. */
static bool join_cmdline(struct reader *reader)
{
    struct failure reason;
    struct buffer text = {0};

    if (reader->cmdline) {
        buffer_append(&text, reader->cmdline, strlen(reader->cmdline));
    } else if (reader->root || reader->extra) {
        if (reader->root) {
            buffer_append(&text, "root=", 5);
            buffer_append(&text, reader->root, strlen(reader->root));
        }
        if (reader->root && reader->extra) {
            buffer_append(&text, " ", 1);
        }
        if (reader->extra) {
            buffer_append(&text, reader->extra, strlen(reader->extra));
        }
    } else {
        return true;
    }
    buffer_append(&text, "", 1);
    reader->guest->cmdline = (char *)text.bytes;
    if (!guest_check_cmdline(reader->guest->cmdline, &reason)) {
        return refuse(reader->failure, "%s: %.600s", reader->path, reason.sentence);
    }
    return true;
}

/* Decides after which ends the guest is restarted. Without the key restarts, on_END = "restart" is
 * ignored, because files that were written for xl have it, too. */
static bool choose_restarts(struct reader *reader)
{
    struct guest *guest = reader->guest;
    bool any = false;

    for (unsigned end = 0; end < GUEST_ENDS; end++) {
        char key[32];

        if (!reader->restart_line[end]) {
            continue;
        }
        any = guest->restart[end] = guest->restarts != 0;
        snprintf(key, sizeof(key), "on_%s", guest_end_word[end]);
        if (!guest->restarts) {
            ignore(reader, reader->restart_line[end], key);
        }
    }
    if (guest->restarts && !any) {
        return expected(reader, reader->line,
                        "on_poweroff, on_reboot or on_crash = \"restart\" beside restarts");
    }
    return true;
}

/* Checks the settings that depend on each other, after all have been read. */
static bool check_guest(struct reader *reader)
{
    struct failure reason;

    if (!reader->guest->name[0]) {
        return expected(reader, reader->line, "a name: name = \"...\"");
    }
    if (!reader->guest->kernel) {
        return expected(reader, reader->line, "a kernel: kernel = \"...\"");
    }
    if (!guest_check_cap(reader->guest, &reason)) {
        return refuse(reader->failure, "%s: %.600s", reader->path, reason.sentence);
    }
    if (reader->cpu_lists > reader->guest->vcpus) {
        return refuse(reader->failure, "%s: cpus has lists for %u vCPUs, the guest has %u",
                      reader->path, reader->cpu_lists, reader->guest->vcpus);
    }
    return true;
}

bool cfg_read(const char *path, const char *text, size_t size, struct guest *guest,
              struct buffer *ignored, struct failure *failure)
{
    struct reader reader = {.path = path,
                            .at = text,
                            .end = text + size,
                            .line = 1,
                            .guest = guest,
                            .ignored = ignored,
                            .failure = failure};
    bool well = true;

    *guest = (struct guest){0};
    guest->memory = GUEST_MEMORY_DEFAULT;
    guest->vcpus = 1;
    for (skip(&reader, true); well && peek(&reader) != EOF; skip(&reader, true)) {
        well = read_setting(&reader);
    }
    well = well && join_cmdline(&reader) && check_guest(&reader) && choose_restarts(&reader);
    free(reader.root);
    free(reader.extra);
    free(reader.cmdline);
    if (!well) {
        guest_free(guest);
    }
    return well;
}
