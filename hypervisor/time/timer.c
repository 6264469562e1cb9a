/* SPDX-License-Identifier: MIT */
/* Timers. A timer is armed on one CPU and fires there once, at a system time. */
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/timer.h"

/* Removes a timer from the list of its CPU. The caller holds the list's lock. */
static void unlink(struct timers *timers, struct timer *timer)
{
    struct timer **link = &timers->first;

    while (*link != timer) {
        link = &(*link)->next;
    }
    *link = timer->next;
    timer->next = NULL;
}

/* Inserts a timer into the list of its CPU, in the order of deadlines. The caller holds the list's
 * lock. */
static void link(struct timers *timers, struct timer *timer, u64 deadline)
{
    struct timer **link = &timers->first;

    while (*link && (*link)->deadline <= deadline) {
        link = &(*link)->next;
    }
    timer->deadline = deadline;
    timer->next = *link;
    *link = timer;
}

static void set_cpu(struct timer *timer, struct cpu *cpu)
{
    atomic_store_explicit(&timer->cpu, cpu, memory_order_release);
}

void timer_set(struct timer *timer, u64 deadline)
{
    struct cpu *cpu = this_cpu();

    timer_stop(timer);
    lock_take(&cpu->timers.lock);
    link(&cpu->timers, timer, deadline);
    set_cpu(timer, cpu);
    if (cpu->timers.first == timer) {
        cpu->timers.stale = true;
        cpu->work = true;
    }
    lock_release(&cpu->timers.lock);
}

void timer_stop(struct timer *timer)
{
    struct cpu *cpu;

    while ((cpu = atomic_load_explicit(&timer->cpu, memory_order_acquire))) {
        lock_take(&cpu->timers.lock);
        if (atomic_load_explicit(&timer->cpu, memory_order_relaxed) == cpu) {
            if (cpu == this_cpu() && cpu->timers.first == timer) {
                cpu->timers.stale = true;
            }
            unlink(&cpu->timers, timer);
            set_cpu(timer, NULL);
        }
        lock_release(&cpu->timers.lock);
    }
}

/* Fires a timer that was just removed from the list. The timer still counts as armed on this CPU
 * until timer_fired has returned, so that timer_stop on another CPU waits for that. */
static void fire(struct cpu *cpu, struct timer *timer, u64 now)
{
    u64 again = timer_fired(timer, now);

    if (again) {
        link(&cpu->timers, timer, again);
    } else {
        set_cpu(timer, NULL);
    }
}

static bool is_due(const struct timers *timers, u64 now)
{
    return timers->first && timers->first->deadline <= now;
}

/* Fires all timers that are due. Each fires at most once, since a timer that is armed again has a
 * deadline after `now`. */
static __attribute__((noinline)) void fire_due(struct cpu *cpu, u64 now)
{
    struct timers *timers = &cpu->timers;

    while (is_due(timers, now)) {
        struct timer *timer = timers->first;

        unlink(timers, timer);
        fire(cpu, timer, now);
    }
}

/* Programs the local APIC timer for system time `deadline`; 0 stops it. */
static __attribute__((noinline)) void program(struct timers *timers, u64 deadline, u64 now)
{
    u64 wait = deadline > now ? deadline - now : 0;

    timers->programmed = deadline;
    if (apic_timer_has_deadline()) {
        apic_timer_deadline(deadline ? read_tsc() + clock_tsc_ticks(wait) : 0);
    } else {
        apic_timer_set(deadline ? clock_apic_ticks(wait) : 0);
    }
}

/* Says whether the local APIC timer is programmed for the first timer and the end of the slice, or
 * for an earlier time: then its interrupt comes in time for everything that is to be done. */
static bool is_up_to_date(const struct timers *timers, u64 slice_end)
{
    return !timers->stale &&
           (!slice_end || (timers->programmed && timers->programmed <= slice_end));
}

static __attribute__((noinline)) void run_and_program(struct cpu *cpu, u64 slice_end)
{
    struct timers *timers = &cpu->timers;
    u64 now = clock_now();

    timers->stale = false;
    lock_take(&timers->lock);
    if (is_due(timers, now)) {
        fire_due(cpu, now);
    }
    u64 deadline = timers->first ? timers->first->deadline : 0;
    lock_release(&timers->lock);
    if (slice_end && (!deadline || slice_end < deadline)) {
        deadline = slice_end;
    }
    if (deadline != timers->programmed) {
        program(timers, deadline, now);
    }
}

void timers_interrupted(void)
{
    struct timers *timers = &this_cpu()->timers;

    timers->programmed = 0;
    timers->stale = true;
}

void timers_run(u64 slice_end)
{
    struct cpu *cpu = this_cpu();

    if (!is_up_to_date(&cpu->timers, slice_end)) {
        run_and_program(cpu, slice_end);
    }
}
