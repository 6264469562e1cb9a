/* SPDX-License-Identifier: MIT */
/* The table of exits of one domain: what entered the hypervisor, how often, and how long it took;
 * what was refused, by rule; the work on its page tables. */
#ifndef TOOLS_STAT_TABLE_H
#define TOOLS_STAT_TABLE_H

#include "tools/moment.h"

enum stat_column {
    STAT_EXIT, /* the name; ascending, all others descending */
    STAT_COUNT,
    STAT_TIME,
    STAT_LEAST,
    STAT_MEAN,
    STAT_MOST,
    STAT_COLUMNS
};

/* The word by which --sort names each column. */
extern const char *const stat_column_name[STAT_COLUMNS];

/* Sorts the counters of exits of a domain. Equal rows are in the order of their names. */
void stat_sort(struct domain_moment *domain, enum stat_column by);

/* Writes the table of exits, with their sum: rows without a count are left out. At most `rows`
 * lines of exits; 0: all. */
void stat_write_exits(FILE *out, const struct domain_moment *domain, unsigned rows);

/* Writes the counters of a group, a line each, without those that are 0. */
void stat_write_group(FILE *out, const struct domain_moment *domain, enum counter_group group);

/* Writes all that `pinion stat` prints of a domain: `since` is what happened in between. */
void stat_write(FILE *out, const struct moment *since, const struct domain_moment *domain);

#endif
