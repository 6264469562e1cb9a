/* SPDX-License-Identifier: MIT */
/* Instructions that the guest cannot execute itself and that we execute for it. */
#ifndef EMULATE_EMULATE_H
#define EMULATE_EMULATE_H

#include "lib/addr.h"

struct vcpu;

enum emulated {
    EMULATED_DONE,  /* executed: registers and RIP moved on */
    EMULATED_RETRY, /* leave the registers: execute again (a race, or a stop) */
    EMULATED_FAULT, /* it faulted itself: an exception was bounced */
    EMULATED_NOT,   /* not one of ours: the original fault stands */
};

/* After #GP (or #UD for CPUID with the forced-emulation prefix), in guest kernel or user mode.
 * The instruction is fetched from memory at RIP and decided on from scratch; the error code of the
 * fault is not trusted. INT n is bounced as vector n if its gate's DPL allows. */
enum emulated emulate_privileged(struct vcpu *vcpu);
enum emulated emulate_forced_cpuid(struct vcpu *vcpu);

/* After a write fault at `address`, in guest kernel mode, which vmmu_find_l1_write found to be a
 * store to a live page table, at machine address `where`. */
enum emulated emulate_table_write(struct vcpu *vcpu, u64 address, maddr_t where);

#endif
