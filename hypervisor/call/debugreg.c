/* SPDX-License-Identifier: MIT */
/* Debug registers by hypercall: set_debugreg, get_debugreg. */
#include "hypervisor/call/call.h"
#include "hypervisor/vcpu/debug.h"
#include "hypervisor/vcpu/vcpu.h"

s64 call_set_debugreg(struct vcpu *vcpu, struct call *call)
{
    if (call->argument[0] > 7) {
        return -XEN_ENODEV;
    }
    return debug_set(vcpu, (u32)call->argument[0], call->argument[1]);
}

s64 call_get_debugreg(struct vcpu *vcpu, struct call *call)
{
    if (call->argument[0] > 7 || !debug_exists(vcpu, (u32)call->argument[0])) {
        return -XEN_ENODEV;
    }
    return (s64)debug_get(vcpu, (u32)call->argument[0] & 7);
}
