/* SPDX-License-Identifier: MIT */
/* What the virtual MMU asks of a machine. Resolved at link time: hypervisor/domain/mmu_port.c on
 * real hardware, tests/machine/ on the host. Every function may be called on any CPU. */
#ifndef VMMU_PORT_H
#define VMMU_PORT_H

#include "lib/addr.h"
#include "vmmu/vmmu.h"

/* The number of the CPU this runs on, 0 .. VMMU_CPUS_MAX-1. */
u32 port_cpu(void);

/* The contents of frame `m`, which the caller has checked to be below the frame count given to
 * vmmu_start and to be RAM. Always a coherent, write-back view. Valid until the CPU returns to a
 * guest. */
void *port_frame_view(mfn_t m);

/* The domain that vmmu_domain_start was given `id` for. Its struct must live as long as any frame
 * has it as owner; NULL only for an id never started. */
struct vmmu_domain *port_domain(u16 id);

/* Drops, on each CPU in the bit set `cpus`, every translation and every cached walk that a guest's
 * tables gave it, and returns when all have. A CPU that does so for whatever reason calls
 * vmmu_flush_begins and vmmu_flush_ends. */
void port_flush(u64 cpus);

/* True when the present operation should stop at its next safe place, because something waits for
 * this CPU. The engine asks only after it made progress. */
bool port_should_stop(void);

/* A frame's last reference is gone: it has no owner, type none, and no CPU holds a translation of
 * it. Its two words and its contents (not scrubbed) belong to the machine's allocator from here on.
 * `domain` is who had it. */
void port_frame_free(struct vmmu_domain *domain, mfn_t m);

/* Makes slot `slot` (0..VMMU_GDT_FRAMES-1: GDT page; VMMU_GDT_FRAMES..+VMMU_LDT_FRAMES-1: LDT page)
 * of the vCPU's descriptor window show frame `m` to the CPU's segment loads, which mark descriptors
 * accessed; MFN_NONE empties it (a page of zeroes, or nothing). Effective, also in the TLB, when it
 * returns. */
void port_descriptor_map(struct vmmu_vcpu *vcpu, u32 slot, mfn_t m);

/* One CPU waits for another, in a loop that the engine bounds. */
void port_pause(void);

/* A refusal happened (for a rate-limited log line): the rule, and the word that was refused - an
 * entry, a frame number or an address, as the rule's sentence says. */
void port_refused(struct vmmu_domain *domain, enum vmmu_result rule, u64 word);

/* vmmu_audit found a difference. */
void port_audit_found(const struct vmmu_finding *finding);

/* The engine found its own state inconsistent. Does not return. */
_Noreturn void port_panic(const char *sentence, u64 word);

#endif
