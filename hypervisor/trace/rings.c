/* SPDX-License-Identifier: MIT */
/* The rings of the timeline: making and freeing them, and switching it on and off. */
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/start.h"
#include "hypervisor/memory/direct.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/trace/seat.h"
#include "hypervisor/trace/trace.h"
#include "lib/watch.h"
#include "vmmu/vmmu.h"

_Static_assert(sizeof(struct trace_record) == 32 && sizeof(struct trace_ring) == 128 &&
                   sizeof(struct trace_directory) <= PAGE_SIZE,
               "as tools have them");
_Static_assert(TRACE_CPUS_MAX >= VMMU_CPUS_MAX, "a ring for each CPU");

#define RECORDS_A_PAGE (PAGE_SIZE / sizeof(struct trace_record))

static struct {
    struct trace_directory *directory; /* NULL: there are no rings */
    u32 order;                         /* of each array */
    bool all;                          /* TRACE_ALL */
} trace;

static u32 order_of(u64 pages)
{
    u32 order = 0;

    while (1ull << order < pages) {
        order++;
    }
    return order;
}

static u64 machine_address(const void *page)
{
    return frame_of_view(page).n << PAGE_SHIFT;
}

/* Makes the ring of a CPU. False: no memory; trace_free takes back what is there. */
static bool make_ring(u32 cpu, u32 records)
{
    struct trace_seat *seat = &trace_seats[cpu];
    struct trace_ring *ring = page_alloc(0);

    seat->records = page_alloc(trace.order);
    if (!ring || !seat->records) {
        if (ring) {
            page_free(ring, 0);
        }
        return false;
    }
    seat->mask = records - 1;
    seat->ring = ring;
    trace.directory->cpu[cpu].ring = machine_address(ring);
    trace.directory->cpu[cpu].records = machine_address(seat->records);
    trace.directory->cpu[cpu].count = records;
    return true;
}

bool trace_prepare(u32 records)
{
    trace_free();
    trace.directory = page_alloc(0);
    if (!trace.directory) {
        return false;
    }
    trace.order = order_of((records + RECORDS_A_PAGE - 1) / RECORDS_A_PAGE);
    for (u32 i = 0; i < cpu_count(); i++) {
        if (!make_ring(i, records)) {
            trace_free();
            return false;
        }
    }
    trace.directory->magic = TRACE_MAGIC;
    trace.directory->version = WATCH_VERSION;
    trace.directory->cpus = cpu_count();
    trace.directory->tsc_khz = clock_tsc_khz();
    trace.directory->start = __builtin_ia32_rdtsc();
    return true;
}

void trace_free(void)
{
    for (u32 i = 0; i < TRACE_CPUS_MAX; i++) {
        struct trace_seat *seat = &trace_seats[i];

        if (seat->ring) {
            page_free(seat->ring, 0);
        }
        if (seat->records) {
            page_free(seat->records, trace.order);
        }
        *seat = (struct trace_seat){.ring = NULL};
    }
    if (trace.directory) {
        page_free(trace.directory, 0);
        trace.directory = NULL;
    }
}

void trace_use_entries(void)
{
    cpu_use_entries(trace_on && trace.all);
}

void trace_switch_on(u32 flags)
{
    trace.all = flags & TRACE_ALL;
    trace_on = true;
    trace_use_entries();
}

void trace_seat(u32 cpu, u32 domain, u32 vcpu)
{
    struct trace_seat *seat = &trace_seats[cpu];

    seat->who = trace_who(domain, vcpu);
    trace_write(seat, &(struct trace_record){.tsc = __builtin_ia32_rdtsc(),
                                             .kind = TRACE_RUN,
                                             .domain = (u16)domain,
                                             .vcpu = (u16)vcpu});
}

void trace_switch_off(void)
{
    trace_on = false;
    trace_use_entries();
}

const struct trace_directory *trace_directory(void)
{
    return trace.directory;
}

struct trace_ring *trace_ring(u32 cpu, const struct trace_record **records, u64 *count)
{
    struct trace_seat *seat;

    if (cpu >= TRACE_CPUS_MAX) {
        return NULL;
    }
    seat = &trace_seats[cpu];
    *records = seat->records;
    *count = seat->mask + 1;
    return seat->ring;
}
