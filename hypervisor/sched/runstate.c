/* SPDX-License-Identifier: MIT */
/* Runstate: how a vCPU's time was spent, and the copy of it in the guest's memory. */
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/sched/queue.h"
#include "hypervisor/vcpu/clock_page.h"
#include "lib/string.h"

static void count_up_to(struct vcpu_runstate_info *runstate, u64 now)
{
    if (runstate->state_entry_time && now > runstate->state_entry_time) {
        runstate->time[runstate->state] += now - runstate->state_entry_time;
    }
}

void sched_runstate(struct vcpu *vcpu, int state, u64 now)
{
    struct vcpu_runstate_info *runstate = &vcpu->runstate;

    count_up_to(runstate, now);
    runstate->state = state;
    runstate->state_entry_time = now;
    vcpu->runstate_stale = (vcpu->runstate_area | vcpu->time_stale) != 0;
}

void sched_read_runstate(struct vcpu *vcpu, struct vcpu_runstate_info *runstate)
{
    struct cpu *home = atomic_load(&vcpu->queue.home) ? sched_lock_home(vcpu) : NULL;

    memset(runstate, 0, sizeof *runstate);
    runstate->state = vcpu->runstate.state;
    runstate->state_entry_time = vcpu->runstate.state_entry_time;
    memcpy(runstate->time, vcpu->runstate.time, sizeof runstate->time);
    if (home) {
        lock_release(&queue_of(home)->lock);
    }
    count_up_to(runstate, clock_now());
}

u64 sched_domain_time(const struct domain *domain)
{
    u64 sum = 0;

    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct vcpu_runstate_info runstate;

        sched_read_runstate(domain->vcpu[i], &runstate);
        sum += runstate.time[RUNSTATE_running];
    }
    return sum;
}

/* Writes a runstate to the guest's copy of it. */
static void write_copy(const struct vcpu *vcpu, const struct vcpu_runstate_info *runstate)
{
    const bool flagged = vcpu->domain->vm_assist >> VMASST_TYPE_runstate_update_flag & 1;

    _Static_assert(sizeof *runstate == RECORD_WORDS * sizeof(u64), "all of it");
    _Static_assert(offsetof(struct vcpu_runstate_info, state_entry_time) == sizeof(u64),
                   "the word that copy_record_to_guest marks");
    (void)copy_record_to_guest(vcpu->runstate_area, (const u64 *)runstate,
                               flagged ? XEN_RUNSTATE_UPDATE : 0);
}

void sched_refresh_areas(struct vcpu *vcpu)
{
    if (!vcpu->in_kernel) {
        return;
    }
    if (vcpu->time_stale) {
        vcpu->time_stale = !clock_page_update_area(vcpu);
    }
    /* Nobody else changes the runstate of the vCPU that this CPU has chosen. */
    struct cpu *home = queue_of(this_cpu())->chosen == vcpu ? NULL : sched_lock_home(vcpu);
    const struct vcpu_runstate_info *runstate = &vcpu->runstate;
    struct vcpu_runstate_info copy;
    bool stale = vcpu->runstate_stale && vcpu->runstate_area;

    vcpu->runstate_stale = false;
    if (home) {
        copy = vcpu->runstate;
        runstate = &copy;
        lock_release(&queue_of(home)->lock); /* the write may fault */
    }
    if (stale) {
        write_copy(vcpu, runstate);
    }
}
