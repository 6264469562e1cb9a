/* SPDX-License-Identifier: MIT */
/* Reports about the running hypervisor, for the log: `xl debug-keys KEY`. */
#ifndef CALL_SYSCTL_KEYS_H
#define CALL_SYSCTL_KEYS_H

/* Logs the report with this key; for a key without a report, says so. C panics, as Xen's key C
 * crashes: a test of what a machine does then. v stops the other CPUs: call it with no lock held,
 * and no pointer to another domain than the current one. Takes locks up to RANK_EVENTS. */
void key_report(char key);

#endif
