/* SPDX-License-Identifier: MIT */
/* Recording the timeline. */
#include "hypervisor/trace/trace.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/trace/seat.h"

bool trace_on;

struct trace_seat trace_seats[TRACE_CPUS_MAX];

/* Reads again how far the reader is. False: there is no room, or no ring, and a record is lost. */
static __attribute__((noinline)) bool find_room(struct trace_seat *seat)
{
    struct trace_ring *ring = seat->ring;
    u64 tail;

    if (!ring) {
        return false;
    }
    tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    if (seat->head - tail > seat->mask) {
        __atomic_store_n(&ring->lost, ring->lost + 1, __ATOMIC_RELAXED);
        return false;
    }
    seat->limit = tail + seat->mask + 1;
    return true;
}

/* The element for the next record. NULL: there is no room. */
static inline struct trace_record *next_record(struct trace_seat *seat)
{
    if (seat->head == seat->limit && !find_room(seat)) {
        return NULL;
    }
    return &seat->records[seat->head & seat->mask];
}

/* Lets the reader have the element that next_record has given. */
static inline void publish(struct trace_seat *seat)
{
    __atomic_store_n(&seat->ring->head, ++seat->head, __ATOMIC_RELEASE);
}

void trace_write(struct trace_seat *seat, const struct trace_record *record)
{
    struct trace_record *to = next_record(seat);

    if (to) {
        *to = *record;
        publish(seat);
    }
}

void trace_put(enum trace_kind kind, u32 number, u32 detail, u64 value, u64 begin)
{
    struct trace_seat *seat = &trace_seats[this_cpu()->number];
    struct trace_record *to = next_record(seat);
    u64 tsc, span = 0;

    if (!to) {
        return;
    }
    tsc = __builtin_ia32_rdtsc();
    if (begin) {
        span = tsc - begin;
        tsc = begin;
    }
    to->tsc = tsc;
    to->span = span > ~0u ? ~0u : (u32)span;
    to->kind = (u16)kind;
    to->number = (u16)number;
    to->domain = seat->domain;
    to->vcpu = seat->vcpu;
    to->detail = detail;
    to->value = value;
    publish(seat);
}

void trace_run(u32 domain, u32 vcpu)
{
    struct trace_seat *seat = &trace_seats[this_cpu()->number];

    seat->domain = (u16)domain;
    seat->vcpu = (u16)vcpu;
    trace_put(TRACE_RUN, 0, 0, 0, 0);
}

void trace_ipi_sent(u32 to, u32 vector)
{
    u32 number =
        1 + atomic_fetch_add_explicit(&trace_seats[to].interrupts, 1, memory_order_acq_rel);

    trace_put(TRACE_IPI, to, number, vector, 0);
}

void trace_ipi_served(u32 vector)
{
    struct trace_seat *seat = &trace_seats[this_cpu()->number];
    u32 number = atomic_load_explicit(&seat->interrupts, memory_order_acquire);

    trace_put(TRACE_IPI_DONE, vector, number, seat->served, 0);
    seat->served = number;
}

void trace_step_begins(bool demotion, u32 level)
{
    trace_seats[this_cpu()->number].step[demotion][level] = __builtin_ia32_rdtsc();
}

u64 trace_step_begun(bool demotion, u32 level)
{
    return trace_seats[this_cpu()->number].step[demotion][level];
}

void trace_call_begins(u16 number, u32 first, u32 second)
{
    struct trace_seat *seat = &trace_seats[this_cpu()->number];

    seat->call_begun = __builtin_ia32_rdtsc();
    seat->call_number = number;
    seat->call_first = first;
    seat->call_second = second;
}

void trace_call_ends(s64 result)
{
    struct trace_seat *seat = &trace_seats[this_cpu()->number];

    if (seat->call_begun) {
        trace_put(TRACE_CALL, seat->call_number, seat->call_first,
                  seat->call_second | (u64)result << 32, seat->call_begun);
        seat->call_begun = 0;
    }
}

void trace_trap_begins(void)
{
    trace_seats[this_cpu()->number].trap_begun = __builtin_ia32_rdtsc();
}

void trace_trap_ends(u32 vector, u32 error_code)
{
    struct trace_seat *seat = &trace_seats[this_cpu()->number];

    trace_put(TRACE_TRAP, vector, error_code, 0, seat->trap_begun);
    seat->trap_begun = 0;
}
