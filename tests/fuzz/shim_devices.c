/* SPDX-License-Identifier: MIT */
/* Stand-ins for the scheduler, clocks, consoles and the processor. */
#include <stdio.h>
#include <stdlib.h>

#include "hypervisor/log/log.h"
#include "hypervisor/vcpu/control.h"
#include "hypervisor/vcpu/fpu.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/timer.h"
#include "hypervisor/vcpu/clock_page.h"
#include "hypervisor/cpu/entry.h"

static u64 now = 1000000000; /* increases at each reading */

u64 clock_now(void)
{
    return now++;
}

void clock_page_update(struct vcpu *vcpu)
{
    vcpu->info->time.version += 2;
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

void sched_wake(struct vcpu *vcpu)
{
    atomic_store(&vcpu->state, VCPU_RUNNABLE);
}

void sched_add(struct vcpu *vcpu)
{
    atomic_store(&vcpu->state, VCPU_RUNNABLE);
}

void sched_remove(struct vcpu *vcpu)
{
    atomic_store(&vcpu->state, VCPU_DOWN);
}

bool sched_stopped(const struct vcpu *vcpu)
{
    return atomic_load(&vcpu->state) == VCPU_DOWN;
}

void sched_kick_domain(const struct domain *domain)
{
    (void)domain;
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

void fpu_set_task_switched(struct vcpu *vcpu, bool on)
{
    vcpu->fpu_task_switched = on;
}

u64 control_guest_cr4(u64 wanted)
{
    return wanted & 0xc; /* DE, TSD */
}

bool control_xcr0_ok(u64 xcr0)
{
    return xcr0 == 1 || xcr0 == 3;
}

void segments_load_ldt(u64 window, u32 entries)
{
    (void)window;
    if (entries > 8192) {
        panic("an LDT too long");
    }
}

bool load_gs(u16 selector)
{
    return selector < 4;
}

/* Reads every byte, as the UART would. */
void guest_console_write(struct domain *domain, const char *bytes, u64 count)
{
    volatile char sum = 0;

    (void)domain;
    for (u64 i = 0; i < count; i++) {
        sum = (char)(sum + bytes[i]);
    }
}

void guest_console_drain(struct domain *domain)
{
    (void)domain;
}

void guest_console_input(void)
{
}

_Noreturn void panic(const char *format, ...)
{
    fprintf(stderr, "panic: %s\n", format);
    abort();
}

void log_line(const char *format, ...)
{
    (void)format;
}

void log_limited(u32 place, u16 domain_id, const char *format, ...)
{
    (void)place;
    (void)domain_id;
    (void)format;
}
