/* SPDX-License-Identifier: MIT */
/* Describing the machine in the log. */
#ifndef BOOT_DESCRIBE_H
#define BOOT_DESCRIBE_H

/* Logs the hypervisor's command line, the processor's name and the machine's memory map, which a
 * person who reads the log of a machine with a dom0 wants to know. Once, at boot. */
void describe_machine(const char *command_line);

#endif
