/* SPDX-License-Identifier: MIT */
/* The command line of `pinion map`: --option VALUE or --option=VALUE, and operands. */
#include <string.h>

#include "tools/map.h"
#include "tools/options.h"

const char map_help_text[] =
    "usage: pinion map [options] [DOMAIN]                 in dom0: as it is now\n"
    "       pinion map [options] SNAPSHOT [DOMAIN]        as it was when it was recorded\n"
    "       pinion map [options] BEFORE AFTER [DOMAIN]    two snapshots side by side\n"
    "\n"
    "Shows all frames of the machine, by owner and type, and the page tables of the domains, or "
    "of\n"
    "DOMAIN (its number) alone. It reads numbers of frames and rights, never contents of pages.\n"
    "\n"
    "  -o, --output FILE   write one HTML page, which needs no network; -: to standard output\n"
    "  --text              print a table: frames, memory and counts by owner and type (what\n"
    "                      happens without any of these options)\n"
    "  --record FILE       write a snapshot, for later\n"
    "  --label TEXT        what the snapshot is called in the page\n"
    "  --help              print this\n"
    "\n"
    "In dom0 it needs root. Without dom0, `pinion run --map FILE` records a snapshot.\n"
    "Exit status: 0 done, 2 bad usage or bad input, 3 the hypervisor cannot be asked, 4 an output\n"
    "could not be written.\n";

struct option {
    const char *name, *letter;
    const char **value; /* NULL: it has none */
    bool *flag;
};

/* Returns the option that `word` names; *value: what stands behind =, or NULL. */
static const struct option *find(const struct option *option, unsigned options, const char *word,
                                 const char **value)
{
    const char *equals = strchr(word, '=');
    const size_t size = equals ? (size_t)(equals - word) : strlen(word);

    *value = equals ? equals + 1 : NULL;
    for (unsigned i = 0; i < options; i++) {
        if ((strlen(option[i].name) == size && !memcmp(option[i].name, word, size)) ||
            (option[i].letter && !strcmp(option[i].letter, word))) {
            return &option[i];
        }
    }
    return NULL;
}

/* Takes a word that is no option: the number of a domain, or a file. */
static bool take_operand(struct map_options *options, const char *word, struct failure *failure)
{
    unsigned long long number;

    if (number_read(word, 0, 0x7fef, &number)) {
        if (options->domain >= 0) {
            return refuse(failure, "map: one DOMAIN at a time (%.200s is too many)", word);
        }
        options->domain = (long)number;
        return true;
    }
    if (options->files == 2) {
        return refuse(failure, "map: two snapshots at most (%.200s is too many)", word);
    }
    options->file[options->files++] = word;
    return true;
}

static bool check(const struct map_options *options, struct failure *failure)
{
    if (options->files && options->record) {
        return refuse(failure,
                      "map: --record writes the machine as it is now; %.200s is recorded "
                      "already",
                      options->file[0]);
    }
    if (options->label && options->files) {
        return refuse(failure, "map: --label belongs to what is recorded now; %.200s has a label",
                      options->file[0]);
    }
    if (options->label && strlen(options->label) > MAP_NAME_MAX) {
        return refuse(failure, "map: --label: expected at most %u bytes", MAP_NAME_MAX);
    }
    return true;
}

bool map_options_read(struct map_options *options, int count, char **words, struct failure *failure)
{
    bool only_operands = false;

    *options = (struct map_options){.domain = -1};
    const struct option option[] = {
        {"--help", "-h", NULL, &options->help},     {"--text", NULL, NULL, &options->text},
        {"--output", "-o", &options->output, NULL}, {"--record", NULL, &options->record, NULL},
        {"--label", NULL, &options->label, NULL},
    };
    for (int i = 0; i < count; i++) {
        const char *word = words[i], *value;

        if (only_operands || word[0] != '-' || !word[1]) {
            if (!take_operand(options, word, failure)) {
                return false;
            }
            continue;
        }
        if (!strcmp(word, "--")) {
            only_operands = true;
            continue;
        }
        const struct option *found = find(option, sizeof(option) / sizeof(option[0]), word, &value);
        if (!found || (found->flag && value)) {
            return refuse(failure, "map: unknown option %.200s; see pinion map --help", word);
        }
        if (found->flag) {
            *found->flag = true;
            continue;
        }
        if (!value && ++i == count) {
            return refuse(failure, "map: %s needs a value", found->name);
        }
        *found->value = value ? value : words[i];
    }
    return options->help || check(options, failure);
}
