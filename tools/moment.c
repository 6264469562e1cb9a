/* SPDX-License-Identifier: MIT */
/* A moment: what the hypervisor's counters showed at one time. */
#include "tools/moment.h"

#include <stdlib.h>
#include <string.h>

#include "tools/fail.h"
#include "tools/options.h"

struct domain_moment *moment_add(struct moment *moment)
{
    struct domain_moment *domain;

    moment->domain = grow(moment->domain, (moment->domains + 1) * sizeof *moment->domain);
    domain = &moment->domain[moment->domains++];
    *domain = (struct domain_moment){.id = 0};
    memset(domain->state, '-', sizeof domain->state - 1);
    return domain;
}

void moment_vcpus(struct domain_moment *domain, unsigned vcpus)
{
    domain->vcpu = grow(domain->vcpu, vcpus * sizeof *domain->vcpu);
    memset(domain->vcpu, 0, vcpus * sizeof *domain->vcpu);
    domain->vcpus = vcpus;
}

struct counter *moment_counter(struct domain_moment *domain, enum counter_group group,
                               const char *name)
{
    struct counter *counter;

    domain->counter = grow(domain->counter, (domain->counters + 1) * sizeof *domain->counter);
    counter = &domain->counter[domain->counters++];
    *counter = (struct counter){.group = group};
    snprintf(counter->name, sizeof counter->name, "%s", name);
    return counter;
}

void moment_free(struct moment *moment)
{
    for (unsigned i = 0; i < moment->domains; i++) {
        free(moment->domain[i].vcpu);
        free(moment->domain[i].counter);
    }
    free(moment->domain);
    *moment = (struct moment){.at = 0};
}

const struct domain_moment *moment_domain(const struct moment *moment, unsigned id)
{
    for (unsigned i = 0; i < moment->domains; i++) {
        if (moment->domain[i].id == id) {
            return &moment->domain[i];
        }
    }
    return NULL;
}

const struct domain_moment *moment_domain_named(const struct moment *moment, const char *word)
{
    unsigned long long id;

    for (unsigned i = 0; i < moment->domains; i++) {
        if (!strcmp(moment->domain[i].name, word)) {
            return &moment->domain[i];
        }
    }
    return number_read(word, 0, 65535, &id) ? moment_domain(moment, (unsigned)id) : NULL;
}

static const struct counter *find_counter(const struct domain_moment *domain,
                                          enum counter_group group, const char *name)
{
    for (unsigned i = 0; i < domain->counters; i++) {
        if (domain->counter[i].group == group && !strcmp(domain->counter[i].name, name)) {
            return &domain->counter[i];
        }
    }
    return NULL;
}

static void take_off(uint64_t *value, uint64_t earlier)
{
    *value = *value > earlier ? *value - earlier : 0;
}

/* Makes `domain` the difference to an earlier moment of it. */
static void take_domain_off(struct domain_moment *domain, const struct domain_moment *earlier)
{
    take_off(&domain->cpu_time, earlier->cpu_time);
    for (unsigned i = 0; i < domain->vcpus && i < earlier->vcpus; i++) {
        take_off(&domain->vcpu[i].cpu_time, earlier->vcpu[i].cpu_time);
    }
    for (unsigned i = 0; i < domain->counters; i++) {
        struct counter *counter = &domain->counter[i];
        const struct counter *before = find_counter(earlier, counter->group, counter->name);

        if (before) {
            take_off(&counter->count, before->count);
            take_off(&counter->time, before->time);
        }
    }
}

static void *copy_array(const void *from, size_t size)
{
    return size ? memcpy(grow(NULL, size), from, size) : NULL;
}

struct moment moment_since(const struct moment *later, const struct moment *earlier)
{
    struct moment since = *later;

    take_off(&since.at, earlier->at);
    take_off(&since.lost, earlier->lost);
    since.domain = copy_array(later->domain, later->domains * sizeof *later->domain);
    for (unsigned i = 0; i < since.domains; i++) {
        struct domain_moment *domain = &since.domain[i];
        const struct domain_moment *before = moment_domain(earlier, domain->id);

        domain->vcpu = copy_array(domain->vcpu, domain->vcpus * sizeof *domain->vcpu);
        domain->counter = copy_array(domain->counter, domain->counters * sizeof *domain->counter);
        if (before) {
            take_domain_off(domain, before);
        }
    }
    return since;
}

uint64_t moment_count(const struct domain_moment *domain, enum counter_group group)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < domain->counters; i++) {
        sum += domain->counter[i].group == group ? domain->counter[i].count : 0;
    }
    return sum;
}

uint64_t moment_count_of(const struct domain_moment *domain, const char *name)
{
    for (unsigned i = 0; i < domain->counters; i++) {
        if (!strcmp(domain->counter[i].name, name)) {
            return domain->counter[i].count;
        }
    }
    return 0;
}
