/* SPDX-License-Identifier: MIT */
/* A machine made of host memory, for tests of the virtual MMU: frames, an allocator that checks how
 * it is used, and the functions of vmmu/port.h. Its CPUs are in cpu.h, its guests in guest.h. There
 * is one machine. */
#ifndef TESTS_MACHINE_MACHINE_H
#define TESTS_MACHINE_MACHINE_H

#include "vmmu/vmmu.h"

#define MACHINE_DOMAINS 8u  /* that can be registered */
#define MACHINE_PLACES  32u /* of a test's own table */
#define MACHINE_CPUS    4u

/* What the functions of vmmu/port.h recorded, and hooks that run in the middle of an operation. */
struct machine {
    u64 frames;
    u64 allocated; /* frames out of the allocator */
    u64 freed;     /* frames that port_frames_free was given */
    u64 flushes;   /* CPU flushes that port_flush did */
    u64 refusals;
    enum vmmu_result last_rule;
    u64 last_word;
    u64 asks;               /* times that port_should_stop was asked */
    u64 stop_at;            /* the question that gets "yes": 1 the next one, 0 none */
    u64 stop_each;          /* if not 0: every stop_each-th question gets "yes" */
    void (*on_flush)(void); /* called by port_flush before any CPU flushes */
    void (*on_pause)(void); /* called by port_pause */
    void (*on_ask)(void);   /* called by port_should_stop */
    /* The answer of port_device_access; NULL: always VMMU_ACCESS_NONE. */
    enum vmmu_access (*device_access)(u16 id, mfn_t m);
    /* Find domains, by id and by place (below MACHINE_PLACES), where the test has a table of its
     * own; NULL: the domains are those of machine_register. */
    struct vmmu_domain *(*domain_by_id)(u16 id);
    struct vmmu_domain *(*domain_at)(u32 place);
    bool pcid;    /* CPUs keep translations over loads of roots: MACHINE_PCID in the environment, or
                     set by a test before a root is loaded */
    bool threads; /* several threads run at once, and the fake CPUs are not used */
    u64 findings; /* of the audit */
    const char *last_finding;
    mfn_t last_finding_frame;
    bool quiet; /* findings are expected: not printed */
};
extern struct machine machine;

/* Makes a new machine. `l1tf`: as for vmmu_start. */
void machine_start(u64 frames, bool l1tf);

/* Ends the machine. Fails the test if a frame is still allocated. */
void machine_end(void);

/* Allocates a frame. Its contents are rubbish, and its two words in the frame table, too, as far as
 * the contract allows. */
mfn_t machine_allocate(void);

/* Frees a frame that no call of the engine released. */
void machine_free(mfn_t m);

/* Called before and after a flush of a CPU: report it to the engine for every domain. */
void machine_flush_begins(u32 cpu);
void machine_flush_ends(u32 cpu);

/* Returns a frame's contents as an array of 512 words. */
u64 *machine_words(mfn_t m);

/* Returns the machine address of word `index` of a frame. */
maddr_t machine_at(mfn_t m, u32 index);

/* The k-th call of port_should_stop from now on returns true, once. */
void machine_stop_at(u64 k);

/* Makes the calling thread CPU `cpu`. */
void machine_run_on(u32 cpu);

/* Runs `action` and returns true if it ended in port_panic. */
bool machine_panics(void (*action)(void *), void *argument);

/* Sets the domain that port_domain returns for this id; NULL: none. */
void machine_register(u16 id, struct vmmu_domain *domain);

/* Drops what is kept of a vCPU's descriptor window; call it when the vCPU is freed. */
void machine_drop_vcpu(const struct vmmu_vcpu *vcpu);

/* Returns the frame that slot `slot` of a vCPU's descriptor window maps. */
mfn_t machine_descriptor_window(const struct vmmu_vcpu *vcpu, u32 slot);

/* Returns the M2P entry of a frame. */
u64 machine_m2p(mfn_t m);

/* Returns the entry that vmmu_start was given for slot 256 + i of each root. */
u64 machine_hypervisor_slot(u32 i);

/* Returns the entry that machine_give_slots makes that of slot 256 + i of the roots of domain `id`:
 * of user roots (`user`), or of kernel roots. No two domains have the same, nor has one for both
 * kinds of roots, except in slot 256. */
u64 machine_slot_of(u16 id, u32 i, bool user);

/* Gives a domain that has started, and has no L4 table yet, slots of its own for its roots. */
void machine_give_slots(struct vmmu_domain *domain);

#endif
