/* SPDX-License-Identifier: MIT */
/* Dispatch of hypercalls, and multicall. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/log/log.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/trace/trace.h"
#include "hypervisor/vcpu/vcpu.h"
#include "lib/string.h"
#include "vmmu/port.h"

#define SYSCALL_LENGTH                                                                             \
    2 /* bytes of the SYSCALL instruction: moving RIP back by them repeats the hypercall */

/* True for a hypercall that is refused for all guests: it is for guests of another kind, or for
 * something that does not exist here. Linux and toolstacks try these and go on. */
static bool is_refused(u64 number)
{
    switch (number) {
    case __HYPERVISOR_xsm_op:
    case __HYPERVISOR_xenoprof_op:
    case __HYPERVISOR_hvm_op:
    case __HYPERVISOR_kexec_op:
    case __HYPERVISOR_tmem_op:
    case __HYPERVISOR_argo_op:
    case __HYPERVISOR_xenpmu_op:
    case __HYPERVISOR_dm_op:
    case __HYPERVISOR_hypfs_op:
    case __HYPERVISOR_arch_0:
        return true;
    default:
        return false;
    }
}

s64 call_dispatch(struct vcpu *vcpu, u64 number, struct call *call)
{
    switch (number) {
#define CALL(number, name)                                                                         \
    case number:                                                                                   \
        return call_##name(vcpu, call);
#include "hypervisor/call/calls.def"
#undef CALL
    }
    if (is_refused(number)) {
        return -XEN_ENOSYS;
    }
    atomic_fetch_add_explicit(&vcpu->domain->unknown_calls, 1, memory_order_relaxed);
    log_limited(vcpu->domain->place, vcpu->domain->id, "d%u: unknown hypercall %llu",
                vcpu->domain->id, (unsigned long long)number);
    return -XEN_ENOSYS;
}

/* As call_dispatch, but compares with the most frequent hypercalls first. `alone`: this is not an
 * entry of a multicall. Then stack_switch and set_segment_base are not frequent, because call_quick
 * has served them. */
static inline s64 dispatch(struct vcpu *vcpu, u64 number, struct call *call, bool alone)
{
    if (number == __HYPERVISOR_mmu_update) {
        return call_mmu_update(vcpu, call);
    }
    if (number == __HYPERVISOR_multicall) {
        return call_multicall(vcpu, call);
    }
    if (number == __HYPERVISOR_mmuext_op) {
        return call_mmuext_op(vcpu, call);
    }
    if (number == __HYPERVISOR_update_va_mapping) {
        return call_update_va_mapping(vcpu, call);
    }
    if (!alone && number == __HYPERVISOR_stack_switch) {
        return call_stack_switch(vcpu, call);
    }
    if (!alone && number == __HYPERVISOR_set_segment_base) {
        return call_set_segment_base(vcpu, call);
    }
    return call_dispatch(vcpu, number, call);
}

struct vcpu *call_from_guest(struct vcpu *vcpu)
{
    struct registers *r = &vcpu->registers;
    struct call call = {.argument = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9}};

    if (trace_is_on()) {
        trace_call_begins((u16)r->rax, (u32)r->rdi, (u32)r->rsi);
    }
    s64 result = dispatch(vcpu, r->rax, &call, true);
    if (trace_is_on()) {
        trace_call_ends(result);
    }
    if (call.left) {
        return NULL;
    }
    if (!call.again) {
        r->rax = (u64)result;
        return mfn_is_none(vcpu->mmu.deferred.frame) ? vcpu : NULL;
    }
    r->rdi = call.argument[0];
    r->rsi = call.argument[1];
    r->rdx = call.argument[2];
    r->r10 = call.argument[3];
    r->r8 = call.argument[4];
    r->r9 = call.argument[5];
    r->rip -= SYSCALL_LENGTH;
    return NULL;
}

/* Serves one entry of a multicall. True: continue with the next entry. False with outer->left or
 * outer->again set: stop here. False with neither set: the entry cannot be read or written. */
static bool serve_entry(struct vcpu *vcpu, struct call *outer, u64 at)
{
    struct {
        u64 op;
        s64 result;
        struct call call;
    } entry;
    struct call *const call = &entry.call;
    s64 result = 0;

    if (call_multicall_quick(vcpu, at)) {
        return copy_to_guest(at + offsetof(struct multicall_entry, result), &result, sizeof result);
    }
    /* The arguments are read to where the handler finds them. */
    _Static_assert(offsetof(struct multicall_entry, args) ==
                           __builtin_offsetof(typeof(entry), call.argument) &&
                       sizeof call->argument == sizeof((struct multicall_entry *)0)->args,
                   "the ABI's layout");
    if (!copy_from_guest(&entry, at, sizeof(struct multicall_entry))) {
        return false;
    }
    call->again = call->left = false;
    if (entry.op == __HYPERVISOR_multicall) {
        result = -XEN_EINVAL; /* the ABI allows no nesting, and nested multicalls would overflow the
                                 stack */
    } else {
        result = dispatch(vcpu, entry.op, call, false);
    }
    if (call->left || domain_is_over(vcpu->domain)) {
        outer->left = true;
        return false;
    }
    if (call->again) {
        outer->again = true;
        copy_to_guest(at + offsetof(struct multicall_entry, args), call->argument,
                      sizeof call->argument);
        return false;
    }
    return copy_to_guest(at + offsetof(struct multicall_entry, result), &result, sizeof result);
}

s64 call_multicall(struct vcpu *vcpu, struct call *call)
{
    u64 at = call->argument[0], count = (u32)call->argument[1];

    if (!guest_range_ok(at, count * sizeof(struct multicall_entry))) {
        return -XEN_EFAULT;
    }
    for (; count; count--, at += sizeof(struct multicall_entry)) {
        bool next = serve_entry(vcpu, call, at);

        call->argument[0] = at;
        call->argument[1] = count;
        if (call->left || call->again) {
            return 0;
        }
        if (!next) {
            return -XEN_EFAULT;
        }
        if (count > 1 && port_should_stop()) {
            call->argument[0] = at + sizeof(struct multicall_entry);
            call->argument[1] = count - 1;
            call->again = true;
            return 0;
        }
    }
    return 0;
}
