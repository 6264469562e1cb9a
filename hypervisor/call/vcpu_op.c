/* SPDX-License-Identifier: MIT */
/* vcpu_op and set_timer_op: a guest's vCPUs, the areas that it registers for them, and their
 * timers. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/call/vcpu_context.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/isolation.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/timer.h"
#include "hypervisor/vcpu/clock_page.h"
#include "lib/index.h"
#include "lib/string.h"

static bool is_up(const struct vcpu *vcpu)
{
    return atomic_load(&vcpu->state) != VCPU_DOWN;
}

/* Takes a vCPU down. If no other vCPU is up, the domain is shut down instead, as powered off, or
 * for the reason that SCHEDOP_shutdown_code has fixed. */
static s64 down(struct call *call, struct vcpu *target)
{
    struct domain *domain = target->domain;
    u32 others = 0;

    lock_take(&domain->lock); /* two vCPUs may go down at the same time */
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        others += domain->vcpu[i] != target && is_up(domain->vcpu[i]);
    }
    if (others) {
        sched_remove(target);
    }
    lock_release(&domain->lock);
    if (!others) {
        if (!domain_shutdown_for(domain, SHUTDOWN_poweroff)) {
            domain_shutdown(domain, DOMAIN_POWERED_OFF);
        }
        call->left = domain_is_over(domain);
        return 0;
    }
    timer_stop(&target->singleshot);
    timer_stop(&target->periodic);
    timer_stop(&target->poll_timer);
    return 0;
}

static s64 get_runstate(struct vcpu *target, u64 at)
{
    struct vcpu_runstate_info now;

    sched_read_runstate(target, &now);
    return PUT_GUEST(at, &now) ? 0 : -XEN_EFAULT;
}

static s64 register_runstate(struct vcpu *vcpu, struct vcpu *target, u64 at)
{
    struct vcpu_register_runstate_memory_area ask;

    if (!GET_GUEST(&ask, at) || !guest_range_ok(ask.addr.p, sizeof(struct vcpu_runstate_info))) {
        return -XEN_EFAULT;
    }
    target->runstate_area = ask.addr.p;
    target->runstate_stale = true;
    if (target == vcpu) {
        sched_refresh_areas(vcpu);
    }
    return 0;
}

static s64 register_time(struct vcpu *vcpu, struct vcpu *target, u64 at)
{
    struct vcpu_register_time_memory_area ask;

    if (target != vcpu) { /* the area is a virtual address, and only the current vCPU's address
                             space is loaded */
        return -XEN_EINVAL;
    }
    if (!GET_GUEST(&ask, at) || !guest_range_ok(ask.addr.p, sizeof(struct vcpu_time_info))) {
        return -XEN_EFAULT;
    }
    vcpu->time_area = ask.addr.p;
    /* No error if this fails: the guest may map the area later. */
    vcpu->time_stale = !clock_page_update_area(vcpu);
    vcpu->runstate_stale |= vcpu->time_stale;
    return 0;
}

/* Moves the vCPU's vcpu_info to a page of the guest, on which a writable hold is kept while the
 * vCPU exists. A CPU that raises an event meanwhile uses the old or the new place; the guest is
 * then made to check all ports, so no event is lost. */
static s64 register_info(struct vcpu *vcpu, struct call *call, struct vcpu *target, u64 at)
{
    struct vcpu_register_vcpu_info ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.offset > PAGE_SIZE - sizeof(struct vcpu_info) ||
        ask.offset % _Alignof(struct vcpu_info)) {
        return -XEN_ENXIO;
    }
    if (!mfn_is_none(target->info_frame) || (target != vcpu && is_up(target))) {
        return -XEN_EINVAL;
    }
    if (target != vcpu && !sched_stopped(target)) {
        call->again = true;
        return 0;
    }
    switch (vmmu_hold(&target->domain->mmu, guest_mfn(ask.mfn))) {
    case VMMU_DONE:
        break;
    case VMMU_AGAIN:
        call->again = true;
        return 0;
    default:
        return -XEN_EINVAL;
    }
    if (!isolation_add_frame(target->domain, mfn(ask.mfn))) {
        vmmu_unhold(mfn(ask.mfn));
        return -XEN_ENOMEM;
    }
    struct vcpu_info *info = (struct vcpu_info *)((u8 *)frame_view(mfn(ask.mfn)) + ask.offset);
    memcpy(info, target->info, sizeof *info);
    target->info_frame = mfn(ask.mfn);
    __atomic_store_n(&target->info, info, __ATOMIC_SEQ_CST);
    clock_page_update(target);
    event_mark_all(target);
    return 0;
}

static s64 set_periodic(struct vcpu *vcpu, struct vcpu *target, u64 at)
{
    struct vcpu_set_periodic_timer ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (target != vcpu || ask.period_ns < TIMER_PERIOD_LEAST || ask.period_ns > TIMER_PERIOD_MOST) {
        return -XEN_EINVAL;
    }
    vcpu->period = ask.period_ns;
    vcpu->periodic.kind = TIMER_PERIODIC;
    vcpu->periodic.vcpu = vcpu;
    timer_set(&vcpu->periodic, clock_now() + ask.period_ns);
    return 0;
}

static s64 stop_periodic(struct vcpu *vcpu, struct vcpu *target)
{
    if (target != vcpu) {
        return -XEN_EINVAL;
    }
    vcpu->period = 0;
    timer_stop(&vcpu->periodic);
    return 0;
}

static void start_singleshot(struct vcpu *vcpu, u64 deadline)
{
    vcpu->singleshot.kind = TIMER_SINGLESHOT;
    vcpu->singleshot.vcpu = vcpu;
    timer_set(&vcpu->singleshot, deadline);
}

static s64 set_singleshot(struct vcpu *vcpu, struct vcpu *target, u64 at)
{
    struct vcpu_set_singleshot_timer ask;

    if (target != vcpu) {
        return -XEN_EINVAL;
    }
    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.flags & VCPU_SSHOTTMR_future && ask.timeout_abs_ns < clock_now()) {
        return -XEN_ETIME;
    }
    start_singleshot(vcpu, ask.timeout_abs_ns);
    return 0;
}

static s64 stop_singleshot(struct vcpu *vcpu, struct vcpu *target)
{
    if (target != vcpu) {
        return -XEN_EINVAL;
    }
    timer_stop(&vcpu->singleshot);
    return 0;
}

static s64 send_nmi(struct vcpu *target, u64 at)
{
    if (at) {
        return -XEN_EINVAL;
    }
    target->nmi_pending = true;
    sched_wake(target);
    return 0;
}

s64 call_vcpu_op(struct vcpu *vcpu, struct call *call)
{
    struct domain *domain = vcpu->domain;
    u32 id = (u32)call->argument[1];
    u64 at = call->argument[2];

    if (id >= domain->vcpu_count || id >= DOMAIN_VCPUS_MAX) {
        return -XEN_ENOENT;
    }
    struct vcpu *target = domain->vcpu[index_masked(id, DOMAIN_VCPUS_MAX)];
    switch ((u32)call->argument[0]) {
    case VCPUOP_initialise:
        return vcpu_initialise(target, call, at);
    case VCPUOP_up:
        if (!target->initialised) {
            return -XEN_EINVAL;
        }
        if (!is_up(target)) {
            sched_add(target);
        }
        return 0;
    case VCPUOP_down:
        return down(call, target);
    case VCPUOP_is_up:
        return is_up(target);
    case VCPUOP_get_runstate_info:
        return get_runstate(target, at);
    case VCPUOP_register_runstate_memory_area:
        return register_runstate(vcpu, target, at);
    case VCPUOP_set_periodic_timer:
        return set_periodic(vcpu, target, at);
    case VCPUOP_stop_periodic_timer:
        return stop_periodic(vcpu, target);
    case VCPUOP_set_singleshot_timer:
        return set_singleshot(vcpu, target, at);
    case VCPUOP_stop_singleshot_timer:
        return stop_singleshot(vcpu, target);
    case VCPUOP_register_vcpu_info:
        return register_info(vcpu, call, target, at);
    case VCPUOP_send_nmi:
        return send_nmi(target, at);
    case VCPUOP_get_physid: /* meant for vCPUs of a privileged domain that are bound to a CPU */
        return -XEN_EINVAL;
    case VCPUOP_register_vcpu_time_memory_area:
        return register_time(vcpu, target, at);
    default:
        return -XEN_ENOSYS;
    }
}

s64 call_set_timer_op(struct vcpu *vcpu, struct call *call)
{
    if (call->argument[0]) {
        start_singleshot(vcpu, call->argument[0]);
    } else {
        timer_stop(&vcpu->singleshot);
    }
    return 0;
}
