/* SPDX-License-Identifier: MIT */
/* Time: the clock never goes back, and the timer wakes a sleeping guest.
 *
 * System time is the last value the hypervisor published plus the scaled time-stamp counter. The
 * timer is an event: armed for the future it does not come early, armed for the past it comes
 * immediately; a guest that blocks sleeps until an event, and a guest with a pending event does not
 * sleep. */
#include "tests/guests/common/time.h"

static evtchn_port_t timer_port;
static volatile unsigned callbacks;

static u64 now(void)
{
    return time_of(&vcpu_info()->time);
}

static void take_events(void)
{
    volatile struct vcpu_info *vcpu = vcpu_info();

    vcpu->evtchn_upcall_pending = 0;
    vcpu->evtchn_pending_sel = 0;
    for (unsigned i = 0; i < 64; i++) {
        shared_info->evtchn_pending[i] = 0;
    }
}

/* Says whether the timer event is pending, or the callback has taken it. */
static bool came(void)
{
    return callbacks || *(volatile xen_ulong_t *)&shared_info->evtchn_pending[timer_port / 64] >>
                                timer_port % 64 &
                            1;
}

static void callback(struct trap_frame *frame)
{
    (void)frame;
    take_events();
    callbacks++;
}

static void forget(void)
{
    vcpu_info()->evtchn_upcall_mask = 1;
    take_events();
    callbacks = 0;
}

static long set_timer(u64 deadline, u32 flags)
{
    struct vcpu_set_singleshot_timer request = {.timeout_abs_ns = deadline, .flags = flags};

    return vcpu_op(VCPUOP_set_singleshot_timer, 0, &request);
}

static long block(void)
{
    return sched_op(SCHEDOP_block, NULL);
}

static void check_clock(void)
{
    u64 last = now(), start = last, tsc = read_tsc(), turns = 0;

    while (now() - start < 20 * MILLISECOND && turns++ < 2000000) {
        u64 time = now();

        if (time < last) {
            check(false, "the clock went back by %lu ns", last - time);
            break;
        }
        last = time;
    }
    last = now();
    check(last - start >= 20 * MILLISECOND - MILLISECOND, "the clock stands: %lu ns in %lu turns",
          last - start, turns);
    check(read_tsc() > tsc, "the time-stamp counter stands");
}

/* A one-shot timer does not come early, and comes soon after its time. */
static void check_single_shot(void)
{
    for (unsigned i = 1; i <= 5; i++) {
        u64 deadline = now() + i * MILLISECOND;

        forget();
        check_equal(set_timer(deadline, 0), 0, "set_singleshot_timer");
        while (!came() && now() < deadline + PATIENCE) {
            check_equal(block(), 0, "block");
        }
        check(came(), "no timer event");
        check(now() >= deadline, "the timer came %lu ns early", deadline - now());
    }
    forget();
}

static void check_past(void)
{
    static const u64 deadlines[] = {1, 1000, 0xffffffff};
    long result;

    for (unsigned i = 0; i < ARRAY_LENGTH(deadlines); i++) {
        u64 start;

        forget();
        start = now();
        check_equal(set_timer(deadlines[i] < start ? deadlines[i] : start - 1, 0), 0,
                    "a past deadline");
        block();
        check(came(), "no event for a deadline in the past");
        check(now() - start < PATIENCE, "it came after %lu ns", now() - start);
    }
    forget();
    result = set_timer(1, VCPU_SSHOTTMR_future); /* the ABI lets the hypervisor ignore the flag */
    check(result == -XEN_ETIME ? !came() : !result, "a past deadline that must be future: %ld",
          result);
    forget();
}

static void check_stop(void)
{
    u64 delay = 5 * MILLISECOND, start;

    do { /* again with a later deadline if that one has passed before the timer was stopped */
        forget();
        delay *= 2;
        start = now();
        check_equal(set_timer(start + delay, 0), 0, "set_singleshot_timer");
        check_equal(vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0, "stop_singleshot_timer");
    } while (now() >= start + delay && delay < PATIENCE);
    while (now() < start + 2 * delay) {
        sched_op(SCHEDOP_yield, NULL);
    }
    check(!came(), "a stopped timer fired");

    check_equal(set_timer(start + PATIENCE, 0), 0, "a late deadline");
    check_equal(set_timer(now() + MILLISECOND, 0), 0, "... replaced by an early one");
    block();
    check(came() && now() < start + PATIENCE, "the late one came");
    forget();
}

/* SCHEDOP_block unmasks events, and returns immediately if one is pending. */
static void check_block(void)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_send send;
    u64 start = now();

    forget();
    check_equal(set_timer(start + PATIENCE, 0), 0, "a timer that ends the wait if it is one");
    check_equal(event_channel_op(EVTCHNOP_bind_ipi, &ipi), 0, "bind_ipi");
    send.port = ipi.port;
    vcpu_info()->evtchn_upcall_mask = 1;
    check_equal(event_channel_op(EVTCHNOP_send, &send), 0, "send");
    check_equal(block(), 0, "block with an event pending");
    check(now() - start < PATIENCE, "it slept");
    check_equal(vcpu_info()->evtchn_upcall_mask, 0, "the event mask after block");
    check_equal(callbacks, 1, "callbacks after block");

    vcpu_info()->evtchn_upcall_mask = 1; /* or the event could come before the guest blocks */
    check_equal(set_timer(now() + 2 * MILLISECOND, 0), 0, "set_singleshot_timer");
    check_equal(block(), 0, "block");
    check_equal(callbacks, 2, "callbacks after a sleep");
    vcpu_info()->evtchn_upcall_mask = 1;
}

/* The timer also interrupts a guest that computes. */
static void check_interrupts(void)
{
    u64 deadline = now() + 3 * MILLISECOND;

    forget();
    vcpu_info()->evtchn_upcall_mask = 0;
    check_equal(set_timer(deadline, 0), 0, "set_singleshot_timer");
    while (!callbacks && now() < deadline + PATIENCE) {
        __asm__ volatile("pause");
    }
    vcpu_info()->evtchn_upcall_mask = 1;
    check(callbacks == 1, "a busy guest is not interrupted: %u", callbacks);
    check(now() >= deadline, "it came early");
}

static void check_poll(void)
{
    evtchn_port_t ports[1] = {timer_port};
    struct sched_poll poll = {.nr_ports = 1};
    u64 start = now();

    set_xen_guest_handle(poll.ports, ports);
    forget();
    poll.timeout = start + 2 * MILLISECOND;
    check_equal(sched_op(SCHEDOP_poll, &poll), 0, "poll until a time-out");
    check(now() >= poll.timeout, "it returned early");
    poll.timeout = 0;
    check_equal(set_timer(now() + MILLISECOND, 0), 0, "set_singleshot_timer");
    check_equal(sched_op(SCHEDOP_poll, &poll), 0, "poll until an event");
    check(came(), "no event is pending");
    check_equal(sched_op(SCHEDOP_poll, &poll), 0, "poll with an event pending");
    ports[0] = 1u << 20;
    check_equal(sched_op(SCHEDOP_poll, &poll), -XEN_EINVAL, "poll of a port that is none");
    poll.nr_ports = 1000;
    check_equal(sched_op(SCHEDOP_poll, &poll), -XEN_EINVAL, "poll of a thousand ports");
    forget();
}

static void check_others(void)
{
    struct vcpu_set_periodic_timer periodic = {.period_ns = 1};

    check_equal(vcpu_op(VCPUOP_set_periodic_timer, 0, &periodic), -XEN_EINVAL, "a period of 1 ns");
    periodic.period_ns = 1ull << 63;
    check_equal(vcpu_op(VCPUOP_set_periodic_timer, 0, &periodic), -XEN_EINVAL,
                "a period of 2^63 ns");
    forget();
    check_equal(hypercall(__HYPERVISOR_set_timer_op, now() + MILLISECOND, 0, 0), 0, "set_timer_op");
    block();
    check(came(), "no event from set_timer_op");
    forget();
    check_equal(hypercall(__HYPERVISOR_set_timer_op, 0, 0, 0), 0, "set_timer_op 0");
}

void test_main(void)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER};

    check_equal(event_channel_op(EVTCHNOP_bind_virq, &bind), 0, "VIRQ_TIMER");
    timer_port = bind.port;
    check_equal(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0, "stop_periodic_timer");
    trap_take(VECTOR_EVENT, callback);
    check_equal(set_callback(CALLBACKTYPE_event, 0, address(event_entry)), 0, "the callback");
    check_clock();
    check_single_shot();
    check_past();
    check_stop();
    check_block();
    check_interrupts();
    check_poll();
    check_others();
}
