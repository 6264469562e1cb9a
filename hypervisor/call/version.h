/* SPDX-License-Identifier: MIT */
/* xen_version: what hypervisor this is. */
#ifndef CALL_VERSION_H
#define CALL_VERSION_H

/* Sets the hypervisor's own command line, which the privileged domain may read. The text must stay
 * where it is. Once, at boot; without it the line is empty. */
void version_command_line(const char *text);

#endif
