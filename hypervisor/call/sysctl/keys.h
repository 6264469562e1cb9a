/* SPDX-License-Identifier: MIT */
/* Reports about the running hypervisor, for the log: `xl debug-keys KEY`. */
#ifndef CALL_SYSCTL_KEYS_H
#define CALL_SYSCTL_KEYS_H

/* Logs the report with this key; for a key without a report, says so. C panics, as Xen's key C
 * crashes: a test of what a machine does then. Takes locks up to
 * RANK_EVENTS. */
void key_report(char key);

#endif
