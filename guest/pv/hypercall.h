/* SPDX-License-Identifier: MIT */
/* Calls of the hypervisor. Results: a negative XEN_E... number, or a value. */
#ifndef GUEST_PV_HYPERCALL_H
#define GUEST_PV_HYPERCALL_H

#include "guest/pv/abi.h"
#include "lib/types.h"

/* The one way in; its code is hypercall.S, or a test's. */
long hypercall6(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

static inline long hypercall(u64 number, u64 a, u64 b, u64 c)
{
    return hypercall6(number, a, b, c, 0, 0, 0);
}

static inline u64 address(const volatile void *pointer)
{
    return (u64)(uintptr_t)pointer;
}

static inline long update_va_mapping(u64 va, u64 entry, u64 flags)
{
    return hypercall(__HYPERVISOR_update_va_mapping, va, entry, flags);
}

static inline long sched_op(unsigned command, const void *argument)
{
    return hypercall(__HYPERVISOR_sched_op, command, address(argument), 0);
}

static inline long memory_op(unsigned command, const void *argument)
{
    return hypercall(__HYPERVISOR_memory_op, command, address(argument), 0);
}

static inline long xen_version(unsigned command, void *argument)
{
    return hypercall(__HYPERVISOR_xen_version, command, address(argument), 0);
}

static inline long event_channel_op(unsigned command, void *argument)
{
    return hypercall(__HYPERVISOR_event_channel_op, command, address(argument), 0);
}

static inline long vcpu_op(unsigned command, unsigned vcpu, const void *argument)
{
    return hypercall(__HYPERVISOR_vcpu_op, command, vcpu, address(argument));
}

static inline long grant_table_op(unsigned command, void *argument, unsigned count)
{
    return hypercall(__HYPERVISOR_grant_table_op, command, address(argument), count);
}

#endif
