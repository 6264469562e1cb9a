/* SPDX-License-Identifier: MIT */
/* Makes a guest from the settings of a file in the syntax of xl.cfg. */
#include "tools/cfg.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/cpulist.h"
#include "tools/settings.h"

#define START_MAX 4096u /* bytes of a file that say what it is */

struct reader {
    struct settings settings;
    struct guest *guest;
    struct buffer *notes;
    struct failure *failure;
};

/* Every key that is looked up below. */
static const char *const used_key[] = {
    "name",   "kernel",  "ramdisk",     "cmdline",     "root",       "extra",    "memory",
    "maxmem", "vcpus",   "maxvcpus",    "cap",         "cpu_weight", "cpus",     "restarts",
    "type",   "builder", "on_watchdog", "on_poweroff", "on_reboot",  "on_crash", "on_soft_reset",
};

/* ---- messages ------------------------------------------------------------------------------- */

/* Writes "path:line: ", or "path: " if the line is not known. */
static void say_place(struct reader *reader, const char *key, char *place, size_t size)
{
    unsigned line = settings_line(&reader->settings, key);

    if (line) {
        snprintf(place, size, "%.400s:%u: ", reader->settings.path, line);
    } else {
        snprintf(place, size, "%.400s: ", reader->settings.path);
    }
}

/* Fills in the failure: the place of the key, then the sentence. Returns false. */
__attribute__((format(printf, 3, 4))) static bool wrong(struct reader *reader, const char *key,
                                                        const char *format, ...)
{
    char place[440], sentence[580];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    say_place(reader, key, place, sizeof(place));
    return refuse(reader->failure, "%s%s", place, sentence);
}

/* Notes that a setting is not used: "path:line: KEY WHY". */
static void note(struct reader *reader, const char *key, const char *why)
{
    char place[440], line[640];

    say_place(reader, key, place, sizeof(place));
    snprintf(line, sizeof(line), "%s%s %s\n", place, key, why);
    buffer_append(reader->notes, line, strlen(line));
}

/* ---- values --------------------------------------------------------------------------------- */

/* Returns the text of a key, which belongs to the settings; NULL: it has none. As in xl a list is
 * reported and counts as missing. */
static const char *text_of(struct reader *reader, const char *key)
{
    const char *text = NULL;

    if (settings_find(&reader->settings, key, &text) == SETTING_LIST) {
        note(reader, key, "is a list where a single value belongs, and is not used");
        return NULL;
    }
    return text;
}

/* Gives the number of a key. Returns false if it has none. As in xl, what is no number is reported
 * and counts as missing. */
static bool number_of(struct reader *reader, const char *key, long *number)
{
    if (!text_of(reader, key)) {
        return false;
    }
    if (!settings_number(&reader->settings, key, number)) {
        note(reader, key, "is no number, and is not used");
        return false;
    }
    return true;
}

/* Sets a number of the guest, if the key has one. A negative number becomes one that is far too
 * large. */
static bool take_number(struct reader *reader, const char *key,
                        bool (*set)(struct guest *, unsigned long long, struct failure *))
{
    struct failure reason;
    long number;

    if (!number_of(reader, key, &number) ||
        set(reader->guest, (unsigned long long)number, &reason)) {
        return true;
    }
    return wrong(reader, key, "%s", reason.sentence);
}

static void take_text(struct reader *reader, const char *key, char **field)
{
    const char *text = text_of(reader, key);

    if (text && text[0]) {
        *field = copy_text(text);
    }
}

/* ---- keys ----------------------------------------------------------------------------------- */

static bool take_name(struct reader *reader)
{
    const char *name = text_of(reader, "name");
    struct failure reason;

    if (!name) {
        return refuse(reader->failure, "%s: expected a name: name = \"...\"",
                      reader->settings.path);
    }
    if (!guest_set_name(reader->guest, name, &reason)) {
        return wrong(reader, "name", "%s", reason.sentence);
    }
    return true;
}

/* The kernel and its ramdisk. An empty path is none, as for xl. */
static bool take_files(struct reader *reader)
{
    take_text(reader, "kernel", &reader->guest->kernel);
    take_text(reader, "ramdisk", &reader->guest->ramdisk);
    if (!reader->guest->kernel) {
        return refuse(reader->failure, "%s: expected a kernel: kernel = \"...\"",
                      reader->settings.path);
    }
    return true;
}

/* The kernel command line: the value of cmdline, or "root=ROOT EXTRA" from root and extra. */
static bool take_cmdline(struct reader *reader)
{
    const char *cmdline = text_of(reader, "cmdline");
    const char *root = text_of(reader, "root"), *extra = text_of(reader, "extra");
    const char *key = cmdline ? "cmdline" : extra ? "extra" : "root";
    struct buffer text = {0};
    struct failure reason;

    if (cmdline) {
        buffer_append(&text, cmdline, strlen(cmdline));
        if (root) {
            note(reader, "root", "is not used beside cmdline");
        }
        if (extra) {
            note(reader, "extra", "is not used beside cmdline");
        }
    } else if (root) {
        buffer_append(&text, "root=", 5);
        buffer_append(&text, root, strlen(root));
        buffer_append(&text, " ", extra ? 1 : 0);
    }
    if (!cmdline && extra) {
        buffer_append(&text, extra, strlen(extra));
    }
    if (!cmdline && !root && !extra) {
        return true;
    }
    buffer_append(&text, "", 1);
    reader->guest->cmdline = (char *)text.bytes;
    if (!guest_check_cmdline(reader->guest->cmdline, &reason)) {
        return wrong(reader, key, "%s", reason.sentence);
    }
    return true;
}

/* Memory: a guest starts with `memory`, or with `maxmem` if there is only that. It cannot grow
 * beyond the memory that it starts with. */
static bool take_memory(struct reader *reader)
{
    long memory = 0, most;

    if (!number_of(reader, "memory", &memory)) {
        return take_number(reader, "maxmem", guest_set_memory);
    }
    if (!take_number(reader, "memory", guest_set_memory)) {
        return false;
    }
    if (!number_of(reader, "maxmem", &most) || most == memory) {
        return true;
    }
    if (most < memory) {
        return wrong(reader, "maxmem", "maxmem is at least as much as memory, which is %ld",
                     memory);
    }
    note(reader, "maxmem", "is not used: a guest cannot grow beyond memory");
    return true;
}

/* vCPUs: `vcpus` of `maxvcpus` start online. As for xl, 0 is as good as missing, and without vcpus
 * one starts online. */
static bool take_vcpus(struct reader *reader)
{
    long number;

    if (number_of(reader, "vcpus", &number) && number &&
        !take_number(reader, "vcpus", guest_set_vcpus)) {
        return false;
    }
    return !number_of(reader, "maxvcpus", &number) || !number ||
           take_number(reader, "maxvcpus", guest_set_maxvcpus);
}

static bool take_scheduling(struct reader *reader)
{
    struct failure reason;

    if (!take_number(reader, "cpu_weight", guest_set_weight) ||
        !take_number(reader, "cap", guest_set_cap)) {
        return false;
    }
    return guest_check_cap(reader->guest, &reason) || wrong(reader, "cap", "%s", reason.sentence);
}

/* The key cpus: one list of CPUs for all vCPUs, or a list of such lists, the first for vCPU 0 and
 * so on. vCPUs without one may run on all CPUs, lists without a vCPU are not used. */
static bool take_cpus(struct reader *reader)
{
    struct guest *guest = reader->guest;
    struct failure reason;
    const char *text;
    enum setting_kind kind = settings_find(&reader->settings, "cpus", &text);
    unsigned items = settings_items(&reader->settings, "cpus");

    for (unsigned i = 0; i < guest->vcpus && kind != SETTING_MISSING; i++) {
        if (kind == SETTING_LIST && i == items) {
            break;
        }
        if (kind == SETTING_LIST) {
            text = settings_item(&reader->settings, "cpus", i);
        }
        if (!text) {
            return wrong(reader, "cpus",
                         "expected a list of CPUs for each vCPU, as in [\"0\", \"1-3\"]");
        }
        if (!cpulist_read(text, &guest->cpus[i], &reason)) {
            return wrong(reader, "cpus", "%s", reason.sentence);
        }
    }
    return true;
}

/* The keys type and builder: Pinion runs PV guests only. */
static bool take_type(struct reader *reader)
{
    const char *type = text_of(reader, "type"), *builder = text_of(reader, "builder");

    if (type && strcmp(type, "pv") != 0) {
        return wrong(reader, "type", "expected \"pv\": Pinion runs PV guests only");
    }
    if (builder && strcmp(builder, "generic") != 0) {
        return wrong(reader, "builder", "expected \"generic\": Pinion runs PV guests only");
    }
    return true;
}

/* ---- what happens at the end ---------------------------------------------------------------- */

/* Reads the action of a key; NULL: it has none. Returns false if it is none that xl knows. */
static bool read_action(struct reader *reader, const char *key, const char **action)
{
    static const char *const actions[] = {"destroy",   "restart",          "rename-restart",
                                          "preserve",  "coredump-destroy", "coredump-restart",
                                          "soft-reset"};

    *action = text_of(reader, key);
    for (unsigned i = 0; *action && i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (!strcmp(*action, actions[i])) {
            return true;
        }
    }
    return !*action || wrong(reader, key,
                             "expected destroy, restart, rename-restart, preserve, "
                             "coredump-destroy, coredump-restart or soft-reset");
}

/* After which ends the guest is restarted. Without the key restarts, on_END = "restart" is not
 * used, because files that were written for xl have it, too. */
static bool take_restarts(struct reader *reader)
{
    struct guest *guest = reader->guest;
    const char *action;
    bool any = false;

    if (!take_number(reader, "restarts", guest_set_restarts)) {
        return false;
    }
    for (unsigned end = 0; end < GUEST_ENDS; end++) {
        char key[32];

        snprintf(key, sizeof(key), "on_%s", guest_end_word[end]);
        if (!read_action(reader, key, &action)) {
            return false;
        }
        guest->restart[end] = guest->restarts && action && !strcmp(action, "restart");
        any |= guest->restart[end];
        if (action && !guest->restart[end] && strcmp(action, "destroy") != 0) {
            note(reader, key, "is not used");
        }
    }
    if (guest->restarts && !any) {
        return wrong(reader, "restarts",
                     "expected on_poweroff, on_reboot or on_crash = \"restart\" beside restarts");
    }
    return true;
}

/* The ends that no guest of Pinion has. */
static bool take_other_ends(struct reader *reader)
{
    static const char *const keys[] = {"on_watchdog", "on_soft_reset"};
    const char *action;

    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (!read_action(reader, keys[i], &action)) {
            return false;
        }
        if (action) {
            note(reader, keys[i], "is not used");
        }
    }
    return true;
}

/* ---- the whole file ------------------------------------------------------------------------- */

static bool is_used(const char *key)
{
    for (unsigned i = 0; i < sizeof(used_key) / sizeof(used_key[0]); i++) {
        if (!strcmp(key, used_key[i])) {
            return true;
        }
    }
    return false;
}

/* Says whether the notes from byte `from` on have one about the key. */
static bool is_noted(const struct reader *reader, size_t from, const char *key)
{
    char words[SETTINGS_KEY_MAX + 20];
    int size = snprintf(words, sizeof(words), ": %s is not used\n", key);

    return reader->notes->size > from &&
           memmem(reader->notes->bytes + from, reader->notes->size - from, words, (size_t)size);
}

/* Notes each key that Pinion does not know, once. */
static void note_unknown(struct reader *reader)
{
    char key[SETTINGS_KEY_MAX + 1];
    size_t at = 0, from = reader->notes->size;

    while (settings_next_key(&reader->settings, &at, key)) {
        if (!is_used(key) && !is_noted(reader, from, key)) {
            note(reader, key, "is not used");
        }
    }
}

bool cfg_read(const char *path, const char *text, size_t size, struct guest *guest,
              struct buffer *notes, struct failure *failure)
{
    struct reader reader = {.guest = guest, .notes = notes, .failure = failure};

    *guest = (struct guest){0};
    guest->memory = GUEST_MEMORY_DEFAULT;
    guest->vcpus = guest->online = 1;
    if (!settings_read(&reader.settings, path, text, size, failure)) {
        return false;
    }
    bool well = take_name(&reader) && take_type(&reader) && take_files(&reader) &&
                take_cmdline(&reader) && take_memory(&reader) && take_vcpus(&reader) &&
                take_scheduling(&reader) && take_cpus(&reader) && take_restarts(&reader) &&
                take_other_ends(&reader);
    if (well) {
        note_unknown(&reader);
    } else {
        guest_free(guest);
    }
    settings_free(&reader.settings);
    return well;
}

/* ---- recognising one ------------------------------------------------------------------------ */

/* Says whether a text of `size` bytes begins, after comments and empty lines, with `key =` or
 * `key +=`. */
static bool begins_with_setting(const char *at, const char *end)
{
    if (end - at >= 3 && !memcmp(at, "\xef\xbb\xbf", 3)) {
        at += 3; /* a byte order mark, which is refused later, and by name */
    }
    while (at < end && (isspace((unsigned char)*at) || *at == ';' || *at == '#')) {
        if (*at == '#') {
            const char *line_end = memchr(at, '\n', (size_t)(end - at));

            at = line_end ? line_end : end - 1;
        }
        at++;
    }
    const char *key = at;
    while (at < end && (isalnum((unsigned char)*at) || *at == '_' || *at == '.')) {
        at++;
    }
    bool has_key = at > key;
    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    at += at < end && *at == '+';
    return has_key && at < end && *at == '=';
}

bool cfg_is_one(const char *path)
{
    size_t length = strlen(path);
    char start[START_MAX];
    struct stat status;

    if (length > 4 && !strcmp(path + length - 4, ".cfg")) {
        return true;
    }
    if (stat(path, &status) || !S_ISREG(status.st_mode)) {
        return false;
    }
    FILE *file = fopen(path, "re");
    if (!file) {
        return false;
    }
    size_t size = fread(start, 1, sizeof(start), file);
    fclose(file);
    return !memchr(start, 0, size) && begins_with_setting(start, start + size);
}
