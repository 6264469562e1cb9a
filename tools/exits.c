/* SPDX-License-Identifier: MIT */
/* What entered the hypervisor, added up from the records of the timeline. */
#include "tools/exits.h"

#include <stdlib.h>
#include <string.h>

#include "tools/fail.h"
#include "tools/names.h"

#define NS_IN_MS   1000000u
#define EXCEPTIONS 32u

/* Writes the reason that the record shows. Returns false if it is of no exit. */
static bool name_exit(const struct trace_record *record, char name[COUNTER_NAME_MAX + 1])
{
    const char *known = NULL;

    switch (record->kind) {
    case TRACE_CALL:
        known = name_of_call(record->number);
        break;
    case TRACE_FAULT:
        known = record->number ? "emulated store" : "page fault";
        break;
    case TRACE_TRAP:
        known = name_of_trap(record->number);
        if (!known && record->number >= EXCEPTIONS) {
            known = "interrupt";
        }
        break;
    default:
        return false;
    }
    if (known) {
        snprintf(name, COUNTER_NAME_MAX + 1, "%s", known);
    } else {
        snprintf(name, COUNTER_NAME_MAX + 1, "%s %u",
                 record->kind == TRACE_CALL ? "hypercall" : "exception", record->number);
    }
    return true;
}

static struct exits_of_domain *find_domain(struct exits *exits, unsigned id)
{
    for (unsigned i = 0; i < exits->domains; i++) {
        if (exits->domain[i].id == id) {
            return &exits->domain[i];
        }
    }
    exits->domain = grow(exits->domain, (exits->domains + 1) * sizeof *exits->domain);
    exits->domain[exits->domains] = (struct exits_of_domain){.id = id};
    return &exits->domain[exits->domains++];
}

static struct counter *find_counter(struct exits_of_domain *domain, const char *name)
{
    struct counter *counter;

    for (unsigned i = 0; i < domain->counters; i++) {
        if (!strcmp(domain->counter[i].name, name)) {
            return &domain->counter[i];
        }
    }
    domain->counter = grow(domain->counter, (domain->counters + 1) * sizeof *domain->counter);
    counter = &domain->counter[domain->counters++];
    *counter = (struct counter){.group = COUNTER_EXIT};
    snprintf(counter->name, sizeof counter->name, "%s", name);
    return counter;
}

void exits_add(struct exits *exits, const struct trace_record *record)
{
    char name[COUNTER_NAME_MAX + 1];
    struct counter *counter;
    uint64_t ns;

    if (record->domain == TRACE_NOBODY || !name_exit(record, name)) {
        return;
    }
    ns = exits->tsc_khz ? record->span * (uint64_t)NS_IN_MS / exits->tsc_khz : 0;
    counter = find_counter(find_domain(exits, record->domain), name);
    counter->least = counter->count && counter->least < ns ? counter->least : ns;
    counter->most = counter->most > ns ? counter->most : ns;
    counter->time += ns;
    counter->count++;
}

void exits_into(const struct exits *exits, struct moment *moment)
{
    moment->measuring = true;
    for (unsigned i = 0; i < moment->domains; i++) {
        struct domain_moment *domain = &moment->domain[i];

        for (unsigned d = 0; d < exits->domains; d++) {
            const struct exits_of_domain *of = &exits->domain[d];

            for (unsigned c = 0; of->id == domain->id && c < of->counters; c++) {
                *moment_counter(domain, COUNTER_EXIT, of->counter[c].name) = of->counter[c];
            }
        }
    }
}

void exits_free(struct exits *exits)
{
    for (unsigned i = 0; i < exits->domains; i++) {
        free(exits->domain[i].counter);
    }
    free(exits->domain);
    *exits = (struct exits){.domains = 0};
}
