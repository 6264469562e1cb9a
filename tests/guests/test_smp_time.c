/* SPDX-License-Identifier: MIT */
/* Time with several vCPUs: it never goes back on any of them, nor from one to another; and each has
 * timers of its own, whose events are delivered to it, not early and not late.
 * Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/event.h"
#include "tests/guests/common/smp.h"

#define TIMERS 5u

static _Atomic u64 last_seen, looks;
static u64 last[SMP_MAX];
static volatile u64 came[SMP_MAX]; /* when the event was delivered, by the vCPU's own clock */

/* No vCPU has read a later time than the one that is read here afterwards. */
static void look(unsigned self)
{
    u64 others = atomic_load(&last_seen), now = smp_now();

    if (now < others) {
        check(false, "vCPU %u is %lu ns behind another", self, others - now);
    }
    if (now < last[self]) {
        check(false, "vCPU %u went back by %lu ns", self, last[self] - now);
    }
    last[self] = now;
    while (others < now && !atomic_compare_exchange_weak(&last_seen, &others, now))
        ;
    atomic_fetch_add(&looks, 1);
}

/* Takes an event of this vCPU's timer; there are no others. Leaves events masked. */
static void event(struct trap_frame *frame)
{
    volatile struct vcpu_info *info = smp_info();

    (void)frame;
    info->evtchn_upcall_pending = 0;
    for (u64 words = __atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST); words;
         words &= words - 1) {
        __atomic_exchange_n(&shared_info->evtchn_pending[__builtin_ctzl(words)], 0,
                            __ATOMIC_SEQ_CST);
    }
    came[smp_self()] = smp_now();
}

static void timers(unsigned self)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER, .vcpu = self};

    check_equal(event_channel_op(EVTCHNOP_bind_virq, &bind), 0, "the timer of vCPU %u", self);
    smp_barrier();
    for (unsigned i = 0; i < TIMERS; i++) {
        struct vcpu_set_singleshot_timer request = {
            .timeout_abs_ns = smp_now() + (1 + smp_below(6)) * MILLISECOND};

        came[self] = 0;
        check_equal(vcpu_op(VCPUOP_set_singleshot_timer, self, &request), 0, "setting it");
        while (!came[self] && smp_now() < request.timeout_abs_ns + PATIENCE) {
            sched_op(SCHEDOP_block, NULL);
        }
        smp_info()->evtchn_upcall_mask = 1;
        check(came[self], "vCPU %u: no timer event", self);
        check(came[self] >= request.timeout_abs_ns, "vCPU %u: %lu ns early", self,
              request.timeout_abs_ns - came[self]);
    }
    smp_barrier();
    check_equal(vcpu_op(VCPUOP_stop_singleshot_timer, (self + 1) % 4, NULL), -XEN_EINVAL,
                "another's timer");
    check_equal(port_close(bind.port), 0, "close");
}

void test_main(void)
{
    smp_start(4);
    smp_race(look, 300, NULL);
    print("Note: %lu readings of the clock\n", looks);
    trap_take(VECTOR_EVENT, event);
    check_equal(set_callback(CALLBACKTYPE_event, 0, address(event_entry)), 0, "the callback");
    smp_run(timers);
}
