/* SPDX-License-Identifier: MIT */
/* The hypervisor's log: lines of text on COM1, each beginning with the system time. */
#include "hypervisor/log/log.h"
#include "hypervisor/log/uart.h"
#include "hypervisor/ranks.h"
#include "lib/lock.h"
#include "lib/print.h"

#define LINE_MAX    400
#define BURST       20
#define REFILL_NS   500000000ull /* the time in which a bucket gets one more token */
#define PANIC_TRIES 10000000u

/* A token bucket, which limits the lines about the domains of one place: each line takes one token.
 */
struct bucket {
    u64 since; /* system time up to which tokens have been added */
    u32 tokens;
    u64 skipped; /* lines that were dropped and not yet reported */
    bool started;
};

static struct {
    struct lock lock;
    struct bucket bucket[LOG_LIMITS];
} logging = {.lock = {.rank = RANK_LOG}};

/* Writes one line. The caller holds the lock. */
static void write_line(const char *format, va_list arguments)
{
    char line[LINE_MAX];
    u64 now = log_time();
    u64 used =
        (u64)print_to(line, sizeof line, "[%4lu.%06lu] ", now / 1000000000, now / 1000 % 1000000);

    used += (u64)print_to_v(line + used, sizeof line - used, format, arguments);
    if (used > sizeof line - 2) {
        used = sizeof line - 2;
    }
    line[used++] = '\n';
    uart_write(UART_LOG, line, used);
}

__attribute__((format(printf, 1, 2))) static void write_locked(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
}

void log_line(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    lock_take(&logging.lock);
    write_line(format, arguments);
    lock_release(&logging.lock);
    va_end(arguments);
}

/* Takes a token, after adding those that are due. False: the bucket is empty, and the line is
 * dropped. */
static bool take_token(struct bucket *bucket)
{
    u64 now = log_time();

    if (!bucket->started) {
        bucket->started = true;
        bucket->tokens = BURST;
        bucket->since = now;
    }
    u64 more = (now - bucket->since) / REFILL_NS;
    bucket->since += more * REFILL_NS;
    bucket->tokens = more > BURST - bucket->tokens ? BURST : bucket->tokens + (u32)more;
    if (!bucket->tokens) {
        bucket->skipped++;
        return false;
    }
    bucket->tokens--;
    return true;
}

void log_limited(u32 place, u16 domain_id, const char *format, ...)
{
    struct bucket *bucket = &logging.bucket[place];
    va_list arguments;

    va_start(arguments, format);
    lock_take(&logging.lock);
    if (take_token(bucket)) {
        if (bucket->skipped) {
            write_locked("domain %u: %lu lines skipped", domain_id, bucket->skipped);
        }
        bucket->skipped = 0;
        write_line(format, arguments);
    }
    lock_release(&logging.lock);
    va_end(arguments);
}

void log_last_words(const char *format, va_list arguments)
{
    /* Waits for the lock only for a limited time: this CPU itself may hold it, or a CPU that has
     * been halted. */
    for (u32 i = 0; i < PANIC_TRIES && atomic_exchange(&logging.lock.taken, 1); i++) {
        __builtin_ia32_pause();
    }
    write_locked("panic: the hypervisor cannot go on");
    write_line(format, arguments);
}
