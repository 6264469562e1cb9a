/* SPDX-License-Identifier: MIT */
/* What the log says about a domain: how it crashed, what its page tables cost, and that no
 * reference was lost. */
#ifndef DOMAIN_REPORT_H
#define DOMAIN_REPORT_H

#include "lib/types.h"

struct domain;

/* Logs each vCPU that was ever initialised, first the one that ran when the domain crashed:
 * registers, and the page walks of RIP and of the last faulting address (CR2) with each frame's
 * type and counts; then the domain's last refusal. Call it when no CPU has a vCPU of the domain
 * loaded and its page tables still exist. */
void report_crash(const struct domain *domain);

/* Logs the counters of the domain's virtual MMU, at its end; of a managed domain only after
 * report_use_counters(true): a toolstack makes and destroys many. */
void report_costs(struct domain *domain);

/* Says whether the ends of managed domains are logged with their counters. Once, at boot. */
void report_use_counters(bool on);

/* Says whether report_audit is to do anything (the hand-off's `audit`). Once, at boot. */
void report_use_audit(bool on);

/* True when the hand-off wants audits. */
bool report_audits(void);

/* Audits all references and type references of the machine and the free memory, while the other
 * CPUs are stopped. Logs one line for each difference and one for the result. Does nothing unless
 * the hand-off wants audits, since all guests wait for it, the longer the more memory there is.
 * Call it from a run loop. */
void report_audit(void);

/* Recounts what the roots of all guests map (domain/recount.h), while the other CPUs are stopped.
 * Without effect where guests are not isolated. Call it with no lock held but a domain's
 * teardown_lock, and with no pointer to another domain than the current one. */
void report_isolation(void);

#endif
