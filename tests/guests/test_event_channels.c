/* SPDX-License-Identifier: MIT */
/* Event channels: what a guest has instead of interrupts.
 *
 * A port is bound to a source of events. An event sets the port's pending bit; unless the port is
 * masked, it sets the selector bit and the pending flag of the vCPU; unless events are masked
 * there, the callback runs. Tested are each of these steps, each kind of port, each refusal, and
 * the limit. */
#include "tests/guests/common/event.h"
#include "tests/guests/common/user.h"

static unsigned callbacks;
static u8 mask_in_callback;
static u64 cs_in_callback;

static bool is_pending(evtchn_port_t port)
{
    return shared_info->evtchn_pending[port / 64] >> port % 64 & 1;
}

static void set_masked(evtchn_port_t port, bool masked)
{
    volatile xen_ulong_t *word = &shared_info->evtchn_mask[port / 64];

    if (masked) {
        __asm__ volatile("lock btsq %1, %0" : "+m"(*word) : "r"((u64)port % 64) : "cc");
    } else {
        __asm__ volatile("lock btrq %1, %0" : "+m"(*word) : "r"((u64)port % 64) : "cc");
    }
}

/* Takes all pending events, as a guest's callback must. */
static void take_events(void)
{
    volatile struct vcpu_info *vcpu = vcpu_info();

    vcpu->evtchn_upcall_pending = 0;
    vcpu->evtchn_pending_sel = 0;
    for (unsigned i = 0; i < 64; i++) {
        shared_info->evtchn_pending[i] = 0;
    }
}

static void callback(struct trap_frame *frame)
{
    callbacks++;
    mask_in_callback = vcpu_info()->evtchn_upcall_mask;
    cs_in_callback = frame->cs;
    take_events();
}

static long status_of(evtchn_port_t port, struct evtchn_status *status)
{
    memset(status, 0, sizeof *status);
    status->dom = DOMID_SELF;
    status->port = port;
    return event_channel_op(EVTCHNOP_status, status);
}

static evtchn_port_t make_ipi(void)
{
    struct evtchn_bind_ipi request = {.vcpu = 0};

    check_equal(event_channel_op(EVTCHNOP_bind_ipi, &request), 0, "bind_ipi");
    check(request.port, "bind_ipi gave port 0");
    return request.port;
}

static void check_pending_and_masks(void)
{
    volatile struct vcpu_info *vcpu = vcpu_info();
    evtchn_port_t port = make_ipi();

    take_events();
    vcpu->evtchn_upcall_mask = 1;
    check_equal(port_send(port), 0, "send");
    check(is_pending(port), "the port is not pending");
    check(vcpu->evtchn_pending_sel == 1ull << port / 64, "selector %lx", vcpu->evtchn_pending_sel);
    check_equal(vcpu->evtchn_upcall_pending, 1, "the vCPU's pending flag");
    check_equal(callbacks, 0, "callbacks while events are masked");

    vcpu->evtchn_upcall_mask = 0;
    xen_version(XENVER_version, NULL);
    check_equal(callbacks, 1, "callbacks after the mask is off and a call");
    check_equal(mask_in_callback, 1, "the mask in the callback");
    check_equal(vcpu->evtchn_upcall_mask, 0, "the mask after it");
    check_equal(port_send(port), 0, "send");
    check_equal(callbacks, 2, "callbacks after a send with events on");

    set_masked(port, true);
    check_equal(port_send(port), 0, "send to a masked port");
    check(is_pending(port), "a masked port is not pending");
    check_equal(callbacks, 2, "callbacks after a send to a masked port");
    check_equal(port_unmask(port), 0, "unmask");
    check_equal(callbacks, 3, "callbacks after unmask of a pending port");
    check(!(shared_info->evtchn_mask[port / 64] >> port % 64 & 1), "the port is still masked");
    check_equal(port_unmask(port), 0, "unmask");
    check_equal(callbacks, 3, "callbacks after unmask of an idle port");

    vcpu->evtchn_upcall_mask = 1;
    check_equal(port_close(port), 0, "close");
    check(port_send(port) == -XEN_EINVAL, "send to a closed port");
    check(port_close(port) == -XEN_EINVAL, "close of a closed port");
}

/* Both ends of a channel in one domain. */
static void check_loop(void)
{
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    struct evtchn_status status;

    check_equal(event_channel_op(EVTCHNOP_alloc_unbound, &unbound), 0, "alloc_unbound");
    check_equal(status_of(unbound.port, &status), 0, "status");
    check_equal(status.status, EVTCHNSTAT_unbound, "the status of an unbound port");
    check_equal(port_send(unbound.port), 0, "send to an unbound port is dropped");
    check(!is_pending(unbound.port), "an unbound port is pending");

    bind.remote_port = unbound.port;
    check_equal(event_channel_op(EVTCHNOP_bind_interdomain, &bind), 0, "bind_interdomain");
    check_equal(status_of(bind.local_port, &status), 0, "status");
    check_equal(status.status, EVTCHNSTAT_interdomain, "the status of a bound port");
    check_equal(status.u.interdomain.port, unbound.port, "its other end");
    take_events();
    check_equal(port_send(bind.local_port), 0, "send");
    check(is_pending(unbound.port) && !is_pending(bind.local_port), "the wrong end is pending");
    check_equal(port_send(unbound.port), 0, "send back");
    check(is_pending(bind.local_port), "the near end is not pending");
    check_equal(event_channel_op(EVTCHNOP_bind_interdomain, &bind), -XEN_EINVAL,
                "binding it twice");
    check_equal(port_close(bind.local_port), 0, "closing one end");
    check_equal(status_of(unbound.port, &status), 0, "status");
    check_equal(status.status, EVTCHNSTAT_unbound, "the other end is unbound again");
    check_equal(port_close(unbound.port), 0, "closing the other end");
    check_equal(status_of(unbound.port, &status), 0, "status");
    check_equal(status.status, EVTCHNSTAT_closed, "the status of a closed port");
    take_events();
}

static void check_virq(void)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER, .vcpu = 0};
    struct evtchn_bind_vcpu move;
    struct evtchn_status status;

    check_equal(event_channel_op(EVTCHNOP_bind_virq, &bind), 0, "VIRQ_TIMER");
    check_equal(status_of(bind.port, &status), 0, "status");
    check(status.status == EVTCHNSTAT_virq && status.u.virq == VIRQ_TIMER && status.vcpu == 0,
          "its status: %u, virq %u, vcpu %u", status.status, status.u.virq, status.vcpu);
    check_equal(port_send(bind.port), -XEN_EINVAL, "send to a virq");
    move = (struct evtchn_bind_vcpu){.port = bind.port, .vcpu = 0};
    check_equal(event_channel_op(EVTCHNOP_bind_vcpu, &move), -XEN_EINVAL, "moving a per-vCPU virq");
    bind.port = 0;
    check_equal(event_channel_op(EVTCHNOP_bind_virq, &bind), -XEN_EEXIST, "VIRQ_TIMER again");
    bind.vcpu = 31;
    check_equal(event_channel_op(EVTCHNOP_bind_virq, &bind), -XEN_ENOENT, "VIRQ_TIMER of vCPU 31");
    bind = (struct evtchn_bind_virq){.virq = 24};
    check_equal(event_channel_op(EVTCHNOP_bind_virq, &bind), -XEN_EINVAL, "virq 24");
    bind.virq = ~0u;
    check_equal(event_channel_op(EVTCHNOP_bind_virq, &bind), -XEN_EINVAL, "virq ~0");
    check_equal(port_close(status.port), 0, "close");
    bind = (struct evtchn_bind_virq){.virq = VIRQ_DEBUG};
    check_equal(event_channel_op(EVTCHNOP_bind_virq, &bind), 0, "VIRQ_DEBUG");
    check_equal(port_close(bind.port), 0, "close");
}

static void check_refused(void)
{
    struct evtchn_alloc_unbound unbound = {.dom = 4242, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = 4242, .remote_port = 1};
    struct evtchn_bind_ipi ipi = {.vcpu = 77};
    struct evtchn_bind_vcpu move;
    struct evtchn_status status;
    static const evtchn_port_t bad[] = {0, 3000, 4095, 4096, 1u << 17, 1u << 31, ~0u};

    check_equal(event_channel_op(EVTCHNOP_alloc_unbound, &unbound), -XEN_ESRCH, "for domain 4242");
    check_equal(event_channel_op(EVTCHNOP_bind_interdomain, &bind), -XEN_ESRCH, "with domain 4242");
    bind = (struct evtchn_bind_interdomain){.remote_dom = DOMID_SELF, .remote_port = 4000};
    check_equal(event_channel_op(EVTCHNOP_bind_interdomain, &bind), -XEN_EINVAL, "with no port");
    check_equal(event_channel_op(EVTCHNOP_bind_ipi, &ipi), -XEN_ENOENT, "bind_ipi of vCPU 77");
    for (unsigned i = 0; i < ARRAY_LENGTH(bad); i++) {
        check_equal(port_send(bad[i]), -XEN_EINVAL, "send to port %x", bad[i]);
        check_equal(port_close(bad[i]), -XEN_EINVAL, "close of port %x", bad[i]);
    }
    check_equal(port_unmask(1u << 17), -XEN_EINVAL, "unmask of port 2^17");
    move = (struct evtchn_bind_vcpu){.port = 3000, .vcpu = 0};
    check_equal(event_channel_op(EVTCHNOP_bind_vcpu, &move), -XEN_EINVAL, "bind_vcpu of no port");
    move.vcpu = 77;
    check_equal(event_channel_op(EVTCHNOP_bind_vcpu, &move), -XEN_ENOENT, "bind_vcpu to vCPU 77");
    check_equal(status_of(1u << 17, &status), -XEN_EINVAL, "status of port 2^17");
    status = (struct evtchn_status){.dom = 4242, .port = 1};
    check_equal(event_channel_op(EVTCHNOP_status, &status), -XEN_ESRCH, "status in domain 4242");
}

/* Allocates all ports; the next one is refused; then all of them can be closed. */
static void check_limit(void)
{
    struct evtchn_alloc_unbound request = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    static u8 mine[EVTCHN_2L_NR_CHANNELS];
    unsigned count = 0;
    long result;

    for (;;) {
        result = event_channel_op(EVTCHNOP_alloc_unbound, &request);
        if (result) {
            break;
        }
        if (request.port >= EVTCHN_2L_NR_CHANNELS || mine[request.port]) {
            error("port %u was given out: %u ports so far", request.port, count);
        }
        mine[request.port] = 1;
        count++;
    }
    check_equal(result, -XEN_ENOSPC, "one port too many");
    check(count >= 1000 && count < EVTCHN_2L_NR_CHANNELS, "%u ports", count);
    for (evtchn_port_t port = 0; port < EVTCHN_2L_NR_CHANNELS; port++) {
        if (mine[port]) {
            check_equal(port_close(port), 0, "close of port %u", port);
        }
    }
    check_equal(event_channel_op(EVTCHNOP_alloc_unbound, &request), 0,
                "a port after all are closed");
    check_equal(port_close(request.port), 0, "close");
    take_events();
}

/* The older hypercall, whose argument holds the number of the operation, does the same. */
static void check_compat(void)
{
    struct evtchn_op bind = {.cmd = EVTCHNOP_bind_ipi, .u.bind_ipi = {.vcpu = 0}};
    struct evtchn_op send = {.cmd = EVTCHNOP_send}, close = {.cmd = EVTCHNOP_close};
    struct evtchn_op reset = {.cmd = EVTCHNOP_reset};
    struct evtchn_status status;

    check_equal(hypercall(__HYPERVISOR_event_channel_op_compat, address(&bind), 0, 0), 0, "bind");
    send.u.send.port = close.u.close.port = bind.u.bind_ipi.port;
    set_masked(send.u.send.port, true);
    check_equal(hypercall(__HYPERVISOR_event_channel_op_compat, address(&send), 0, 0), 0, "send");
    check(is_pending(send.u.send.port), "the event is not pending");
    take_events();
    set_masked(send.u.send.port, false);
    check_equal(status_of(send.u.send.port, &status), 0, "status");
    check_equal(status.status, EVTCHNSTAT_ipi, "its kind");
    check_equal(hypercall(__HYPERVISOR_event_channel_op_compat, address(&close), 0, 0), 0, "close");
    check_equal(status_of(send.u.send.port, &status), 0, "status");
    check_equal(status.status, EVTCHNSTAT_closed, "its kind after close");
    check_equal(hypercall(__HYPERVISOR_event_channel_op_compat, address(&reset), 0, 0), -XEN_ENOSYS,
                "a newer operation");
}

/* A pending event is delivered when user mode is entered with events unmasked: before the first
 * instruction there, on the kernel's stack. */
static void check_user(void)
{
    static struct user_space space;
    struct trap_frame frame = {.rip = USER_CODE, .rsp = USER_STACK, .rflags = RFLAGS_IF};
    evtchn_port_t port;

    trap_take(VECTOR_EVENT, NULL);
    user_space_make(&space);
    space.code[0] = 0xcc;
    port = make_ipi();
    vcpu_info()->evtchn_upcall_mask = 1;
    check_equal(port_send(port), 0, "send");
    user_run(&frame, 0);
    check_equal(frame.vector, VECTOR_EVENT, "what came first in user mode");
    check_equal(frame.rip, USER_CODE, "its rip");
    check_equal(frame.cs & 3, 3, "its privilege");
    vcpu_info()->evtchn_upcall_mask = 1;
    take_events();
    check_equal(port_close(port), 0, "close");
}

void test_main(void)
{
    trap_take(VECTOR_EVENT, callback);
    check_equal(set_callback(CALLBACKTYPE_event, 0, 1ull << 47), -XEN_EINVAL, "a callback nowhere");
    check_equal(set_callback(CALLBACKTYPE_event, 0, address(event_entry)), 0, "the callback");
    check_equal(set_callback(99, 0, address(event_entry)), -XEN_ENOSYS, "callback type 99");
    check_pending_and_masks();
    check_loop();
    check_virq();
    check_compat();
    check_refused();
    check_limit();
    check_user();
}
