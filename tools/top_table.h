/* SPDX-License-Identifier: MIT */
/* The table of domains of `pinion top`: the columns of xentop that concern the hypervisor, with
 * their names, and columns of Pinion's own. */
#ifndef TOOLS_TOP_TABLE_H
#define TOOLS_TOP_TABLE_H

#include "tools/moment.h"

enum top_column {
    TOP_NAME,
    TOP_STATE,
    TOP_CPU_SEC,
    TOP_CPU,
    TOP_MEM,
    TOP_MEM_SHARE,
    TOP_MAXMEM,
    TOP_MAXMEM_SHARE,
    TOP_VCPUS,
    TOP_EXITS,
    TOP_UPDATES,
    TOP_EMULATED,
    TOP_PROMOTED,
    TOP_REFUSED,
    TOP_COLUMNS
};

/* The word by which --sort names each column; its title, with the unit. */
extern const char *const top_column_name[TOP_COLUMNS];
extern const char *const top_column_title[TOP_COLUMNS];

/* Two moments: CPU(%) and what is counted for each second need the time between. */
struct top {
    const struct moment *now;
    struct moment since; /* moment_since(now, an earlier moment) */
};

/* Fills in `order`, of now->domains elements, with the indices of the domains, sorted: by name and
 * state ascending, by all other columns descending. */
void top_sort(const struct top *top, enum top_column by, unsigned *order);

/* Writes what stands above the table: the machine. Two lines. */
void top_write_machine(FILE *out, const struct top *top);

/* Writes the line of titles, and the line of the domain with index `i`. */
void top_write_titles(FILE *out);
void top_write_domain(FILE *out, const struct top *top, unsigned i);

/* Writes all of it: `pinion top --once`. */
void top_write(FILE *out, const struct top *top, enum top_column by);

#endif
