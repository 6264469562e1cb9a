/* SPDX-License-Identifier: MIT */
/* The hypervisor's own command line, where the boot loader starts it with a privileged domain. The
 * words are those of Xen's command line; docs/boot.md lists them. */
#ifndef BOOT_OPTIONS_H
#define BOOT_OPTIONS_H

#include "hypervisor/cpu/speculation.h"
#include "lib/types.h"

#define COMMAND_LINE_MAX 1024u /* bytes, with the 0 at the end; as in the ABI (version.h) */

struct boot_options {
    s64 dom0_memory; /* dom0_mem: bytes; < 0: all there is but that much; 0: the default (dom0_size)
                      */
    s64 dom0_most;   /* dom0_mem's max: likewise; 0: dom0_memory */
    u32 dom0_vcpus;  /* dom0_max_vcpus; 0: as many as there are CPUs */
    u32 baud;        /* com1: bits a second; 0: as the firmware set the port up */
    enum mitigations mitigations;
    u32 consoles;     /* console: a sum of enum output */
    bool keep_screen; /* vga=keep: draw on the screen when dom0 runs, too */
    bool verbose;     /* loglvl=all or debug */
    bool audit;       /* check all references and the free memory after a crash and at dom0's end */
};

/* Reads the command line into *options. Words that are not known, and values that make no sense,
 * are named in the log and have no effect. */
void options_read(const char *line, struct boot_options *options);

#endif
