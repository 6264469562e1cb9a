/* SPDX-License-Identifier: MIT */
/* A guest's description in xl.cfg syntax.
 *
 *     name = "web"            # comments run to the end of the line
 *     memory = 256; vcpus = 1
 *     disk = [ "a", "b" ]     # lists may span lines
 *
 * Known keys: name, kernel, ramdisk, memory (maxmem), vcpus (maxvcpus), cmdline, or root and extra,
 * cpu_weight, cap, cpus, restarts (how often a guest may begin anew, a key of our own) and with it
 * on_poweroff, on_reboot and on_crash ("restart", or "destroy", as it is without them), type (only
 * "pv") and builder (only "generic" or "linux"). Other keys are read, named in `ignored` and
 * otherwise left alone, as other people's files have many. */
#ifndef TOOLS_CFG_H
#define TOOLS_CFG_H

#include "tools/buffer.h"
#include "tools/guest.h"

/* Reads `text` (of file `path`, for the sentence "path:line: what was expected"). The names of
 * ignored keys are appended to `ignored`, one line each: "path:line: key". */
bool cfg_read(const char *path, const char *text, size_t size, struct guest *guest,
              struct buffer *ignored, struct failure *failure);

#endif
