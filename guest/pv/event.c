/* SPDX-License-Identifier: MIT */
/* Event channels (the two-level ABI) and the clock. */
#include "guest/event.h"
#include "guest/error.h"
#include "guest/kernel.h"
#include "guest/pv/pv.h"

#define PORTS 4096u /* the most ports that a domain has in the two-level ABI */

static event_handler *event_handlers[PORTS];
static u64 upcalls_handled[CPUS]; /* how often each CPU found pending events */

/* Returns the vcpu_info of the CPU that runs the caller. */
static struct vcpu_info *own_info(void)
{
    return &shared_info->vcpu_info[cpu_number()];
}

/* Ends the making of a port: sets its handler and unmasks it.
 * result: what the hypervisor answered to the request for the port. Returns the port or an error.
 */
static long ready(long result, evtchn_port_t port, event_handler *handler)
{
    if (result) {
        return result;
    }
    if (port >= PORTS) {
        return -XEN_ENOSPC;
    }
    event_handlers[port] = handler;
    result = event_unmask(port);
    return result ? result : (long)port;
}

long event_bind_virq(unsigned virq, event_handler *handler)
{
    struct evtchn_bind_virq request = {.virq = virq, .vcpu = cpu_number()};
    long result;

    if (virq == VIRQ_TIMER) {
        /* Xen starts every vCPU with a timer of 100 Hz, whose events would look like alarms. */
        vcpu_op(VCPUOP_stop_periodic_timer, cpu_number(), NULL);
    }
    result = event_channel_op(EVTCHNOP_bind_virq, &request);
    return ready(result, request.port, handler);
}

long event_bind_ipi(unsigned cpu, event_handler *handler)
{
    struct evtchn_bind_ipi request = {.vcpu = cpu};
    long result = event_channel_op(EVTCHNOP_bind_ipi, &request);

    return ready(result, request.port, handler);
}

long event_allocate(u16 remote_domain, event_handler *handler)
{
    struct evtchn_alloc_unbound request = {.dom = DOMID_SELF, .remote_dom = remote_domain};
    long result = event_channel_op(EVTCHNOP_alloc_unbound, &request);

    return ready(result, request.port, handler);
}

long event_bind_interdomain(u16 remote_domain, unsigned remote_port, event_handler *handler)
{
    struct evtchn_bind_interdomain request = {.remote_dom = remote_domain,
                                              .remote_port = remote_port};
    long result = event_channel_op(EVTCHNOP_bind_interdomain, &request);

    return ready(result, request.local_port, handler);
}

int event_send(unsigned port)
{
    struct evtchn_send request = {.port = port};

    return (int)event_channel_op(EVTCHNOP_send, &request);
}

int event_close(unsigned port)
{
    struct evtchn_close request = {.port = port};
    int result = (int)event_channel_op(EVTCHNOP_close, &request);

    if (!result && port < PORTS) {
        event_handlers[port] = NULL;
    }
    return result;
}

void event_mask(unsigned port)
{
    __atomic_fetch_or(&shared_info->evtchn_mask[port / 64], 1ull << port % 64, __ATOMIC_SEQ_CST);
}

int event_unmask(unsigned port)
{
    struct evtchn_unmask request = {.port = port};

    return (int)event_channel_op(EVTCHNOP_unmask, &request);
}

/* Calls the handlers of the pending ports whose bits are in one word of shared_info. Returns
 * whether there were any. */
static bool poll_word(unsigned word)
{
    u64 pending = shared_info->evtchn_pending[word] & ~shared_info->evtchn_mask[word];

    for (u64 left = pending; left; left &= left - 1) {
        unsigned bit = (unsigned)__builtin_ctzll(left), port = word * 64 + bit;

        __atomic_fetch_and(&shared_info->evtchn_pending[word], ~(1ull << bit), __ATOMIC_SEQ_CST);
        if (event_handlers[port]) {
            event_handlers[port](port);
        }
    }
    return pending != 0;
}

bool event_poll(void)
{
    struct vcpu_info *info = own_info();
    bool any = false;
    u64 words;

    while (__atomic_exchange_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST)) {
        words = __atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
        upcalls_handled[cpu_number()]++;
        for (; words; words &= words - 1) {
            any |= poll_word((unsigned)__builtin_ctzll(words));
        }
    }
    return any;
}

/* SCHEDOP_block unmasks events, so an event that arrives then makes an upcall, which calls
 * event_poll by itself: upcalls_handled shows that. */
void event_wait(void)
{
    u64 before = upcalls_handled[cpu_number()];

    while (!event_poll() && upcalls_handled[cpu_number()] == before) {
        sched_op(SCHEDOP_block, NULL);
        own_info()->evtchn_upcall_mask = 1;
    }
}

u64 clock_now(void)
{
    const volatile struct vcpu_time_info *time = &own_info()->time;
    u32 version;
    u64 now;

    do {
        version = time->version;
        __asm__ volatile("" ::: "memory");
        u64 ticks = read_tsc() - time->tsc_timestamp;
        u32 scale = time->tsc_to_system_mul;
        ticks = time->tsc_shift < 0 ? ticks >> -time->tsc_shift : ticks << time->tsc_shift;
        now = time->system_time + (u64)((unsigned __int128)ticks * scale >> 32);
        __asm__ volatile("" ::: "memory");
    } while (version & 1 || version != time->version);
    return now;
}

int clock_alarm(u64 at)
{
    struct vcpu_set_singleshot_timer request = {.timeout_abs_ns = at};

    return (int)vcpu_op(VCPUOP_set_singleshot_timer, cpu_number(), &request);
}
