/* SPDX-License-Identifier: MIT */
/* The command `pinion trace`, in dom0. */
#ifndef TOOLS_TRACE_H
#define TOOLS_TRACE_H

/* Does what the words behind "trace" say. Returns the exit status. */
int trace(int count, char **words);

#endif
