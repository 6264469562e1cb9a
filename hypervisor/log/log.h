/* SPDX-License-Identifier: MIT */
/* The hypervisor's log: lines of text on COM1, each beginning with the system time. */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include "lib/types.h"

/* Formats as lib/print.h; ends the line itself. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, at most a burst of 20 and then 2 a second for each domain; the skipped are counted and
 * reported. `domain_id` 0: the hypervisor's own. */
void log_limited(u16 domain_id, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The hypervisor cannot go on: says so, ends the machine with HANDOFF_FAILED. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            panic("%s:%d: %s does not hold", __FILE__, __LINE__, #condition);                      \
    } while (0)

#endif
