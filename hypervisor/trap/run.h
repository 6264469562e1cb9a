/* SPDX-License-Identifier: MIT */
/* The run loop of a CPU: what the CPU does after every entry into the hypervisor. */
#ifndef TRAP_RUN_H
#define TRAP_RUN_H

#include "hypervisor/cpu/cpu.h"
#include "hypervisor/vcpu/vcpu.h"

/* True when the CPU's current vCPU can be entered without a pass through the run loop, which is the
 * common case. False also when an upcall is pending, even if upcalls are masked. */
static inline bool run_may_enter(const struct cpu *cpu, const struct vcpu *vcpu)
{
    return !cpu_must_pass(cpu) && mfn_is_none(vcpu->mmu.deferred.frame) && !vcpu->nmi_pending &&
           !vcpu->runstate_stale &&
           !__atomic_load_n(&vcpu->info->evtchn_upcall_pending, __ATOMIC_SEQ_CST);
}

/* Serves the CPU's work, chooses a vCPU, delivers its events and enters it; idles if there is none;
 * ends the machine when the last domain has ended. */
_Noreturn void run(void);

#endif
