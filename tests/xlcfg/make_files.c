/* SPDX-License-Identifier: MIT */
/* Writes small files in the syntax of xl.cfg, right and wrong ones: those of a list of cases, and
 * as many as are asked for from seeds.
 *     make_files FOLDER CASES COUNT
 * A line of CASES is one file, in which \n, \r, \t, \\ and \xHH stand for a byte, and KERNEL for
 * `name="a"\nkernel="k"\n`; lines that begin with # are skipped. The files have numbers as names,
 * the same ones each time. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 4096

static char text[FILE_MAX];
static size_t size;

static void put(char c)
{
    if (size < FILE_MAX) {
        text[size++] = c;
    }
}

static void put_text(const char *more)
{
    while (*more) {
        put(*more++);
    }
}

static void write_file(const char *folder, unsigned number)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%04u", folder, number);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(text, 1, size, file) != size || fclose(file)) {
        perror(path);
        exit(1);
    }
    size = 0;
}

/* ---- cases ---------------------------------------------------------------------------------- */

static void expand(const char *line)
{
    static const char start[] = "KERNEL";

    while (*line) {
        if (!strncmp(line, start, strlen(start))) {
            put_text("name=\"a\"\nkernel=\"k\"\n");
            line += strlen(start);
        } else if (*line != '\\') {
            put(*line++);
        } else if (line[1] == 'x') {
            char digits[3] = {line[2], line[3], 0};

            put((char)strtoul(digits, NULL, 16));
            line += 4;
        } else {
            put(line[1] == 'n' ? '\n' : line[1] == 'r' ? '\r' : line[1] == 't' ? '\t' : line[1]);
            line += 2;
        }
    }
}

static unsigned write_cases(const char *folder, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[FILE_MAX];
    unsigned count = 0;

    if (!file) {
        perror(path);
        exit(1);
    }
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0] && line[0] != '#') {
            expand(line);
            write_file(folder, ++count);
        }
    }
    fclose(file);
    return count;
}

/* ---- seeds ---------------------------------------------------------------------------------- */

static uint64_t random_state;

/* Returns a number below `limit`. */
static unsigned below(unsigned limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % limit);
}

#define PICK(words) put_text((words)[below(sizeof(words) / sizeof((words)[0]))])

static void put_string(void)
{
    static const char *const pieces[] = {"a",   "b c",   "~",   "/dev/x",   "=",    "#",   ";",
                                         "[",   "\\n",   "\\t", "\\\\",     "\\\"", "\\'", "\\x41",
                                         "101", "\\101", "\\q", "\xc3\xa9", ",",    "'",   "\""};
    char quote = below(2) ? '"' : '\'';

    put(quote);
    for (unsigned i = below(4); i--;) {
        PICK(pieces);
    }
    put(quote);
}

static void put_number(void)
{
    static const char *const numbers[] = {"0",  "1",     "2",    "3",    "4",      "16", "32",
                                          "64", "128",   "256",  "0x10", "010",    "09", "0x",
                                          "5x", "\"8\"", "' 8'", "'8 '", "\"-1\"", "-1", "'x'",
                                          "''", "1.5",   "+4",   "0X10", "1000000"};

    PICK(numbers);
}

static void put_cpus(void)
{
    static const char *const elements[] = {"0",    "1-3",   "5",  "^2",   "all",
                                           "^0-1", "60-70", "",   "x",    "3-1",
                                           " 4",   "4 ",    "+6", "^all", "nodes:0,^4-63"};

    put('"');
    for (unsigned i = below(3) + 1; i--;) {
        PICK(elements);
        put_text(i ? "," : "");
    }
    put('"');
}

static void put_list(unsigned depth)
{
    static const char *const between[] = {",", ", ", ",\n", "\n,", " , # c\n"};

    put('[');
    for (unsigned i = below(4); i--;) {
        if (below(6) == 0 && depth < 3) {
            put_list(depth + 1);
        } else if (below(2)) {
            put_string();
        } else {
            put_number();
        }
        if (i || below(3) == 0) {
            PICK(between);
        }
    }
    put(']');
}

static void put_word(const char *key)
{
    static const char *const types[] = {"'pv'", "'generic'", "'pvh'", "'linux'", "[]"};
    static const char *const actions[] = {"'destroy'",  "'restart'",    "'rename-restart'",
                                          "'preserve'", "'soft-reset'", "'none'"};

    if (!strncmp(key, "on_", 3)) {
        PICK(actions);
    } else {
        PICK(types);
    }
}

static void put_value(const char *key)
{
    switch (below(12)) {
    case 0:
        put_list(0);
        return;
    case 1:
        put_string();
        return;
    case 2:
        put_number();
        return;
    default:
        break;
    }
    if (!strcmp(key, "cpus")) {
        put_cpus();
    } else if (strstr("memory maxmem vcpus maxvcpus cpu_weight cap", key)) {
        put_number();
    } else if (strstr("type builder on_reboot on_crash on_poweroff on_watchdog", key)) {
        put_word(key);
    } else {
        put_string();
    }
}

static void put_setting(void)
{
    static const char *const keys[] = {
        "name",      "kernel",     "ramdisk",     "root",        "extra", "extra",
        "cmdline",   "memory",     "maxmem",      "vcpus",       "vcpus", "maxvcpus",
        "maxvcpus",  "cpu_weight", "cap",         "cpus",        "type",  "builder",
        "on_reboot", "on_crash",   "on_poweroff", "on_watchdog", "foo",   "f.oo_1"};
    static const char *const equals[] = {"=", " = ", " =", "= ", "\t=\t", " += ", "+="};
    static const char *const ends[] = {"\n",   "\n",     "\n",   ";",   " ; ",
                                       "\n\n", " # c\n", ";;\n", "\r\n"};
    const char *key = keys[below(sizeof(keys) / sizeof(keys[0]))];

    put_text(below(8) ? "" : " ");
    put_text(key);
    if (below(3)) {
        put('=');
    } else {
        PICK(equals);
    }
    put_value(key);
    if (below(4)) {
        put('\n');
    } else {
        PICK(ends);
    }
}

/* Removes, changes or inserts one byte. */
static void damage(void)
{
    static const char bytes[] = "\"'\\[]=+,;#\n\r\t a1_.-~\xef";
    size_t at = size ? below((unsigned)size) : 0;
    char byte = bytes[below(sizeof(bytes) - 1)];

    if (!size || size == FILE_MAX) {
        return;
    }
    switch (below(3)) {
    case 0:
        memmove(text + at, text + at + 1, --size - at);
        return;
    case 1:
        text[at] = byte;
        return;
    default:
        memmove(text + at + 1, text + at, size++ - at);
        text[at] = byte;
        return;
    }
}

static void generate(unsigned seed)
{
    random_state = seed * 2654435761u;
    below(2);
    put_text("name='g'\nkernel=\"k\"\n");
    for (unsigned i = below(5) + 1; i--;) {
        put_setting();
    }
    if (below(4) == 0) {
        damage();
    }
}

int main(int count, char **words)
{
    if (count != 4) {
        fprintf(stderr, "usage: make_files FOLDER CASES COUNT\n");
        return 2;
    }
    unsigned cases = write_cases(words[1], words[2]);
    for (unsigned i = 1; i <= (unsigned)strtoul(words[3], NULL, 10); i++) {
        generate(i);
        write_file(words[1], cases + i);
    }
    return 0;
}
