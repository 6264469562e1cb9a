/* SPDX-License-Identifier: MIT */
/* nmi_op: an older way to set the trap table's entry for the NMI. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/vcpu/vcpu.h"

s64 call_nmi_op(struct vcpu *vcpu, struct call *call)
{
    struct xennmi_callback ask;

    switch ((u32)call->argument[0]) {
    case XENNMI_register_callback:
        if (!GET_GUEST(&ask, call->argument[1])) {
            return -XEN_EFAULT;
        }
        if (vcpu->id || !address_canonical(ask.handler_address)) {
            return -XEN_EINVAL;
        }
        vcpu->trap[VECTOR_NMI] = (struct entry_point){
            .address = ask.handler_address, .cs = FLAT_KERNEL_CS, .mask_events = true};
        return 0;
    case XENNMI_unregister_callback:
        if (!vcpu->id) {
            vcpu->trap[VECTOR_NMI] = (struct entry_point){0};
        }
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}
