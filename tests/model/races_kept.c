/* SPDX-License-Identifier: MIT */
/* The race of translations that are kept over loads of roots. A frame is used in turn as a page
 * table and as memory, while CPUs have stale translations of it in contexts that are not loaded. No
 * CPU may reach the table by one. And a translation of an entry that any CPU has removed must be
 * gone after the next load of its root. */
#include "tests/model/raced.h"

#define FIRST_ROOT 8u
#define ROOTS      4u

/* For the slot of each CPU: how often its state has changed; even: its entry is removed. */
static _Atomic u64 changes[4];

static vaddr_t address(u32 cpu)
{
    return vaddr((u64)(1 + cpu) << 12);
}

void raced_more_roots(void)
{
    struct vmmu_domain *domain = &raced_guest[0].domain;
    struct vmmu_vcpu *vcpu = &raced_vcpu[0];

    for (u32 i = FIRST_ROOT; i < FIRST_ROOT + ROOTS; i++) {
        const mfn_t root = mfn(raced_guest[0].pool[i]);
        if (vmmu_update(vcpu, domain, domain, AT(root, 0), RW(raced_guest[0].l3),
                        VMMU_UPDATE_NORMAL) != VMMU_DONE ||
            vmmu_pin(vcpu, domain, root, 4) != VMMU_DONE) {
            raced_wrong("no root", i);
        }
    }
    for (u32 i = 0; i < 4; i++) {
        atomic_store(&changes[i], 0);
    }
}

static void load_any_root(struct actor *actor)
{
    raced_load_root(actor, raced_pool(actor, FIRST_ROOT + threads_below(ROOTS)));
}

/* Maps a frame that others try to use as a table, uses it by several roots, and unmaps it. */
static void map_and_unmap(struct actor *actor)
{
    const u32 cpu = actor->cpu;

    load_any_root(actor);
    atomic_fetch_add(&changes[cpu], 1);
    raced_update(actor, actor->guest->l1, 1 + cpu, RW(raced_pool(actor, 0)));
    threads_store(address(cpu), 0);
    load_any_root(actor);
    threads_store(address(cpu), 0);
    raced_update(actor, actor->guest->l1, 1 + cpu, 0);
    atomic_fetch_add(&changes[cpu], 1);
    threads_store(address(cpu), 0); /* perhaps through a stale translation */
}

/* Another CPU's entry that was removed before a root was loaded must not be used any more. */
static void look(struct actor *actor, u32 cpu)
{
    const u64 before = atomic_load(&changes[cpu]);

    load_any_root(actor);
    if (threads_store(address(cpu), 0) && before % 2 == 0 && atomic_load(&changes[cpu]) == before) {
        raced_wrong("a translation outlived the load of its root, CPU", cpu);
    }
}

void race_kept_translations(struct actor *actor)
{
    enum vmmu_result result;

    if (actor->cpu == 3 && threads_below(2)) {
        const mfn_t m = raced_pool(actor, 0);
        TO_THE_END(result, vmmu_pin(actor->vcpu, actor->domain, m, 1 + threads_below(3)));
        TO_THE_END(result, vmmu_unpin(actor->vcpu, actor->domain, m));
    } else if (actor->cpu < 2) {
        map_and_unmap(actor);
    }
    look(actor, threads_below(2));
}
