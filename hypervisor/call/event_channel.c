/* SPDX-License-Identifier: MIT */
/* event_channel_op, and its older form event_channel_op_compat. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/channel.h"

union ask {
    struct evtchn_alloc_unbound alloc_unbound;
    struct evtchn_bind_interdomain bind_interdomain;
    struct evtchn_bind_virq bind_virq;
    struct evtchn_bind_pirq bind_pirq;
    struct evtchn_bind_ipi bind_ipi;
    struct evtchn_close close;
    struct evtchn_send send;
    struct evtchn_status status;
    struct evtchn_bind_vcpu bind_vcpu;
    struct evtchn_unmask unmask;
    struct evtchn_reset reset;
    struct evtchn_init_control init_control;
    struct evtchn_expand_array expand_array;
    struct evtchn_set_priority set_priority;
};

/* For each operation: the size of the structure that it reads, and whether it writes results back.
 * Size 0: the operation is not implemented. */
static const struct {
    u8 size;
    bool answers;
} form[] = {
    [EVTCHNOP_bind_interdomain] = {sizeof(struct evtchn_bind_interdomain), true},
    [EVTCHNOP_bind_virq] = {sizeof(struct evtchn_bind_virq), true},
    [EVTCHNOP_bind_pirq] = {sizeof(struct evtchn_bind_pirq), true},
    [EVTCHNOP_close] = {sizeof(struct evtchn_close), false},
    [EVTCHNOP_send] = {sizeof(struct evtchn_send), false},
    [EVTCHNOP_status] = {sizeof(struct evtchn_status), true},
    [EVTCHNOP_alloc_unbound] = {sizeof(struct evtchn_alloc_unbound), true},
    [EVTCHNOP_bind_ipi] = {sizeof(struct evtchn_bind_ipi), true},
    [EVTCHNOP_bind_vcpu] = {sizeof(struct evtchn_bind_vcpu), false},
    [EVTCHNOP_unmask] = {sizeof(struct evtchn_unmask), false},
    [EVTCHNOP_reset] = {sizeof(struct evtchn_reset), false},
    [EVTCHNOP_init_control] = {sizeof(struct evtchn_init_control), true},
    [EVTCHNOP_expand_array] = {sizeof(struct evtchn_expand_array), false},
    [EVTCHNOP_set_priority] = {sizeof(struct evtchn_set_priority), false},
};

static s64 serve(struct domain *domain, u64 operation, union ask *ask, bool *again)
{
    switch (operation) {
    case EVTCHNOP_bind_interdomain:
        return event_bind_interdomain(domain, &ask->bind_interdomain);
    case EVTCHNOP_bind_virq:
        return event_bind_virq(domain, &ask->bind_virq);
    case EVTCHNOP_bind_pirq:
        return event_bind_pirq(domain, &ask->bind_pirq);
    case EVTCHNOP_close:
        return event_close(domain, ask->close.port);
    case EVTCHNOP_send:
        return event_send(domain, ask->send.port);
    case EVTCHNOP_status:
        return event_status(domain, &ask->status);
    case EVTCHNOP_alloc_unbound:
        return event_alloc_unbound(domain, &ask->alloc_unbound);
    case EVTCHNOP_bind_ipi:
        return event_bind_ipi(domain, &ask->bind_ipi);
    case EVTCHNOP_bind_vcpu:
        return event_bind_vcpu(domain, &ask->bind_vcpu);
    case EVTCHNOP_unmask:
        return event_unmask(domain, ask->unmask.port);
    case EVTCHNOP_reset:
        return event_reset(domain, &ask->reset, again);
    case EVTCHNOP_init_control:
        return event_init_control(domain, &ask->init_control, again);
    case EVTCHNOP_expand_array:
        return event_expand_array(domain, &ask->expand_array, again);
    case EVTCHNOP_set_priority:
        return event_set_priority(domain, &ask->set_priority);
    default:
        return -XEN_ENOSYS;
    }
}

static s64 copy_and_serve(struct vcpu *vcpu, struct call *call, u64 operation, u64 at)
{
    union ask ask = {0};

    if (operation >= ARRAY_LENGTH(form) || !form[operation].size) {
        return -XEN_ENOSYS;
    }
    u64 size = form[operation].size;
    if (!copy_from_guest(&ask, at, size)) {
        return -XEN_EFAULT;
    }
    s64 result = serve(vcpu->domain, operation, &ask, &call->again);
    if (!result && !call->again && form[operation].answers && !copy_to_guest(at, &ask, size)) {
        return -XEN_EFAULT;
    }
    return result;
}

s64 call_event_channel_op(struct vcpu *vcpu, struct call *call)
{
    return copy_and_serve(vcpu, call, (u32)call->argument[0], call->argument[1]);
}

/* Only the operations whose structures fit into the older, smaller argument. */
s64 call_event_channel_op_compat(struct vcpu *vcpu, struct call *call)
{
    u64 at = call->argument[0];
    u32 operation;

    if (!GET_GUEST(&operation, at)) {
        return -XEN_EFAULT;
    }
    if (operation > EVTCHNOP_unmask) {
        return -XEN_ENOSYS;
    }
    return copy_and_serve(vcpu, call, operation, at + offsetof(struct evtchn_op, u));
}
