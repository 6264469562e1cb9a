/* SPDX-License-Identifier: MIT */
/* The table of exits of one domain. */
#include "tools/stat_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NS_IN_US 1000.0
#define NS_IN_S  1e9

const char *const stat_column_name[STAT_COLUMNS] = {
    [STAT_EXIT] = "exit",   [STAT_COUNT] = "count", [STAT_TIME] = "time",
    [STAT_LEAST] = "least", [STAT_MEAN] = "mean",   [STAT_MOST] = "most",
};

static double mean(const struct counter *counter)
{
    return counter->count ? (double)counter->time / (double)counter->count : 0;
}

static double value_of(const struct counter *counter, enum stat_column column)
{
    switch (column) {
    case STAT_COUNT:
        return (double)counter->count;
    case STAT_TIME:
        return (double)counter->time;
    case STAT_LEAST:
        return (double)counter->least;
    case STAT_MEAN:
        return mean(counter);
    case STAT_MOST:
        return (double)counter->most;
    default:
        return 0; /* the names decide */
    }
}

static int compare(const void *left, const void *right, void *by)
{
    const struct counter *l = left, *r = right;
    const enum stat_column column = *(const enum stat_column *)by;
    double a = value_of(l, column), b = value_of(r, column);

    if (l->group != r->group) {
        return l->group < r->group ? -1 : 1;
    }
    if (l->group == COUNTER_EXIT && a != b) {
        return a < b ? 1 : -1;
    }
    return l->group == COUNTER_EXIT ? strcmp(l->name, r->name) : 0;
}

void stat_sort(struct domain_moment *domain, enum stat_column by)
{
    if (domain->counters) {
        qsort_r(domain->counter, domain->counters, sizeof *domain->counter, compare, &by);
    }
}

static double share(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static void write_exit(FILE *out, const struct counter *counter, uint64_t count, uint64_t time)
{
    fprintf(out, "%-28s %10" PRIu64 " %6.2f%% %13.3f %6.2f%% %10.3f %10.3f %10.3f\n", counter->name,
            counter->count, share((double)counter->count, (double)count),
            (double)counter->time / NS_IN_US, share((double)counter->time, (double)time),
            (double)counter->least / NS_IN_US, mean(counter) / NS_IN_US,
            (double)counter->most / NS_IN_US);
}

void stat_write_exits(FILE *out, const struct domain_moment *domain, unsigned rows)
{
    uint64_t count = moment_count(domain, COUNTER_EXIT), time = 0;
    unsigned written = 0;

    for (unsigned i = 0; i < domain->counters; i++) {
        time += domain->counter[i].group == COUNTER_EXIT ? domain->counter[i].time : 0;
    }
    fprintf(out, "%-28s %10s %7s %13s %7s %10s %10s %10s\n", "EXIT", "COUNT", "COUNT%", "TIME(us)",
            "TIME%", "LEAST(us)", "MEAN(us)", "MOST(us)");
    for (unsigned i = 0; i < domain->counters && (!rows || written < rows); i++) {
        if (domain->counter[i].group == COUNTER_EXIT && domain->counter[i].count) {
            write_exit(out, &domain->counter[i], count, time);
            written++;
        }
    }
    fprintf(out, "%-28s %10" PRIu64 " %6.2f%% %13.3f %6.2f%%\n", "all", count, count ? 100.0 : 0.0,
            (double)time / NS_IN_US, time ? 100.0 : 0.0);
}

void stat_write_group(FILE *out, const struct domain_moment *domain, enum counter_group group)
{
    for (unsigned i = 0; i < domain->counters; i++) {
        const struct counter *counter = &domain->counter[i];

        if (counter->group == group && counter->count) {
            fprintf(out, "%-28s %10" PRIu64 "\n", counter->name, counter->count);
        }
    }
}

void stat_write(FILE *out, const struct moment *since, const struct domain_moment *domain)
{
    fprintf(out, "%s, domain %u, %u vCPU%s: %.3f s, of which its vCPUs ran %.3f s\n\n",
            domain->name, domain->id, domain->vcpus, domain->vcpus == 1 ? "" : "s",
            (double)since->at / NS_IN_S, (double)domain->cpu_time / NS_IN_S);
    if (since->measuring) {
        stat_write_exits(out, domain, 0);
    } else {
        fputs("This hypervisor does not record exits.\n", out);
    }
    if (since->lost) {
        fprintf(out, "%" PRIu64 " exits of all domains were not recorded: they came too fast.\n",
                since->lost);
    }
    fprintf(out, "\n%-28s %10s\n", "REFUSED BY RULE", "COUNT");
    stat_write_group(out, domain, COUNTER_REFUSAL);
    fprintf(out, "%-28s %10" PRIu64 "\n", "all", moment_count(domain, COUNTER_REFUSAL));
    fprintf(out, "\n%-28s %10s\n", "WORK ON PAGE TABLES", "COUNT");
    stat_write_group(out, domain, COUNTER_WORK);
}
