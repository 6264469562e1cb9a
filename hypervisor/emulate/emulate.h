/* SPDX-License-Identifier: MIT */
/* Instructions that a guest cannot execute itself and that the hypervisor executes for it. */
#ifndef EMULATE_EMULATE_H
#define EMULATE_EMULATE_H

#include "lib/addr.h"

struct vcpu;

enum emulated {
    EMULATED_DONE,  /* executed: the registers are changed, and RIP is behind the instruction or,
                       within a repeated string instruction, one element is done */
    EMULATED_RETRY, /* not executed, registers unchanged: let the guest execute it again (it lost a
                       race with another CPU, or was interrupted) */
    EMULATED_FAULT, /* an exception that the instruction itself caused, or the vector of INT n, has
                       been delivered to the guest */
    EMULATED_NOT, /* not an instruction that is emulated, or not allowed to this guest: deliver the
                     original fault */
};

/* emulate_privileged: after #GP, in guest kernel or user mode. emulate_forced_cpuid: after #UD, for
 * CPUID behind the ABI's forced-emulation prefix. The instruction is fetched from memory at RIP and
 * judged by itself; the fault's error code is not trusted. INT n is delivered as vector n if the
 * guest's gate allows it, else as #GP. */
enum emulated emulate_privileged(struct vcpu *vcpu);
enum emulated emulate_forced_cpuid(struct vcpu *vcpu);

/* Executes a store to a live page table. Call it after a write fault at `address` in guest kernel
 * mode, when vmmu_find_l1_write has found that the address lies in a live L1 table, at machine
 * address `where`. */
enum emulated emulate_table_write(struct vcpu *vcpu, u64 address, maddr_t where);

/* The quick form of what follows a page fault at `address` in guest kernel mode: executes a store
 * to a live page table, if it has one of the most frequent forms (enum quick_kind). Returns the
 * vCPU, with its registers as after the store; RIP, CS and SS are then such that IRETQ takes them.
 * NULL: nothing has happened, and the general form follows; CR2 is `address`. */
struct vcpu *emulate_quick(struct vcpu *vcpu, u64 address);

/* The quick form of emulate_privileged, after #GP in guest kernel mode: executes IN and OUT of 1 or
 * 4 bytes without a prefix, CLI and STI, of 64-bit code with the hypervisor's segments, which is in
 * the upper half of the address space and whose I/O privilege level permits them. Returns the vCPU,
 * with its registers as after the instruction; RIP, CS and SS are then such that IRETQ takes them.
 * NULL: nothing has happened, and the general form follows. */
struct vcpu *emulate_privileged_quick(struct vcpu *vcpu);

/* Executes a store of the privileged domain to frame `m` of a device, to which nobody may write:
 * checked, if it is a window on configuration space (pci/window.h), else without an effect on the
 * device. Call it after a write fault at `address` in guest kernel mode. */
enum emulated emulate_device_store(struct vcpu *vcpu, u64 address, mfn_t m);

#endif
