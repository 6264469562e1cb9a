/* SPDX-License-Identifier: MIT */
/* The command `pinion map`. */
#ifndef TOOLS_MAP_H
#define TOOLS_MAP_H

#include "tools/map_snapshot.h"

/* Does what the `count` words behind "map" demand. Returns the exit status, as --help lists it. */
int map(int count, char **words);

/* What the words say. The options point to the words. */
struct map_options {
    bool help;
    bool text;           /* --text */
    const char *output;  /* --output: the page's path, or "-"; NULL: none */
    const char *record;  /* --record; NULL: none */
    const char *label;   /* --label; NULL: none */
    const char *file[2]; /* recorded snapshots */
    unsigned files;
    long domain; /* whose tables are drawn; -1: those of all domains */
};

/* Reads the words. Returns false and fills in the failure if they are wrong. */
bool map_options_read(struct map_options *options, int count, char **words,
                      struct failure *failure);

/* The text of `pinion map --help`. */
extern const char map_help_text[];

#endif
