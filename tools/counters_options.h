/* SPDX-License-Identifier: MIT */
/* The command lines of `pinion stat`, `pinion top` and `pinion metrics`. */
#ifndef TOOLS_COUNTERS_OPTIONS_H
#define TOOLS_COUNTERS_OPTIONS_H

#include "tools/fail.h"
#include "tools/metrics_serve.h"
#include "tools/stat_table.h"
#include "tools/top_table.h"

#define COUNTERS_SECONDS_MAX 86400u

enum counters_command { COMMAND_STAT, COMMAND_TOP, COMMAND_METRICS };

struct counters_options {
    enum counters_command command;
    bool help;
    const char *domain; /* stat: a name or a number */
    unsigned seconds;   /* stat: how long; top: between two refreshes */
    enum stat_column stat_by;
    enum top_column top_by;
    bool once;    /* top: one text instead of a screen */
    bool measure; /* metrics: exits, too */
    bool listen;  /* metrics: serve them */
    struct metrics_address address;
    enum metrics_format format;
};

/* Reads the `count` words behind the command's name. The options point to these words. Returns
 * false, and the failure says what is wrong. */
bool counters_options_read(struct counters_options *options, enum counters_command command,
                           int count, char **words, struct failure *failure);

/* The text of --help of a command. */
const char *counters_help(enum counters_command command);

#endif
