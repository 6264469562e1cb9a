/* SPDX-License-Identifier: MIT */
/* Stand-ins for the scheduler, clocks and consoles. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/boot/efi.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/machine.h"
#include "hypervisor/cpu/stop.h"
#include "hypervisor/cpu/topology.h"
#include "hypervisor/console/machine_console.h"
#include "hypervisor/log/log.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/timer.h"
#include "hypervisor/vcpu/clock_page.h"
#include "tests/fuzz/shim.h"

struct cpu *this_cpu(void)
{
    return cpu_at(0);
}

u32 cpu_count(void)
{
    return 2;
}

void stop_others(void)
{
}

void stop_end(void)
{
}

struct topology topology_of(u32 cpu)
{
    return (struct topology){.core = cpu};
}

u32 topology_threads_a_core(void)
{
    return 1;
}

u32 topology_cores_a_socket(void)
{
    return 2;
}

_Noreturn void machine_power_off(u16 pm1a, u16 pm1b)
{
    (void)pm1a;
    (void)pm1b;
    shim_machine_ends();
}

_Noreturn void machine_fail_as_asked(void)
{
    shim_machine_ends();
}

/* ---- the firmware: a machine that EFI started ---- */

const struct efi *efi_info(void)
{
    static const struct efi efi = {
        .found = true, .tables = 0x1000, .table_count = 3, .vendor = {'A', 'B', 'C', 0}};

    return &efi;
}

const struct efi_range *efi_range_at(u64 at)
{
    static const struct efi_range range = {0x1000, 0x3000, 15, 6};

    return at >= range.start && at < range.start + range.size ? &range : NULL;
}

/* ---- time ---- */

static u64 now = 1000000000; /* increases at each reading */

u64 clock_now(void)
{
    return now++;
}

u64 clock_tsc_khz(void)
{
    return 1000000;
}

void clock_set_wall(u64 ns)
{
    (void)ns;
}

void clock_page_update(struct vcpu *vcpu)
{
    vcpu->info->time.version += 2;
}

void clock_page_update_wall(struct domain *domain)
{
    if (domain->shared) {
        domain->shared->wc_version += 2;
    }
}

bool clock_page_update_area(struct vcpu *vcpu)
{
    (void)vcpu;
    return true;
}

void timer_set(struct timer *timer, u64 deadline)
{
    timer->deadline = deadline;
}

void timer_stop(struct timer *timer)
{
    (void)timer;
}

/* ---- the scheduler ---- */

bool sched_start_vcpu(struct vcpu *vcpu, u64 cpus)
{
    vcpu->queue.cpus = cpus;
    return true;
}

void sched_start_domain(struct domain *domain, u32 weight, u32 cap)
{
    share_start(&domain->share, weight ? weight : 1, cap, domain->vcpu_count, cpu_count());
}

void sched_set_share(struct domain *domain, u32 weight, u32 cap)
{
    share_set(&domain->share, weight, cap);
}

void sched_set_preempts(u64 ns)
{
    share_set_preempts(ns);
}

void sched_set_cpus(struct vcpu *vcpu, u64 cpus)
{
    shim_claim(cpus & ((1ull << cpu_count()) - 1), "a vCPU has an online CPU");
    vcpu->queue.cpus = cpus;
}

u64 sched_idle_time(const struct cpu *cpu)
{
    return cpu->number;
}

u64 sched_domain_time(const struct domain *domain)
{
    u64 sum = 0;

    for (u32 i = 0; i < domain->vcpu_count; i++) {
        sum += domain->vcpu[i]->runstate.time[RUNSTATE_running];
    }
    return sum;
}

void sched_wake(struct vcpu *vcpu)
{
    if (atomic_load(&vcpu->state) != VCPU_DOWN) {
        atomic_store(&vcpu->state, VCPU_RUNNABLE);
    }
}

void sched_add(struct vcpu *vcpu)
{
    shim_claim(vcpu->initialised, "a vCPU that comes up has a state");
    atomic_store(&vcpu->queue.home, this_cpu());
    vcpu->runstate.time[RUNSTATE_running]++;
    atomic_store(&vcpu->state, VCPU_RUNNABLE);
}

void sched_remove(struct vcpu *vcpu)
{
    atomic_store(&vcpu->state, VCPU_DOWN);
}

bool sched_stopped(const struct vcpu *vcpu)
{
    return atomic_load(&vcpu->state) == VCPU_DOWN && !atomic_load(&vcpu->loaded);
}

void sched_hold(struct domain *domain)
{
    (void)domain;
}

void sched_release(struct domain *domain)
{
    (void)domain;
}

void sched_kick_domain(const struct domain *domain)
{
    (void)domain;
}

void sched_kick_idle(void)
{
}

void sched_notifies(bool notifies)
{
    (void)notifies;
}

void sched_read_runstate(struct vcpu *vcpu, struct vcpu_runstate_info *runstate)
{
    *runstate = vcpu->runstate;
}

void sched_block(struct vcpu *vcpu)
{
    atomic_store(&vcpu->state, VCPU_BLOCKED);
}

void sched_give_way(struct vcpu *vcpu)
{
    vcpu->queue.yielded = true;
}

/* Reads the list of ports as the real one does: the guest chose where it is. */
void sched_poll(struct vcpu *vcpu, u64 timeout)
{
    (void)timeout;
    atomic_store(&vcpu->state, event_poll_due(vcpu) ? VCPU_RUNNABLE : VCPU_POLLING);
}

void sched_refresh_areas(struct vcpu *vcpu)
{
    (void)vcpu;
}

/* ---- consoles and the log ---- */

/* Reads every byte, as the UART would. */
static void read_all(const char *bytes, u64 count)
{
    volatile char sum = 0;

    for (u64 i = 0; i < count; i++) {
        sum = (char)(sum + bytes[i]);
    }
}

void guest_console_write(struct domain *domain, const char *bytes, u64 count)
{
    (void)domain;
    read_all(bytes, count);
}

void guest_console_drain(struct domain *domain)
{
    (void)domain;
}

void guest_console_input(void)
{
}

void log_console_write(const char *bytes, u64 count)
{
    read_all(bytes, count);
}

/* There is always the same input. */
u32 machine_console_peek(char *bytes, u32 count, u32 *at)
{
    const u32 got = count < 5 ? count : 5;

    memcpy(bytes, "input", got);
    *at = 0;
    return got;
}

bool machine_console_take(u32 at, u32 count)
{
    return at + count <= 5;
}

void log_limited(u32 place, u16 domain_id, const char *format, ...)
{
    (void)place;
    (void)domain_id;
    (void)format;
}

/* The log is 1000 bytes that end at position 3000. */
u32 log_oldest(void)
{
    return 2000;
}

u32 log_read(u32 *at, char *bytes, u32 count)
{
    if (*at - 2000 > 1000) {
        *at = 2000;
    }
    const u32 got = 3000 - *at < count ? 3000 - *at : count;
    memset(bytes, 'l', got);
    return got;
}

void log_clear(u32 at)
{
    (void)at;
}
