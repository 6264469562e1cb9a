/* SPDX-License-Identifier: MIT */
/* What the log says of a domain: how it died, what its page tables cost, that nothing leaked. */
#ifndef DOMAIN_REPORT_H
#define DOMAIN_REPORT_H

struct vcpu;
struct domain;

/* Registers, a walk of the faulting address and of RIP with each frame's type and counts, the
 * refusal that came last. The vCPU is current. */
void report_crash(struct vcpu *vcpu);

/* The counters of its virtual MMU, at its end. */
void report_costs(struct domain *domain);

/* Audits the whole machine: every live domain's vCPUs, held and shared pages. One line for each
 * difference, one for the result. */
void report_audit(void);

#endif
