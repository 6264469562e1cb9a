/* SPDX-License-Identifier: MIT */
/* watch: the dispatcher. */
#include "hypervisor/call/watch/watch.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/memory/guest_copy.h"
#include "lib/watch_counters.h"
#include "lib/watch_frames.h"

_Static_assert(WATCH_HYPERCALL == __HYPERVISOR_arch_7, "a number that Xen leaves to architectures");

static s64 serve(struct vcpu *vcpu, struct call *call, u64 at)
{
    (void)vcpu;
    switch (call->argument[0]) {
    case WATCH_TRACE_START:
    case WATCH_TRACE_STOP:
    case WATCH_TRACE_READ:
        return watch_trace(call->argument[0], at);
    case WATCH_MACHINE:
        return watch_machine(at);
    case WATCH_DOMAIN:
        return watch_domain(at);
    case WATCH_FRAMES:
        return watch_frames(at);
    case WATCH_TABLE:
        return watch_table(at);
    case WATCH_ROOTS:
        return watch_roots(at);
    default:
        return -XEN_ENOSYS;
    }
}

s64 call_watch(struct vcpu *vcpu, struct call *call)
{
    const u64 at = call->argument[1];
    u32 version;

    if (!rights_machine(vcpu->domain)) {
        return -XEN_EPERM;
    }
    if (!GET_GUEST(&version, at)) {
        return -XEN_EFAULT;
    }
    if (version != WATCH_VERSION) {
        return -XEN_EACCES;
    }
    return serve(vcpu, call, at);
}
