/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/event answers as the ABI says, keeps the two-level bits right, and closes
 * channels whose other end goes away. */
#include "tests/unit/event/event_world.h"

static int start(void **unused)
{
    (void)unused;
    world_start(1);
    return 0;
}

static int stop(void **unused)
{
    (void)unused;
    world_stop();
    return 0;
}

static bool pending(struct domain *domain, u32 port)
{
    return domain->shared->evtchn_pending[port / 64] >> port % 64 & 1;
}

static s64 bind_to(struct domain *domain, u16 remote, u32 remote_port, u32 *port)
{
    struct evtchn_bind_interdomain ask = {.remote_dom = remote, .remote_port = remote_port};
    s64 result = event_bind_interdomain(domain, &ask);

    *port = ask.local_port;
    return result;
}

static void two_domains_talk(void **unused)
{
    u32 far = unbound(B, 1), near;

    (void)unused;
    assert_int_equal(event_send(B, far), 0); /* the other end is closed: the event is dropped */
    assert_int_equal(bind_to(A, 2, far, &near), 0);
    /* A new binding is pending, because an event may have been missed. */
    assert_true(pending(A, near));
    assert_int_equal(world.wakes, 1);
    assert_int_equal(event_send(A, near), 0);
    assert_true(pending(B, far));
    assert_int_equal(B->vcpu[0]->info->evtchn_pending_sel, 1ul << far / 64);
    assert_true(event_upcall_due(B->vcpu[0]));
    assert_int_equal(world.wakes, 2);
    event_send(A, near); /* the port is pending already */
    assert_int_equal(world.wakes, 2);

    assert_int_equal(event_close(A, near), 0);
    assert_false(pending(A, near));
    assert_int_equal(status_of(B, far), EVTCHNSTAT_unbound);
    assert_int_equal(bind_to(A, 2, far, &near), 0);
}

static void strangers_do_not(void **unused)
{
    u32 port, far = unbound(B, 2);

    (void)unused;
    /* The port is reserved for B itself. */
    assert_int_equal(bind_to(A, 2, far, &port), -XEN_EINVAL);
    assert_int_equal(bind_to(A, 2, 0, &port), -XEN_EINVAL);
    assert_int_equal(bind_to(A, 2, EVTCHN_2L_NR_CHANNELS, &port), -XEN_EINVAL);
    assert_int_equal(bind_to(A, 2, ~0u, &port), -XEN_EINVAL);
    assert_int_equal(bind_to(A, 7, 1, &port), -XEN_ESRCH);
    assert_int_equal(bind_to(A, DOMID_IO, 1, &port), -XEN_ESRCH);
    struct evtchn_alloc_unbound ask = {.dom = 2, .remote_dom = 1};
    assert_int_equal(event_alloc_unbound(A, &ask), -XEN_EPERM);
    ask.dom = 9;
    assert_int_equal(event_alloc_unbound(A, &ask), -XEN_ESRCH);
    struct evtchn_status status = {.dom = 2, .port = far};
    assert_int_equal(event_status(A, &status), -XEN_EPERM);
}

static void a_domain_talks_to_itself(void **unused)
{
    u32 far = unbound(A, DOMID_SELF), near;

    (void)unused;
    assert_int_equal(bind_to(A, DOMID_SELF, far, &near), 0);
    event_send(A, near);
    assert_true(pending(A, far));
    assert_int_equal(event_close(A, far), 0);
    assert_int_equal(status_of(A, near), EVTCHNSTAT_unbound);
}

static void virqs_and_ipis(void **unused)
{
    struct evtchn_bind_virq timer = {.virq = VIRQ_TIMER}, other;
    struct evtchn_bind_ipi ipi = {.vcpu = 0};

    (void)unused;
    event_virq(A->vcpu[0], VIRQ_TIMER); /* the VIRQ is not bound: no effect */
    assert_int_equal(event_bind_virq(A, &timer), 0);
    other = timer;
    assert_int_equal(event_bind_virq(A, &other), -XEN_EEXIST);
    /* This VIRQ has one binding in a domain. */
    other = (struct evtchn_bind_virq){.virq = VIRQ_DOM_EXC, .vcpu = 1};
    assert_int_equal(event_bind_virq(A, &other), -XEN_EINVAL);
    other.vcpu = 0;
    assert_int_equal(event_bind_virq(A, &other), 0);
    struct evtchn_bind_vcpu move = {.port = other.port, .vcpu = 0};
    assert_int_equal(event_bind_vcpu(A, &move), 0);
    assert_int_equal(event_close(A, other.port), 0);
    assert_int_equal(event_bind_virq(A, &other), 0);
    assert_int_equal(event_close(A, other.port), 0);
    other.virq = ~0u;
    assert_int_equal(event_bind_virq(A, &other), -XEN_EINVAL);
    other = (struct evtchn_bind_virq){.virq = VIRQ_DEBUG, .vcpu = 1};
    assert_int_equal(event_bind_virq(A, &other), -XEN_ENOENT);
    event_virq(A->vcpu[0], VIRQ_TIMER);
    assert_true(pending(A, timer.port));
    assert_int_equal(event_send(A, timer.port), -XEN_EINVAL);
    assert_int_equal(event_close(A, timer.port), 0);
    assert_int_equal(A->vcpu[0]->virq_port[VIRQ_TIMER], 0);

    assert_int_equal(event_bind_ipi(A, &ipi), 0);
    assert_int_equal(event_send(A, ipi.port), 0);
    assert_true(pending(A, ipi.port));
    move.port = ipi.port;
    assert_int_equal(event_bind_vcpu(A, &move), -XEN_EINVAL);
    move.vcpu = ~0u;
    assert_int_equal(event_bind_vcpu(A, &move), -XEN_ENOENT);
    ipi.vcpu = 1;
    assert_int_equal(event_bind_ipi(A, &ipi), -XEN_ENOENT);
}

static void a_mask_delays(void **unused)
{
    u32 port = events_bind_console(A);

    (void)unused;
    A->shared->evtchn_mask[port / 64] |= 1ul << port % 64;
    event_raise(A, port);
    assert_true(pending(A, port));
    assert_false(event_upcall_due(A->vcpu[0]));
    assert_int_equal(world.wakes, 0);
    assert_int_equal(event_unmask(A, port), 0);
    assert_true(event_upcall_due(A->vcpu[0]));
    assert_int_equal(world.wakes, 1);
    assert_int_equal(event_unmask(A, EVTCHN_2L_NR_CHANNELS), -XEN_EINVAL);
    assert_int_equal(event_send(A, port), 0);
    assert_int_equal(world.drains, 1);
}

static void a_poller_wakes_for_its_port_only(void **unused)
{
    u32 port = events_bind_console(A), other = events_bind_console(A);
    struct vcpu *vcpu = A->vcpu[0];

    (void)unused;
    memset(A->shared->evtchn_mask, 0xff, sizeof A->shared->evtchn_mask);
    vcpu->poll_ports[0] = (u16)port;
    vcpu->poll_port_count = 1;
    atomic_store(&vcpu->state, VCPU_POLLING);
    event_raise(A, other);
    assert_int_equal(world.wakes, 0);
    assert_false(event_poll_due(vcpu));
    event_raise(A, port);
    assert_int_equal(world.wakes, 1);
    assert_true(event_poll_due(vcpu));
}

static void ports_run_out_and_come_back(void **unused)
{
    struct evtchn_alloc_unbound ask = {.dom = DOMID_SELF, .remote_dom = 2};

    (void)unused;
    for (u32 i = 1; i < EVTCHN_2L_NR_CHANNELS; i++) {
        assert_int_equal(unbound(A, 2), i);
    }
    assert_int_equal(event_alloc_unbound(A, &ask), -XEN_ENOSPC);
    assert_int_equal(event_close(A, 100), 0);
    assert_int_equal(event_close(A, 100), -XEN_EINVAL);
    assert_int_equal(event_close(A, 0), -XEN_EINVAL);
    assert_int_equal(event_close(A, EVTCHN_2L_NR_CHANNELS), -XEN_EINVAL);
    assert_int_equal(unbound(A, 2), 100);
    reset(A);
    assert_int_equal(status_of(A, 100), EVTCHNSTAT_closed);
    assert_int_equal(unbound(A, 2), 1);
}

static void a_dead_domain_hears_nothing(void **unused)
{
    u32 far = unbound(B, 1), near, port;

    (void)unused;
    bind_to(A, 2, far, &near);
    assert_true(events_stop(B));
    assert_int_equal(status_of(A, near), EVTCHNSTAT_unbound);
    assert_int_equal(event_send(A, near), 0);
    assert_int_equal(bind_to(A, 2, far, &port), -XEN_EINVAL);
    event_raise(B, far);
    assert_int_equal(B->vcpu[0]->info->evtchn_pending_sel, 0);
}

/* A privileged domain (A) opens ports in another, reads their state and closes all of them; a plain
 * one cannot. */
static void a_privileged_domain_acts_on_others(void **unused)
{
    struct evtchn_alloc_unbound open = {.dom = 2, .remote_dom = DOMID_SELF};
    struct evtchn_status status = {.dom = 2};
    struct evtchn_reset all = {.dom = 2};
    bool again = false;
    u32 near;

    (void)unused;
    assert_int_equal(event_alloc_unbound(A, &open), -XEN_EPERM);
    assert_int_equal(event_status(A, &status), -XEN_EPERM);
    assert_int_equal(event_reset(A, &all, &again), -XEN_EPERM);
    A->privileged = true;
    assert_int_equal(event_alloc_unbound(A, &open), 0);
    status.port = open.port;
    assert_int_equal(event_status(A, &status), 0);
    assert_int_equal(status.status, EVTCHNSTAT_unbound);
    assert_int_equal(status.u.unbound.dom, 1);
    assert_int_equal(bind_to(A, 2, open.port, &near), 0);
    assert_int_equal(event_status(A, &status), 0);
    assert_int_equal(status.u.interdomain.dom, 1);
    assert_int_equal(status.u.interdomain.port, near);
    assert_int_equal(event_send(B, open.port), 0);
    assert_true(pending(A, near));
    assert_int_equal(event_reset(A, &all, &again), 0);
    assert_false(again);
    assert_int_equal(status_of(B, open.port), EVTCHNSTAT_closed);
    assert_int_equal(status_of(A, near), EVTCHNSTAT_unbound);
    open.dom = 3;
    assert_int_equal(event_alloc_unbound(A, &open), -XEN_ESRCH);
    assert_true(events_stop(B));
    open.dom = 2;
    assert_int_equal(event_alloc_unbound(A, &open), -XEN_ENOSPC);
}

static void ports_have_a_limit(void **unused)
{
    struct evtchn_alloc_unbound ask = {.dom = DOMID_SELF, .remote_dom = 2};

    (void)unused;
    events_limit(A, 3);
    for (u32 i = 1; i <= 3; i++) {
        assert_int_equal(unbound(A, 2), i);
    }
    assert_int_equal(event_alloc_unbound(A, &ask), -XEN_ENOSPC);
    assert_int_equal(event_close(A, 2), 0);
    assert_int_equal(unbound(A, 2), 2);
    events_limit(A, ~0u);
    assert_int_equal(unbound(A, 2), 4);
}

static void a_pirq_is_bound_moved_and_closed(void **state)
{
    struct evtchn_bind_pirq ask = {.pirq = 9};
    struct evtchn_bind_vcpu move = {.vcpu = 0};

    (void)state;
    assert_int_equal(event_bind_pirq(A, &ask), -XEN_EPERM); /* not the privileged domain */
    A->privileged = true;
    assert_int_equal(event_bind_pirq(A, &ask), -XEN_EPERM); /* without any interrupts */
    A->pirqs = (struct pirqs *)A;
    world.pirq_result = -XEN_EINVAL;
    assert_int_equal(event_bind_pirq(A, &ask), -XEN_EINVAL);
    assert_int_equal(status_of(A, 1), EVTCHNSTAT_closed);
    world.pirq_result = 0;
    assert_int_equal(event_bind_pirq(A, &ask), 0);
    assert_int_equal(world.pirq_bound, ask.port);
    assert_int_equal(status_of(A, ask.port), EVTCHNSTAT_pirq);
    assert_int_equal(event_send(A, ask.port), -XEN_EINVAL);
    assert_true(event_raise_pirq(A, ask.port, 9));
    assert_false(event_raise_pirq(A, ask.port, 9)); /* it is pending */
    assert_false(event_raise_pirq(A, ask.port, 8)); /* the port is another's */
    assert_false(event_raise_pirq(A, ask.port + 1, 9));
    move.port = ask.port;
    assert_int_equal(event_bind_vcpu(A, &move), 0);
    assert_ptr_equal(world.pirq_vcpu, A->vcpu[0]);
    assert_int_equal(event_close(A, ask.port), 0);
    assert_int_equal(world.pirq_bound, 0);
    assert_int_equal(event_bind_pirq(A, &ask), 0);
    reset(A);
    assert_int_equal(world.pirq_bound, 0);
    assert_false(event_raise_pirq(A, ask.port, 9));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(two_domains_talk),
        TEST(strangers_do_not),
        TEST(a_domain_talks_to_itself),
        TEST(virqs_and_ipis),
        TEST(a_mask_delays),
        TEST(a_poller_wakes_for_its_port_only),
        TEST(ports_run_out_and_come_back),
        TEST(a_dead_domain_hears_nothing),
        TEST(a_privileged_domain_acts_on_others),
        TEST(ports_have_a_limit),
        TEST(a_pirq_is_bound_moved_and_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
