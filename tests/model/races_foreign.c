/* SPDX-License-Identifier: MIT */
/* The races of dom0: device frames and memory in the same entries, mappings that are replaced, and
 * hands on another domain, which lives or dies. */
#include <sched.h>

#include "tests/model/raced.h"

static vaddr_t address(u32 slot)
{
    return vaddr((u64)slot << 12);
}

/* An entry for a table of guest 0: of a page of its pool, of a device frame, or none. */
static u64 some_entry(struct actor *actor, u32 i)
{
    static const u64 type[] = {0, PTE_PCD, PTE_PCD | PTE_PWT, PTE_PAT};
    const u32 kind = threads_below(8);
    const mfn_t page = raced_pool(actor, i), device = threads_device(threads_below(3));
    if (kind < 2) {
        return kind ? 0 : RO(page);
    }
    return kind < 5 ? RW(page) : RW(device) | type[threads_below(4)];
}

/* A table gets entries of memory and of device frames by every way that there is, while it is
 * linked and unlinked, and while the pages are released that it maps. */
void race_devices_against_memory(struct actor *actor)
{
    const mfn_t table = raced_pool(actor, 0);
    const u32 slot = 2 + threads_below(2);
    const vaddr_t va = vaddr(1ull << 21 | (u64)slot << 12);
    enum vmmu_result result;
    bool swapped;
    switch (actor->cpu) {
    case 0:
        raced_update(actor, actor->guest->l2, 1, RW(table));
        threads_store(va, 0);
        sched_yield();
        raced_update(actor, actor->guest->l2, 1, 0);
        raced_exchange(actor, 4 + slot);
        break;
    case 1:
        raced_update(actor, table, slot, some_entry(actor, 4 + slot));
        threads_store(va, 0);
        break;
    case 2:
        TO_THE_END(result,
                   vmmu_update_va(actor->vcpu, actor->domain, va, some_entry(actor, 4 + slot)));
        threads_load(va);
        break;
    default:
        raced_update(actor, actor->guest->l1, 9, RO(table));
        for (u32 n = 0; n < 4; n++) {
            const u64 now = n & 1 ? RW(threads_device(0)) | PTE_USER | PTE_PCD | PTE_PWT : 0;
            result = vmmu_emulated_write(actor->vcpu, vaddr(address(9).a + slot * 8), 8, now,
                                         some_entry(actor, 4 + slot), &swapped);
            raced_count(actor, result == VMMU_AGAIN ? VMMU_DONE : result);
        }
        raced_update(actor, actor->guest->l1, 9, 0);
        break;
    }
}

/* Two entries of one table are replaced by each other, set, removed and lose their table at the
 * same time. Each may map a frame of another guest, which makes it a table as soon as nobody maps
 * it. */
void race_replacements(struct actor *actor)
{
    const mfn_t table = mfn(atomic_load(&raced_guest[0].pool[0]));
    const mfn_t theirs = mfn(atomic_load(&raced_guest[1].pool[0])), own = raced_pool(actor, 1);
    const u32 slot = threads_below(2);
    const vaddr_t va = vaddr(1ull << 21 | (u64)slot << 12), other = vaddr(va.a ^ 1ull << 12);
    const bool writable = threads_below(4);
    enum vmmu_result result;
    switch (actor->cpu) {
    case 0:
        TO_THE_END(result, vmmu_replace_va(actor->vcpu, va, threads_below(4) ? other : va, theirs,
                                           writable));
        threads_store(va, 0);
        break;
    case 1:
        TO_THE_END(result, vmmu_replace_va(actor->vcpu, va, other, own, writable));
        threads_store(other, 0);
        raced_update(actor, table, slot, some_entry(actor, 1));
        break;
    case 2:
        TO_THE_END(result, vmmu_update_va(actor->vcpu, &actor->other->domain, va,
                                          writable ? RW(theirs) : RO(theirs)));
        threads_store(va, 0);
        TO_THE_END(result, vmmu_unmap_va(actor->vcpu, va, theirs, writable));
        raced_exchange(actor, 1);
        break;
    case 3:
        raced_update(actor, actor->guest->l2, 1, 0);
        raced_update(actor, actor->guest->l2, 1, RW(table));
        for (u32 n = 0; n < 20; n++) {
            sched_yield();
        }
        break;
    default:
        TO_THE_END(result, vmmu_pin(actor->vcpu, actor->domain, theirs, 1));
        TO_THE_END(result, vmmu_unpin(actor->vcpu, actor->domain, theirs));
        if (threads_below(8) == 0) {
            raced_exchange(actor, 0);
        }
        break;
    }
}

/* Both guests pin, unpin and change the tables of guest 0. */
void race_two_hands(struct actor *actor)
{
    const u32 i = threads_below(4);
    struct raced_guest *owner = &raced_guest[0];
    const mfn_t m = mfn(atomic_load(&owner->pool[i]));
    enum vmmu_result result;
    switch (threads_below(8)) {
    case 0:
        raced_count(actor, vmmu_update(actor->vcpu, &owner->domain, &owner->domain, AT(m, 170),
                                       threads_below(2) ? RW(mfn(owner->pool[(i + 1) % 4])) : 0,
                                       VMMU_UPDATE_NORMAL));
        break;
    case 1:
        if (raced_count(actor, vmmu_hold(&owner->domain, m)) == VMMU_DONE) {
            vmmu_unhold(m);
        }
        break;
    case 2:
    case 3:
    case 4:
        TO_THE_END(result, vmmu_pin(actor->vcpu, &owner->domain, m, 4 - i));
        break;
    default:
        TO_THE_END(result, vmmu_unpin(actor->vcpu, &owner->domain, m));
        break;
    }
}

static void give_frame(struct actor *actor)
{
    const mfn_t m = threads_allocate();
    if (!mfn_is_none(m) &&
        raced_count(actor, vmmu_give(&actor->other->domain, m, pfn(1))) != VMMU_DONE) {
        threads_free(m);
    }
}

/* Guest 0 is torn down while guest 1 has its hands in it: it pins, unpins and links its tables, is
 * interrupted and does not always come back, and gives it frames. */
void race_hands_on_the_dying(struct actor *actor)
{
    const u32 i = threads_below(8);
    const mfn_t m = mfn(atomic_load(&raced_guest[0].pool[i]));
    enum vmmu_result result;
    if (actor->guest == &raced_guest[0]) {
        for (u32 n = threads_below(20); n > 0; n--) {
            sched_yield();
        }
        raced_count(actor, vmmu_domain_stop(actor->domain));
        return;
    }
    switch (threads_below(8)) {
    case 0:
        give_frame(actor);
        break;
    case 1:
        raced_count(actor, vmmu_set_m2p(&actor->other->domain, m, 1));
        break;
    case 2:
        raced_count(actor,
                    vmmu_update(actor->vcpu, &actor->other->domain, &actor->other->domain,
                                AT(m, 170 * threads_below(3)),
                                threads_below(3) ? RW(mfn(raced_guest[0].pool[(i + 1) % 8])) : 0,
                                VMMU_UPDATE_NORMAL));
        break;
    case 3:
    case 4:
        raced_count(actor, vmmu_unpin(actor->vcpu, &actor->other->domain, m));
        break;
    case 5:
        TO_THE_END(result, vmmu_pin(actor->vcpu, &actor->other->domain, m, 4 - (i & 3)));
        break;
    default:
        raced_count(actor, vmmu_pin(actor->vcpu, &actor->other->domain, m, 4 - (i & 3)));
        break;
    }
}
