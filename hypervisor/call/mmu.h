/* SPDX-License-Identifier: MIT */
/* What the hypercalls of the virtual MMU share. */
#ifndef CALL_MMU_H
#define CALL_MMU_H

#include "hypervisor/xen.h"
#include "lib/addr.h"
#include "vmmu/vmmu.h"

struct call;
struct domain;
struct vcpu;

/* In the count argument of mmu_update and mmuext_op: the hypercall is the rest of an interrupted
 * one. */
#define CALL_PREEMPTED (1ull << 31)

/* Translates a result of the engine to the ABI's. VMMU_AGAIN sets call->again and returns 0. */
s64 call_result(struct call *call, enum vmmu_result result);

/* Flushes the translations of the vCPUs in the guest's bit set at guest address `mask_at`, or of
 * all vCPUs of the domain, on the CPUs that run them; counts the flushes in the domain's
 * counters. False: the set cannot be read. */
bool call_flush_vcpus(struct vcpu *vcpu, u64 mask_at);
void call_flush_all_vcpus(struct vcpu *vcpu);

/* Stores the number of requests served in the guest's word at `at` (0: the guest wants none), or
 * adds to that word if `rest`: the hypercall is the rest of an interrupted one. A word that cannot
 * be written is ignored, as in the ABI. */
void call_report_done(u64 at, bool rest, u64 done);

#endif
