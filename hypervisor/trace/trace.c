/* SPDX-License-Identifier: MIT */
/* Recording the timeline. */
#include "hypervisor/trace/trace.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/trace/seat.h"

bool trace_on;

struct trace_seat trace_seats[TRACE_CPUS_MAX];

/* Reads how far the reader is, and finds how many elements may be written without asking again: up
 * to its position or the end of the array. False: none, or no ring, and a record is lost. */
static __attribute__((cold, noinline)) bool find_room(struct trace_seat *seat)
{
    struct trace_ring *ring = seat->ring;
    const u64 count = seat->mask + 1;
    u64 used, at, room;

    if (!ring) {
        return false;
    }
    used = ring->head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    if (used >= count) {
        __atomic_store_n(&ring->lost, ring->lost + 1, __ATOMIC_RELAXED);
        return false;
    }
    at = ring->head & seat->mask;
    room = count - used < count - at ? count - used : count - at;
    seat->next = &seat->records[at];
    seat->end = seat->next + room;
    return true;
}

/* Lets the reader have the element that was taken from seat->next. One instruction: nobody else
 * writes to `head`, and the processor keeps the order of stores. */
static inline void publish(struct trace_seat *seat)
{
    __asm__ volatile("incq %0" : "+m"(seat->ring->head) : : "memory", "cc");
}

void trace_write(struct trace_seat *seat, const struct trace_record *record)
{
    if (seat->next != seat->end || find_room(seat)) {
        *seat->next++ = *record;
        publish(seat);
    }
}

/* The seat of this CPU. Its address is computed once and stays in a register. */
static inline struct trace_seat *own_seat(void)
{
    struct trace_seat *seat = &trace_seats[this_cpu()->number];

    __asm__("" : "+r"(seat));
    return seat;
}

/* Two neighbours of a record, written by one store. */
static inline void put_pair(void *to, u32 first, u32 second)
{
    typedef u64 __attribute__((may_alias)) pair;

    *(pair *)to = first | (u64)second << 32;
}

/* Writes a record for which there is room. */
static inline void put_there(struct trace_seat *seat, u32 what, u32 detail, u64 value, u64 begin)
{
    struct trace_record *to = seat->next++;
    u64 tsc = __builtin_ia32_rdtsc(), span = 0;

    if (begin) {
        span = tsc - begin;
        span = __builtin_expect(span >> 32 != 0, false) ? ~0u : span;
        tsc = begin;
    }
    to->tsc = tsc;
    put_pair(&to->span, (u32)span, what);
    put_pair(&to->domain, seat->who, detail);
    to->value = value;
    publish(seat);
}

/* Puts a record where there may be no room. Apart, so that `put` has no call within it, and its
 * callers save no registers. */
static __attribute__((cold, noinline)) void put_slow(u32 what, u32 detail, u64 value, u64 begin)
{
    struct trace_seat *seat = own_seat();

    if (find_room(seat)) {
        put_there(seat, what, detail, value, begin);
    }
}

static inline __attribute__((always_inline)) void put(struct trace_seat *seat, u32 what, u32 detail,
                                                      u64 value, u64 begin)
{
    if (__builtin_expect(seat->next == seat->end, false)) {
        put_slow(what, detail, value, begin);
    } else {
        put_there(seat, what, detail, value, begin);
    }
}

void trace_put_packed(u32 what, u32 detail, u64 value, u64 begin)
{
    put(own_seat(), what, detail, value, begin);
}

void trace_run(u32 domain, u32 vcpu)
{
    struct trace_seat *seat = own_seat();

    seat->who = trace_who(domain, vcpu);
    put(seat, TRACE_RUN, 0, 0, 0);
}

void trace_ipi_sent(u32 to, u32 vector)
{
    u32 number =
        1 + atomic_fetch_add_explicit(&trace_seats[to].interrupts, 1, memory_order_acq_rel);

    trace_put(TRACE_IPI, to, number, vector, 0);
}

void trace_ipi_served(u32 vector)
{
    struct trace_seat *seat = own_seat();
    u32 number = atomic_load_explicit(&seat->interrupts, memory_order_acquire);

    trace_put(TRACE_IPI_DONE, vector, number, seat->served, 0);
    seat->served = number;
}

void trace_step_begins(bool demotion, u32 level)
{
    own_seat()->step[demotion][level] = __builtin_ia32_rdtsc();
}

void trace_step_ends(bool demotion, u32 level, u32 owner, u64 frame)
{
    struct trace_seat *seat = own_seat();

    put(seat, (demotion ? TRACE_DEMOTED : TRACE_PROMOTED) | level << 16, owner, frame,
        seat->step[demotion][level]);
}

void trace_call_begins(u16 number, u32 first, u32 second)
{
    struct trace_seat *seat = own_seat();

    seat->call_begun = __builtin_ia32_rdtsc();
    seat->call_number = number;
    seat->call_first = first;
    seat->call_second = second;
}

void trace_call_ends(s64 result)
{
    struct trace_seat *seat = own_seat();
    const u64 begun = seat->call_begun;

    if (begun) {
        seat->call_begun = 0;
        put(seat, TRACE_CALL | (u32)seat->call_number << 16, seat->call_first,
            seat->call_second | (u64)result << 32, begun);
    }
}

void trace_trap_begins(void)
{
    own_seat()->trap_begun = __builtin_ia32_rdtsc();
}

void trace_trap_ends(u32 vector, u32 error_code)
{
    struct trace_seat *seat = own_seat();
    const u64 begun = seat->trap_begun;

    seat->trap_begun = 0;
    put(seat, TRACE_TRAP | vector << 16, error_code, 0, begun);
}
