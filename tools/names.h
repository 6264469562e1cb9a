/* SPDX-License-Identifier: MIT */
/* The names of what the hypervisor reports by number. Each function returns NULL for a number that
 * has no name. */
#ifndef TOOLS_NAMES_H
#define TOOLS_NAMES_H

const char *name_of_call(unsigned number);    /* of a hypercall, as docs/abi.md has it */
const char *name_of_rule(unsigned number);    /* of a refusal (enum vmmu_result) */
const char *name_of_counter(unsigned number); /* of the virtual MMU (struct vmmu_counters) */
const char *name_of_trap(unsigned vector);    /* of an exception or a system call instruction */

#endif
