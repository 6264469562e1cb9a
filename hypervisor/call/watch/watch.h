/* SPDX-License-Identifier: MIT */
/* watch: what a tool in the privileged domain asks about the hypervisor's work (lib/watch.h). One
 * file for each family of operations; the dispatcher is watch.c.
 *
 * The dispatcher has checked the caller's right and the version of the structure. An operation
 * copies its structure from `at` in the caller's memory, and its results back there. It returns as
 * a handler of a hypercall does; with call->again set it is repeated with call->argument as it is
 * then. */
#ifndef CALL_WATCH_WATCH_H
#define CALL_WATCH_WATCH_H

#include "hypervisor/call/call.h"
#include "hypervisor/xen.h"
#include "lib/watch.h"

/* WATCH_TRACE_START, _STOP and _READ (trace.c). Refuses also: EBUSY: another CPU is doing one. */
s64 watch_trace(u64 operation, u64 at);
/* Frames and page tables (frames.c). */
s64 watch_frames(u64 at);
s64 watch_table(u64 at);
s64 watch_roots(u64 at);

/* Counters (counters.c). */
s64 watch_machine(u64 at);
s64 watch_domain(u64 at);

#endif
