/* SPDX-License-Identifier: MIT */
/* Leaks by speculation, and the mitigations against them. Mitigations are chosen at boot, by what
 * the processor reports about itself.
 *
 * Some are always in force. The image has no indirect branch (tests/lint/branches). Each return
 * matches a call made since the last entry from a guest. Numbers from guests are masked before they
 * are used as an index (lib/index.h). If the processor leaks memory through page-table entries that
 * are not present (L1TF), those entries are checked too (vmmu_start's `l1tf`). */
#ifndef CPU_SPECULATION_H
#define CPU_SPECULATION_H

/* Mitigations, one bit each. For each: when it acts, and what it achieves. */
#define MITIGATION_IBRS           (1 << 0) /* set once: guests train no branch of the hypervisor */
#define MITIGATION_AUTOMATIC_IBRS (1 << 1) /* set once, in EFER: the same as IBRS */
#define MITIGATION_STIBP          (1 << 2) /* set once: the core's other thread trains none either */
#define MITIGATION_ENTRY_BARRIER  (1 << 3) /* at each entry: branch predictions are dropped */
#define MITIGATION_BRANCH_BARRIER (1 << 4) /* between domains: branch predictions are dropped */
#define MITIGATION_RETURN_STACK   (1 << 5) /* between domains: return predictions are replaced */
#define MITIGATION_L1D_FLUSH      (1 << 6) /* between domains: the level 1 data cache is emptied */
#define MITIGATION_CLEAR_BUFFERS  (1 << 7) /* at each exit to a guest: VERW clears buffers */
#define MITIGATION_ISOLATION      (1 << 8) /* guests' roots map no other guest (memory/space.h) */
#define MITIGATIONS               9

#ifndef __ASSEMBLY__

#include "lib/types.h"

enum mitigations {
    MITIGATIONS_AUTO,    /* all that the processor needs; if one is not available, start no guest */
    MITIGATIONS_PARTIAL, /* all that are needed and available; start guests in any case */
    MITIGATIONS_OFF,     /* none, for performance measurements */
};

/* Whether guests are isolated (memory/space.h). */
enum isolation {
    ISOLATION_AUTO, /* where the processor needs that */
    ISOLATION_ALWAYS,
    ISOLATION_NEVER,
};

/* Reads `length` bytes at `word`: auto, partial or off. False: it is none of these, and
 * *mitigations is as before. */
bool speculation_read_mitigations(const char *word, u64 length, enum mitigations *mitigations);

/* The same for auto, always or never. */
bool speculation_read_isolation(const char *word, u64 length, enum isolation *isolation);

/* What a processor reports about itself. */
struct processor {
    char vendor[13], hypervisor[13]; /* names from CPUID 0 and 0x40000000; empty: none */
    u32 signature;                   /* CPUID 1: EAX (family, model) */
    u32 basic_7b, basic_7d;          /* CPUID 7: EBX, EDX */
    u32 extended_8b, extended_21a;   /* CPUID 0x80000008: EBX; 0x80000021: EAX */
    u64 capabilities;                /* MSR_CAPABILITIES; 0: the processor has none */
};

/* The choice: two sets of mitigations. `on`: those to use. */
struct speculation {
    u32 on;
    u32 lacking; /* needed for this number of guests, but not available on this processor, or
                    forbidden */
};

/* Chooses the mitigations for a processor on which `guests` guests will run side by side. */
struct speculation speculation_choose(const struct processor *processor, u32 guests);

/* True if the threads of a core may run different guests at the same time: no mitigation in
 * `chosen`, used or lacking, is made useless by code on the core's other thread. */
bool speculation_threads_may_differ(const struct speculation *chosen);

/* The name of the mitigation with bit number `bit`, for the log. */
const char *speculation_name(u32 bit);

/* Chooses the mitigations for this machine (none if `mitigations` is MITIGATIONS_OFF; not isolation
 * if `isolation` is ISOLATION_NEVER), logs them, and removes the instructions of all others from
 * the entry code. Panics if a needed one is lacking and `mitigations` is MITIGATIONS_AUTO. Returns
 * whether guests are to be isolated. Once, before any other CPU and any guest is started. */
bool speculation_start(enum mitigations mitigations, enum isolation isolation, u32 guests);

/* False if the CPU that executes this must not run guests: it is the second thread of a core, and
 * its threads may not run different guests. */
bool speculation_allows_cpu(void);

/* Sets the MSRs of the chosen mitigations on this CPU. Once on each CPU, after
 * speculation_start. */
void speculation_start_cpu(void);

/* Applies the mitigations that act between domains, if domain `next` is another than *last, the
 * domain that this CPU ran last (0: none yet). Sets *last to `next`. Call it on the CPU's own
 * stack. */
void speculation_switch(u16 *last, u16 next);

#endif
#endif
