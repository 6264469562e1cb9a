/* SPDX-License-Identifier: MIT */
/* What processors leak by guessing ahead, and what is done against it: chosen at boot, from what
 * the processor says of itself.
 *
 * Always there, and not chosen: the image has no indirect branch (tests/lint/branches), each return
 * matches a call made since the guest was left, numbers from guests are masked before they index
 * (lib/index.h), and where entries that are not present leak they are checked (vmmu_start's
 * `l1tf`). */
#ifndef CPU_SPECULATION_H
#define CPU_SPECULATION_H

/* Measures: one bit each. */
#define MEASURE_IBRS           (1 << 0) /* once a CPU: guests' branches predict none of ours */
#define MEASURE_AUTOMATIC_IBRS (1 << 1) /* the same, by EFER */
#define MEASURE_STIBP          (1 << 2) /* once a CPU: nor do those of the core's other thread */
#define MEASURE_ENTRY_BARRIER  (1 << 3) /* at each entry: predictions of branches forgotten */
#define MEASURE_BRANCH_BARRIER (1 << 4) /* between two domains: the same */
#define MEASURE_RETURN_STACK   (1 << 5) /* between two domains: predicted returns overwritten */
#define MEASURE_L1D_FLUSH      (1 << 6) /* between two domains: the level 1 cache emptied */
#define MEASURE_CLEAR_BUFFERS  (1 << 7) /* at each way out to a guest: VERW */
#define MEASURE_ISOLATION      (1 << 8) /* our memory not mapped while a guest runs: not done */
#define MEASURES               9

#ifndef __ASSEMBLY__

#include "lib/types.h"

enum mitigations {
    MITIGATIONS_AUTO,    /* what the processor needs; no start where that does not suffice */
    MITIGATIONS_PARTIAL, /* the same, and a start all the same */
    MITIGATIONS_OFF,     /* none: for measuring */
};

/* What a processor says of itself. */
struct processor {
    char vendor[13], hypervisor[13]; /* CPUID 0 and 0x40000000; empty: none */
    u32 signature;                   /* CPUID 1 EAX */
    u32 basic_7b, basic_7d;          /* CPUID 7: EBX, EDX */
    u32 extended_8b, extended_21a;   /* CPUID 0x80000008 EBX, 0x80000021 EAX */
    u64 capabilities;                /* MSR ARCH_CAPABILITIES; 0: none */
};

/* Sets of measures. */
struct speculation {
    u32 on;
    u32 lacking; /* needed for so many guests, and the processor offers no means */
};

/* The decision, for `guests` guests side by side. */
struct speculation speculation_choose(const struct processor *processor, u32 guests);

/* True if a core's threads may run different guests at the same time: nothing that was chosen, or
 * is lacking, is undone by a neighbour. */
bool speculation_threads_may_differ(const struct speculation *chosen);

/* A measure's name, of the number of its bit. */
const char *speculation_name(u32 bit);

/* Decides for this machine and says so in the log; panics where too much is lacking. Takes out of
 * the entry code what is not needed. Once, before any other CPU and any guest is started. */
void speculation_start(enum mitigations mitigations, u32 guests);

/* False if this CPU, which would run guests beside others, has to stay off: it is the second thread
 * of a core that leaks between its threads. Asked on the CPU itself. */
bool speculation_allows_cpu(void);

/* On each CPU, once. */
void speculation_start_cpu(void);

/* This CPU goes from domain `*last` (0: none yet) to `next`: lets it forget what the one taught it
 * or left in its caches. On the CPU's own stack. */
void speculation_switch(u16 *last, u16 next);

#endif
#endif
