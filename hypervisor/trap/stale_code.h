/* SPDX-License-Identifier: MIT */
/* Code that is run although it is no longer in memory.
 *
 * A kernel that changes code under the feet of its other CPUs puts a breakpoint (INT3) in first and
 * the new first byte last. An emulator that translates the breakpoint just then may keep the
 * translation for good (QEMU before 8.1: its commit deba78709ae8 mends it), and the vCPU traps at
 * it for ever: Linux, which finds no breakpoint in memory, goes back to run what is there. A
 * write to those bytes makes the emulator forget. A processor needs none of this, and comes here
 * only when the breakpoint has been taken out since it trapped. */
#ifndef TRAP_STALE_CODE_H
#define TRAP_STALE_CODE_H

struct vcpu;

/* After a #BP of the current vCPU, whose RIP is behind the breakpoint: writes the byte there as it
 * is if it is none. Changes nothing that anybody could see. */
void stale_code_forget(const struct vcpu *vcpu);

#endif
