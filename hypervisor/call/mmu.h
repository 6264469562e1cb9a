/* SPDX-License-Identifier: MIT */
/* What the calls of the virtual MMU share with others. */
#ifndef CALL_MMU_H
#define CALL_MMU_H

#include "hypervisor/xen.h"
#include "lib/addr.h"
#include "vmmu/vmmu.h"

struct call;
struct domain;
struct vcpu;

/* In the count of mmu_update and mmuext_op: this is the rest of an interrupted call. */
#define CALL_PREEMPTED (1ull << 31)

/* The ABI's answer to an engine result; VMMU_AGAIN sets call->again. */
s64 call_result(struct call *call, enum vmmu_result result);

/* Flushes what translations the vCPUs of the guest's bit set at `mask_at` made, or all of its
 * vCPUs, on the CPUs that have them; counts it. False: the set cannot be read. */
bool call_flush_vcpus(struct vcpu *vcpu, u64 mask_at);
void call_flush_all_vcpus(struct vcpu *vcpu);

/* Writes the count of served requests to the guest's `done` word (0: it wants none), or adds to it
 * when this is the rest of an interrupted call. A bad pointer is the guest's loss, as the ABI has
 * it. */
void call_report_done(u64 at, bool rest, u64 done);

#endif
