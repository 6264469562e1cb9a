/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/event links ports in FIFO queues so that a guest which takes them off as
 * the ABI says gets each event once and in order, refuses bad pages, and returns to two levels at a
 * reset. XSA-188, 221, 317, 338, 344. */
#include "tests/unit/event/fifo_guest.h"

static void note(u32 port)
{
    guest.taken[guest.count++ % 64] = port;
    hear(port);
}

/* Asserts that a vCPU's upcall gets these ports, in this order; 0 ends the list. */
static void expect(u32 vcpu, const u32 *ports)
{
    u32 count = 0;

    guest.count = 0;
    upcall(vcpu, note);
    for (; ports[count]; count++) {
        assert_int_equal(guest.taken[count], ports[count]);
    }
    assert_int_equal(guest.count, count);
}

#define EXPECT(vcpu, ...) expect(vcpu, (const u32[]){__VA_ARGS__, 0})
#define NOTHING           0

/* ---- pages ---- */

static void bad_pages_change_nothing(void **unused)
{
    u64 good = frame_number(guest.control[0]);

    (void)unused;
    assert_int_equal(expand(frame_number(guest.array[0])), -XEN_EOPNOTSUPP);
    assert_int_equal(set_priority(unbound(A, 2), 3), -XEN_ENOSYS);
    assert_int_equal(init_at(good, OFFSET, VCPUS), -XEN_ENOENT);
    assert_int_equal(init_at(good, OFFSET, ~0u), -XEN_ENOENT);
    assert_int_equal(init_at(good, 4, 0), -XEN_EINVAL);
    assert_int_equal(init_at(good, PAGE_SIZE - 64, 0), -XEN_EINVAL);
    assert_int_equal(init_at(good, ~7u, 0), -XEN_EINVAL);
    assert_int_equal(init_at(17, 0, 0), -XEN_EINVAL);
    assert_int_equal(init_at(~0ull, 0, 0), -XEN_EINVAL);
    assert_int_equal(expand(frame_number(guest.array[0])), -XEN_EOPNOTSUPP); /* XSA-188 */
    assert_int_equal(world.holds, 0);
    assert_int_equal(event_ports(A), EVTCHN_2L_NR_CHANNELS);

    assert_int_equal(init_control(0), 0);
    assert_int_equal(init_control(0), -XEN_EINVAL);
    assert_int_equal(expand(17), -XEN_EINVAL);
    assert_int_equal(expand(~0ull), -XEN_EINVAL);
    assert_int_equal(world.holds, 1);
    for (u32 i = 0; i < 128; i++) {
        assert_int_equal(expand(frame_number(guest.array[0])), 0);
    }
    assert_int_equal(expand(frame_number(guest.array[0])), -XEN_ENOSPC);
    assert_int_equal(world.holds, 129);
    mfn_t held[EVENTS_HELD_MAX];
    assert_int_equal(events_held(A, held), 129);
    assert_int_equal(held[128].n, good);
    assert_int_equal(events_held(B, held), 0);
}

static void a_hold_is_asked_again(void **unused)
{
    struct evtchn_init_control ask = {.control_gfn = frame_number(guest.control[0])};
    struct evtchn_expand_array more = {.array_gfn = frame_number(guest.array[0])};
    bool again = false;

    (void)unused;
    world.hold_again = true;
    assert_int_equal(event_init_control(A, &ask, &again), 0);
    assert_true(again);
    assert_int_equal(event_ports(A), EVTCHN_2L_NR_CHANNELS);
    assert_int_equal(init_control(0), 0);
    world.hold_again = true;
    again = false;
    assert_int_equal(event_expand_array(A, &more, &again), 0);
    assert_true(again);
    assert_int_equal(world.holds, 1);
}

/* XSA-317: no hypervisor memory is left, in expand_array and in init_control. */
static void memory_runs_out(void **unused)
{
    struct evtchn_alloc_unbound ask = {.dom = DOMID_SELF, .remote_dom = 2};
    u32 pages = world.pages_left;

    (void)unused;
    world.pages_left = 0;
    assert_int_equal(init_control(0), -XEN_ENOMEM);
    assert_int_equal(world.holds, 0);
    for (u32 i = 1; i < CHANNELS_A_PAGE; i++) {
        assert_int_equal(unbound(A, 2), i);
    }
    assert_int_equal(event_alloc_unbound(A, &ask), -XEN_ENOSPC);
    assert_int_equal(status_of(A, CHANNELS_A_PAGE), EVTCHNSTAT_closed);
    assert_int_equal(event_close(A, CHANNELS_A_PAGE), -XEN_EINVAL);
    world.pages_left = pages;
    assert_int_equal(unbound(A, 2), CHANNELS_A_PAGE);
}

/* ---- queues ---- */

static void first_in_first_out(void **unused)
{
    u32 a = events_bind_console(A), b = events_bind_console(A), c = events_bind_console(A);

    (void)unused;
    come_up();
    event_raise(A, b);
    assert_int_equal(world.wakes, 1);
    assert_int_equal(*word(b), PENDING | LINKED);
    assert_int_equal(control(0)->head[EVTCHN_FIFO_PRIORITY_DEFAULT], b);
    assert_int_equal(control(0)->ready, 1u << EVTCHN_FIFO_PRIORITY_DEFAULT);
    assert_true(event_upcall_due(A->vcpu[0]));
    event_raise(A, a);
    event_raise(A, b); /* the port is pending already */
    event_raise(A, c);
    assert_int_equal(world.wakes, 1);
    EXPECT(0, b, a, c);
    assert_int_equal(*word(a), 0);
    event_raise(A, c); /* c is the queue's tail */
    assert_int_equal(*word(c), PENDING | LINKED);
    event_raise(A, b);
    EXPECT(0, c, b);
    event_raise(A, a); /* a is the queue's former tail, whose link stays as it was */
    assert_int_equal(*word(b), 0);
    EXPECT(0, a);
    EXPECT(1, NOTHING);
}

static void priorities_come_in_order(void **unused)
{
    u32 low = events_bind_console(A), high = events_bind_console(A), mid = events_bind_console(A);

    (void)unused;
    come_up();
    assert_int_equal(set_priority(low, 16), -XEN_EINVAL);
    assert_int_equal(set_priority(low, ~0u), -XEN_EINVAL);
    assert_int_equal(set_priority(0, 7), -XEN_EINVAL);
    assert_int_equal(set_priority(3000, 7), -XEN_EINVAL);
    assert_int_equal(set_priority(~0u, 7), -XEN_EINVAL);
    assert_int_equal(set_priority(low, EVTCHN_FIFO_PRIORITY_MIN), 0);
    assert_int_equal(set_priority(high, EVTCHN_FIFO_PRIORITY_MAX), 0);
    event_raise(A, low);
    event_raise(A, mid);
    event_raise(A, high);
    EXPECT(0, high, mid, low);
    event_close(A, low);
    assert_int_equal(events_bind_console(A), low); /* the new port has no priority of its own yet */
    event_raise(A, low);
    assert_int_equal(control(0)->ready, 1u << EVTCHN_FIFO_PRIORITY_DEFAULT);
}

static void masks_delay(void **unused)
{
    u32 port = events_bind_console(A), other = events_bind_console(A);

    (void)unused;
    come_up();
    *word(port) = MASKED;
    A->vcpu[1]->poll_ports[0] = (u16)port;
    A->vcpu[1]->poll_port_count = 1;
    event_raise(A, port);
    assert_int_equal(*word(port), PENDING | MASKED);
    assert_int_equal(world.wakes, 0);
    *word(port) = MASKED;
    atomic_store(&A->vcpu[1]->state, VCPU_POLLING);
    event_raise(A, port); /* a mask does not keep the event from a poller */
    event_raise(A, port);
    assert_int_equal(world.wakes, 1);
    assert_true(event_poll_due(A->vcpu[1]));
    event_raise(A, other);
    EXPECT(0, other);
    assert_int_equal(event_unmask(A, port), 0);
    EXPECT(0, port);
    assert_int_equal(event_unmask(A, port), 0); /* no event is pending */
    event_raise(A, port);
    /* The port is linked, then masked: the guest takes it off the queue, and unmasking links it
     * again. */
    *word(port) |= MASKED;
    EXPECT(0, NOTHING);
    assert_int_equal(event_unmask(A, port), 0);
    EXPECT(0, port);
    assert_int_equal(event_unmask(A, PAGES * 1024), 0); /* the port is beyond the guest's array */
    assert_int_equal(event_unmask(A, EVENT_PORTS_MAX), -XEN_EINVAL);
}

/* An event is raised before the guest has given the page for its word. */
static void an_event_waits_for_its_word(void **unused)
{
    u32 early = events_bind_console(A), later = events_bind_console(A);
    struct vcpu *vcpu = A->vcpu[0];

    (void)unused;
    event_raise(A, early);
    for (u32 i = 0; i < VCPUS; i++) {
        assert_int_equal(init_control(i), 0);
    }
    event_raise(A, later);
    vcpu->poll_ports[0] = (u16)later;
    vcpu->poll_port_count = 1;
    assert_true(event_poll_due(vcpu));
    event_close(A, later);
    assert_false(event_poll_due(vcpu));
    assert_int_equal(events_bind_console(A), later);
    assert_false(event_poll_due(vcpu));
    assert_int_equal(expand(frame_number(guest.array[0])), 0);
    EXPECT(0, early);
    assert_false(event_poll_due(vcpu));
    event_raise(A, later);
    assert_true(event_poll_due(vcpu));
    /* XSA-221: the polled port has neither a channel nor a word. */
    vcpu->poll_ports[0] = EVENT_PORTS_MAX - 1;
    assert_false(event_poll_due(vcpu));
}

/* A port that has moved to another queue is linked in that queue only. */
static void ports_move(void **unused)
{
    u32 port = events_bind_console(A), other = events_bind_console(A);

    (void)unused;
    come_up();
    event_raise(A, port);
    EXPECT(0, port); /* vCPU 0's queue still has it as its tail, but does not contain it */
    assert_int_equal(move(port, 1), 0);
    event_raise(A, port);
    event_raise(A, other); /* the new port is not linked to that tail */
    EXPECT(0, other);
    EXPECT(1, port);

    /* The port is still linked in the old queue, although its vCPU is another now. */
    event_raise(A, port);
    assert_int_equal(move(port, 2), 0);
    EXPECT(2, NOTHING);
    EXPECT(1, port);
    event_raise(A, port);
    EXPECT(1, NOTHING);
    EXPECT(2, port);

    assert_int_equal(move(port, 0), 0);
    assert_int_equal(set_priority(port, 3), 0);
    event_raise(A, port);
    EXPECT(0, port);
    assert_int_equal(set_priority(port, 4), 0);
    assert_int_equal(set_priority(other, 3), 0);
    event_raise(A, port);
    event_raise(A, other);
    EXPECT(0, other, port);
}

static void a_closed_port_keeps_its_place(void **unused)
{
    u32 a = events_bind_console(A), b = events_bind_console(A), c = events_bind_console(A);

    (void)unused;
    come_up();
    event_raise(A, a);
    event_raise(A, b);
    event_close(A, b);
    event_raise(A, c);
    assert_int_equal(events_bind_console(A), c + 1); /* a port that is linked gets no new channel */
    EXPECT(0, a, c);
    assert_int_equal(events_bind_console(A), b);
    event_raise(A, b);
    EXPECT(0, b);
    event_close(A, b); /* the queue still has it as its tail */
    assert_int_equal(events_bind_console(A), b);
    assert_int_equal(move(b, 1), 0);
    event_raise(A, b);
    event_raise(A, a);
    EXPECT(0, a);
    EXPECT(1, b);
}

static void a_vcpu_without_its_block(void **unused)
{
    u32 port = events_bind_console(A);

    (void)unused;
    assert_int_equal(init_control(0), 0);
    assert_int_equal(expand(frame_number(guest.array[0])), 0);
    assert_int_equal(move(port, 1), 0);
    event_raise(A, port);
    assert_int_equal(*word(port), PENDING);
    assert_int_equal(init_control(1), 0);
    event_raise(A, port);
    EXPECT(1, port);
}

/* ---- the way back ---- */

/* XSA-338: a port beyond the two-level range is closed by the reset that ends FIFO. XSA-344: the
 * reset is interrupted as often as other work waits. */
static void reset_goes_back(void **unused)
{
    struct evtchn_reset ask = {.dom = DOMID_SELF};
    u32 console = events_bind_console(A), near;
    bool again = false;
    struct evtchn_bind_interdomain bind = {.remote_dom = 1};

    (void)unused;
    A->console.port = console;
    come_up();
    for (u32 i = 2; i < 5000; i++) {
        assert_int_equal(unbound(A, 2), i);
    }
    bind.remote_port = 4999;
    assert_int_equal(event_bind_interdomain(B, &bind), 0);
    near = bind.local_port;
    assert_int_equal(event_send(B, near), 0);
    assert_int_equal(*word(4999), PENDING | LINKED);
    A->shared->evtchn_pending[0] = 0;

    world.stops = 1;
    assert_int_equal(event_reset(A, &ask, &again), 0);
    assert_true(again);
    assert_int_equal(status_of(A, 4999), EVTCHNSTAT_closed);
    assert_int_equal(status_of(A, 4998), EVTCHNSTAT_unbound);
    assert_int_equal(world.holds, VCPUS + PAGES);
    reset(A);
    assert_int_equal(world.holds, 0);
    assert_int_equal(status_of(B, near), EVTCHNSTAT_unbound);
    assert_int_equal(event_ports(A), EVTCHN_2L_NR_CHANNELS);
    struct evtchn_status status = {.dom = DOMID_SELF, .port = 4096};
    assert_int_equal(event_status(A, &status), -XEN_EINVAL);
    assert_int_equal(event_close(A, 4999), -XEN_EINVAL);
    assert_int_equal(event_unmask(A, 4999), -XEN_EINVAL);
    A->vcpu[0]->poll_ports[0] = 4999;
    A->vcpu[0]->poll_port_count = 1;
    assert_false(event_poll_due(A->vcpu[0]));
    assert_int_equal(A->shared->evtchn_pending[0], 1ul << console);
    event_raise(B, near);

    come_up(); /* FIFO again */
    memset(guest.head, 0, sizeof guest.head);
    upcall(0, hear);
    event_raise(A, console);
    EXPECT(0, console);
}

static void ports_end_at_the_limit(void **unused)
{
    struct evtchn_alloc_unbound ask = {.dom = DOMID_SELF, .remote_dom = 2};

    (void)unused;
    for (u32 i = 1; i < EVTCHN_2L_NR_CHANNELS; i++) {
        assert_int_equal(unbound(A, 2), i);
    }
    assert_int_equal(event_alloc_unbound(A, &ask), -XEN_ENOSPC);
    assert_int_equal(init_control(0), 0);
    for (u32 i = EVTCHN_2L_NR_CHANNELS; i < EVENT_PORTS_MAX; i++) {
        assert_int_equal(unbound(A, 2), i);
    }
    assert_int_equal(event_alloc_unbound(A, &ask), -XEN_ENOSPC);
    world.stops = 3;
    for (u32 i = 0; i < 3; i++) {
        assert_false(events_stop(A));
    }
    assert_true(events_stop(A));
    assert_int_equal(init_control(1), -XEN_EINVAL);
    event_raise(A, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(bad_pages_change_nothing),
        TEST(a_hold_is_asked_again),
        TEST(memory_runs_out),
        TEST(first_in_first_out),
        TEST(priorities_come_in_order),
        TEST(masks_delay),
        TEST(an_event_waits_for_its_word),
        TEST(ports_move),
        TEST(a_closed_port_keeps_its_place),
        TEST(a_vcpu_without_its_block),
        TEST(reset_goes_back),
        TEST(ports_end_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
