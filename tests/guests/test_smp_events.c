/* SPDX-License-Identifier: MIT */
/* Events between vCPUs: every IPI is delivered once, whether its vCPU computes, blocks or polls;
 * and one port wakes all vCPUs that poll for it.
 * Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/event.h"
#include "tests/guests/common/smp.h"

#define POLLS 30u

static evtchn_port_t port_of[SMP_MAX]; /* an IPI of each vCPU */
static _Atomic u64 came[SMP_MAX];
static _Atomic u64 ball; /* how often the ball was passed on */
static _Atomic bool over;

/* Each vCPU takes events of its own port only. */
static void take_event(void)
{
    volatile struct vcpu_info *info = smp_info();
    unsigned self = smp_self();
    evtchn_port_t port = port_of[self];
    u64 bit = 1ull << port % 64;

    info->evtchn_upcall_pending = 0;
    __atomic_store_n(&smp_info()->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    if (__atomic_fetch_and(&shared_info->evtchn_pending[port / 64], ~bit, __ATOMIC_SEQ_CST) & bit) {
        atomic_fetch_add(&came[self], 1);
    }
}

static void on_event(struct trap_frame *frame)
{
    (void)frame;
    take_event();
}

static evtchn_port_t make_ipi(unsigned vcpu)
{
    struct evtchn_bind_ipi request = {.vcpu = vcpu};

    check_equal(event_channel_op(EVTCHNOP_bind_ipi, &request), 0, "an IPI of vCPU %u", vcpu);
    return request.port;
}

static void mask_port(evtchn_port_t port, bool masked)
{
    u64 bit = 1ull << port % 64, *word = &shared_info->evtchn_mask[port / 64];

    if (masked) {
        __atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
    } else {
        __atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
    }
}

/* ---- ways to wait for another event after `before` of them
 * ------------------------------------- */

static bool patient(u64 before, u64 end)
{
    return came[smp_self()] == before && smp_now() < end;
}

static void compute(u64 before)
{
    u64 end = smp_now() + PATIENCE;

    smp_info()->evtchn_upcall_mask = 0;
    xen_version(XENVER_version,
                NULL); /* a pending event is delivered at the return from the call */
    while (patient(before, end)) {
        __builtin_ia32_pause();
    }
    smp_info()->evtchn_upcall_mask = 1;
}

static void block(u64 before)
{
    while (came[smp_self()] == before) {
        sched_op(SCHEDOP_block, NULL); /* unmasks */
        smp_info()->evtchn_upcall_mask = 1;
    }
}

static long poll_port(evtchn_port_t port, u64 end)
{
    struct sched_poll request = {.nr_ports = 1, .timeout = end};

    set_xen_guest_handle(request.ports, &port);
    return sched_op(SCHEDOP_poll, &request);
}

static void poll(u64 before)
{
    u64 end = smp_now() + PATIENCE;

    while (patient(before, end)) {
        check_equal(poll_port(port_of[smp_self()], end), 0, "poll");
        take_event();
    }
}

static const struct {
    const char *name;
    void (*wait)(u64 before);
    bool masked; /* whether the port is masked */
    u64 laps;    /* few where each may cost the other vCPUs a slice */
} ways[] = {{"computes", compute, false, 10},
            {"blocks", block, false, 100},
            {"polls", poll, false, 100},
            {"polls a masked port", poll, true, 100}};
static unsigned way;

/* Passes a ball round: each vCPU waits for its event, then sends one to the next vCPU. */
static void ring(unsigned self)
{
    port_of[self] = make_ipi(self);
    mask_port(port_of[self], ways[way].masked);
    smp_barrier();
    for (u64 lap = 0; lap < ways[way].laps && !over; lap++) {
        u64 before = lap - (self == 0);

        if (self || lap) { /* vCPU 0 has the ball at first */
            ways[way].wait(before);
        }
        if ((self || lap) && came[self] != before + 1) {
            check(over, "vCPU %u, which %s: %lu events in lap %lu", self, ways[way].name,
                  came[self], lap);
            over = true;
        }
        check(over || atomic_fetch_add(&ball, 1) == lap * 4 + self, "it was not vCPU %u's turn",
              self);
        check_equal(port_send(port_of[(self + 1) % 4]), 0, "an IPI");
    }
    smp_barrier();
    take_event();
    check(over || came[self] == ways[way].laps, "vCPU %u, which %s: %lu events", self,
          ways[way].name, came[self]);
    mask_port(port_of[self], false);
    check_equal(port_close(port_of[self]), 0, "close");
}

static void check_ring(void)
{
    for (way = 0; way < ARRAY_LENGTH(ways) && !over; way++) {
        for (unsigned i = 0; i < 4; i++) {
            came[i] = 0;
        }
        ball = 0;
        smp_run(ring);
    }
}

/* ---- one port, many that poll ------------------------------------------------------------------
 */

static evtchn_port_t common_port;

static void poll_together(unsigned self)
{
    for (unsigned i = 0; i < POLLS; i++) {
        if (self == 0) {
            __atomic_fetch_and(&shared_info->evtchn_pending[common_port / 64],
                               ~(1ull << common_port % 64), __ATOMIC_SEQ_CST);
        }
        smp_barrier();
        if (self == 0) {
            for (u32 spins = smp_below(2000); spins; spins--) {
                __builtin_ia32_pause();
            }
            check_equal(port_send(common_port), 0, "an IPI");
        } else {
            u64 end = smp_now() + PATIENCE;

            check_equal(poll_port(common_port, end), 0, "poll");
            check(smp_now() < end, "vCPU %u polled till its time-out, round %u", self, i);
        }
        smp_barrier();
    }
}

void test_main(void)
{
    smp_start(4);
    trap_take(VECTOR_EVENT, on_event);
    check_equal(set_callback(CALLBACKTYPE_event, 0, address(event_entry)), 0, "the callback");
    check_ring();
    common_port = make_ipi(0);
    mask_port(common_port, true);
    smp_run(poll_together);
    check_equal(port_close(common_port), 0, "close");
}
