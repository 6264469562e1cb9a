/* SPDX-License-Identifier: MIT */
/* A workaround for emulators that keep executing code which is no longer in memory.
 *
 * A kernel that changes code while other CPUs execute it first writes a breakpoint (INT3), and the
 * new first byte last. An emulator that translates the breakpoint at that moment may keep the
 * translation for good (QEMU before 8.1; its commit deba78709ae8 mends it). The vCPU then traps
 * there for ever: Linux finds no breakpoint in memory and resumes at the same address. A write to
 * those bytes makes the emulator translate again. A real processor comes here only if the
 * breakpoint was removed after it trapped, and needs none of this. */
#ifndef TRAP_STALE_CODE_H
#define TRAP_STALE_CODE_H

struct vcpu;

/* After a #BP of the current vCPU: if the byte before its RIP can be read, is not a breakpoint and
 * lies in RAM, writes that byte with its own value. Has no effect that software can observe. */
void stale_code_refresh(const struct vcpu *vcpu);

#endif
