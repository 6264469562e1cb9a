/* SPDX-License-Identifier: MIT */
/* memory_op: what a toolstack asks of other domains' memory, besides their reservations. Each
 * function serves the operation of the Xen ABI that its comment names, on the argument at guest
 * address `at`, and returns its result; a bad pointer: -XEN_EFAULT; no right over the target:
 * -XEN_EPERM; no target: -XEN_ESRCH. A refusal has changed nothing. */
#ifndef CALL_MEMORY_CONTROL_H
#define CALL_MEMORY_CONTROL_H

#include "lib/types.h"

struct vcpu;

/* Sets the memory map of a domain, at most MEMORY_MAP_MAX ranges, in place of the one before.
 * -XEN_EINVAL: more ranges; -XEN_ENOMEM. XENMEM_set_memory_map. */
s64 memory_set_map(struct vcpu *vcpu, u64 at);

/* Returns the memory map of the caller's domain: the one that was set, else one range of RAM, as
 * large as what the guest was built with. -XEN_EINVAL: no room for a range, or it was built with
 * none. XENMEM_memory_map. */
s64 memory_map(struct vcpu *vcpu, u64 at);

/* Claims frames for a domain (domain/claim.h). -XEN_EINVAL: also an order, flags or a list, or no
 * such domain. XENMEM_claim_pages. */
s64 memory_claim(struct vcpu *vcpu, u64 at);

/* Lists frames of a domain's grant table, for the caller to map with foreign domain; the table
 * grows as needed. Without list and count, says how many there can be. -XEN_EINVAL: another
 * resource, a frame that the table cannot have, or padding that is not 0. XENMEM_acquire_resource.
 */
s64 memory_acquire(struct vcpu *vcpu, u64 at);

/* The number of the last pfn of which the domain's guest says that it uses it. XENMEM_maximum_gpfn.
 */
s64 memory_last_pfn(struct vcpu *vcpu, u64 at);

/* No domain has virtual NUMA nodes: -XEN_EOPNOTSUPP. XENMEM_get_vnumainfo. */
s64 memory_vnuma(struct vcpu *vcpu, u64 at);

#endif
