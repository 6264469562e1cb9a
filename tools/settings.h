/* SPDX-License-Identifier: MIT */
/* The settings of a file in the syntax of xl.cfg(5), as xl itself reads them: the text is read by
 * libxlutil, the library of Xen's tools that xl uses. What the library does not have is added here:
 * refusals as one sentence with file and line, the lines of settings, the list of all keys, and a
 * guard before the text that makes the library abort (a NUL byte). */
#ifndef TOOLS_SETTINGS_H
#define TOOLS_SETTINGS_H

#include <stddef.h>
#include <stdio.h>

#include "tools/fail.h"

#define SETTINGS_SIZE_MAX (1u << 20) /* bytes; more is taken for a file of another kind */
#define SETTINGS_KEY_MAX  63u        /* characters of a key that settings_next_key() shows */

struct XLU_Config;

struct settings {
    const char *path; /* for messages */
    const char *text; /* what was read */
    size_t size;
    struct XLU_Config *config;
    FILE *report;      /* where the library writes messages ... */
    char *said;        /* ... which can be read here after a flush */
    size_t said_bytes; /* how much can be read */
};

enum setting_kind { SETTING_MISSING, SETTING_TEXT, SETTING_LIST };

/* Reads a text of `size` bytes, which must outlive the settings. path: the text's file, for
 * messages; it must outlive them, too. Returns false if xl would not read the text, or if it has a
 * NUL byte or more than SETTINGS_SIZE_MAX bytes: the failure is "path:line: ...", and there is
 * nothing to free. */
bool settings_read(struct settings *settings, const char *path, const char *text, size_t size,
                   struct failure *failure);
void settings_free(struct settings *settings);

/* Finds the setting of a key: of several the last, with what `+=` has added. Stores the text in
 * *text if it has one; a number counts as a text. The text belongs to the settings. */
enum setting_kind settings_find(const struct settings *settings, const char *key,
                                const char **text);

/* Gives the number of a setting that is a text. Returns false if it is none, does not fit a long,
 * or was put together with `+=`. */
bool settings_number(const struct settings *settings, const char *key, long *number);

/* Return the number of elements of a setting that is a list, and the text of element `item`; NULL:
 * it is itself a list. */
unsigned settings_items(const struct settings *settings, const char *key);
const char *settings_item(const struct settings *settings, const char *key, unsigned item);

/* Returns the number of the line with a setting; 0: not known. */
unsigned settings_line(struct settings *settings, const char *key);

/* Steps through the keys that have a setting. *at: 0 at first, then what the call before has
 * stored. Stores the next key in `key` and returns true; false: there is none. A key that is set
 * several times comes several times; keys of more than SETTINGS_KEY_MAX characters are left out. */
bool settings_next_key(const struct settings *settings, size_t *at, char key[SETTINGS_KEY_MAX + 1]);

#endif
