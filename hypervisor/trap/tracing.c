/* SPDX-License-Identifier: MIT */
/* Starting and stopping the timeline on all CPUs. */
#include "hypervisor/trap/tracing.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/stop.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/vcpu/vcpu.h"

bool tracing_start(u32 records, u32 flags)
{
    if (!trace_prepare(records)) {
        return false;
    }
    stop_others();
    trace_switch_on(flags);
    for (u32 i = 0; i < cpu_count(); i++) {
        const struct vcpu *vcpu = cpu_at(i)->current;

        trace_seat(i, vcpu ? vcpu->domain->id : TRACE_NOBODY, vcpu ? vcpu->id : TRACE_NOBODY);
    }
    stop_end();
    return true;
}

void tracing_stop(void)
{
    if (trace_is_on()) {
        stop_others();
        trace_switch_off();
        stop_end();
    }
}
