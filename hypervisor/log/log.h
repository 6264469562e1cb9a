/* SPDX-License-Identifier: MIT */
/* The hypervisor's log: lines of text on the consoles, each beginning with the system time. */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include <stdarg.h>

#include "hypervisor/screen/mode.h"
#include "lib/types.h"

/* Writes one line, formatted as by lib/print.h; the newline is added, and a line that is too long
 * is cut. Takes RANK_LOG. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The number of limits that log_limited has. */
#define LOG_LIMITS 1024u

/* As log_line, but limited to a burst of 20 lines, then 2 lines a second. Lines beyond the limit
 * are dropped and counted, and the count is logged with the next line that is not dropped. There is
 * one limit for each place of the domain table: `place`, less than LOG_LIMITS, is that of the
 * domain which the line is about, and `domain_id` its id. So a guest that is started again keeps
 * its limit, and has it alone. */
void log_limited(u32 place, u16 domain_id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Starts the machine's screen as a console (output_start_screen), with the lines that the log has
 * already. Takes RANK_LOG. */
void log_use_screen(const struct screen_mode *given);

/* The screen becomes the privileged domain's: only the last words are written to it from now on.
 * Takes RANK_LOG. */
void log_leave_screen(void);

/* For panic: writes the last lines of the log, on the screen too. If the log's lock stays taken,
 * writes without it. */
void log_last_words(const char *format, va_list arguments);

/* For the end of the machine, while locks may be held: log_take_screen shows the log on the screen
 * again, which the privileged domain had; log_last_line is log_line. If the log's lock stays taken,
 * they go on without it. */
void log_take_screen(void);
void log_last_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Leaves the end of the log in memory, where the next boot finds it (log/crash_log.h). Takes no
 * lock: the other CPUs are halted. */
void log_keep_for_next_boot(void);

/* Writes `count` bytes of the privileged domain's console to the consoles. A line of the log does
 * not begin in the middle of a line of that console, but waits for its end, for at most 50 ms.
 * Takes RANK_LOG. */
void log_console_write(const char *bytes, u64 count);

/* log_holds: true while lines of the log wait for the end of the console's line. log_send_held
 * writes them if they have waited long enough; call it from run loops. */
bool log_holds(void);
void log_send_held(void);

/* Writes to the consoles all lines that wait, for the end of the machine. If the log's lock stays
 * taken, writes without it. */
void log_flush(void);

/* The log as text, for readers: its last 64 KiB. log_read copies up to `count` bytes from position
 * *at on, returns how many, and sets *at to the position of the first of them: the oldest byte of
 * the log if those at the given position have been overwritten or cleared. log_oldest: the position
 * of the oldest byte. log_clear: bytes before `at` are not shown any more. A position counts
 * bytes modulo 2^32; every number may be given. All take RANK_LOG. */
u32 log_read(u32 *at, char *bytes, u32 count);
u32 log_oldest(void);
void log_clear(u32 at);

/* Defined by time/: the system time to print in a log line, in ns. */
u64 log_time(void);

/* Ends the machine because of a fault of the hypervisor, or because the machine cannot be used:
 * halts all other CPUs, logs the formatted sentence, and ends as machine_fail does with
 * HANDOFF_FAILED. Any locks may be held. Defined by cpu/panic.c. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Panics unless `condition` is true. Checked in every build. */
#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            panic("%s:%d: %s does not hold", __FILE__, __LINE__, #condition);                      \
    } while (0)

#endif
