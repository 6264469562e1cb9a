/* SPDX-License-Identifier: MIT */
/* A moment as the hypervisor could show it, for tests of what is written of one: two domains, one
 * of them with a name that needs quoting and without a limit of memory. */
#ifndef TESTS_UNIT_TOOLS_SAMPLE_MOMENT_H
#define TESTS_UNIT_TOOLS_SAMPLE_MOMENT_H

#include <stdlib.h>
#include <string.h>

#include "tools/moment.h"

static inline void sample_exit(struct domain_moment *domain, const char *name, uint64_t count,
                               uint64_t time, uint64_t least, uint64_t most)
{
    struct counter *counter = moment_counter(domain, COUNTER_EXIT, name);

    counter->count = count;
    counter->time = time;
    counter->least = least;
    counter->most = most;
}

static inline void sample_count(struct domain_moment *domain, enum counter_group group,
                                const char *name, uint64_t count)
{
    moment_counter(domain, group, name)->count = count;
}

static inline struct moment sample_moment(void)
{
    struct moment moment = {.at = 10000000000,
                            .measuring = true,
                            .cpus = 4,
                            .cpu_khz = 2000123,
                            .pages = 262144,
                            .pages_free = 65536};
    struct domain_moment *d = moment_add(&moment);

    strcpy(d->name, "Domain-0");
    memcpy(d->state, "-----r", 6);
    d->cpu_time = 5000000001;
    d->pages = 131072;
    d->pages_max = UINT64_MAX;
    moment_vcpus(d, 2);
    d->vcpu[0] = (struct vcpu_moment){true, 4000000001};
    d->vcpu[1] = (struct vcpu_moment){false, 1000000000};
    sample_count(d, COUNTER_WORK, "updates", 7000);

    d = moment_add(&moment);
    d->id = 3;
    strcpy(d->name, "a\\b\"c");
    memcpy(d->state, "--b---", 6);
    d->cpu_time = 1500000000;
    d->pages = 32768;
    d->pages_max = 65536;
    moment_vcpus(d, 1);
    d->vcpu[0] = (struct vcpu_moment){true, 1500000000};
    sample_exit(d, "mmu_update", 300, 600000, 1000, 9000);
    sample_exit(d, "emulated store", 100, 50000, 400, 700);
    sample_exit(d, "sched_op", 100, 350000, 500, 4500);
    sample_exit(d, "never", 0, 0, 0, 0);
    sample_count(d, COUNTER_WORK, "updates", 420);
    sample_count(d, COUNTER_WORK, "emulated_writes", 100);
    sample_count(d, COUNTER_WORK, "promotions", 9);
    sample_count(d, COUNTER_REFUSAL, "WRITABLE_TABLE", 2);
    sample_count(d, COUNTER_REFUSAL, "BAD_FRAME", 0);
    return moment;
}

/* What `write` writes: a text that the caller frees. */
#define WRITTEN(write)                                                                             \
    ({                                                                                             \
        char *written_text = NULL;                                                                 \
        size_t written_size;                                                                       \
        FILE *out = open_memstream(&written_text, &written_size);                                  \
        write;                                                                                     \
        fclose(out);                                                                               \
        written_text;                                                                              \
    })

#endif
