/* SPDX-License-Identifier: MIT */
/* watch: starting, stopping and reading the timeline (lib/watch_trace.h). */
#include "hypervisor/call/watch/watch.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/ranks.h"
#include "hypervisor/trap/tracing.h"
#include "lib/lock.h"

/* One CPU at a time starts, stops or reads; others are refused. */
static struct lock busy = {.rank = RANK_CONTROL};

static bool records_are_valid(u32 records)
{
    return records >= TRACE_RECORDS_LEAST && records <= TRACE_RECORDS_MOST &&
           !(records & (records - 1));
}

static s64 start(u64 at)
{
    struct watch_trace_start ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.flags & ~TRACE_ALL || !records_are_valid(ask.records)) {
        return -XEN_EINVAL;
    }
    if (trace_is_on()) {
        return -XEN_EBUSY;
    }
    if (!tracing_start(ask.records, ask.flags)) {
        return -XEN_ENOMEM;
    }
    ask.cpus = trace_directory()->cpus;
    ask.tsc_khz = trace_directory()->tsc_khz;
    ask.start = trace_directory()->start;
    if (!PUT_GUEST(at, &ask)) {
        tracing_stop();
        trace_free();
        return -XEN_EFAULT;
    }
    return 0;
}

static s64 stop(u64 at)
{
    struct watch_trace_stop ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.flags & ~TRACE_FREE) {
        return -XEN_EINVAL;
    }
    tracing_stop();
    if (ask.flags & TRACE_FREE) {
        trace_free();
    }
    return 0;
}

/* Copies records to the caller's buffer, in at most two parts, as the array's end divides them.
 * False: the buffer cannot be written. */
static bool copy_records(u64 buffer, const struct trace_record *records, u64 count, u64 from,
                         u64 number)
{
    const u64 first = from % count, size = sizeof *records;
    const u64 part = number < count - first ? number : count - first;

    return copy_to_guest(buffer, records + first, part * size) &&
           copy_to_guest(buffer + part * size, records, (number - part) * size);
}

static s64 read(u64 at)
{
    struct watch_trace_read ask;
    const struct trace_record *records;
    struct trace_ring *ring;
    u64 count, tail, there;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (!trace_directory()) {
        return -XEN_ENOENT;
    }
    ring = trace_ring(ask.cpu, &records, &count);
    if (!ring) {
        return -XEN_EINVAL;
    }
    tail = ring->tail;
    there = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) - tail;
    ask.count = ask.count < there ? ask.count : (u32)there;
    ask.lost = __atomic_load_n(&ring->lost, __ATOMIC_RELAXED);
    if (!copy_records(ask.buffer, records, count, tail, ask.count) || !PUT_GUEST(at, &ask)) {
        return -XEN_EFAULT;
    }
    __atomic_store_n(&ring->tail, tail + ask.count, __ATOMIC_RELEASE);
    return 0;
}

s64 watch_trace(u64 operation, u64 at)
{
    s64 result;

    if (!lock_try(&busy)) {
        return -XEN_EBUSY;
    }
    result = operation == WATCH_TRACE_START  ? start(at)
             : operation == WATCH_TRACE_STOP ? stop(at)
                                             : read(at);
    lock_release(&busy);
    return result;
}
