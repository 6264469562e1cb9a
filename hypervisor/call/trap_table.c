/* SPDX-License-Identifier: MIT */
/* The guest's entry points: trap table, callbacks, kernel stack; and fpu_taskswitch. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/vcpu/fpu.h"
#include "hypervisor/domain/domain.h"
#include "lib/string.h"
#include "vmmu/port.h"

s64 call_set_trap_table(struct vcpu *vcpu, struct call *call)
{
    if (!call->argument[0]) {
        memset(vcpu->trap, 0, sizeof vcpu->trap);
        vcpu_refresh_fast(vcpu);
        return 0;
    }
    for (;; call->argument[0] += sizeof(struct trap_info)) {
        struct trap_info info;

        if (!GET_GUEST(&info, call->argument[0])) {
            return -XEN_EFAULT;
        }
        if (!info.address) {
            return 0;
        }
        if (!address_canonical(info.address)) {
            return -XEN_EINVAL;
        }
        vcpu->trap[info.vector] = (struct entry_point){
            .address = info.address,
            .cs = info.cs,
            .dpl = TI_GET_DPL(&info),
            .mask_events = TI_GET_IF(&info),
        };
        vcpu_refresh_fast(vcpu);
        if (port_should_stop()) {
            call->argument[0] += sizeof info;
            call->again = true;
            return 0;
        }
    }
}

static s64 set_callback(struct vcpu *vcpu, enum callback which, u64 address, bool mask)
{
    if (!address_canonical(address)) {
        return -XEN_EINVAL;
    }
    vcpu->callback[which] = (struct entry_point){.address = address, .mask_events = mask};
    vcpu_refresh_fast(vcpu);
    return 0;
}

s64 call_set_callbacks(struct vcpu *vcpu, struct call *call)
{
    s64 result = set_callback(vcpu, CALLBACK_EVENT, call->argument[0], true);

    if (!result) {
        result = set_callback(vcpu, CALLBACK_FAILSAFE, call->argument[1], false);
    }
    if (!result) {
        result = set_callback(vcpu, CALLBACK_SYSCALL, call->argument[2], false);
    }
    return result;
}

/* Translates the ABI's callback type. CALLBACKS: it is not one of the vCPU's callbacks. */
static enum callback callback_of(u16 type)
{
    switch (type) {
    case CALLBACKTYPE_event:
        return CALLBACK_EVENT;
    case CALLBACKTYPE_failsafe:
        return CALLBACK_FAILSAFE;
    case CALLBACKTYPE_syscall:
        return CALLBACK_SYSCALL;
    case CALLBACKTYPE_syscall32:
        return CALLBACK_SYSCALL32;
    case CALLBACKTYPE_sysenter:
        return CALLBACK_SYSENTER;
    }
    return CALLBACKS;
}

/* Sets the trap table's entry for the NMI. Unlike one that set_trap_table sets, its handler runs
 * with events masked in any case. */
static void set_nmi_handler(struct vcpu *vcpu, u64 address)
{
    vcpu->trap[VECTOR_NMI] =
        (struct entry_point){.address = address, .cs = FLAT_KERNEL_CS, .mask_events = true};
}

static s64 register_callback(struct vcpu *vcpu, u64 at)
{
    struct callback_register request;
    bool mask;

    if (!GET_GUEST(&request, at)) {
        return -XEN_EFAULT;
    }
    if (!address_canonical(request.address)) {
        return -XEN_EINVAL;
    }
    mask = request.flags & CALLBACKF_mask_events;
    if (request.type == CALLBACKTYPE_nmi) {
        set_nmi_handler(vcpu, request.address);
        return 0;
    }
    if (callback_of(request.type) == CALLBACKS) {
        return -XEN_ENOSYS;
    }
    return set_callback(vcpu, callback_of(request.type), request.address,
                        mask || request.type == CALLBACKTYPE_event);
}

static s64 unregister_callback(struct vcpu *vcpu, u64 at)
{
    struct callback_unregister request;

    if (!GET_GUEST(&request, at)) {
        return -XEN_EFAULT;
    }
    switch (request.type) {
    case CALLBACKTYPE_event:
    case CALLBACKTYPE_failsafe:
    case CALLBACKTYPE_syscall:
    case CALLBACKTYPE_syscall32:
    case CALLBACKTYPE_sysenter:
        return -XEN_EINVAL; /* of these the ABI permits none to be unregistered */
    case CALLBACKTYPE_nmi:
        vcpu->trap[VECTOR_NMI] = (struct entry_point){0};
        return 0;
    }
    return -XEN_ENOSYS;
}

s64 call_callback_op(struct vcpu *vcpu, struct call *call)
{
    switch (call->argument[0]) {
    case CALLBACKOP_register:
        return register_callback(vcpu, call->argument[1]);
    case CALLBACKOP_unregister:
        return unregister_callback(vcpu, call->argument[1]);
    }
    return -XEN_ENOSYS;
}

/* An older way to set the NMI's handler, for vCPU 0 only. */
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
        set_nmi_handler(vcpu, ask.handler_address);
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

s64 call_stack_switch(struct vcpu *vcpu, struct call *call)
{
    vcpu_set_kernel_stack(vcpu, call->argument[0], call->argument[1]);
    return 0;
}

s64 call_fpu_taskswitch(struct vcpu *vcpu, struct call *call)
{
    fpu_set_task_switched(vcpu, call->argument[0] != 0);
    return 0;
}
