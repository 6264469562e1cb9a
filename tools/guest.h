/* SPDX-License-Identifier: MIT */
/* One guest as the user asked for it, from a .cfg or from the command line. */
#ifndef TOOLS_GUEST_H
#define TOOLS_GUEST_H

#include "lib/handoff.h"
#include "tools/fail.h"

#define GUEST_MEMORY_DEFAULT 256u     /* MiB */
#define GUEST_MEMORY_MAX     1048576u /* MiB; a slip of the finger rather than a limit */
#define GUEST_CMDLINE_MAX    1023u    /* the ABI's start_info has room for 1024 bytes */
#define GUEST_RESTARTS_MAX   1000000u
#define GUEST_VCPUS_MAX      32u /* what the ABI's shared_info has room for */

/* How a guest may end, and the hand-off's words for it. */
enum guest_end { GUEST_POWEROFF, GUEST_REBOOT, GUEST_CRASH, GUEST_ENDS };
extern const char *const guest_end_word[GUEST_ENDS];

_Static_assert(GUEST_VCPUS_MAX == HANDOFF_VCPUS_MAX, "the hypervisor takes as many");

struct guest {
    char name[HANDOFF_NAME_MAX + 1];
    char *kernel;
    char *ramdisk;   /* NULL: none */
    char *cmdline;   /* NULL: none */
    unsigned memory; /* MiB */
    unsigned vcpus;
    bool restart[GUEST_ENDS];                 /* started again after such an end */
    unsigned restarts;                        /* how often at most; 0: never */
    unsigned weight;                          /* 0: HANDOFF_WEIGHT */
    unsigned cap;                             /* percent of one CPU; 0: none */
    unsigned long long cpus[GUEST_VCPUS_MAX]; /* that may run each vCPU, bit N: CPU N; 0: all */
};

struct guests {
    unsigned count;
    struct guest guest[HANDOFF_GUESTS_MAX];
};

void guest_free(struct guest *guest);
void guests_free(struct guests *guests);

/* Whether a value may be used; the sentence says what was expected, without a place. */
bool guest_set_name(struct guest *guest, const char *name, struct failure *failure);
bool guest_set_memory(struct guest *guest, unsigned long long mib, struct failure *failure);
bool guest_set_vcpus(struct guest *guest, unsigned long long count, struct failure *failure);
bool guest_set_restarts(struct guest *guest, unsigned long long count, struct failure *failure);
bool guest_set_weight(struct guest *guest, unsigned long long weight, struct failure *failure);
bool guest_set_cap(struct guest *guest, unsigned long long percent, struct failure *failure);
bool guest_check_cmdline(const char *text, struct failure *failure);

/* Whether they go together: a cap that its vCPUs could reach; CPUs that a machine of `cpus` has. */
bool guest_check_cap(const struct guest *guest, struct failure *failure);
bool guest_check_cpus(const struct guest *guest, unsigned cpus, struct failure *failure);

#endif
