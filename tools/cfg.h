/* SPDX-License-Identifier: MIT */
/* A guest's description in xl.cfg syntax.
 *
 *     name = "web"            # comments run to the end of the line
 *     memory = 256; vcpus = 1
 *     disk = [ "a", "b" ]     # lists may span lines
 *
 * Keys that are used: name, kernel, ramdisk, memory, vcpus (or maxvcpus), cmdline, or instead of it
 * root and extra; cpu_weight, cap, cpus; type (must be "pv") and builder (must be "generic" or
 * "linux"). The key restarts, which xl does not have, is the number of times a guest may be started
 * again; then on_poweroff, on_reboot and on_crash are used, too ("restart", or the default,
 * "destroy"). All other keys, of which xl has many, are reported as ignored. */
#ifndef TOOLS_CFG_H
#define TOOLS_CFG_H

#include "tools/buffer.h"
#include "tools/guest.h"

/* Reads a guest's description from a text of `size` bytes.
 * path: the text's file, for messages. ignored: a line "path:line: key" is appended for each key
 * that is not used. Returns false and fills in the failure ("path:line: expected ...") if the text
 * is wrong. */
bool cfg_read(const char *path, const char *text, size_t size, struct guest *guest,
              struct buffer *ignored, struct failure *failure);

#endif
