/* SPDX-License-Identifier: MIT */
/* A guest as the user describes it, in a .cfg file or on the command line. */
#ifndef TOOLS_GUEST_H
#define TOOLS_GUEST_H

#include "lib/handoff.h"
#include "tools/fail.h"

#define GUEST_MEMORY_DEFAULT 256u     /* MiB */
#define GUEST_MEMORY_MAX     1048576u /* MiB; more is taken for a typing error */
#define GUEST_CMDLINE_MAX    1023u    /* the ABI's start_info has room for 1024 bytes */
#define GUEST_RESTARTS_MAX   1000000u
#define GUEST_VCPUS_MAX      32u /* what the ABI's shared_info has room for */

/* How a guest may end, and the words of the boot hand-off for that. */
enum guest_end { GUEST_POWEROFF, GUEST_REBOOT, GUEST_CRASH, GUEST_ENDS };
extern const char *const guest_end_word[GUEST_ENDS];

_Static_assert(GUEST_VCPUS_MAX == HANDOFF_VCPUS_MAX, "the hypervisor takes as many");

struct guest {
    char name[HANDOFF_NAME_MAX + 1];
    char *kernel;             /* path */
    char *ramdisk;            /* path; NULL: none */
    char *cmdline;            /* NULL: none */
    unsigned memory;          /* MiB */
    unsigned vcpus;           /* that it has */
    unsigned online;          /* of these, how many start online */
    bool restart[GUEST_ENDS]; /* started again after an end of this kind */
    unsigned restarts;        /* the most times it is started again; 0: never */
    unsigned weight;          /* its share of the CPUs; 0: HANDOFF_WEIGHT */
    unsigned cap;             /* the most CPU time, in percent of one CPU; 0: no limit */
    unsigned long long
        cpus[GUEST_VCPUS_MAX]; /* for each vCPU, the CPUs that may run it: bit N is CPU N; 0: all */
};

struct guests {
    unsigned count;
    struct guest guest[HANDOFF_GUESTS_MAX];
};

/* Frees what a guest has allocated. */
void guest_free(struct guest *guest);
void guests_free(struct guests *guests);

/* Returns how much memory the guests have together, in MiB. */
unsigned long long guests_memory(const struct guests *guests);

/* Each sets a value. Returns false if the value is not allowed; the failure does not name the
 * place, which the caller adds. */
bool guest_set_name(struct guest *guest, const char *name, struct failure *failure);
bool guest_set_memory(struct guest *guest, unsigned long long mib, struct failure *failure);
/* `count` vCPUs, all of which start online. */
bool guest_set_vcpus(struct guest *guest, unsigned long long count, struct failure *failure);
/* `most` vCPUs, of which those that start online do not change; set these first. */
bool guest_set_maxvcpus(struct guest *guest, unsigned long long most, struct failure *failure);
bool guest_set_restarts(struct guest *guest, unsigned long long count, struct failure *failure);
bool guest_set_weight(struct guest *guest, unsigned long long weight, struct failure *failure);
bool guest_set_cap(struct guest *guest, unsigned long long percent, struct failure *failure);

/* Says whether a text may be a kernel command line; the failure does not name the place. */
bool guest_check_cmdline(const char *text, struct failure *failure);

/* Says whether the guest's vCPUs together could use as much CPU time as its cap. */
bool guest_check_cap(const struct guest *guest, struct failure *failure);

/* Says whether a machine with `cpus` CPUs has, for each vCPU, one that may run it. */
bool guest_check_cpus(const struct guest *guest, unsigned cpus, struct failure *failure);

#endif
