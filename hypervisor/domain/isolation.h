/* SPDX-License-Identifier: MIT */
/* Isolation: each domain's view, and what is in it. Nothing here has an effect where guests are not
 * isolated (space_isolates); the functions that may fail then succeed.
 *
 * docs/isolation.md is the description of the whole. */
#ifndef DOMAIN_ISOLATION_H
#define DOMAIN_ISOLATION_H

#include "lib/addr.h"

struct cpu;
struct domain;
struct vcpu;

/* Makes the view of a new domain, with its page `shared`. False: no memory, and nothing stays
 * allocated. isolation_attach then makes the domain's L4 tables show it; call that once, after
 * vmmu_domain_start. isolation_stop ends the view, when no CPU has loaded a root of the domain, and
 * its vCPUs are gone; called again, it has no effect. */
bool isolation_start(struct domain *domain);
void isolation_attach(struct domain *domain);
void isolation_stop(struct domain *domain);

/* Adds the pages of a new vCPU, and of its registers, to its domain's view. False: no memory. */
bool isolation_add_vcpu(struct vcpu *vcpu);

/* Adds frame `m` of the domain, which the entry code will use from now on until it is freed. False:
 * no memory. */
bool isolation_add_frame(struct domain *domain, mfn_t m);

/* Maps frame `m` at `address`, in a descriptor window of the domain (map_page). False: no memory.
 */
bool isolation_map_window(struct domain *domain, u64 address, mfn_t m, u64 flags);

/* The domain has lost `count` frames from `first` on, which nobody else has yet: removes them from
 * the view and, if one was in it, flushes the domain's CPUs. Locks may be held. */
void isolation_forget(struct domain *domain, mfn_t first, u64 count);

/* `cpu`, this CPU, is about to run a vCPU of the domain. False: it is on stacks of the domain.
 * Otherwise it must turn to the set cpu->next_stacks (cpu_enter_stacks), and call isolation_show on
 * that, before a root of the domain is loaded: a set that the domain has had before, or else one
 * that no view maps any more and that is clear. */
bool isolation_turns(struct cpu *cpu, const struct domain *domain);

/* `cpu`, this CPU, has turned to cpu->next_stacks: makes the view of `domain` map them. */
void isolation_show(struct cpu *cpu, struct domain *domain);

/* Before the vCPU that this CPU runs is entered again: adds the frame to its view that the view was
 * found to lack, and loads the vCPU's root. */
void isolation_return(struct vcpu *vcpu);

#endif
