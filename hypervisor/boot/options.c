/* SPDX-License-Identifier: MIT */
/* Reading the hypervisor's command line. */
#include "hypervisor/boot/options.h"
#include "hypervisor/cpu/machine.h"
#include "hypervisor/log/log.h"
#include "hypervisor/log/output.h"
#include "hypervisor/vcpu/abi_version.h"
#include "lib/handoff.h"
#include "lib/string.h"

#define BAUD_MAX   115200u
#define DELAY_MOST 3600u /* seconds */

/* A word of the command line: NAME or NAME=VALUE. */
struct word {
    const char *start;
    u32 length;
    u32 name_length;
    const char *value; /* behind the '='; at the end of the word if there is none */
};

static const char *end_of(const struct word *w)
{
    return w->start + w->length;
}

/* Finds the next word from *at on, and moves *at behind it. False: there is none. */
static bool next_word(const char **at, struct word *w)
{
    while (**at == ' ') {
        ++*at;
    }
    w->start = *at;
    while (**at && **at != ' ') {
        ++*at;
    }
    w->length = (u32)(*at - w->start);
    w->name_length = 0;
    while (w->name_length < w->length && w->start[w->name_length] != '=') {
        w->name_length++;
    }
    w->value = w->start + w->name_length + (w->name_length < w->length);
    return w->length != 0;
}

static bool is_named(const struct word *w, const char *name)
{
    return strlen(name) == w->name_length && memcmp(w->start, name, w->name_length) == 0;
}

static bool value_is(const struct word *w, const char *text)
{
    u64 length = (u64)(end_of(w) - w->value);

    return strlen(text) == length && memcmp(w->value, text, length) == 0;
}

/* Reads a decimal number at *at and moves *at behind it. False: there is none, or it is too large.
 */
static bool read_number(const char **at, u64 *number)
{
    const char *start = *at;

    for (*number = 0; **at >= '0' && **at <= '9'; ++*at) {
        if (*number > 1ull << 40) {
            return false;
        }
        *number = *number * 10 + (u64)(**at - '0');
    }
    return *at > start;
}

/* Reads a size: a number and the unit B, K, M, G or T; without one it is in KiB. */
static bool read_size(const char **at, u64 *bytes)
{
    static const char units[] = "bkmgt";
    u32 unit = 1;

    if (!read_number(at, bytes)) {
        return false;
    }
    for (u32 i = 0; i < sizeof units - 1; i++) {
        if ((**at | 0x20) == units[i]) {
            unit = i;
            ++*at;
            break;
        }
    }
    if (*bytes >> (63 - 10 * unit)) {
        return false;
    }
    *bytes <<= 10 * unit;
    return true;
}

/* Reads a percentage: a number up to 100 and the sign. False, and *at as it was: there is none. */
static bool read_percent(const char **at, u32 *percent)
{
    const char *start = *at;
    u64 number;

    if (!read_number(at, &number) || **at != '%' || number > 100) {
        *at = start;
        return false;
    }
    ++*at;
    *percent = (u32)number;
    return true;
}

/* Reads SIZE, N%, SIZE+N%, or one of these behind a `-': all there is but that. */
static bool read_amount(const char **at, struct memory_amount *amount)
{
    *amount = (struct memory_amount){.but = **at == '-'};
    *at += amount->but;
    if (read_percent(at, &amount->percent)) {
        return true;
    }
    if (!read_size(at, &amount->bytes)) {
        return false;
    }
    if (**at != '+') {
        return true;
    }
    ++*at;
    return read_percent(at, &amount->percent);
}

u64 memory_mib(const struct memory_amount *amount, u64 there)
{
    u64 mib = (amount->bytes >> 20) + there * amount->percent / 100;

    if (amount->but) {
        return there > mib ? there - mib : 0;
    }
    return mib;
}

/* Reads [AMOUNT],[min:AMOUNT],[max:AMOUNT], in any order. */
static bool read_memory(const struct word *w, struct boot_options *options)
{
    struct boot_options found = *options;

    for (const char *at = w->value; at < end_of(w);) {
        bool most = memcmp(at, "max:", 4) == 0, least = memcmp(at, "min:", 4) == 0;

        at += most || least ? 4 : 0;
        if (!read_amount(&at, most    ? &found.dom0_most
                              : least ? &found.dom0_least
                                      : &found.dom0_memory) ||
            (at < end_of(w) && *at != ',')) {
            return false;
        }
        at += at < end_of(w);
    }
    *options = found;
    return w->value < end_of(w);
}

/* Reads [min-]max, of which the larger one counts. */
static bool read_vcpus(const struct word *w, struct boot_options *options)
{
    const char *at = w->value;
    u64 number;

    if (!read_number(&at, &number)) {
        return false;
    }
    if (at < end_of(w) && *at == '-') {
        at++;
        if (!read_number(&at, &number)) {
            return false;
        }
    }
    if (at != end_of(w) || number == 0 || number > HANDOFF_VCPUS_MAX) {
        return false;
    }
    options->dom0_vcpus = (u32)number;
    return true;
}

/* Reads BAUD[,8n1], or auto: 8 bits without parity are all that is supported. */
static bool read_port(const struct word *w, struct boot_options *options)
{
    const char *at = w->value;
    u64 baud = 0;

    if (memcmp(at, "auto", 4) == 0) {
        at += 4;
    } else if (!read_number(&at, &baud) || baud == 0 || BAUD_MAX % baud) {
        return false;
    }
    if (end_of(w) - at >= 4 && memcmp(at, ",8n1", 4) == 0) {
        at += 4;
    }
    if (at != end_of(w)) {
        return false;
    }
    options->baud = (u32)baud;
    return true;
}

/* Finds the next of the texts that commas separate, from *at to the end of the word, and moves *at
 * behind it. False: there is none. */
static bool next_part(const struct word *w, const char **at, struct word *part)
{
    const char *end = *at;

    if (*at >= end_of(w)) {
        return false;
    }
    while (end < end_of(w) && *end != ',') {
        end++;
    }
    *part = (struct word){.start = *at, .length = (u32)(end - *at), .value = *at};
    *at = end + 1;
    return true;
}

/* Reads NAME[,NAME]: the consoles that are used. */
static bool read_consoles(const struct word *w, struct boot_options *options)
{
    const char *at = w->value;
    u32 consoles = 0;
    struct word part;

    while (next_part(w, &at, &part)) {
        if (value_is(&part, "com1")) {
            consoles |= OUTPUT_COM1;
        } else if (value_is(&part, "vga")) {
            consoles |= OUTPUT_SCREEN;
        } else {
            return false;
        }
    }
    options->consoles = consoles ? consoles : options->consoles;
    return consoles;
}

/* Reads a number of seconds. */
static bool read_delay(const struct word *w, struct boot_options *options)
{
    const char *at = w->value;
    u64 seconds;

    if (!read_number(&at, &seconds) || at != end_of(w) || seconds > DELAY_MOST) {
        return false;
    }
    options->restart_delay = (u32)seconds;
    return true;
}

/* Reads the words for the screen. The mode is as the loader left it. */
static void read_screen(const struct word *w, struct boot_options *options)
{
    const char *at = w->value;
    struct word part;

    options->keep_screen = false;
    while (next_part(w, &at, &part)) {
        options->keep_screen |= value_is(&part, "keep");
    }
}

/* Reads the version of Xen that guests and tools see: 4.17 to 4.20. */
static bool read_version(const struct word *w, struct boot_options *options)
{
    const char *at = w->value;
    u64 major, minor;

    if (!read_number(&at, &major) || major != ABI_VERSION_MAJOR || at == end_of(w) ||
        *at++ != '.' || !read_number(&at, &minor) || at != end_of(w) || minor < ABI_VERSION_MINOR ||
        minor > ABI_VERSION_MINOR_LATEST) {
        return false;
    }
    options->version_minor = (u32)minor;
    return true;
}

static bool value_is_one_of(const struct word *w, const char *const *texts, u32 count)
{
    u32 i = 0;

    while (i < count && !value_is(w, texts[i])) {
        i++;
    }
    return i < count;
}

/* Reads a truth value. Xen's words `xpti' and `no-xpti' choose the guests for which PCID is used;
 * here it is used for all, so they mean yes. */
static bool read_pcid(const struct word *w, struct boot_options *options)
{
    static const char *const yes[] = {"yes", "on", "true", "1", "xpti", "no-xpti"};
    static const char *const no[] = {"no", "off", "false", "0"};
    const bool is_no = value_is_one_of(w, no, ARRAY_LENGTH(no));

    if (!is_no && !value_is_one_of(w, yes, ARRAY_LENGTH(yes))) {
        return false;
    }
    options->no_pcid = is_no;
    return true;
}

/* Reads LEVEL[/LEVEL], of which the second one is for messages that are limited. The log has one
 * more line for each end of a guest with `all' and `debug'. */
static void read_level(const struct word *w, struct boot_options *options)
{
    static const char *const verbose[] = {"all", "debug"};
    u64 length = 0;

    while (w->value + length < end_of(w) && w->value[length] != '/') {
        length++;
    }
    options->verbose = false;
    for (u32 i = 0; i < ARRAY_LENGTH(verbose); i++) {
        options->verbose |=
            strlen(verbose[i]) == length && memcmp(w->value, verbose[i], length) == 0;
    }
}

/* Applies one word. False: its value makes no sense. */
static bool apply(const struct word *w, struct boot_options *options, bool *known)
{
    *known = true;
    if (is_named(w, "dom0_mem")) {
        return read_memory(w, options);
    }
    if (is_named(w, "dom0_max_vcpus")) {
        return read_vcpus(w, options);
    }
    if (is_named(w, "com1")) {
        return read_port(w, options);
    }
    if (is_named(w, "console")) {
        return read_consoles(w, options);
    }
    if (is_named(w, "panic")) {
        return read_delay(w, options);
    }
    if (is_named(w, "noreboot")) {
        options->restart_delay = 0;
        return true;
    }
    if (is_named(w, "vga")) {
        read_screen(w, options);
        return true;
    }
    if (is_named(w, "mitigations")) {
        return speculation_read_mitigations(w->value, (u64)(end_of(w) - w->value),
                                            &options->mitigations);
    }
    if (is_named(w, "isolation")) {
        return speculation_read_isolation(w->value, (u64)(end_of(w) - w->value),
                                          &options->isolation);
    }
    if (is_named(w, "pcid")) {
        return read_pcid(w, options);
    }
    if (is_named(w, "xen-version")) {
        return read_version(w, options);
    }
    if (is_named(w, "audit")) {
        options->audit |= w->name_length == w->length;
        return w->name_length == w->length;
    }
    if (is_named(w, "loglvl")) {
        read_level(w, options);
        return true;
    }
    *known = is_named(w, "guest_loglvl") || is_named(w, "placeholder") ||
             is_named(w, "no-real-mode") || is_named(w, "edd");
    return true;
}

void options_read(const char *line, struct boot_options *options)
{
    struct word w;

    *options = (struct boot_options){.mitigations = MITIGATIONS_AUTO,
                                     .consoles = OUTPUT_ALL,
                                     .restart_delay = MACHINE_RESTART_DELAY,
                                     .version_minor = ABI_VERSION_MINOR};
    while (next_word(&line, &w)) {
        bool known, sense = apply(&w, options, &known);

        if (!sense) {
            log_line("command line: `%.*s' makes no sense and is ignored", (int)w.length, w.start);
        } else if (!known) {
            log_line("command line: `%.*s' is not known and is ignored", (int)w.length, w.start);
        }
    }
}
