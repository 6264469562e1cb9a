/* SPDX-License-Identifier: MIT */
/* sysctl: what a toolstack in the privileged domain asks about the machine as a whole. One file for
 * each family of operations; the dispatcher is sysctl.c. Xen ABI: sysctl.h, interface version 0x15.
 *
 * The dispatcher has copied the argument, and checked its version and the caller's right. An
 * operation reads and changes `op.u` and returns 0 or a negated error number; it sets `answers` if
 * its results in `op` are to be copied back. A refused operation has changed nothing but the
 * buffers that the caller names. */
#ifndef CALL_SYSCTL_SYSCTL_H
#define CALL_SYSCTL_SYSCTL_H

#include "hypervisor/call/call.h"
#include "hypervisor/xen.h"

struct sysctl {
    struct vcpu *vcpu; /* the caller */
    struct xen_sysctl op;
    bool answers;
    bool clears; /* readconsole: the log is to be cleared before position `clears_to` */
    u32 clears_to;
};

/* The machine (machine.c). Every array may be asked for with a null pointer, which asks for its
 * length. pcitopoinfo serves at most 64 devices a call. */
s64 sysctl_physinfo(struct sysctl *s);
s64 sysctl_cputopoinfo(struct sysctl *s);
s64 sysctl_numainfo(struct sysctl *s);
s64 sysctl_pcitopoinfo(struct sysctl *s);
s64 sysctl_getcpuinfo(struct sysctl *s);
s64 sysctl_availheap(struct sysctl *s);

/* Describes up to max_domains domains, in ascending order of their numbers, from first_domain on
 * (domains.c). */
s64 sysctl_getdomaininfolist(struct sysctl *s);

/* The scheduler, shown as credit2 (scheduler.c). scheduler_op reads and sets the time by which a
 * vCPU must be behind to preempt another. Refuses: EINVAL: another scheduler, or a time out of
 * range; ESRCH: another pool. cpupool_op knows one pool, which has all CPUs and all domains. */
s64 sysctl_sched_id(struct sysctl *s);
s64 sysctl_scheduler_op(struct sysctl *s);
s64 sysctl_cpupool_op(struct sysctl *s);

/* The log (log.c). readconsole copies the log's text; debug_keys logs a report for each key
 * (keys.h). */
s64 sysctl_readconsole(struct sysctl *s);
s64 sysctl_debug_keys(struct sysctl *s);

/* CPUID as guests see it (policy.c). Refuse: EINVAL: no such policy; EOPNOTSUPP: one for HVM
 * guests; ENOBUFS: the buffer is too small. */
s64 sysctl_get_cpu_levelling_caps(struct sysctl *s);
s64 sysctl_get_cpu_featureset(struct sysctl *s);
s64 sysctl_get_cpu_policy(struct sysctl *s);

#endif
