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
#define DRAIN_TIME 3u /* seconds that relay_drain waits for a slow reader */

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

static void take_log(struct relay *relay)
{
    uint8_t bytes[65536];
    size_t size;

    if (!read_wire(relay->log_wire, bytes, sizeof(bytes), &size)) {
        relay->log_wire = -1;
    }
    relay->awake |= size > 0;
    if (!relay->log_broken) {
        buffer_append(&relay->log.buffer, bytes, size);
    }
}

static void take_console(struct relay *relay)
{
    uint8_t bytes[65536];
    size_t size;
    bool more = read_wire(relay->console_wire, bytes, sizeof(bytes), &size);

    relay->awake |= size > 0;
    consoles_take(&relay->consoles, bytes, size, &relay->out.buffer);
    if (!more) {
        relay->console_wire = -1;
        consoles_finish(&relay->consoles, &relay->out.buffer);
    }
    if (relay->out_broken) {
        empty(&relay->out);
    }
}

/* Writes a part of a queue. Returns false if it can never be written; then the queue is emptied. */
static bool write_queue(int to, struct queue *queue)
{
    size_t size = waiting(queue) < WRITE_PIECE ? waiting(queue) : WRITE_PIECE;
    ssize_t wrote = write(to, queue->buffer.bytes + queue->done, size);

    if (wrote < 0 && errno != EAGAIN && errno != EINTR) {
        empty(queue);
        return false;
    }
    if (wrote > 0) {
        written(queue, (size_t)wrote);
    }
    return true;
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

/* Reads and writes as poll says is possible. Returns the reason to end, or RELAY_ENDED to continue.
 */
static enum relay_end serve_slots(struct relay *relay, const struct pollfd *slot)
{
    struct signalfd_siginfo signal;

    if (slot[SLOT_SIGNALS].revents &&
        read(relay->signals, &signal, sizeof(signal)) == sizeof(signal)) {
        relay->signal = (int)signal.ssi_signo;
        return RELAY_SIGNAL;
    }
    if (slot[SLOT_LOG_WIRE].revents) {
        take_log(relay);
    }
    if (slot[SLOT_CONSOLE_WIRE].revents & POLLOUT) {
        send_input(relay);
    }
    if (slot[SLOT_CONSOLE_WIRE].revents & ~POLLOUT) {
        take_console(relay);
    }
    if (slot[SLOT_LOG_TO].revents && !write_queue(relay->log_to, &relay->log)) {
        relay->log_broken = true;
    }
    if (slot[SLOT_OUT_TO].revents && !write_queue(relay->out_to, &relay->out)) {
        relay->out_broken = true;
        return RELAY_NO_READER;
    }
    if (slot[SLOT_IN].revents && !take_input(relay)) {
        return RELAY_QUIT;
    }
    return RELAY_ENDED;
}

enum relay_end relay_run(struct relay *relay, unsigned seconds)
{
    long long deadline = milliseconds() + seconds * 1000ll;

    while (relay->log_wire >= 0 || relay->console_wire >= 0 || waiting(&relay->log) ||
           waiting(&relay->out)) {
        bool machine_runs = relay->log_wire >= 0 || relay->console_wire >= 0;
        long long left = deadline - milliseconds();
        struct pollfd slot[SLOTS];
        int wait = -1;

        if (seconds && machine_runs) {
            if (left <= 0) {
                return RELAY_TIMEOUT;
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

void relay_drain(struct relay *relay)
{
    long long deadline = milliseconds() + DRAIN_TIME * 1000ll;

    relay->in_from = relay->signals = -1;
    empty(&relay->in);
    while (relay->log_wire >= 0 || relay->console_wire >= 0 || waiting(&relay->log) ||
           waiting(&relay->out)) {
        long long left = deadline - milliseconds();
        struct pollfd slot[SLOTS];

        if (left <= 0) {
            return;
        }
        fill_slots(relay, slot);
        if (poll(slot, SLOTS, (int)left) > 0) {
            serve_slots(relay, slot);
        }
    }
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
