/* SPDX-License-Identifier: MIT */
/* One CPU stops all others in their run loops, and later lets them continue. */
#include "hypervisor/cpu/stop.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/trace/trace.h"
#include "vmmu/vmmu.h"

static struct {
    _Alignas(64) _Atomic u32 turn; /* counts up at each stop and each continuation; odd: one CPU has
                                      stopped the others */
    _Atomic u32 stopped_in[VMMU_CPUS_MAX]; /* for each CPU, the turn in which it stopped last */
} stopping;

void stop_for_others(void)
{
    u32 turn = atomic_load_explicit(&stopping.turn, memory_order_acquire);

    if (turn % 2 == 0) {
        return;
    }
    atomic_store_explicit(&stopping.stopped_in[this_cpu()->number], turn, memory_order_release);
    while (atomic_load_explicit(&stopping.turn, memory_order_acquire) == turn) {
        lock_wait();
    }
    trace_use_entries();
}

/* Makes this CPU the one that stops the others, and returns its turn, an odd number. Meanwhile this
 * CPU stops itself for other CPUs that do the same. */
static u32 take_turn(void)
{
    for (;;) {
        u32 turn = atomic_load_explicit(&stopping.turn, memory_order_relaxed);

        if (turn % 2) {
            stop_for_others();
        } else if (atomic_compare_exchange_strong_explicit(&stopping.turn, &turn, turn + 1,
                                                           memory_order_acq_rel,
                                                           memory_order_relaxed)) {
            return turn + 1;
        }
    }
}

void stop_others(void)
{
    u32 turn = take_turn();

    for (u32 i = 0; i < cpu_count(); i++) {
        if (cpu_at(i) != this_cpu()) {
            cpu_kick(cpu_at(i));
        }
    }
    for (u32 i = 0; i < cpu_count(); i++) {
        while (cpu_at(i) != this_cpu() &&
               atomic_load_explicit(&stopping.stopped_in[i], memory_order_acquire) != turn) {
            lock_wait();
        }
    }
}

void stop_end(void)
{
    atomic_fetch_add_explicit(&stopping.turn, 1, memory_order_release);
}
