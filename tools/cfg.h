/* SPDX-License-Identifier: MIT */
/* A guest's description in the syntax of xl.cfg(5), with the meaning that xl gives it.
 *
 *     name = "web"            # comments run to the end of the line
 *     memory = 256; vcpus = 1
 *     disk = [ "a", "b" ]     # lists may span lines
 *
 * Keys that are used: name, kernel, ramdisk, memory (or maxmem), vcpus, maxvcpus, cmdline, or
 * instead of it root and extra; cpu_weight, cap, cpus; type (must be "pv") and builder (must be
 * "generic"). The key restarts, which xl does not have, is the number of times a guest may be
 * started again; then on_poweroff, on_reboot and on_crash are used, too ("restart", or the default,
 * "destroy"). All other keys, of which xl has many, are reported as not used, and their values are
 * not checked. As with xl, a value of the wrong type is reported and the default taken. */
#ifndef TOOLS_CFG_H
#define TOOLS_CFG_H

#include "tools/buffer.h"
#include "tools/guest.h"
/* Says whether a file is a guest's description and no kernel: its name ends in .cfg, or it is a
 * text whose first setting begins with `key =` or `key +=`. */
bool cfg_is_one(const char *path);

/* Reads a guest's description from a text of `size` bytes.
 * path: the text's file, for messages. notes: for each setting that is not used a line
 * "path:line: KEY is not used" or with another reason is appended. Returns false and fills in the
 * failure ("path:line: ...") if xl or Pinion refuses the text. */
bool cfg_read(const char *path, const char *text, size_t size, struct guest *guest,
              struct buffer *notes, struct failure *failure);

#endif
