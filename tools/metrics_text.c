/* SPDX-License-Identifier: MIT */
/* A moment as metrics for Prometheus. docs/glossary.md lists them. */
#include "tools/metrics_text.h"

#include <inttypes.h>
#include <string.h>

#define BYTES_IN_PAGE 4096u
#define NS_IN_S       1000000000u

const char *const metrics_format_name[METRICS_FORMATS] = {
    [METRICS_OPENMETRICS] = "openmetrics",
    [METRICS_PROMETHEUS] = "prometheus",
};

const char *const metrics_media_type[METRICS_FORMATS] = {
    [METRICS_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
    [METRICS_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
};

struct writing {
    FILE *out;
    enum metrics_format format;
    const char *name; /* of the family that is being written */
    bool counts;      /* it is a counter */
};

/* Begins a family of metrics. `type` is counter or gauge; `unit` is what the name ends with, or
 * empty. */
static void family(struct writing *w, const char *name, const char *type, const char *unit,
                   const char *help)
{
    const bool openmetrics = w->format == METRICS_OPENMETRICS;

    w->name = name;
    w->counts = !strcmp(type, "counter");
    const char *total = w->counts && !openmetrics ? "_total" : "";

    fprintf(w->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, total, help, name, total, type);
    if (openmetrics && *unit) {
        fprintf(w->out, "# UNIT %s %s\n", name, unit);
    }
}

/* Writes a label's value: a name that a user has chosen may contain any character. */
static void label(FILE *out, const char *value)
{
    for (; *value; value++) {
        if (*value == '\n') {
            fputs("\\n", out);
        } else {
            fprintf(out, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
        }
    }
}

/* Writes what stands before a value: the name and the labels of a domain (NULL: of the machine),
 * and one more label, if `key` is not NULL. */
static void begin(const struct writing *w, const struct domain_moment *domain, const char *key,
                  const char *value)
{
    fprintf(w->out, "%s%s", w->name, w->counts ? "_total" : "");
    if (domain) {
        fprintf(w->out, "{domain=\"%u\",name=\"", domain->id);
        label(w->out, domain->name);
        fputc('"', w->out);
        if (key) {
            fprintf(w->out, ",%s=\"", key);
            label(w->out, value);
            fputc('"', w->out);
        }
        fputc('}', w->out);
    }
}

static void count(const struct writing *w, const struct domain_moment *domain, const char *key,
                  const char *value, uint64_t number)
{
    begin(w, domain, key, value);
    fprintf(w->out, " %" PRIu64 "\n", number);
}

static void seconds(const struct writing *w, const struct domain_moment *domain, const char *key,
                    const char *value, uint64_t ns)
{
    begin(w, domain, key, value);
    fprintf(w->out, " %" PRIu64 ".%09" PRIu64 "\n", ns / NS_IN_S, ns % NS_IN_S);
}

static void write_machine(struct writing *w, const struct moment *moment)
{
    family(w, "pinion_machine_cpus", "gauge", "", "CPUs that Pinion uses.");
    count(w, NULL, NULL, NULL, moment->cpus);
    family(w, "pinion_machine_memory_bytes", "gauge", "bytes", "Memory of the machine.");
    count(w, NULL, NULL, NULL, moment->pages * BYTES_IN_PAGE);
    family(w, "pinion_machine_memory_free_bytes", "gauge", "bytes",
           "Memory of the machine that no domain and not the hypervisor has.");
    count(w, NULL, NULL, NULL, moment->pages_free * BYTES_IN_PAGE);
    family(w, "pinion_measuring", "gauge", "", "1 while exits are counted and timed, otherwise 0.");
    count(w, NULL, NULL, NULL, moment->measuring);
}

static void write_states(struct writing *w, const struct moment *moment)
{
    static const char *const state_name[] = {"dying",   "shutdown", "blocked",
                                             "crashed", "paused",   "running"};

    _Static_assert(sizeof state_name / sizeof state_name[0] == sizeof DOMAIN_STATES - 1,
                   "a name for each state");
    family(w, "pinion_domain_state", "gauge", "", "1 for each state that the domain is in.");
    for (unsigned i = 0; i < moment->domains; i++) {
        for (unsigned s = 0; DOMAIN_STATES[s]; s++) {
            count(w, &moment->domain[i], "state", state_name[s],
                  moment->domain[i].state[s] == DOMAIN_STATES[s]);
        }
    }
}

static void write_domains(struct writing *w, const struct moment *moment)
{
    const struct domain_moment *domain = moment->domain, *end = domain + moment->domains;

    family(w, "pinion_domain_cpu_seconds", "counter", "seconds",
           "Time that the vCPUs of the domain have run.");
    for (const struct domain_moment *d = domain; d < end; d++) {
        seconds(w, d, NULL, NULL, d->cpu_time);
    }
    family(w, "pinion_domain_memory_bytes", "gauge", "bytes", "Memory that the domain has.");
    for (const struct domain_moment *d = domain; d < end; d++) {
        count(w, d, NULL, NULL, d->pages * BYTES_IN_PAGE);
    }
    family(w, "pinion_domain_memory_max_bytes", "gauge", "bytes",
           "Memory that the domain may have; missing if there is no limit.");
    for (const struct domain_moment *d = domain; d < end; d++) {
        if (d->pages_max != UINT64_MAX) {
            count(w, d, NULL, NULL, d->pages_max * BYTES_IN_PAGE);
        }
    }
    family(w, "pinion_domain_vcpus", "gauge", "", "vCPUs of the domain that are online.");
    for (const struct domain_moment *d = domain; d < end; d++) {
        unsigned online = 0;

        for (unsigned i = 0; i < d->vcpus; i++) {
            online += d->vcpu[i].online;
        }
        count(w, d, NULL, NULL, online);
    }
    write_states(w, moment);
}

static void write_vcpus(struct writing *w, const struct moment *moment)
{
    family(w, "pinion_vcpu_cpu_seconds", "counter", "seconds", "Time that the vCPU has run.");
    for (unsigned i = 0; i < moment->domains; i++) {
        for (unsigned v = 0; v < moment->domain[i].vcpus; v++) {
            char number[16];

            snprintf(number, sizeof number, "%u", v);
            seconds(w, &moment->domain[i], "vcpu", number, moment->domain[i].vcpu[v].cpu_time);
        }
    }
}

enum part { PART_COUNT, PART_TIME, PART_LEAST, PART_MOST };

/* Writes one part of the counters of a group, with their names as the label `key`. */
static void write_group(const struct writing *w, const struct moment *moment,
                        enum counter_group group, enum part part, const char *key)
{
    for (unsigned i = 0; i < moment->domains; i++) {
        const struct domain_moment *d = &moment->domain[i];

        for (unsigned c = 0; c < d->counters; c++) {
            const struct counter *counter = &d->counter[c];

            if (counter->group != group) {
                continue;
            }
            if (part == PART_COUNT) {
                count(w, d, key, counter->name, counter->count);
            } else {
                seconds(w, d, key, counter->name,
                        part == PART_TIME    ? counter->time
                        : part == PART_LEAST ? counter->least
                                             : counter->most);
            }
        }
    }
}

static void write_counters(struct writing *w, const struct moment *moment)
{
    family(w, "pinion_domain_table_work", "counter", "",
           "Work of the virtual MMU for the domain, by kind.");
    write_group(w, moment, COUNTER_WORK, PART_COUNT, "work");
    family(w, "pinion_domain_refusals", "counter", "",
           "Requests of the domain that were refused, by rule.");
    write_group(w, moment, COUNTER_REFUSAL, PART_COUNT, "rule");
    if (!moment->measuring) {
        return;
    }
    family(w, "pinion_exits_lost", "counter", "",
           "Entries into the hypervisor that were not recorded, because they came too fast.");
    count(w, NULL, NULL, NULL, moment->lost);
    family(w, "pinion_domain_exits", "counter", "",
           "Entries into the hypervisor since measuring began, by reason.");
    write_group(w, moment, COUNTER_EXIT, PART_COUNT, "exit");
    family(w, "pinion_domain_exit_seconds", "counter", "seconds",
           "Time in the hypervisor for these entries.");
    write_group(w, moment, COUNTER_EXIT, PART_TIME, "exit");
    family(w, "pinion_domain_exit_least_seconds", "gauge", "seconds",
           "The shortest of these entries.");
    write_group(w, moment, COUNTER_EXIT, PART_LEAST, "exit");
    family(w, "pinion_domain_exit_most_seconds", "gauge", "seconds",
           "The longest of these entries.");
    write_group(w, moment, COUNTER_EXIT, PART_MOST, "exit");
}

void metrics_write(FILE *out, const struct moment *moment, enum metrics_format format)
{
    struct writing w = {.out = out, .format = format};

    write_machine(&w, moment);
    write_domains(&w, moment);
    write_vcpus(&w, moment);
    write_counters(&w, moment);
    if (format == METRICS_OPENMETRICS) {
        fputs("# EOF\n", out);
    }
}
