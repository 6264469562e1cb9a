/* SPDX-License-Identifier: MIT */
/* event_channel_op, and what vCPUs ask of themselves: sched_op, vcpu_op, callbacks and modes. */
#include "tests/fuzz/forms.h"

static u64 event_structure(u32 operation)
{
    u16 remote = word_domain();
    union {
        struct evtchn_alloc_unbound alloc;
        struct evtchn_bind_interdomain interdomain;
        struct evtchn_bind_virq virq;
        struct evtchn_bind_pirq pirq;
        struct evtchn_status status;
        struct evtchn_bind_vcpu vcpu;
        struct evtchn_reset reset;
        struct evtchn_init_control init;
        struct evtchn_expand_array expand;
        struct evtchn_set_priority priority;
        u64 words[4];
    } ask = {.words = {word_port()}};

    switch (operation) {
    case EVTCHNOP_alloc_unbound:
        ask.alloc = (struct evtchn_alloc_unbound){
            .dom = word_once_in(3) ? word_domain() : DOMID_SELF, .remote_dom = remote};
        break;
    case EVTCHNOP_bind_interdomain:
        ask.interdomain =
            (struct evtchn_bind_interdomain){.remote_dom = remote, .remote_port = word_port()};
        break;
    case EVTCHNOP_bind_virq:
        ask.virq = (struct evtchn_bind_virq){.virq = WORD_OF(u32, input_below(&input, 24)),
                                             .vcpu = WORD_OF(u32, word_once_in(3))};
        break;
    case EVTCHNOP_bind_pirq:
        ask.pirq = (struct evtchn_bind_pirq){.pirq = WORD_OF(u32, input_below(&input, 40))};
        break;
    case EVTCHNOP_status:
        ask.status = (struct evtchn_status){.dom = word_domain(), .port = word_port()};
        break;
    case EVTCHNOP_bind_vcpu:
        ask.vcpu =
            (struct evtchn_bind_vcpu){.port = word_port(), .vcpu = WORD_OF(u32, word_once_in(2))};
        break;
    case EVTCHNOP_reset:
        ask.reset.dom = word_domain();
        break;
    case EVTCHNOP_init_control:
        ask.init = (struct evtchn_init_control){
            .control_gfn = word_or_any(word_frame(current_vcpu()->domain)),
            .offset = WORD_OF(u32, input_below(&input, 64) * 64),
            .vcpu = WORD_OF(u32, word_once_in(3))};
        break;
    case EVTCHNOP_expand_array:
        ask.expand.array_gfn = word_or_any(word_frame(current_vcpu()->domain));
        break;
    case EVTCHNOP_set_priority:
        ask.priority = (struct evtchn_set_priority){
            .port = word_port(), .priority = WORD_OF(u32, input_below(&input, 17))};
        break;
    }
    return FORM_PUT(ask);
}

void form_event(struct form *form)
{
    static const u8 operations[] = {EVTCHNOP_bind_interdomain,
                                    EVTCHNOP_bind_interdomain,
                                    EVTCHNOP_bind_virq,
                                    EVTCHNOP_bind_pirq,
                                    EVTCHNOP_close,
                                    EVTCHNOP_send,
                                    EVTCHNOP_send,
                                    EVTCHNOP_status,
                                    EVTCHNOP_alloc_unbound,
                                    EVTCHNOP_alloc_unbound,
                                    EVTCHNOP_alloc_unbound,
                                    EVTCHNOP_bind_ipi,
                                    EVTCHNOP_bind_vcpu,
                                    EVTCHNOP_unmask,
                                    EVTCHNOP_reset,
                                    EVTCHNOP_init_control,
                                    EVTCHNOP_expand_array,
                                    EVTCHNOP_set_priority};
    const u8 operation = operations[input_below(&input, ARRAY_LENGTH(operations))];

    form->number = __HYPERVISOR_event_channel_op;
    form->argument[0] = word_or_any(operation);
    form->argument[1] = word_or_any(event_structure(operation));
}

/* ---- vCPUs ---- */

static void sched(struct form *form)
{
    struct sched_remote_shutdown remote = {.domain_id = word_domain(),
                                           .reason = WORD_OF(u32, input_below(&input, 6))};
    u32 port = word_port();
    struct sched_poll poll = {.nr_ports = WORD_OF(u32, 1), .timeout = word_any()};
    const u32 operation = word_once_in(3) ? SCHEDOP_remote_shutdown : input_below(&input, 8);
    u32 reason = WORD_OF(u32, input_below(&input, 6));

    set_xen_guest_handle(poll.ports, (void *)word_or_any(FORM_PUT(port)));
    form->number = __HYPERVISOR_sched_op;
    form->argument[0] = operation;
    form->argument[1] = operation == SCHEDOP_remote_shutdown ? FORM_PUT(remote)
                        : operation == SCHEDOP_poll          ? FORM_PUT(poll)
                                                             : FORM_PUT(reason);
}

static void vcpu(struct form *form)
{
    u64 words[8] = {word_any(), word_any(), word_any(), word_any()};
    struct vcpu_register_vcpu_info info = {.mfn = word_or_any(word_frame(current_vcpu()->domain)),
                                           .offset = WORD_OF(u32, input_below(&input, 64) * 64)};
    static const u8 operations[] = {VCPUOP_initialise,
                                    VCPUOP_up,
                                    VCPUOP_down,
                                    VCPUOP_is_up,
                                    VCPUOP_get_runstate_info,
                                    VCPUOP_register_runstate_memory_area,
                                    VCPUOP_set_periodic_timer,
                                    VCPUOP_stop_periodic_timer,
                                    VCPUOP_set_singleshot_timer,
                                    VCPUOP_stop_singleshot_timer,
                                    VCPUOP_register_vcpu_info,
                                    VCPUOP_register_vcpu_info,
                                    VCPUOP_send_nmi,
                                    VCPUOP_get_physid,
                                    VCPUOP_register_vcpu_time_memory_area};
    const u8 operation = operations[input_below(&input, ARRAY_LENGTH(operations))];
    struct vcpu_guest_context context;

    form->number = __HYPERVISOR_vcpu_op;
    form->argument[0] = operation;
    form->argument[1] = WORD_OF(u32, input_below(&input, 2));
    if (operation == VCPUOP_initialise) {
        form_context(&context, current_vcpu()->domain);
        form->argument[2] = FORM_PUT(context);
    } else {
        form->argument[2] =
            operation == VCPUOP_register_vcpu_info ? FORM_PUT(info) : FORM_PUT(words);
    }
}

static void modes(struct form *form)
{
    struct physdev_set_iopl iopl = {.iopl = WORD_OF(u32, input_below(&input, 4))};
    struct callback_register callback = {.type = (u16)input_below(&input, 8),
                                         .flags = (u16)word_once_in(2),
                                         .address = word_or_any(word_page_address())};

    switch (input_below(&input, 5)) {
    case 0:
        form->number = __HYPERVISOR_vm_assist;
        form->argument[0] = input_below(&input, 2);
        form->argument[1] = WORD_OF(u32, input_below(&input, 8));
        break;
    case 1:
        form->number = __HYPERVISOR_callback_op;
        form->argument[0] = input_below(&input, 2);
        form->argument[1] = FORM_PUT(callback);
        break;
    case 2:
        form->number = __HYPERVISOR_physdev_op;
        form->argument[0] = PHYSDEVOP_set_iopl;
        form->argument[1] = FORM_PUT(iopl);
        break;
    case 3:
        form->number = __HYPERVISOR_xen_version;
        form->argument[0] = input_below(&input, 11);
        form->argument[1] = word_pointer();
        break;
    default:
        form->number = __HYPERVISOR_set_debugreg;
        form->argument[0] = WORD_OF(u32, input_below(&input, 8));
        form->argument[1] = word_any();
    }
}

void form_vcpu(struct form *form)
{
    switch (input_below(&input, 4)) {
    case 0:
        sched(form);
        break;
    case 1:
        modes(form);
        break;
    default:
        vcpu(form);
    }
}
