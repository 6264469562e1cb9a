/* SPDX-License-Identifier: MIT */
/* Stopping all CPUs but one. */
#include "hypervisor/cpu/hold.h"
#include "hypervisor/cpu/cpu.h"
#include "vmmu/vmmu.h"

static struct {
    _Alignas(64) _Atomic u32 turn; /* counts up at each stop and each continuation; odd: one CPU has
                                      stopped the others */
    _Atomic u32 stands_by[VMMU_CPUS_MAX]; /* for each CPU, the turn in which it stopped last */
} holding;

void hold_stand_by(void)
{
    u32 turn = atomic_load_explicit(&holding.turn, memory_order_acquire);

    if (turn % 2 == 0) {
        return;
    }
    atomic_store_explicit(&holding.stands_by[this_cpu()->number], turn, memory_order_release);
    while (atomic_load_explicit(&holding.turn, memory_order_acquire) == turn) {
        lock_wait();
    }
}

/* Makes this CPU the one that stops the others, and returns its turn, an odd number. Meanwhile this
 * CPU stops itself for other CPUs that do the same. */
static u32 take_turn(void)
{
    for (;;) {
        u32 turn = atomic_load_explicit(&holding.turn, memory_order_relaxed);

        if (turn % 2) {
            hold_stand_by();
        } else if (atomic_compare_exchange_strong_explicit(&holding.turn, &turn, turn + 1,
                                                           memory_order_acq_rel,
                                                           memory_order_relaxed)) {
            return turn + 1;
        }
    }
}

void hold_others(void)
{
    u32 turn = take_turn();

    for (u32 i = 0; i < cpu_count(); i++) {
        if (cpu_at(i) != this_cpu()) {
            cpu_kick(cpu_at(i));
        }
    }
    for (u32 i = 0; i < cpu_count(); i++) {
        while (cpu_at(i) != this_cpu() &&
               atomic_load_explicit(&holding.stands_by[i], memory_order_acquire) != turn) {
            lock_wait();
        }
    }
}

void hold_end(void)
{
    atomic_fetch_add_explicit(&holding.turn, 1, memory_order_release);
}
