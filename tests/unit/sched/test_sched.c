/* SPDX-License-Identifier: MIT */
/* Proves, with a simulated clock, what hypervisor/sched and hypervisor/time/timer promise: which
 * vCPU runs, for how long, and what wakes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/irq/isa.h"
#include "hypervisor/irq/vector.h"
#include "hypervisor/sched/queue.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/timer.h"
#include "hypervisor/vcpu/clock_page.h"
#include "tests/unit/cpu/region.h"

#define MS 1000000ull

static struct {
    struct cpu *cpu;
    struct domain domain;
    struct vcpu vcpu[3];
    u64 now, alarm;
    bool upcall[3], port[3];
    u32 timer_virqs[3];
} world;

u32 cpu_count(void)
{
    return 1;
}

struct cpu *cpu_at(u32 number)
{
    return number ? NULL : world.cpu;
}

u64 clock_now(void)
{
    return world.now;
}

u32 clock_apic_ticks(u64 ns)
{
    return (u32)ns + 1;
}

u64 clock_tsc_ticks(u64 ns)
{
    return ns;
}

bool apic_timer_has_deadline(void)
{
    return false;
}

void apic_timer_deadline(u64 tsc)
{
    (void)tsc;
}

void apic_timer_set(u32 ticks)
{
    world.alarm = ticks ? world.now + ticks - 1 : 0;
}

void apic_send(u32 id, u32 vector)
{
    (void)id;
    (void)vector;
}

bool copy_to_guest(u64 to, const void *from, u64 size)
{
    memcpy((void *)to, from, size);
    return true;
}

bool copy_record_to_guest(u64 to, const u64 record[RECORD_WORDS], u64 mark)
{
    (void)mark;
    return copy_to_guest(to, record, RECORD_WORDS * sizeof(u64));
}

bool clock_page_update_area(struct vcpu *vcpu)
{
    (void)vcpu;
    return true;
}

bool event_upcall_due(const struct vcpu *vcpu)
{
    return world.upcall[vcpu->id];
}

void domain_vcpu_left(struct domain *domain)
{
    (void)domain;
}

bool event_poll_due(const struct vcpu *vcpu)
{
    return world.port[vcpu->id];
}

u64 isa_poll(u64 now)
{
    fail_msg("a device is polled");
    return now;
}

void watchdog_expired(struct domain *domain)
{
    (void)domain;
}

void event_virq(struct vcpu *vcpu, u32 virq)
{
    assert_int_equal(virq, VIRQ_TIMER);
    world.timer_virqs[vcpu->id]++;
    sched_wake(vcpu);
}

static int start(void **unused)
{
    (void)unused;
    memset(&world, 0, sizeof world);
    world.cpu = this_cpu();
    memset(world.cpu, 0, sizeof(struct sched_cpu));
    world.now = 1000 * MS;
    sched_start_cpu(world.cpu);
    world.domain.vcpu_count = 3;
    sched_start_domain(&world.domain, SHARE_WEIGHT, 0);
    for (u32 i = 0; i < 3; i++) {
        sched_start_vcpu(&world.vcpu[i], 1);
        world.vcpu[i].id = i;
        world.vcpu[i].domain = &world.domain;
        world.vcpu[i].in_kernel = true;
    }
    return 0;
}

/* One pass of the run loop: the vCPU that it enters. */
static struct vcpu *pass(void)
{
    struct vcpu *next;

    do {
        world.cpu->work = false;
        struct vcpu *from = world.cpu->current;
        next = sched_choose();
        world.cpu->current = next;
        if (from && from != next) {
            sched_left(from);
        }
        timers_run(sched_slice_end());
    } while (world.cpu->work);
    return next;
}

static struct vcpu *pass_after(u64 ns)
{
    world.now += ns;
    if (world.alarm && world.now >= world.alarm) {
        world.alarm = 0;
        timers_interrupted();
    }
    return pass();
}

#define V(n)          (&world.vcpu[n])
#define RUNS(vcpu, n) assert_ptr_equal(vcpu, V(n))

static void alone_it_runs_without_a_slice(void **unused)
{
    (void)unused;
    assert_null(pass());
    sched_add(V(0));
    RUNS(pass(), 0);
    assert_int_equal(sched_slice_end(), 0);
    assert_int_equal(world.alarm, 0);
    RUNS(pass_after(50 * MS), 0);
    assert_int_equal(V(0)->runstate.state, RUNSTATE_running);
}

static void slices_go_round(void **unused)
{
    (void)unused;
    for (u32 i = 0; i < 3; i++) {
        sched_add(V(i));
    }
    RUNS(pass(), 0);
    assert_int_equal(world.alarm, world.now + SCHED_SLICE_NS);
    RUNS(pass_after(9 * MS), 0);
    RUNS(pass_after(1 * MS), 1);
    RUNS(pass_after(10 * MS), 2);
    RUNS(pass_after(10 * MS), 0);
    sched_give_way(V(0));
    RUNS(pass(), 1);
    sched_remove(V(1));
    RUNS(pass(), 2);
    RUNS(pass_after(10 * MS), 0);
}

static void a_slice_begins_when_somebody_waits(void **unused)
{
    (void)unused;
    sched_add(V(0));
    RUNS(pass(), 0);
    world.now += 100 * MS;
    V(1)->queue.ran = 200 * MS; /* vCPU 1 has run more than vCPU 0, so that it need not run first */
    sched_add(V(1));
    RUNS(pass(), 0);
    assert_int_equal(sched_slice_end(), world.now + SCHED_SLICE_NS);
    V(0)->queue.ran += 100 * MS;
    RUNS(pass_after(10 * MS), 1);
}

static void who_is_owed_comes_first_but_not_for_ever(void **unused)
{
    u64 got = 0;

    (void)unused;
    for (u32 i = 0; i < 2; i++) {
        sched_add(V(i));
    }
    RUNS(pass(), 0);
    sched_block(V(0));
    RUNS(pass_after(4 * MS), 1);
    RUNS(pass_after(7 * MS), 1);
    sched_wake(V(0));
    RUNS(pass(), 0); /* the vCPU that woke runs first: the other has run 3 ms more */
    assert_int_equal(sched_slice_end(), world.now + SCHED_SLICE_NS);
    sched_block(V(0));
    RUNS(pass_after(6 * MS), 1);
    sched_wake(V(0));
    RUNS(pass(), 1); /* the vCPU that woke has run longer than the other, so it waits its turn */
    RUNS(pass_after(10 * MS), 0);
    /* A guest that sleeps for a moment before the end of each slice. */
    for (u32 i = 0; i < 1000; i++) {
        struct vcpu *vcpu = pass_after(MS / 2);
        got += vcpu == V(1);
        if (vcpu == V(0)) {
            sched_block(V(0));
            sched_wake(V(0));
        }
    }
    assert_in_range(got, 400, 600);
}

static void an_event_in_between_is_not_lost(void **unused)
{
    (void)unused;
    sched_add(V(0));
    RUNS(pass(), 0);
    world.upcall[0] = true;
    sched_block(V(0));
    RUNS(pass(), 0);
    world.upcall[0] = false;
    sched_block(V(0));
    assert_null(pass());
    assert_int_equal(V(0)->runstate.state, RUNSTATE_blocked);
    sched_wake(V(0));
    assert_int_equal(V(0)->runstate.state, RUNSTATE_runnable);
    RUNS(pass(), 0);
    sched_block(V(0));
    sched_wake(V(0)); /* before the run loop has noticed that it sleeps */
    RUNS(pass(), 0);
}

static void poll_ends_by_port_or_time(void **unused)
{
    (void)unused;
    sched_add(V(0));
    RUNS(pass(), 0);
    world.port[0] = true;
    sched_poll(V(0), 0);
    RUNS(pass(), 0);
    world.port[0] = false;
    sched_poll(V(0), world.now + 5 * MS);
    assert_null(pass());
    assert_int_equal(world.alarm, world.now + 5 * MS);
    RUNS(pass_after(5 * MS), 0);
    sched_poll(V(0), 1); /* a deadline that has passed long ago */
    RUNS(pass(), 0);
}

/* vCPU 0 runs; its two timers are not armed. */
static void run_with_timers(void)
{
    sched_add(V(0));
    RUNS(pass(), 0);
    V(0)->singleshot = (struct timer){.kind = TIMER_SINGLESHOT, .vcpu = V(0)};
    V(0)->periodic = (struct timer){.kind = TIMER_PERIODIC, .vcpu = V(0)};
}

static void timers_fire_once_and_in_order(void **unused)
{
    (void)unused;
    run_with_timers();
    timer_set(&V(0)->singleshot, world.now + 7 * MS);
    timer_set(&V(0)->singleshot, world.now + 3 * MS);
    pass();
    assert_int_equal(world.alarm, world.now + 3 * MS);
    pass_after(3 * MS);
    assert_int_equal(world.timer_virqs[0], 1);
    assert_null(atomic_load(&V(0)->singleshot.cpu));
    pass_after(10 * MS);
    assert_int_equal(world.timer_virqs[0], 1);

    V(0)->period = MS;
    timer_set(&V(0)->periodic, world.now + MS);
    pass_after(1000 * MS); /* ticks that were missed are not repeated */
    assert_int_equal(world.timer_virqs[0], 2);
    assert_int_equal(world.alarm, world.now + MS);
    timer_set(&V(0)->singleshot, ~0ull);
    pass();
    timer_stop(&V(0)->periodic);
    pass();
    assert_int_equal(world.timer_virqs[0], 2);
    timer_stop(&V(0)->singleshot);
    assert_null(world.cpu->timers.first);
}

/* The interrupt comes for the first timer or the end of the slice. It may come too early, once,
 * where what it was for has gone. */
static void the_interrupt_is_for_what_comes_first(void **unused)
{
    (void)unused;
    run_with_timers();
    timer_set(&V(0)->singleshot, world.now + 7 * MS);
    RUNS(pass(), 0);
    timer_set(&V(0)->periodic, world.now + 3 * MS);
    RUNS(pass(), 0);
    assert_int_equal(world.alarm, world.now + 3 * MS);
    timer_stop(&V(0)->periodic); /* by its own CPU */
    RUNS(pass(), 0);
    assert_int_equal(world.alarm, world.now + 7 * MS);
    timer_stop(&V(0)->singleshot);
    RUNS(pass(), 0);
    assert_int_equal(world.alarm, 0);

    const u64 end = world.now + 5 * MS;
    timers_run(end);
    assert_int_equal(world.alarm, end);
    timers_run(end + MS); /* another slice, which ends later */
    assert_int_equal(world.alarm, end);
    RUNS(pass_after(5 * MS), 0); /* the interrupt: nothing to do */
    timers_run(end + MS);
    assert_int_equal(world.alarm, end + MS);
    timers_run(end + MS / 2);
    assert_int_equal(world.alarm, end + MS / 2);
}

static void an_ended_domain_does_not_run(void **unused)
{
    (void)unused;
    sched_add(V(0));
    sched_add(V(1));
    RUNS(pass(), 0);
    atomic_store(&world.domain.end, DOMAIN_CRASHED);
    atomic_store(&world.domain.holds, DOMAIN_HELD_ENDED);
    assert_null(pass());
    sched_wake(V(0));
    assert_null(pass());
}

static void the_runstate_area_is_written(void **unused)
{
    struct vcpu_runstate_info area = {0};

    (void)unused;
    V(0)->runstate_area = (u64)&area;
    world.domain.vm_assist = 1u << VMASST_TYPE_runstate_update_flag;
    sched_add(V(0));
    sched_add(V(1));
    pass();
    sched_refresh_areas(V(0));
    assert_int_equal(area.state, RUNSTATE_running);
    assert_int_equal(area.state_entry_time, world.now);
    pass_after(10 * MS); /* while its address space is still loaded */
    assert_int_equal(area.state, RUNSTATE_runnable);
    assert_int_equal(area.time[RUNSTATE_running], 10 * MS);
    V(0)->in_kernel = false;
    RUNS(pass_after(10 * MS), 0);
    sched_refresh_areas(V(0));
    assert_int_equal(area.state, RUNSTATE_runnable); /* in user mode the area is not written */
    V(0)->in_kernel = true;
    sched_refresh_areas(V(0));
    assert_int_equal(area.state, RUNSTATE_running);
    assert_int_equal(area.time[RUNSTATE_runnable], 10 * MS);
}

static void *run_all(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(alone_it_runs_without_a_slice, start),
        cmocka_unit_test_setup(slices_go_round, start),
        cmocka_unit_test_setup(a_slice_begins_when_somebody_waits, start),
        cmocka_unit_test_setup(who_is_owed_comes_first_but_not_for_ever, start),
        cmocka_unit_test_setup(an_event_in_between_is_not_lost, start),
        cmocka_unit_test_setup(poll_ends_by_port_or_time, start),
        cmocka_unit_test_setup(timers_fire_once_and_in_order, start),
        cmocka_unit_test_setup(the_interrupt_is_for_what_comes_first, start),
        cmocka_unit_test_setup(an_ended_domain_does_not_run, start),
        cmocka_unit_test_setup(the_runstate_area_is_written, start),
    };
    *(int *)failed = cmocka_run_group_tests(tests, NULL, NULL);
    return NULL;
}

int main(void)
{
    return region_run(run_all);
}
