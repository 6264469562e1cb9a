/* SPDX-License-Identifier: MIT */
/* A moment: what the hypervisor's counters showed at one time, and the difference of two moments.
 * The names of the counters come from the hypervisor, so that there is no list of them here. */
#ifndef TOOLS_MOMENT_H
#define TOOLS_MOMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define COUNTER_NAME_MAX 31u
#define DOMAIN_TEXT_MAX  127u

enum counter_group {
    COUNTER_EXIT,    /* a reason for which guests entered the hypervisor; only with times */
    COUNTER_WORK,    /* work on page tables */
    COUNTER_REFUSAL, /* refusals, by the rule that said no */
    COUNTER_GROUPS
};

struct counter {
    char name[COUNTER_NAME_MAX + 1];
    enum counter_group group;
    uint64_t count;
    uint64_t time;        /* ns in all; this and what follows of COUNTER_EXIT only */
    uint64_t least, most; /* ns that one exit took, since measuring began; 0 if there was none */
};

/* The state of a domain, as letters in the order of xentop. */
#define DOMAIN_STATES "dsbcpr" /* dying, shut down, blocked, crashed, paused, running */

struct vcpu_moment {
    bool online;
    uint64_t cpu_time; /* ns that it has run */
};

struct domain_moment {
    unsigned id;
    char name[DOMAIN_TEXT_MAX + 1];
    char state[sizeof DOMAIN_STATES]; /* a letter of DOMAIN_STATES, or -, in each place */
    uint64_t cpu_time;                /* ns that its vCPUs have run */
    uint64_t pages, pages_max;        /* UINT64_MAX: no limit */
    unsigned vcpus;                   /* entries of `vcpu` */
    struct vcpu_moment *vcpu;
    unsigned counters; /* entries of `counter` */
    struct counter *counter;
};

struct moment {
    uint64_t at;    /* the hypervisor's system time, ns */
    bool measuring; /* exits are counted and timed now */
    uint64_t lost;  /* records of exits that were lost since measuring began */
    unsigned cpus;
    uint64_t cpu_khz; /* of the time-stamp counter */
    uint64_t pages, pages_free;
    unsigned domains; /* entries of `domain`, in ascending order of their numbers */
    struct domain_moment *domain;
};

/* Appends a domain, all zeroes, for the caller to fill in; its arrays are made by moment_vcpus and
 * moment_counter. The pointer is good until the next call. */
struct domain_moment *moment_add(struct moment *moment);
void moment_vcpus(struct domain_moment *domain, unsigned vcpus);
struct counter *moment_counter(struct domain_moment *domain, enum counter_group group,
                               const char *name);

void moment_free(struct moment *moment);

/* Finds a domain by number; NULL: there is none. */
const struct domain_moment *moment_domain(const struct moment *moment, unsigned id);

/* Finds a domain by a name or a decimal number, the name first, as xl does; NULL: there is none. */
const struct domain_moment *moment_domain_named(const struct moment *moment, const char *word);

/* What happened between two moments: a copy of `later`, in which the counts and times of each
 * domain that `earlier` has, too, are the differences (never below 0), and `at` is the time
 * between. The least and the most are those of `later`. The caller frees it. */
struct moment moment_since(const struct moment *later, const struct moment *earlier);

/* The sum of the counts of a group. */
uint64_t moment_count(const struct domain_moment *domain, enum counter_group group);

/* The count of one counter; 0 if there is none of that name. */
uint64_t moment_count_of(const struct domain_moment *domain, const char *name);

#endif
