/* SPDX-License-Identifier: MIT */
/* The table of domains of `pinion top`. */
#include "tools/top_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/fail.h"

#define NS_IN_S      1e9
#define KIB_IN_PAGE  4u
#define PAGES_IN_MIB 256u

const char *const top_column_name[TOP_COLUMNS] = {
    [TOP_NAME] = "name",
    [TOP_STATE] = "state",
    [TOP_CPU_SEC] = "cpu-seconds",
    [TOP_CPU] = "cpu",
    [TOP_MEM] = "mem",
    [TOP_MEM_SHARE] = "mem-share",
    [TOP_MAXMEM] = "maxmem",
    [TOP_MAXMEM_SHARE] = "maxmem-share",
    [TOP_VCPUS] = "vcpus",
    [TOP_EXITS] = "exits",
    [TOP_UPDATES] = "updates",
    [TOP_EMULATED] = "emulated",
    [TOP_PROMOTED] = "promoted",
    [TOP_REFUSED] = "refused",
};

const char *const top_column_title[TOP_COLUMNS] = {
    [TOP_NAME] = "NAME",           [TOP_STATE] = "STATE",
    [TOP_CPU_SEC] = "CPU(sec)",    [TOP_CPU] = "CPU(%)",
    [TOP_MEM] = "MEM(k)",          [TOP_MEM_SHARE] = "MEM(%)",
    [TOP_MAXMEM] = "MAXMEM(k)",    [TOP_MAXMEM_SHARE] = "MAXMEM(%)",
    [TOP_VCPUS] = "VCPUS",         [TOP_EXITS] = "EXITS/s",
    [TOP_UPDATES] = "UPDATES/s",   [TOP_EMULATED] = "EMULATED/s",
    [TOP_PROMOTED] = "PROMOTED/s", [TOP_REFUSED] = "REFUSED",
};

static const unsigned width[TOP_COLUMNS] = {
    [TOP_NAME] = 16,     [TOP_STATE] = 6,     [TOP_CPU_SEC] = 10, [TOP_CPU] = 6,
    [TOP_MEM] = 10,      [TOP_MEM_SHARE] = 6, [TOP_MAXMEM] = 10,  [TOP_MAXMEM_SHARE] = 9,
    [TOP_VCPUS] = 5,     [TOP_EXITS] = 10,    [TOP_UPDATES] = 10, [TOP_EMULATED] = 10,
    [TOP_PROMOTED] = 10, [TOP_REFUSED] = 10,
};

static double share(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static double value_of(const struct top *top, unsigned i, enum top_column column)
{
    const struct domain_moment *now = &top->now->domain[i], *since = &top->since.domain[i];
    double seconds = (double)top->since.at / NS_IN_S, machine = (double)top->now->pages;
    double per_second = seconds > 0 ? 1 / seconds : 0;

    switch (column) {
    case TOP_CPU_SEC:
        return (double)now->cpu_time / NS_IN_S;
    case TOP_CPU:
        return share((double)since->cpu_time, (double)top->since.at);
    case TOP_MEM:
        return (double)now->pages * KIB_IN_PAGE;
    case TOP_MEM_SHARE:
        return share((double)now->pages, machine);
    case TOP_MAXMEM:
        return (double)now->pages_max * KIB_IN_PAGE;
    case TOP_MAXMEM_SHARE:
        return share((double)now->pages_max, machine);
    case TOP_VCPUS:
        return now->vcpus;
    case TOP_EXITS:
        return (double)moment_count(since, COUNTER_EXIT) * per_second;
    case TOP_UPDATES:
        return (double)moment_count_of(since, "updates") * per_second;
    case TOP_EMULATED:
        return (double)moment_count_of(since, "emulated_writes") * per_second;
    case TOP_PROMOTED:
        return (double)moment_count_of(since, "promotions") * per_second;
    case TOP_REFUSED:
        return (double)moment_count(now, COUNTER_REFUSAL);
    default:
        return 0; /* the texts decide */
    }
}

struct sorting {
    const struct top *top;
    enum top_column by;
};

static int compare(const void *left, const void *right, void *context)
{
    const struct sorting *s = context;
    unsigned l = *(const unsigned *)left, r = *(const unsigned *)right;
    const struct domain_moment *a = &s->top->now->domain[l], *b = &s->top->now->domain[r];
    double x = value_of(s->top, l, s->by), y = value_of(s->top, r, s->by);
    int texts = s->by == TOP_NAME    ? strcmp(a->name, b->name)
                : s->by == TOP_STATE ? strcmp(b->state, a->state)
                                     : 0;

    if (x != y) {
        return x < y ? 1 : -1;
    }
    return texts ? texts : (a->id > b->id) - (a->id < b->id);
}

void top_sort(const struct top *top, enum top_column by, unsigned *order)
{
    struct sorting sorting = {top, by};

    for (unsigned i = 0; i < top->now->domains; i++) {
        order[i] = i;
    }
    if (top->now->domains) {
        qsort_r(order, top->now->domains, sizeof *order, compare, &sorting);
    }
}

void top_write_machine(FILE *out, const struct top *top)
{
    const struct moment *now = top->now;
    uint64_t used = now->pages - now->pages_free;
    unsigned states[sizeof DOMAIN_STATES] = {0};

    for (unsigned i = 0; i < now->domains; i++) {
        for (unsigned s = 0; s < sizeof DOMAIN_STATES - 1; s++) {
            states[s] += now->domain[i].state[s] == DOMAIN_STATES[s];
        }
    }
    fprintf(out,
            "%u domains: %u running, %u blocked, %u paused, %u crashed, %u dying, %u shutdown%s\n",
            now->domains, states[5], states[2], states[4], states[3], states[0], states[1],
            now->measuring ? "" : "; exits are not measured");
    fprintf(out,
            "Mem: %" PRIu64 "M total, %" PRIu64 "M used, %" PRIu64 "M free    CPUs: %u @ %" PRIu64
            "MHz\n",
            now->pages / PAGES_IN_MIB, used / PAGES_IN_MIB, now->pages_free / PAGES_IN_MIB,
            now->cpus, now->cpu_khz / 1000);
}

void top_write_titles(FILE *out)
{
    for (unsigned c = 0; c < TOP_COLUMNS; c++) {
        int columns = (int)width[c];

        fprintf(out, c == TOP_NAME ? "%-*s" : " %*s", columns, top_column_title[c]);
    }
    fputc('\n', out);
}

static void write_cell(FILE *out, const struct top *top, unsigned i, enum top_column column)
{
    const struct domain_moment *now = &top->now->domain[i];
    int columns = (int)width[column];
    bool no_limit = now->pages_max == UINT64_MAX;

    fputs(column == TOP_NAME ? "" : " ", out);
    if (column == TOP_NAME) {
        fprintf(out, "%-*.*s", columns, columns, now->name);
    } else if (column == TOP_STATE) {
        fprintf(out, "%*s", columns, now->state);
    } else if (no_limit && (column == TOP_MAXMEM || column == TOP_MAXMEM_SHARE)) {
        fprintf(out, "%*s", columns, column == TOP_MAXMEM ? "no limit" : "n/a");
    } else if (column == TOP_EXITS && !top->now->measuring) {
        fprintf(out, "%*s", columns, "n/a");
    } else if (column == TOP_CPU || column == TOP_MEM_SHARE || column == TOP_MAXMEM_SHARE) {
        fprintf(out, "%*.1f", columns, value_of(top, i, column));
    } else {
        fprintf(out, "%*.0f", columns, value_of(top, i, column));
    }
}

void top_write_domain(FILE *out, const struct top *top, unsigned i)
{
    for (unsigned c = 0; c < TOP_COLUMNS; c++) {
        write_cell(out, top, i, c);
    }
    fputc('\n', out);
}

void top_write(FILE *out, const struct top *top, enum top_column by)
{
    unsigned *order = grow(NULL, top->now->domains * sizeof *order);

    top_sort(top, by, order);
    top_write_machine(out, top);
    top_write_titles(out);
    for (unsigned i = 0; i < top->now->domains; i++) {
        top_write_domain(out, top, order[i]);
    }
    free(order);
}
