/* SPDX-License-Identifier: MIT */
/* No wake-up is lost: vCPUs that compute, block, poll and yield at random get every timer event,
 * regardless of IPIs in between, with two-level and with FIFO events.
 * Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/event.h"
#include "tests/guests/common/smp.h"

#define VCPUS 4u

static struct {
    evtchn_port_t timer, ipi;
    _Atomic u64 timers; /* timer events that were delivered */
    u64 rounds;
    _Atomic u64 alive; /* the last time at which it was known to make progress */
    u32 head[EVTCHN_FIFO_MAX_QUEUES];
    struct evtchn_fifo_control_block *control;
} of[VCPUS];
static u32 *array; /* NULL: two-level events */

/* ---- events of this vCPU ---- */

static void came(evtchn_port_t port)
{
    unsigned self = smp_self();

    if (port == of[self].timer) { /* otherwise it is an IPI, or the console's */
        atomic_fetch_add(&of[self].timers, 1);
    }
}

static volatile u32 *word_of(evtchn_port_t port)
{
    return &array[port];
}

static void take_two_level(evtchn_port_t port)
{
    u64 bit = 1ull << port % 64;

    if (__atomic_fetch_and(&shared_info->evtchn_pending[port / 64], ~bit, __ATOMIC_SEQ_CST) & bit) {
        came(port);
    }
}

static void take_events(void)
{
    unsigned self = smp_self();
    volatile struct vcpu_info *info = smp_info();

    do {
        info->evtchn_upcall_pending = 0;
        if (array) {
            fifo_take(of[self].control, of[self].head, word_of, came);
            continue;
        }
        __atomic_store_n(&smp_info()->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
        take_two_level(of[self].timer);
        take_two_level(of[self].ipi);
    } while (info->evtchn_upcall_pending);
}

static void on_event(struct trap_frame *frame)
{
    (void)frame;
    take_events();
}

static void mask(bool masked)
{
    smp_info()->evtchn_upcall_mask = masked;
    if (!masked && *(volatile u8 *)&smp_info()->evtchn_upcall_pending) {
        xen_version(XENVER_version,
                    NULL); /* a pending event is delivered at the return from the call */
    }
}

/* ---- ways to wait ---- */

static void compute(void)
{
    mask(false);
    for (u32 spins = smp_below(3000); spins; spins--) {
        __builtin_ia32_pause();
    }
    mask(true);
}

static void block(void)
{
    sched_op(SCHEDOP_block, NULL); /* unmasks */
    mask(true);
}

static void poll(void)
{
    evtchn_port_t ports[2] = {of[smp_self()].timer, of[smp_self()].ipi};
    struct sched_poll request = {.nr_ports = 2, .timeout = 0};

    set_xen_guest_handle(request.ports, ports);
    check_equal(sched_op(SCHEDOP_poll, &request), 0, "poll");
    take_events();
}

static void give_way(void)
{
    sched_op(SCHEDOP_yield, NULL);
    take_events();
}

static void (*const ways[])(void) = {compute, block, poll, give_way, block, compute};

/* ---- the race ---- */

static void look_after(unsigned self)
{
    u64 now = smp_now();

    atomic_store(&of[self].alive, now);
    for (unsigned i = 0; i < VCPUS; i++) {
        if (of[i].alive + PATIENCE < now) {
            print("vCPU %u has been silent for %lu ms; seen by vCPU %u\n", i,
                  (u64)((now - of[i].alive) / MILLISECOND), self);
            for (unsigned k = 0; k < VCPUS; k++) {
                print("  vCPU %u: %lu rounds, pending %u, mask %u\n", k, of[k].rounds,
                      shared_info->vcpu_info[k].evtchn_upcall_pending,
                      shared_info->vcpu_info[k].evtchn_upcall_mask);
            }
            error("a wake-up was lost");
        }
    }
}

static void race(unsigned self)
{
    struct vcpu_set_singleshot_timer request = {.timeout_abs_ns = smp_now() + smp_below(400000)};
    u64 timers = of[self].timers;

    look_after(self);
    check_equal(vcpu_op(VCPUOP_set_singleshot_timer, self, &request), 0, "setting a timer");
    if (smp_below(2)) {
        check_equal(port_send(of[smp_below(VCPUS)].ipi), 0, "an IPI");
    }
    while (of[self].timers == timers) {
        ways[smp_below(ARRAY_LENGTH(ways))]();
    }
    of[self].rounds++;
}

/* ---- set-up ---- */

static void bind(unsigned self)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER, .vcpu = self};
    struct evtchn_bind_ipi ipi = {.vcpu = self};

    check_equal(event_channel_op(EVTCHNOP_bind_virq, &virq), 0, "the timer of vCPU %u", self);
    check_equal(event_channel_op(EVTCHNOP_bind_ipi, &ipi), 0, "the IPI of vCPU %u", self);
    of[self].timer = virq.port;
    of[self].ipi = ipi.port;
    of[self].alive = smp_now();
}

static void unbind(unsigned self)
{
    check_equal(port_close(of[self].timer), 0, "close");
    check_equal(port_close(of[self].ipi), 0, "close");
    take_events();
}

static void use_queues(void)
{
    struct evtchn_expand_array expand;

    for (unsigned i = 0; i < VCPUS; i++) {
        struct evtchn_init_control request = {.vcpu = i};

        of[i].control = page_take();
        request.control_gfn = mfn_of(of[i].control);
        check_equal(event_channel_op(EVTCHNOP_init_control, &request), 0, "a control block");
    }
    array = page_take();
    expand.array_gfn = mfn_of(array);
    check_equal(event_channel_op(EVTCHNOP_expand_array, &expand), 0, "the array");
}

static void run(const char *what)
{
    u64 rounds = 0;

    smp_run(bind);
    smp_race(race, 700, NULL);
    smp_run(unbind);
    for (unsigned i = 0; i < VCPUS; i++) {
        rounds += of[i].rounds;
    }
    print("Note: %lu timers, %s\n", rounds, what);
}

void test_main(void)
{
    smp_start(VCPUS);
    trap_take(VECTOR_EVENT, on_event);
    check_equal(set_callback(CALLBACKTYPE_event, 0, address(event_entry)), 0, "the callback");
    run("two levels");
    use_queues();
    run("FIFO queues");
}
