/* SPDX-License-Identifier: MIT */
/* The guests of the threaded machine, with which the races run. */
#ifndef TESTS_MODEL_RACED_H
#define TESTS_MODEL_RACED_H

#include <stdatomic.h>

#include "lib/x86/pte.h"
#include "tests/model/threads_port.h"

#define POOL 12u

/* Entries as a guest writes them. */
#define RW(m)       ((m).n << 12 | PTE_PRESENT | PTE_WRITABLE | PTE_USER)
#define RO(m)       ((m).n << 12 | PTE_PRESENT | PTE_USER)
#define AT(m, slot) (maddr((m).n << 12 | (u64)(slot) << 3))

/* One guest: an address space that is always live, and a pool of frames that its threads contend
 * for. CPUs 0 to 3 run guest 0, the other two run guest 1; vCPU i runs on CPU i. */
struct raced_guest {
    struct vmmu_domain domain;
    mfn_t l4, l3, l2, l1;
    _Atomic u64 pool[POOL];
};

extern struct raced_guest raced_guest[2];
extern struct vmmu_vcpu raced_vcpu[THREADS_CPUS];

/* The state of one thread. */
struct actor {
    u32 cpu;
    struct raced_guest *guest, *other;
    struct vmmu_vcpu *vcpu;
    struct vmmu_domain *domain;
    u64 operations;
};

/* Repeats an interrupted operation until it completes. */
#define TO_THE_END(result, expression)                                                             \
    do {                                                                                           \
        result = raced_count(actor, expression);                                                   \
    } while (result == VMMU_AGAIN)

/* Counts an operation. Ends the program if one operation is interrupted too often in a row. */
enum vmmu_result raced_count(struct actor *actor, enum vmmu_result result);

struct race {
    const char *name;
    void (*step)(struct actor *actor); /* what each thread does over and over */
    u32 stop_each;
    u32 cpus;              /* which CPUs take part, as bits */
    void (*between)(void); /* called between two rounds, while no thread runs; may be NULL */
    void (*prepare)(void); /* called before the first round; may be NULL */
    u32 micros;            /* how long a round lasts */
};
extern const struct race races[];
extern const u32 race_count;

_Noreturn void raced_wrong(const char *what, u64 number);
mfn_t raced_pool(struct actor *actor, u32 i);
enum vmmu_result raced_update(struct actor *actor, mfn_t table, u32 slot, u64 entry);
void raced_start_guest(u32 g);

/* Releases frame `i` of the guest's pool and puts a new one in its place, if there is one. */
void raced_exchange(struct actor *actor, u32 i);

/* Makes `m` the kernel root of the actor's vCPU and loads it, if it is accepted. */
void raced_load_root(struct actor *actor, mfn_t m);

/* Links frames 0 to 3 of guest 0's pool as a tree from level 4 down; none of them is live. */
void raced_link_pool(void);

/* The level at which frame `i` of a pool is used most of the time: 4 to 0. */
u32 raced_level_of(u32 i);

/* Leaves guest 0, started again if it has been torn down, with live tables of all levels, partial
 * ones among them, and without vCPUs. Ends the program if something is left of the old guest. */
void raced_raise_and_leave(void);

/* The races of races_foreign.c. */
void race_devices_against_memory(struct actor *actor);
void race_replacements(struct actor *actor);
void race_two_hands(struct actor *actor);
void race_hands_on_the_dying(struct actor *actor);

/* Makes four frames of guest 0's pool pinned roots which show what the guest's root shows. */
void raced_more_roots(void);

/* The race of races_kept.c. */
void race_kept_translations(struct actor *actor);

/* Ends a guest: first its vCPUs, then the domain; the other guest may run meanwhile. */
void raced_end_vcpus(u32 g);
void raced_end_domain(struct actor *actor, u32 g);

#endif
