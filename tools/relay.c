/* SPDX-License-Identifier: MIT */
/* Copies bytes in one loop around poll, with six descriptors at most. */
#include "tools/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tools/terminal.h"

#define QUEUE_LONG (4u << 20)
#define WRITE_PIECE                                                                                \
    4096u /* if poll says that a pipe can be written, it takes this many bytes without blocking */
#define ENDING_TIME 600u /* seconds that the machine may take to end after its guests */
#define DRAIN_TIME  3u   /* seconds that relay_drain waits for a slow reader */

enum slot {
    SLOT_LOG_WIRE,
    SLOT_CONSOLE_WIRE,
    SLOT_LOG_TO,
    SLOT_OUT_TO,
    SLOT_IN,
    SLOT_SIGNALS,
    SLOTS
};

void relay_start(struct relay *relay, const struct guests *guests)
{
    *relay = (struct relay){0};
    relay->log_wire = relay->console_wire = relay->log_to = relay->out_to = -1;
    relay->in_from = relay->signals = -1;
    relay->needs_reader = true;
    consoles_start(&relay->consoles, guests);
}

static size_t waiting(const struct queue *queue)
{
    return queue->buffer.size - queue->done;
}

static void empty(struct queue *queue)
{
    queue->buffer.size = queue->done = 0;
}

/* Removes the first `size` bytes of a queue, which have been written. The others are moved only
 * when they are few, compared with the room that this frees. */
static void written(struct queue *queue, size_t size)
{
    size_t rest = waiting(queue) - size;

    queue->done += size;
    if (queue->done < rest) {
        return;
    }
    if (rest) {
        memmove(queue->buffer.bytes, queue->buffer.bytes + queue->done, rest);
    }
    queue->buffer.size = rest;
    queue->done = 0;
}

static long long milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* Reads what has arrived on a wire. Returns false if the wire has ended. */
static bool read_wire(int wire, uint8_t *bytes, size_t room, size_t *size)
{
    ssize_t got = recv(wire, bytes, room, MSG_DONTWAIT);

    *size = got > 0 ? (size_t)got : 0;
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Reads where the timeline is, if the last line of the log says so. */
static void find_directory(struct relay *relay)
{
    static const char words[] = "trace: directory at ";
    const char *line = relay_last_line(relay);

    if (!relay->directory && !strncmp(line, words, sizeof(words) - 1)) {
        relay->directory = strtoull(line + sizeof(words) - 1, NULL, 16);
    }
}

/* Keeps the last complete line of the log. Of a longer one, the beginning. */
static void keep_last_line(struct relay *relay, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            memcpy(relay->last_line, relay->line, relay->line_size);
            relay->last_line[relay->line_size] = 0;
            relay->line_size = 0;
            find_directory(relay);
        } else if (bytes[i] != '\r' && relay->line_size < RELAY_LINE_MAX - 1) {
            relay->line[relay->line_size++] = (char)bytes[i];
        }
    }
}

const char *relay_last_line(const struct relay *relay)
{
    const char *end_of_time = strstr(relay->last_line, "] ");

    return relay->last_line[0] == '[' && end_of_time ? end_of_time + 2 : relay->last_line;
}

static void take_log(struct relay *relay)
{
    uint8_t bytes[65536];
    size_t size;

    if (!read_wire(relay->log_wire, bytes, sizeof(bytes), &size)) {
        relay->log_wire = -1;
    }
    relay->awake |= size > 0;
    keep_last_line(relay, bytes, size);
    if (!relay->log_error) {
        buffer_append(&relay->log.buffer, bytes, size);
    }
}

static void take_console(struct relay *relay)
{
    uint8_t bytes[65536];
    size_t size;
    bool more = read_wire(relay->console_wire, bytes, sizeof(bytes), &size);

    relay->awake |= size > 0;
    const size_t before = relay->out.buffer.size;
    consoles_take(&relay->consoles, bytes, size, &relay->out.buffer);
    relay->marked |= relay->marks && marks_take(relay->marks, relay->out.buffer.bytes + before,
                                                relay->out.buffer.size - before);
    if (!more) {
        relay->console_wire = -1;
        consoles_finish(&relay->consoles, &relay->out.buffer);
    }
    if (relay->out_error) {
        empty(&relay->out);
    }
}

/* Writes a part of a queue. Returns 0, or the errno if it can never be written; then the queue is
 * emptied. */
static int write_queue(int to, struct queue *queue, bool *within_line)
{
    const uint8_t *bytes = queue->buffer.bytes + queue->done;
    size_t size = waiting(queue) < WRITE_PIECE ? waiting(queue) : WRITE_PIECE;
    ssize_t wrote = write(to, bytes, size);

    if (wrote < 0 && errno != EAGAIN && errno != EINTR) {
        empty(queue);
        return errno;
    }
    if (wrote > 0) {
        *within_line = bytes[wrote - 1] != '\n';
        written(queue, (size_t)wrote);
    }
    return 0;
}

static enum relay_end write_log(struct relay *relay)
{
    relay->log_error = write_queue(relay->log_to, &relay->log, &relay->log_within_line);
    return relay->log_error ? RELAY_BROKEN : RELAY_ENDED;
}

static enum relay_end write_out(struct relay *relay)
{
    bool within_line;

    relay->out_error = write_queue(relay->out_to, &relay->out, &within_line);
    if (relay->out_error == EPIPE && relay->needs_reader) {
        return RELAY_NO_READER;
    }
    return relay->out_error ? RELAY_BROKEN : RELAY_ENDED;
}

/* Reads keys for the guest. Returns false if the user pressed Ctrl-]. */
static bool take_input(struct relay *relay)
{
    uint8_t bytes[4096];
    ssize_t got = read(relay->in_from, bytes, sizeof(bytes));

    if (got <= 0) {
        if (!got || (errno != EAGAIN && errno != EINTR)) {
            relay->in_from = -1;
        }
        return true;
    }
    if (relay->is_terminal && memchr(bytes, TERMINAL_QUIT, (size_t)got)) {
        return false;
    }
    buffer_append(&relay->in.buffer, bytes, (size_t)got);
    return true;
}

static void send_input(struct relay *relay)
{
    ssize_t sent = send(relay->console_wire, relay->in.buffer.bytes + relay->in.done,
                        waiting(&relay->in), MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent > 0) {
        written(&relay->in, (size_t)sent);
    } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        empty(&relay->in);
    }
}

/* Fills in the descriptors and events for which poll is to wait. */
static void fill_slots(const struct relay *relay, struct pollfd *slot)
{
    bool full = waiting(&relay->in) >= QUEUE_LONG || relay->console_wire < 0;
    short console = 0;

    if (waiting(&relay->out) < QUEUE_LONG) {
        console |= POLLIN;
    }
    if (waiting(&relay->in) && relay->awake) {
        console |= POLLOUT;
    }
    slot[SLOT_LOG_WIRE] =
        (struct pollfd){waiting(&relay->log) < QUEUE_LONG ? relay->log_wire : -1, POLLIN, 0};
    slot[SLOT_CONSOLE_WIRE] = (struct pollfd){console ? relay->console_wire : -1, console, 0};
    slot[SLOT_LOG_TO] = (struct pollfd){waiting(&relay->log) ? relay->log_to : -1, POLLOUT, 0};
    slot[SLOT_OUT_TO] = (struct pollfd){waiting(&relay->out) ? relay->out_to : -1, POLLOUT, 0};
    slot[SLOT_IN] = (struct pollfd){full ? -1 : relay->in_from, POLLIN, 0};
    slot[SLOT_SIGNALS] = (struct pollfd){relay->signals, POLLIN, 0};
}

/* Reads from the machine and sends to it, as poll says is possible. */
static void serve_wires(struct relay *relay, const struct pollfd *slot)
{
    if (slot[SLOT_LOG_WIRE].revents) {
        take_log(relay);
    }
    if (slot[SLOT_CONSOLE_WIRE].revents & POLLOUT) {
        send_input(relay);
    }
    if (slot[SLOT_CONSOLE_WIRE].revents & ~POLLOUT) {
        take_console(relay);
    }
}

/* Reads and writes as poll says is possible. Returns the reason to return from relay_run, or
 * RELAY_ENDED to continue. */
static enum relay_end serve_slots(struct relay *relay, const struct pollfd *slot)
{
    struct signalfd_siginfo signal;
    enum relay_end end = RELAY_ENDED;
    bool awake = relay->awake;

    if (slot[SLOT_SIGNALS].revents &&
        read(relay->signals, &signal, sizeof(signal)) == sizeof(signal)) {
        relay->signal = (int)signal.ssi_signo;
        return RELAY_SIGNAL;
    }
    serve_wires(relay, slot);
    if (slot[SLOT_LOG_TO].revents) {
        end = write_log(relay);
    }
    if (end == RELAY_ENDED && slot[SLOT_OUT_TO].revents) {
        end = write_out(relay);
    }
    if (end == RELAY_ENDED && slot[SLOT_IN].revents && !take_input(relay)) {
        end = RELAY_QUIT;
    }
    if (end == RELAY_ENDED && relay->awake && !awake) {
        return RELAY_AWAKE;
    }
    if (end == RELAY_ENDED && relay->marked) {
        relay->marked = false;
        return RELAY_MARK;
    }
    return end;
}

void relay_set_deadline(struct relay *relay, unsigned seconds)
{
    relay->deadline = seconds ? milliseconds() + seconds * 1000ll : 0;
}

static bool machine_runs(const struct relay *relay)
{
    return relay->log_wire >= 0 || relay->console_wire >= 0;
}

static bool is_done(const struct relay *relay)
{
    return !machine_runs(relay) && !waiting(&relay->log) && !waiting(&relay->out);
}

/* Sets a new deadline, once, if all guests have ended in time: the machine ends by itself, after an
 * audit for example. Returns false if the deadline counts. */
static bool extend(struct relay *relay)
{
    if (!relay->consoles.ended || relay->extended) {
        return false;
    }
    relay->extended = true;
    relay->deadline = milliseconds() + ENDING_TIME * 1000ll;
    return true;
}

enum relay_end relay_run(struct relay *relay)
{
    while (!is_done(relay)) {
        struct pollfd slot[SLOTS];
        int wait = -1;

        if (relay->directory && !relay->traced) {
            relay->traced = true;
            return RELAY_TRACED;
        }
        if (relay->deadline && machine_runs(relay)) {
            long long left = relay->deadline - milliseconds();

            if (left <= 0) {
                if (!extend(relay)) {
                    return RELAY_TIMEOUT;
                }
                continue;
            }
            wait = left > 1000000 ? 1000000 : (int)left;
        }
        fill_slots(relay, slot);
        if (poll(slot, SLOTS, wait) <= 0) {
            continue;
        }
        enum relay_end end = serve_slots(relay, slot);
        if (end != RELAY_ENDED) {
            return end;
        }
    }
    return RELAY_ENDED;
}

bool relay_drain(struct relay *relay)
{
    long long deadline = milliseconds() + DRAIN_TIME * 1000ll;

    relay->in_from = relay->signals = -1;
    empty(&relay->in);
    while (!is_done(relay)) {
        long long left = deadline - milliseconds();
        struct pollfd slot[SLOTS];

        if (left <= 0) {
            return false;
        }
        fill_slots(relay, slot);
        if (poll(slot, SLOTS, (int)left) > 0) {
            serve_slots(relay, slot);
        }
    }
    return true;
}

void relay_free(struct relay *relay)
{
    for (unsigned i = 0; i < HANDOFF_GUESTS_MAX; i++) {
        buffer_free(&relay->consoles.line[i]);
    }
    buffer_free(&relay->log.buffer);
    buffer_free(&relay->out.buffer);
    buffer_free(&relay->in.buffer);
}
