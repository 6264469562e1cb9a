/* SPDX-License-Identifier: MIT */
/* Hypercalls. Each returns a value that is not negative, or a negative XEN_E... number. Their
 * commands and argument structures are those of Xen's public headers. */
#ifndef GUEST_PV_HYPERCALL_H
#define GUEST_PV_HYPERCALL_H

#include "guest/pv/abi.h"
#include "lib/types.h"

/* Makes hypercall `number` with up to six arguments. All others go through this function, so that a
 * unit test can define it in place of hypercall.S. */
long hypercall6(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

/* Makes hypercall `number` with up to three arguments. */
static inline long hypercall(u64 number, u64 a, u64 b, u64 c)
{
    return hypercall6(number, a, b, c, 0, 0, 0);
}

/* Returns a pointer as a number, to be passed to the hypervisor. */
static inline u64 address(const volatile void *pointer)
{
    return (u64)(uintptr_t)pointer;
}

/* Sets the level 1 entry for `va` in the active space. flags: UVMF_..., what to flush. */
static inline long update_va_mapping(u64 va, u64 entry, u64 flags)
{
    return hypercall(__HYPERVISOR_update_va_mapping, va, entry, flags);
}

/* Makes the hypercall sched_op. command: SCHEDOP_... */
static inline long sched_op(unsigned command, const void *argument)
{
    return hypercall(__HYPERVISOR_sched_op, command, address(argument), 0);
}

/* Makes the hypercall memory_op. command: XENMEM_... */
static inline long memory_op(unsigned command, const void *argument)
{
    return hypercall(__HYPERVISOR_memory_op, command, address(argument), 0);
}

/* Makes the hypercall xen_version. command: XENVER_... */
static inline long xen_version(unsigned command, void *argument)
{
    return hypercall(__HYPERVISOR_xen_version, command, address(argument), 0);
}

/* Makes the hypercall event_channel_op. command: EVTCHNOP_... */
static inline long event_channel_op(unsigned command, void *argument)
{
    return hypercall(__HYPERVISOR_event_channel_op, command, address(argument), 0);
}

/* Makes the hypercall vcpu_op. command: VCPUOP_... */
static inline long vcpu_op(unsigned command, unsigned vcpu, const void *argument)
{
    return hypercall(__HYPERVISOR_vcpu_op, command, vcpu, address(argument));
}

/* Makes the hypercall grant_table_op. command: GNTTABOP_...; count: elements at `argument`. */
static inline long grant_table_op(unsigned command, void *argument, unsigned count)
{
    return hypercall(__HYPERVISOR_grant_table_op, command, address(argument), count);
}

#endif
