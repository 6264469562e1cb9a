/* SPDX-License-Identifier: MIT */
/* The hypervisor's log: lines of text on COM1, each beginning with the system time. */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include <stdarg.h>

#include "lib/types.h"

/* Writes one line, formatted as by lib/print.h; the newline is added. Takes RANK_LOG. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As log_line, but limited for each domain: a burst of 20 lines, then 2 a second. Lines beyond that
 * are counted, and the count is logged later. `domain_id` 0: the hypervisor itself. */
void log_limited(u16 domain_id, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For panic: writes the last lines of the log, even if the lock is never released. */
void log_last_words(const char *format, va_list arguments);

/* Defined by time/: the system time of a log line, ns. */
u64 log_time(void);

/* Defined by cpu/panic.c: for a fault of the hypervisor itself. Halts all other CPUs, logs the
 * sentence, and ends the machine with HANDOFF_FAILED. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            panic("%s:%d: %s does not hold", __FILE__, __LINE__, #condition);                      \
    } while (0)

#endif
