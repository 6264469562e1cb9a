/* SPDX-License-Identifier: MIT */
/* What the log says of a domain: how it died, what its page tables cost, that nothing leaked. */
#ifndef DOMAIN_REPORT_H
#define DOMAIN_REPORT_H

struct domain;

/* Of each vCPU that ever began, the one that crashed first: registers, a walk of the faulting
 * address and of RIP with each frame's type and counts; then the refusal that came last. No vCPU
 * runs; their tables are still there. */
void report_crash(const struct domain *domain);

/* The counters of its virtual MMU, at its end. */
void report_costs(struct domain *domain);

/* Audits the whole machine, with all other CPUs held still: every live domain's vCPUs, held and
 * shared pages. One line for each difference, one for the result. From a run loop. */
void report_audit(void);

#endif
