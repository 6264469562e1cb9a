/* SPDX-License-Identifier: MIT */
/* The hypervisor's log: lines of text on the consoles, each beginning with the system time. */
#include "hypervisor/log/log.h"
#include "hypervisor/log/crash_log.h"
#include "hypervisor/log/crash_record.h"
#include "hypervisor/log/output.h"
#include "hypervisor/log/ring.h"
#include "hypervisor/ranks.h"
#include "lib/lock.h"
#include "lib/print.h"

#define LINE_MAX    400
#define HOLD_NS     50000000ull /* how long a line of the log waits for the end of dom0's */
#define HOLD_BYTES  (RING_BYTES / 2)
#define CHUNK       256
#define REPLAY_LINE 80u /* bytes of the log for each line of a screen */
#define FILL_MOST   8192u
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
    u32 sent;           /* position in the ring up to which it has been written to the consoles */
    bool open;          /* the last byte on the consoles is dom0's and does not end a line */
    u64 wrote_at;       /* system time at which dom0 wrote last */
    _Atomic bool holds; /* lines of the log wait for the end of dom0's line */
} logging = {.lock = {.rank = RANK_LOG}};

/* Guarded by logging.lock; not members, so that they take no room in the image. */
static struct ring log_ring;
static struct bucket buckets[LOG_LIMITS];

/* Writes what is in the ring and not on the consoles yet, on a line of its own. The caller holds
 * the lock. */
static void send(void)
{
    char chunk[CHUNK];
    u32 part;

    logging.sent = ring_from(&log_ring, logging.sent);
    if (logging.open && logging.sent != log_ring.end) {
        output_write("\n", 1);
        logging.open = false;
    }
    while ((part = ring_get(&log_ring, logging.sent, chunk, CHUNK))) {
        output_write(chunk, part);
        logging.sent += part;
    }
    logging.holds = false;
}

static u32 smaller(u32 a, u32 b)
{
    return a < b ? a : b;
}

/* Writes to the screen the last whole lines that have been written to the consoles, as many as it
 * may hold: for one that has just started. The caller holds the lock. */
static void fill_screen(void)
{
    static char text[FILL_MOST]; /* written as a whole, so that it is drawn once */
    u32 most = smaller(output_screen_rows() * REPLAY_LINE, FILL_MOST), from = 0;
    u32 at = ring_from(&log_ring, logging.sent - most);
    /* Behind what has been written, if a reader has cleared lines that wait. */
    u32 size = ring_get(&log_ring, at, text, smaller(logging.sent - at, FILL_MOST));

    while (at != log_ring.start && from < size && text[from++] != '\n') {
    }
    output_write_screen(text + from, size - from);
}

/* Writes what waits, unless dom0 is in the middle of a line and wrote a moment ago. The caller
 * holds the lock. */
static void send_unless_open(u64 now)
{
    if (logging.open && now - logging.wrote_at < HOLD_NS &&
        log_ring.end - logging.sent < HOLD_BYTES) {
        logging.holds = true;
        return;
    }
    send();
}

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
    ring_put(&log_ring, line, (u32)used);
    send_unless_open(now);
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
    struct bucket *bucket = &buckets[place];
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

/* Waits for the lock for a limited time only: this CPU itself may hold it, or a CPU that has been
 * halted. */
static void take_at_the_end(void)
{
    for (u32 i = 0; i < PANIC_TRIES && atomic_exchange(&logging.lock.taken, 1); i++) {
        __builtin_ia32_pause();
    }
}

void log_use_screen(const struct screen_mode *given)
{
    lock_take(&logging.lock);
    output_start_screen(given);
    fill_screen();
    lock_release(&logging.lock);
}

void log_leave_screen(void)
{
    lock_take(&logging.lock);
    output_leave_screen();
    lock_release(&logging.lock);
}

/* Takes the screen back from the privileged domain. The caller holds the lock, as far as it can. */
static void take_screen(void)
{
    if (output_return_screen()) {
        fill_screen();
    }
}

static void release_at_the_end(void)
{
    atomic_store(&logging.lock.taken, 0); /* as it was taken: without lock_take */
}

void log_take_screen(void)
{
    take_at_the_end();
    take_screen();
    release_at_the_end();
}

void log_keep_for_next_boot(void)
{
    static char text[CRASH_RECORD_BYTES];
    u32 at = ring_from(&log_ring, log_ring.end - CRASH_RECORD_BYTES);

    crash_log_store(text, ring_get(&log_ring, at, text, CRASH_RECORD_BYTES));
}

void log_last_line(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    take_at_the_end();
    write_line(format, arguments);
    send();
    release_at_the_end();
    va_end(arguments);
}

void log_last_words(const char *format, va_list arguments)
{
    take_at_the_end();
    take_screen();
    write_locked("panic: the hypervisor cannot go on");
    write_line(format, arguments);
    release_at_the_end();
}

void log_flush(void)
{
    take_at_the_end();
    send();
    release_at_the_end();
}

void log_console_write(const char *bytes, u64 count)
{
    u64 lines = count;

    while (lines && bytes[lines - 1] != '\n') {
        lines--;
    }
    lock_take(&logging.lock);
    logging.wrote_at = log_time();
    if (lines) {
        output_write(bytes, lines);
        logging.open = false;
        send();
    }
    if (count > lines) {
        output_write(bytes + lines, count - lines);
        logging.open = true;
    }
    lock_release(&logging.lock);
}

void log_send_held(void)
{
    lock_take(&logging.lock);
    send_unless_open(log_time());
    lock_release(&logging.lock);
}

bool log_holds(void)
{
    return atomic_load_explicit(&logging.holds, memory_order_relaxed);
}

u32 log_oldest(void)
{
    lock_take(&logging.lock);
    u32 oldest = log_ring.start;
    lock_release(&logging.lock);
    return oldest;
}

u32 log_read(u32 *at, char *bytes, u32 count)
{
    lock_take(&logging.lock);
    *at = ring_from(&log_ring, *at);
    u32 got = ring_get(&log_ring, *at, bytes, count);
    lock_release(&logging.lock);
    return got;
}

void log_clear(u32 at)
{
    lock_take(&logging.lock);
    ring_clear(&log_ring, at);
    lock_release(&logging.lock);
}
