/* SPDX-License-Identifier: MIT */
/* A machine made of host memory, for the virtual MMU's tests: frames, an allocator that notices
 * every mistake, and the ports. Its CPUs are in cpu.h, its guests in guest.h. There is one machine.
 */
#ifndef TESTS_MACHINE_MACHINE_H
#define TESTS_MACHINE_MACHINE_H

#include "vmmu/vmmu.h"

#define MACHINE_DOMAINS 8u
#define MACHINE_CPUS    4u

/* What the ports saw, and hooks for what happens in the middle of an operation. */
struct machine {
    u64 frames;
    u64 allocated; /* frames out of the allocator */
    u64 freed;     /* times that port_frame_free was called */
    u64 flushes;   /* CPU flushes that port_flush did */
    u64 refusals;
    enum vmmu_result last_rule;
    u64 last_word;
    u64 asks;               /* times that port_should_stop was asked */
    u64 stop_at;            /* the ask that gets "yes": 1 the next; 0 none */
    u64 stop_each;          /* not 0: every so many asks get "yes" */
    void (*on_flush)(void); /* port_flush, before any CPU flushes */
    void (*on_pause)(void); /* port_pause */
    bool threads;           /* several threads at once: the fake CPUs are not used */
    u64 findings;           /* of the audit */
    const char *last_finding;
    mfn_t last_finding_frame;
    bool quiet; /* findings are expected: not printed */
};
extern struct machine machine;

/* A fresh machine. `l1tf` as for vmmu_start. */
void machine_start(u64 frames, bool l1tf);

/* The end: releases its memory. Fails the test if a frame is still allocated. */
void machine_end(void);

/* A frame from the allocator, full of rubbish, its two words too as far as the contract allows. */
mfn_t machine_allocate(void);

/* A frame that no vmmu call gave back. */
void machine_free(mfn_t m);

/* Around a flush of a CPU: tells the engine of it for every domain. */
void machine_flush_begins(u32 cpu);
void machine_flush_ends(u32 cpu);

/* A frame's contents as an array of 512 words. */
u64 *machine_words(mfn_t m);

/* A frame's raw machine address of word `index`. */
maddr_t machine_at(mfn_t m, u32 index);

/* The k-th next ask of port_should_stop gets "yes", once. */
void machine_stop_at(u64 k);

/* On which CPU the calling thread is. */
void machine_run_on(u32 cpu);

/* Runs `action` and returns true if it ended in port_panic. */
bool machine_panics(void (*action)(void *), void *argument);

/* The domain that port_domain answers for its id; NULL removes. */
void machine_register(u16 id, struct vmmu_domain *domain);

/* What slot `slot` of a vCPU's descriptor window shows. */
mfn_t machine_descriptor_window(const struct vmmu_vcpu *vcpu, u32 slot);

/* The machine-to-physical map. */
u64 machine_m2p(mfn_t m);

/* The raw entry in hypervisor slot 256 + i. */
u64 machine_hypervisor_slot(u32 i);

#endif
