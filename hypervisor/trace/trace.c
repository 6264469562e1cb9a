/* SPDX-License-Identifier: MIT */
/* Recording the timeline. */
#include "hypervisor/trace/trace.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/trace/seat.h"

bool trace_on;

struct trace_seat trace_seats[TRACE_CPUS_MAX];

void trace_write(struct trace_seat *seat, const struct trace_record *record)
{
    struct trace_ring *ring = seat->ring;
    u64 head;

    if (!ring) {
        return;
    }
    head = ring->head;
    if (head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) > seat->mask) {
        __atomic_store_n(&ring->lost, ring->lost + 1, __ATOMIC_RELAXED);
        return;
    }
    seat->records[head & seat->mask] = *record;
    __atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
}

void trace_put(enum trace_kind kind, u32 number, u32 detail, u64 value, u64 begin)
{
    struct trace_seat *seat = &trace_seats[this_cpu()->number];
    const u64 now = __builtin_ia32_rdtsc(), span = begin ? now - begin : 0;

    trace_write(seat, &(struct trace_record){.tsc = begin ? begin : now,
                                             .span = span > ~0u ? ~0u : (u32)span,
                                             .kind = (u16)kind,
                                             .number = (u16)number,
                                             .domain = seat->domain,
                                             .vcpu = seat->vcpu,
                                             .detail = detail,
                                             .value = value});
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
