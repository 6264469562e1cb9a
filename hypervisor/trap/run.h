/* SPDX-License-Identifier: MIT */
/* The run loop of a CPU: what comes next after every entry. */
#ifndef TRAP_RUN_H
#define TRAP_RUN_H

#include "hypervisor/cpu/cpu.h"
#include "hypervisor/vcpu/vcpu.h"

/* The CPU's vCPU may be entered as it is: nothing is to be done first. That is nearly always so. An
 * upcall that is pending, but masked, is looked at in the loop. */
static inline bool run_may_enter(const struct cpu *cpu, const struct vcpu *vcpu)
{
    return !cpu->work && mfn_is_none(vcpu->mmu.deferred.frame) && !vcpu->nmi_pending &&
           !vcpu->areas_stale &&
           !__atomic_load_n(&vcpu->info->evtchn_upcall_pending, __ATOMIC_SEQ_CST);
}

/* Serves what waits for this CPU, chooses a vCPU, delivers its events, enters it; idles when there
 * is none; ends the machine when the last domain has ended. */
_Noreturn void run(void);

#endif
