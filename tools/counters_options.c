/* SPDX-License-Identifier: MIT */
/* The command lines of `pinion stat`, `pinion top` and `pinion metrics`. */
#include "tools/counters_options.h"

#include <string.h>

#include "tools/options.h"

static const char stat_help[] =
    "usage: pinion stat [options] DOMAIN\n"
    "\n"
    "What entered the hypervisor from a domain, how often, and how long it took; what was "
    "refused,\n"
    "by rule; the work on its page tables. In dom0, as root. DOMAIN: a name or a number.\n"
    "  -t, --time SECONDS   how long to watch (1)\n"
    "  --sort COLUMN        exit, count, time (the default), least, mean or most\n"
    "Exit status: 0 done, 2 bad usage or no such domain, 3 the hypervisor cannot be asked, 4 the\n"
    "output could not be written.\n";

static const char top_help[] =
    "usage: pinion top [options]\n"
    "\n"
    "All domains, refreshed in a terminal; and the exits of the one that is chosen. In dom0, as "
    "root.\n"
    "  -d, --delay SECONDS  between two refreshes (3); with --once: how long to watch (1)\n"
    "  --sort COLUMN        name, state, cpu-seconds, cpu (the default), mem, mem-share, maxmem,\n"
    "                       maxmem-share, vcpus, exits, updates, emulated, promoted or refused\n"
    "  --once               print one text instead\n"
    "Keys: left, right or S: the column to sort by; up, down: the domain; E: the column to sort "
    "the\n"
    "exits by; space: refresh; Q: quit.\n"
    "Exit status: 0 done, 2 bad usage, 3 the hypervisor cannot be asked, 4 the output could not "
    "be\n"
    "written.\n";

static const char metrics_help[] =
    "usage: pinion metrics [options]\n"
    "\n"
    "The counters of the machine and of all domains as metrics for Prometheus. In dom0, as root.\n"
    "  --format WORD        openmetrics (the default), or prometheus: the older text format, "
    "which\n"
    "                       the textfile collector of node_exporter reads\n"
    "  --listen [ADDRESS:]PORT\n"
    "                       serve them over HTTP, at /metrics, until a signal ends it; ADDRESS: "
    "an\n"
    "                       IP address, an IPv6 one in brackets (127.0.0.1)\n"
    "  --measure            with --listen: count and time exits, too, as long as it serves\n"
    "Exit status: 0 done, 2 bad usage, 3 the hypervisor cannot be asked or the port cannot be "
    "had,\n"
    "4 the output could not be written.\n";

const char *counters_help(enum counters_command command)
{
    return command == COMMAND_STAT ? stat_help : command == COMMAND_TOP ? top_help : metrics_help;
}

static const char *const command_name[] = {
    [COMMAND_STAT] = "stat",
    [COMMAND_TOP] = "top",
    [COMMAND_METRICS] = "metrics",
};

enum word { WORD_TIME, WORD_DELAY, WORD_SORT, WORD_ONCE, WORD_FORMAT, WORD_LISTEN, WORD_MEASURE };

static const struct {
    enum counters_command command;
    const char *name;
    enum word word;
    bool has_value;
} options_table[] = {
    {COMMAND_STAT, "-t", WORD_TIME, true},
    {COMMAND_STAT, "--time", WORD_TIME, true},
    {COMMAND_STAT, "--sort", WORD_SORT, true},
    {COMMAND_TOP, "-d", WORD_DELAY, true},
    {COMMAND_TOP, "--delay", WORD_DELAY, true},
    {COMMAND_TOP, "--sort", WORD_SORT, true},
    {COMMAND_TOP, "--once", WORD_ONCE, false},
    {COMMAND_METRICS, "--format", WORD_FORMAT, true},
    {COMMAND_METRICS, "--listen", WORD_LISTEN, true},
    {COMMAND_METRICS, "--measure", WORD_MEASURE, false},
};
#define OPTIONS_TABLE (sizeof options_table / sizeof options_table[0])

/* Finds a word among `count` names; `count`: it is none of them. */
static unsigned find(const char *word, const char *const *name, unsigned count)
{
    unsigned i = 0;

    while (i < count && strcmp(word, name[i])) {
        i++;
    }
    return i;
}

static bool take_column(struct counters_options *options, const char *value,
                        struct failure *failure)
{
    const bool top = options->command == COMMAND_TOP;
    const char *const *name = top ? top_column_name : stat_column_name;
    const unsigned columns = top ? (unsigned)TOP_COLUMNS : (unsigned)STAT_COLUMNS;
    const unsigned column = find(value, name, columns);

    options->top_by = top ? column : options->top_by;
    options->stat_by = top ? options->stat_by : column;
    return column < columns || refuse(failure, "there is no such column");
}

static bool take_value(struct counters_options *options, enum word word, const char *value,
                       struct failure *failure)
{
    unsigned long long number = 0;

    switch (word) {
    case WORD_TIME:
    case WORD_DELAY:
        if (!number_read(value, 1, COUNTERS_SECONDS_MAX, &number)) {
            return refuse(failure, "not a number of seconds from 1 to %u", COUNTERS_SECONDS_MAX);
        }
        options->seconds = (unsigned)number;
        return true;
    case WORD_SORT:
        return take_column(options, value, failure);
    case WORD_FORMAT:
        options->format = find(value, metrics_format_name, METRICS_FORMATS);
        return options->format < METRICS_FORMATS ||
               refuse(failure, "the formats are openmetrics and prometheus");
    case WORD_LISTEN:
        options->listen = true;
        return metrics_address_read(value, &options->address, failure);
    case WORD_ONCE:
        options->once = true;
        return true;
    case WORD_MEASURE:
        options->measure = true;
        return true;
    }
    return false;
}

/* Takes the option words[*i], and its value, if it has one: behind `=`, or as the next word. */
static bool take_option(struct counters_options *options, int count, char **words, int *i,
                        struct failure *failure)
{
    const char *word = words[*i], *equals = word[1] == '-' ? strchr(word, '=') : NULL;
    const char *command = command_name[options->command];
    size_t size = equals ? (size_t)(equals - word) : strlen(word), option = 0;
    struct failure reason;

    while (option < OPTIONS_TABLE && (options_table[option].command != options->command ||
                                      strlen(options_table[option].name) != size ||
                                      memcmp(options_table[option].name, word, size))) {
        option++;
    }
    if (option == OPTIONS_TABLE) {
        return refuse(failure, "%s: unknown option %.*s; see pinion %s --help", command, (int)size,
                      word, command);
    }
    if (!options_table[option].has_value && equals) {
        return refuse(failure, "%s: %.*s has no value", command, (int)size, word);
    }
    if (options_table[option].has_value && !equals && *i + 1 == count) {
        return refuse(failure, "%s: %s needs a value", command, word);
    }
    const char *value = equals ? equals + 1 : options_table[option].has_value ? words[++*i] : "";

    return take_value(options, options_table[option].word, value, &reason) ||
           refuse(failure, "%s: %.*s %.200s: %.600s", command, (int)size, word, value,
                  reason.sentence);
}

static bool check(const struct counters_options *options, struct failure *failure)
{
    if (options->command == COMMAND_STAT && !options->domain) {
        return refuse(failure, "stat: a DOMAIN is missing; see pinion stat --help");
    }
    if (options->measure && !options->listen) {
        return refuse(failure, "metrics: --measure needs --listen; for a short time there is "
                               "pinion stat");
    }
    return true;
}

bool counters_options_read(struct counters_options *options, enum counters_command command,
                           int count, char **words, struct failure *failure)
{
    *options = (struct counters_options){
        .command = command, .stat_by = STAT_TIME, .top_by = TOP_CPU, .format = METRICS_OPENMETRICS};
    for (int i = 0; i < count; i++) {
        if (!strcmp(words[i], "--help") || !strcmp(words[i], "-h")) {
            options->help = true;
            return true;
        }
        if (words[i][0] == '-' && words[i][1]) {
            if (!take_option(options, count, words, &i, failure)) {
                return false;
            }
        } else if (command != COMMAND_STAT || options->domain) {
            return refuse(failure, "%s: %.200s is one word too many; see pinion %s --help",
                          command_name[command], words[i], command_name[command]);
        } else {
            options->domain = words[i];
        }
    }
    if (!options->seconds) {
        options->seconds = command == COMMAND_TOP && !options->once ? 3 : 1;
    }
    return check(options, failure);
}
