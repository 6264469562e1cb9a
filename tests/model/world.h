/* SPDX-License-Identifier: MIT */
/* The engine on the fake machine and the oracle beside it, in step: every operation is asked of
 * both, and answers, counts, contents and vCPUs are compared. A difference ends the program with
 * the recent history and both views. There is one world. */
#ifndef TESTS_MODEL_WORLD_H
#define TESTS_MODEL_WORLD_H

#include "tests/machine/machine.h"
#include "tests/model/oracle.h"

struct world {
    struct oracle oracle;
    struct vmmu_domain domain[ORACLE_DOMAINS];
    struct vmmu_vcpu vcpu[ORACLE_VCPUS];
    u32 vcpu_of_cpu[MACHINE_CPUS]; /* whose root each CPU uses; ORACLE_NONE: nobody's */
    u32 accesses[MACHINE_CPUS];    /* since its last flush, so that its TLB does not overflow */
    u64 operations;
    u64 refused, again, done; /* how they were answered */
    u64 by_kind[OP_KINDS], done_by_kind[OP_KINDS];
    u64 by_rule[VMMU_RESULTS];
    u64 audit_each;    /* the engine's own audit, every so many operations */
    const char *story; /* printed in a report: seed and such */
};
extern struct world world;

/* A fresh machine and domains 1 and 2, without frames. */
void world_start(u32 frames, bool l1tf);

/* The operation, asked of both. GIVE and SHARE: `at` ORACLE_NONE is a frame of the allocator's. */
enum vmmu_result world_do(const struct model_op *op);

/* Ends all domains; every frame must be back. */
void world_end(void);

/* What the hypervisor itself has of any frame is dropped. */
void world_let_go(void);

/* Frames that nobody has. */
u32 world_free_frames(void);

/* True if nothing of the domain is left. */
bool world_domain_is_gone(u32 domain);

/* The CPU that uses the vCPU's root, or ORACLE_NONE. */
u32 world_cpu_of(u32 vcpu);

/* Prints the last operations. */
void world_print_history(void);

/* One operation in words. */
void world_print_operation(const struct model_op *op, enum vmmu_result result);

#endif
