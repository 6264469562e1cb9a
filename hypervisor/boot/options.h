/* SPDX-License-Identifier: MIT */
/* The hypervisor's own command line, where the boot loader starts it with a privileged domain. The
 * words are those of Xen's command line; docs/dom0.md lists them. */
#ifndef BOOT_OPTIONS_H
#define BOOT_OPTIONS_H

#include "hypervisor/cpu/speculation.h"
#include "lib/types.h"

#define COMMAND_LINE_MAX 1024u /* bytes, with the 0 at the end; as in the ABI (version.h) */

/* An amount of memory: so many bytes and so much of what there is, together; or all there is but
 * that. */
struct memory_amount {
    u64 bytes;
    u32 percent; /* of what there is; with `bytes` 0: the amount is not given */
    bool but;
};

struct boot_options {
    struct memory_amount dom0_memory; /* dom0_mem; not given: the default (dom0_size) */
    struct memory_amount dom0_least;  /* its min: dom0_memory is at least this; not given: 0 */
    struct memory_amount dom0_most;   /* its max; not given: what dom0 starts with */
    u32 dom0_vcpus;                   /* dom0_max_vcpus; 0: as many as there are CPUs */
    u32 baud;                         /* com1: bits a second; 0: as the firmware set the port up */
    enum mitigations mitigations;
    enum isolation isolation;
    u32 consoles;      /* console: a sum of enum output */
    bool keep_screen;  /* vga=keep: draw on the screen when dom0 runs, too */
    u32 restart_delay; /* panic: seconds from a failure to the restart; 0, also by noreboot: none */
    u32 version_minor; /* xen-version: of the version that guests and tools see */
    bool no_pcid;      /* pcid=no: no translation is kept when another root is loaded */
    bool verbose;      /* loglvl=all or debug */
    bool audit; /* check all references and the free memory after a crash and at dom0's end */
};

/* Reads the command line into *options. Words that are not known, and values that make no sense,
 * are named in the log and have no effect. */
void options_read(const char *line, struct boot_options *options);

/* True if the command line gave the amount. */
static inline bool memory_is_given(const struct memory_amount *amount)
{
    return amount->bytes || amount->percent;
}

/* The amount in MiB, if there are `there` MiB. It may be more than that. */
u64 memory_mib(const struct memory_amount *amount, u64 there);

#endif
