/* SPDX-License-Identifier: MIT */
/* Reads a moment from the hypervisor, and the names of the domains from the xenstore. */
#include "tools/moment_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/watch_counters.h"
#include "tools/output.h"
#include "tools/toolstack.h"
#include "tools/watch.h"

#define COUNTERS_FIRST 256u /* room at first; a hypervisor with more counters says how many */
#define VCPUS_FIRST    32u

struct reading {
    struct watch *watch;
    struct xs_handle *store; /* NULL: there is none */
    struct watch_domain *domain;
    struct watch_counter *counter;
    struct watch_vcpu *vcpu;
    unsigned counters, vcpus; /* for how many there is room */
};

/* Memory that the hypervisor can reach; ends the program if there is none left. */
static void *allocate(struct watch *watch, size_t size)
{
    void *memory = watch_allocate(watch, size);

    if (!memory) {
        fprintf(stderr, "pinion: out of memory (%zu bytes were needed)\n", size);
        exit(EXIT_FAILED);
    }
    return memory;
}

static void make_room(struct reading *r, unsigned counters, unsigned vcpus)
{
    if (counters > r->counters) {
        if (r->counter) {
            watch_free(r->watch, r->counter);
        }
        r->counter = allocate(r->watch, counters * sizeof *r->counter);
        r->counters = counters;
    }
    if (vcpus > r->vcpus) {
        if (r->vcpu) {
            watch_free(r->watch, r->vcpu);
        }
        r->vcpu = allocate(r->watch, vcpus * sizeof *r->vcpu);
        r->vcpus = vcpus;
    }
}

/* Asks for the domain with the lowest number that is at least `id`, with room for all that there is
 * of it. Returns the answer. */
static long ask(struct reading *r, unsigned id)
{
    long answer;

    do {
        make_room(r, r->domain->counters, r->domain->vcpus);
        r->domain->version = WATCH_VERSION;
        r->domain->id = id;
        r->domain->counters_at = (uintptr_t)r->counter;
        r->domain->counters = r->counters;
        r->domain->vcpus_at = (uintptr_t)r->vcpu;
        r->domain->vcpus = r->vcpus;
        answer = watch_call(r->watch, (enum watch_operation)WATCH_DOMAIN, r->domain);
    } while (!answer && (r->domain->counters > r->counters || r->domain->vcpus > r->vcpus));
    return answer;
}

static void take(const struct reading *r, struct domain_moment *domain)
{
    const struct watch_domain *d = r->domain;

    domain->id = d->id;
    snprintf(domain->name, sizeof domain->name, "%.*s", (int)sizeof d->name, d->name);
    toolstack_name(r->store, d->id, domain->name, sizeof domain->name);
    for (unsigned i = 0; DOMAIN_STATES[i]; i++) {
        domain->state[i] = d->state >> i & 1 ? DOMAIN_STATES[i] : '-';
    }
    domain->cpu_time = d->cpu_time;
    domain->pages = d->frames;
    domain->pages_max = d->frames_max == WATCH_NO_LIMIT ? UINT64_MAX : d->frames_max;
    moment_vcpus(domain, d->vcpus);
    for (unsigned i = 0; i < d->vcpus; i++) {
        domain->vcpu[i] = (struct vcpu_moment){r->vcpu[i].online, r->vcpu[i].cpu_time};
    }
    for (unsigned i = 0; i < d->counters; i++) {
        const struct watch_counter *from = &r->counter[i];
        char name[sizeof from->name];

        snprintf(name, sizeof name, "%.*s", (int)sizeof from->name, from->name);
        if (from->group == WATCH_GROUP_WORK || from->group == WATCH_GROUP_REFUSAL) {
            moment_counter(domain, from->group == WATCH_GROUP_WORK ? COUNTER_WORK : COUNTER_REFUSAL,
                           name)
                ->count = from->count;
        }
    }
}

static bool read_machine(struct watch *watch, struct moment *moment, struct failure *failure)
{
    struct watch_machine *machine = allocate(watch, sizeof *machine);
    long answer;

    machine->version = WATCH_VERSION;
    answer = watch_call(watch, (enum watch_operation)WATCH_MACHINE, machine);

    moment->at = machine->now;
    moment->cpus = machine->cpus;
    moment->cpu_khz = machine->cpu_khz;
    moment->pages = machine->frames;
    moment->pages_free = machine->frames_free;
    watch_free(watch, machine);
    return answer ? refuse(failure, "the hypervisor does not show its counters: %s",
                           strerror((int)-answer))
                  : true;
}

bool moment_read(struct watch *watch, struct moment *moment, struct failure *failure)
{
    struct reading r = {.watch = watch, .store = toolstack_open()};
    long answer = 0;

    *moment = (struct moment){.at = 0};
    if (!read_machine(watch, moment, failure)) {
        return false;
    }
    r.domain = allocate(watch, sizeof *r.domain);
    r.domain->counters = COUNTERS_FIRST;
    r.domain->vcpus = VCPUS_FIRST;
    while (!(answer = ask(&r, moment->domains ? r.domain->id + 1 : 0))) {
        take(&r, moment_add(moment));
    }
    watch_free(watch, r.domain);
    watch_free(watch, r.counter);
    watch_free(watch, r.vcpu);
    toolstack_close(r.store);
    if (answer != -ESRCH) {
        moment_free(moment);
        return refuse(failure, "the hypervisor does not show the counters of a domain: %s",
                      strerror((int)-answer));
    }
    return true;
}
