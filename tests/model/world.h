/* SPDX-License-Identifier: MIT */
/* The engine on the fake machine and the oracle beside it, in step: both perform every operation,
 * and results, counts, contents and vCPUs are compared. A difference ends the program with the
 * latest operations and both states. There is one world. */
#ifndef TESTS_MODEL_WORLD_H
#define TESTS_MODEL_WORLD_H

#include "tests/machine/machine.h"
#include "tests/model/oracle.h"

struct world {
    struct oracle oracle;
    struct vmmu_domain domain[ORACLE_DOMAINS];
    struct vmmu_vcpu vcpu[ORACLE_VCPUS];
    u32 vcpu_of_cpu[MACHINE_CPUS]; /* the vCPU whose root each CPU uses; ORACLE_NONE: none */
    u32 accesses[MACHINE_CPUS]; /* since the CPU's last flush, so that its TLB does not overflow */
    u64 operations;
    u64 refused, again, done; /* how often each result was returned */
    u64 by_kind[OP_KINDS], done_by_kind[OP_KINDS];
    u64 by_rule[VMMU_RESULTS];
    u64 audit_each;    /* the engine's own audit runs every so many operations */
    const char *story; /* printed in a report, such as the seed */
};
extern struct world world;

/* Makes a new machine with domains 1 and 2, which have no frames. */
void world_start(u32 frames, bool l1tf);

/* Performs the operation in both and compares. In GIVE and SHARE an `at` of ORACLE_NONE means a new
 * frame from the allocator. */
enum vmmu_result world_do(const struct model_op *op);

/* Ends all domains and checks that every frame is free again. */
void world_end(void);

/* Drops the hypervisor's own holds and references on all frames. */
void world_let_go(void);

/* Returns how many frames are free. */
u32 world_free_frames(void);

/* Says whether nothing of the domain is left. */
bool world_domain_is_gone(u32 domain);

/* Returns the CPU that uses the vCPU's root, or ORACLE_NONE. */
u32 world_cpu_of(u32 vcpu);

/* Prints the last operations. */
void world_print_history(void);

/* Prints one operation in words. */
void world_print_operation(const struct model_op *op, enum vmmu_result result);

#endif
