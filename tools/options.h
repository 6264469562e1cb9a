/* SPDX-License-Identifier: MIT */
/* The command line of `pinion run`. */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include "tools/guest.h"

struct options {
    bool help;
    struct guest guest;   /* what --name, --memory and so on say */
    bool guest_options;   /* one of them was given */
    const char **operand; /* KERNEL, or GUEST.cfg ... */
    unsigned operands;
    bool operands_are_cfg;
    unsigned machine_memory; /* MiB; 0: what the guests need */
    unsigned machine_cpus;   /* 0: what the guests need */
    unsigned timeout;        /* seconds; 0: never */
    const char *log;         /* NULL: standard error */
    const char *mitigations; /* a word of lib/handoff.h; NULL: the default */
    const char **emulator_argument;
    unsigned emulator_arguments;
};

/* Reads the words behind "run". The texts stay the caller's. */
bool options_read(struct options *options, int count, char **words, struct failure *failure);
void options_free(struct options *options);

/* A decimal number in [low, high] and nothing else. */
bool number_read(const char *text, unsigned long long low, unsigned long long high,
                 unsigned long long *number);

extern const char options_help_text[];

#endif
