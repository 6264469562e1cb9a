/* SPDX-License-Identifier: MIT */
/* The command line of `pinion run`. */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include "tools/guest.h"
#include "tools/marks.h"

/* Whether the hypervisor audits. AUTO: if the guests have at most AUDITED_MEMORY_MAX MiB together,
 * with which nobody notices how long it takes. */
enum audit { AUDIT_AUTO, AUDIT_ON, AUDIT_OFF };
#define AUDITED_MEMORY_MAX 1024u

struct options {
    bool help;
    struct guest guest;   /* made from --name, --memory and the other options for one guest */
    bool guest_options;   /* one of these options was given */
    const char **operand; /* the words KERNEL, or GUEST.cfg ... */
    unsigned operands;
    bool operands_are_cfg;
    unsigned machine_memory;   /* MiB; 0: as much as the guests need */
    unsigned machine_cpus;     /* 0: as many as the guests need */
    unsigned timeout;          /* seconds; 0: never */
    const char *log;           /* path of the log; NULL: standard error */
    const char *mitigations;   /* a word of lib/handoff.h; NULL: the default */
    const char *isolation;     /* likewise */
    struct marks marks;        /* the snapshots to record: --map and --map-at */
    enum audit audit;          /* when all counts are checked, after a crash and at the end */
    const char *trace;         /* path of the timeline; NULL: none */
    const char *trace_entries; /* which entries it has, a word of lib/handoff.h */
    const char **emulator_argument;
    unsigned emulator_arguments;
};

/* Reads the `count` words behind "run". The options point to these words, which the caller keeps.
 * Returns false and fills in the failure if they are wrong. */
bool options_read(struct options *options, int count, char **words, struct failure *failure);

/* Frees what the options have allocated. */
void options_free(struct options *options);

/* Reads a text that must be a decimal number in [low, high]. */
bool number_read(const char *text, unsigned long long low, unsigned long long high,
                 unsigned long long *number);

/* The text of `pinion run --help`. */
extern const char options_help_text[];

#endif
