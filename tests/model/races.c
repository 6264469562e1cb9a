/* SPDX-License-Identifier: MIT */
/* The races: what each thread does over and over. */
#include <sched.h>

#include "tests/machine/update.h"
#include "tests/model/raced.h"

/* The slots of the live L1 table by which guests use the frames of their pools. */
static vaddr_t address(u32 slot)
{
    return vaddr((u64)slot << 12);
}

static mfn_t any(struct actor *actor)
{
    return raced_pool(actor, threads_below(POOL));
}

/* ---- races of published advisories
 * -------------------------------------------------------------------------------- */

/* XSA-401, 37: one frame is used in turn as a page table and as memory. A CPU that still has a
 * translation from the one use writes through it during the other. */
static void retype_against_map(struct actor *actor)
{
    const mfn_t m = raced_pool(actor, 0);
    const u32 slot = 1 + actor->cpu;
    enum vmmu_result result;
    if (actor->cpu & 1) {
        TO_THE_END(result, vmmu_pin(actor->vcpu, actor->domain, m, 1 + threads_below(4)));
        threads_store(address(slot), 0);
        TO_THE_END(result, vmmu_unpin(actor->vcpu, actor->domain, m));
    } else {
        raced_update(actor, actor->guest->l1, slot, RW(m));
        threads_store(address(slot), 0);
        threads_store(address(1 + threads_below(4)), 0);
        raced_update(actor, actor->guest->l1, slot, 0);
        threads_store(address(slot), 0); /* perhaps through a stale translation */
    }
}

/* XSA-242: an entry is changed under the table's lock while the table's last type references are
 * dropped. */
static void lock_against_unpin(struct actor *actor)
{
    const mfn_t table = raced_pool(actor, 0), page = raced_pool(actor, 1 + actor->cpu);
    enum vmmu_result result;
    switch (actor->cpu) {
    case 0:
        TO_THE_END(result, vmmu_pin(actor->vcpu, actor->domain, table, 1));
        TO_THE_END(result, vmmu_unpin(actor->vcpu, actor->domain, table));
        break;
    case 1:
        raced_update(actor, actor->guest->l2, 1, RW(table));
        raced_update(actor, actor->guest->l2, 1, 0);
        break;
    default:
        raced_update(actor, table, actor->cpu, threads_below(8) ? RW(page) : RO(page));
        threads_store(vaddr(1ull << 21 | (u64)actor->cpu << 12), 0);
        raced_update(actor, table, actor->cpu, 0);
        break;
    }
}

static void pin_against_unpin(struct actor *actor)
{
    const u32 i = threads_below(4);
    const mfn_t m = raced_pool(actor, i);
    enum vmmu_result result;
    if (threads_below(2)) {
        TO_THE_END(result, vmmu_pin(actor->vcpu, actor->domain, m, 4 - i));
    } else {
        TO_THE_END(result, vmmu_unpin(actor->vcpu, actor->domain, m));
    }
}

void raced_link_pool(void)
{
    for (u32 i = 0; i < 3; i++) {
        for (u32 slot = 0; slot < 4; slot++) {
            const mfn_t next = mfn(raced_guest[0].pool[i + 1]);
            vmmu_update(&raced_vcpu[0], &raced_guest[0].domain, &raced_guest[0].domain,
                        AT(mfn(raced_guest[0].pool[i]), slot * 170), RW(next), VMMU_UPDATE_NORMAL);
        }
    }
}

/* XSA-299: one thread demotes a tree, which is interrupted; a second links the tree into a live
 * table; a third links its inner table elsewhere and removes it again. */
static void half_done_tables(struct actor *actor)
{
    const mfn_t a = raced_pool(actor, 1), b = raced_pool(actor, 2);
    enum vmmu_result result;
    switch (actor->cpu) {
    case 0:
        raced_count(actor, vmmu_pin(actor->vcpu, actor->domain, a, 3));
        raced_count(actor, vmmu_unpin(actor->vcpu, actor->domain, a));
        break;
    case 1:
        raced_count(actor, vmmu_update(actor->vcpu, actor->domain, actor->domain,
                                       AT(actor->guest->l4, 300), RW(a), VMMU_UPDATE_NORMAL));
        raced_count(actor, vmmu_update(actor->vcpu, actor->domain, actor->domain,
                                       AT(actor->guest->l4, 300), 0, VMMU_UPDATE_NORMAL));
        break;
    case 2:
        raced_update(actor, actor->guest->l3, 300, RW(b));
        raced_update(actor, actor->guest->l3, 300, 0);
        break;
    default:
        TO_THE_END(result, vmmu_pin(actor->vcpu, actor->domain, b, 2));
        threads_load(vaddr(300ull << 30));
        TO_THE_END(result, vmmu_unpin(actor->vcpu, actor->domain, b));
        break;
    }
}

/* Two tables point at each other: both promotions must end, and at most one may succeed. */
static void crossed_tables(struct actor *actor)
{
    const u32 level = 2 + (actor->cpu >> 1);
    const mfn_t m = raced_pool(actor, 4 + actor->cpu);
    enum vmmu_result result;
    TO_THE_END(result, vmmu_pin(actor->vcpu, actor->domain, m, level));
    if (result == VMMU_DONE) {
        TO_THE_END(result, vmmu_unpin(actor->vcpu, actor->domain, m));
    }
}

static void cross_pool(void)
{
    for (u32 i = 4; i < 8; i++) {
        const mfn_t other = mfn(raced_guest[0].pool[i ^ 1]);
        vmmu_update(&raced_vcpu[0], &raced_guest[0].domain, &raced_guest[0].domain,
                    AT(mfn(raced_guest[0].pool[i]), 5), RO(other), VMMU_UPDATE_NORMAL);
    }
}

void raced_load_root(struct actor *actor, mfn_t m)
{
    enum vmmu_result result;
    TO_THE_END(result, vmmu_set_kernel_root(actor->vcpu, m));
    if (result == VMMU_DONE) {
        threads_load_root(m);
        TO_THE_END(result, vmmu_finish(actor->vcpu));
    }
}

static void root_against_unpin(struct actor *actor)
{
    const mfn_t m = raced_pool(actor, 0);
    enum vmmu_result result;
    if (actor->cpu & 1) {
        raced_load_root(actor, m);
        threads_load(vaddr(0));
        TO_THE_END(result, vmmu_set_user_root(actor->vcpu, threads_below(2) ? m : MFN_NONE));
        raced_load_root(actor, actor->guest->l4);
    } else {
        TO_THE_END(result, vmmu_pin(actor->vcpu, actor->domain, m, 4));
        raced_update(actor, m, 1, RW(raced_pool(actor, 1)));
        TO_THE_END(result, vmmu_unpin(actor->vcpu, actor->domain, m));
        raced_update(actor, m, 1, 0);
    }
}

void raced_exchange(struct actor *actor, u32 i)
{
    const mfn_t m = raced_pool(actor, i);
    if (raced_count(actor, vmmu_take(actor->domain, m)) != VMMU_DONE) {
        return;
    }
    const mfn_t fresh = threads_allocate();
    if (!mfn_is_none(fresh) && vmmu_give(actor->domain, fresh, pfn(i)) == VMMU_DONE) {
        atomic_store(&actor->guest->pool[i], fresh.n);
    }
}

/* XSA-287, 214: frames are released while other threads map, pin and load them by their numbers. */
static void exchange_against_use(struct actor *actor)
{
    const u32 i = threads_below(3);
    const mfn_t m = raced_pool(actor, i);
    enum vmmu_result result;
    switch (actor->cpu) {
    case 0:
        raced_exchange(actor, i);
        break;
    case 1:
        raced_update(actor, actor->guest->l1, 8 + i, RW(m));
        threads_store(address(8 + i), 0);
        raced_update(actor, actor->guest->l1, 8 + i, 0);
        break;
    case 2:
        TO_THE_END(result, vmmu_pin(actor->vcpu, actor->domain, m, 1));
        vmmu_set_m2p(actor->domain, m, actor->cpu);
        TO_THE_END(result, vmmu_unpin(actor->vcpu, actor->domain, m));
        break;
    default:
        TO_THE_END(result, vmmu_set_gdt(actor->vcpu, &m, 1, 1));
        TO_THE_END(result, vmmu_set_gdt(actor->vcpu, NULL, 0, 0));
        break;
    }
}

/* XSA-217: the other guest maps a frame of this one, writes to it and unmaps it; this guest makes
 * it a table. */
static void foreign_against_retype(struct actor *actor)
{
    const u32 i = threads_below(2);
    enum vmmu_result result;
    if (actor->guest == &raced_guest[1]) {
        const mfn_t m = mfn(atomic_load(&actor->other->pool[i]));
        const u32 slot = 8 + actor->cpu;
        TO_THE_END(result, vmmu_map_at(actor->vcpu, &actor->other->domain,
                                       AT(actor->guest->l1, slot), RW(m)));
        threads_store(address(slot), 0);
        TO_THE_END(result, vmmu_unmap_at(actor->vcpu, AT(actor->guest->l1, slot), m, true));
        threads_store(address(slot), 0);
        return;
    }
    const mfn_t m = raced_pool(actor, i);
    TO_THE_END(result, vmmu_pin(actor->vcpu, actor->domain, m, 1 + threads_below(2)));
    TO_THE_END(result, vmmu_unpin(actor->vcpu, actor->domain, m));
    if (threads_below(4) == 0) {
        raced_exchange(actor, i);
    }
}

/* A table is unlinked and becomes a page while CPUs still have cached walks through it. */
static void walk_against_reuse(struct actor *actor)
{
    const mfn_t table = raced_pool(actor, 0);
    if (actor->cpu == 0) {
        raced_update(actor, actor->guest->l2, 1, RW(table));
        sched_yield();
        raced_update(actor, actor->guest->l2, 1, 0);
        raced_update(actor, actor->guest->l1, 9, RW(table));
        sched_yield();
        raced_update(actor, actor->guest->l1, 9, 0);
    } else {
        threads_load(vaddr(1ull << 21 | (u64)threads_below(512) << 12));
        threads_store(address(9), 0);
        actor->operations++;
    }
}

/* Emulated writes, and accessed and dirty bits that the processor sets, while the table is promoted
 * and demoted again and again. */
static void emulate_against_unhook(struct actor *actor)
{
    const mfn_t table = raced_pool(actor, 0), page = raced_pool(actor, 1 + actor->cpu);
    const vaddr_t va = vaddr(1ull << 21 | (u64)actor->cpu << 12);
    enum vmmu_result result;
    bool swapped;
    switch (actor->cpu) {
    case 0:
        raced_update(actor, actor->guest->l1, 9, RO(table));
        raced_update(actor, actor->guest->l2, 1, RW(table));
        threads_load(vaddr(1ull << 21 | 2 << 12));
        raced_update(actor, actor->guest->l2, 1, 0);
        raced_update(actor, actor->guest->l1, 9, RW(table));
        break;
    case 1:
        TO_THE_END(result, vmmu_update(actor->vcpu, actor->domain, actor->domain, AT(table, 2),
                                       RO(page), VMMU_UPDATE_PRESERVE_AD));
        threads_store(address(9), 0);
        break;
    default:
        threads_store(va, 0);
        result = vmmu_emulated_write(actor->vcpu, vaddr(address(9).a + actor->cpu * 8), 8, 0,
                                     RW(page), &swapped);
        raced_count(actor, result == VMMU_AGAIN ? VMMU_DONE : result);
        threads_store(va, 0);
        TO_THE_END(result, vmmu_update_va(actor->vcpu, actor->domain, va, 0));
        break;
    }
}

/* Only one entry holds a page: one CPU makes the entry read-only, another clears it and so frees
 * the page. */
static void right_against_unmap(struct actor *actor)
{
    const u32 slot = 8 + (actor->cpu >> 1), i = actor->cpu;
    const mfn_t m = raced_pool(actor, i);
    if (actor->cpu & 1) {
        raced_update(actor, actor->guest->l1, slot, 0);
        return;
    }
    if (raced_update(actor, actor->guest->l1, slot, RW(m)) == VMMU_DONE) {
        raced_exchange(actor, i);
        raced_update(actor, actor->guest->l1, slot, RO(m));
        raced_update(actor, actor->guest->l1, slot, 0);
    }
}

/* A mark for each guest's entries, in bits that the processor ignores. */
#define COLOUR(guest) (1ull << ((guest) == &raced_guest[0] ? 9 : 10))

/* A frame that is a table of one guest becomes a table of the other, while CPUs still have its
 * number from before: an update by one guest must never appear in a table of the other. Both tables
 * map the same page. */
static void update_against_new_owner(struct actor *actor)
{
    static _Thread_local mfn_t old[4];
    const u32 i = threads_below(2);
    const mfn_t m = raced_pool(actor, i), page = raced_guest[0].l1;
    const u64 entry = RO(page) | COLOUR(actor->guest);
    enum vmmu_result result;
    if (actor->cpu != 0 && actor->cpu != 4) {
        old[threads_below(64) & 3] = m;
        for (u32 n = 0; n < 8; n++) {
            const mfn_t table = old[threads_below(4)];
            raced_count(actor, vmmu_update(actor->vcpu, actor->domain, &raced_guest[0].domain,
                                           AT(table, 5), entry | (u64)threads_below(2) << 52,
                                           VMMU_UPDATE_NORMAL));
        }
        return;
    }
    TO_THE_END(result, vmmu_pin(actor->vcpu, actor->domain, m, 1));
    if (result == VMMU_DONE) {
        TO_THE_END(result, vmmu_map_at(actor->vcpu, &raced_guest[0].domain, AT(m, 5), entry));
        for (u32 n = 0; n < 20; n++) {
            const u64 word = atomic_load(&threads_words(m)[5]);
            if (word & COLOUR(actor->other)) {
                raced_wrong("an update reached a table of another guest", word);
            }
        }
        TO_THE_END(result, vmmu_unpin(actor->vcpu, actor->domain, m));
        raced_update(actor, m, 5, 0);
    }
    raced_exchange(actor, i);
}

/* The two steps of an emulated write; between them the table is released or becomes another
 * guest's. */
static void emulate_in_two_steps(struct actor *actor)
{
    const u32 i = actor->cpu & 1;
    const mfn_t table = raced_pool(actor, i);
    enum vmmu_result result;
    maddr_t where;
    bool swapped;
    if (actor->cpu < 2) {
        raced_update(actor, actor->guest->l1, 8 + i, RO(table));
        TO_THE_END(result, vmmu_pin(actor->vcpu, actor->domain, table, 1));
        threads_load(address(8 + i));
        TO_THE_END(result, vmmu_unpin(actor->vcpu, actor->domain, table));
        raced_update(actor, actor->guest->l1, 8 + i, RW(table));
        raced_update(actor, actor->guest->l1, 8 + i, 0);
        raced_exchange(actor, i);
        return;
    }
    if (vmmu_find_l1_write(actor->vcpu, address(8 + i), &where)) {
        sched_yield();
        raced_count(actor, vmmu_emulated_write_at(actor->vcpu, where, 8, 0,
                                                  RW(raced_pool(actor, 4)), &swapped));
    }
}

/* ---- everything against everything ---------------------------------------------------------- */

u32 raced_level_of(u32 i)
{
    return i < 8 ? 4 - (i & 3) : 0;
}

static u32 index_for(u32 level)
{
    u32 i = threads_below(POOL);
    for (u32 tries = 0; tries < 16 && raced_level_of(i) != level; tries++) {
        i = threads_below(POOL);
    }
    return i;
}

static void hook(struct actor *actor)
{
    const mfn_t tables[5] = {MFN_NONE, actor->guest->l1, actor->guest->l2, actor->guest->l3,
                             actor->guest->l4};
    const u32 i = threads_below(8), level = threads_below(3) ? 0 : 1 + threads_below(4);
    const mfn_t table = level ? tables[level] : raced_pool(actor, i);
    const u32 above = level ? level : raced_level_of(i);
    const mfn_t m = raced_pool(actor, threads_below(8) ? index_for(above ? above - 1 : 0)
                                                       : threads_below(POOL));
    const u32 kind = threads_below(9);
    const u64 entry = kind < 2 ? 0 : kind < 4 ? RO(m) : RW(m);
    const maddr_t at = AT(table, 8 + threads_below(4));
    const enum vmmu_update_kind mode = (enum vmmu_update_kind)threads_below(2);
    raced_count(actor, (threads_below(2) ? update_entry : vmmu_update)(
                           actor->vcpu, actor->domain, actor->domain, at, entry, mode));
}

static void descriptors(struct actor *actor)
{
    const mfn_t frames[2] = {any(actor), any(actor)};
    raced_count(actor, vmmu_set_gdt(actor->vcpu, frames, threads_below(3), 0));
    raced_count(actor, vmmu_set_ldt(actor->vcpu, address(8), 512));
    raced_count(actor, vmmu_ldt_fault(actor->vcpu, 0));
    raced_count(actor, vmmu_update_descriptor(actor->vcpu, AT(any(actor), 1), 0));
}

static void anything(struct actor *actor)
{
    const u32 i = threads_below(POOL);
    const mfn_t m = raced_pool(actor, i);
    bool swapped;
    switch (threads_below(20)) {
    case 0:
    case 1:
        raced_count(actor, vmmu_pin(actor->vcpu, actor->domain, m,
                                    threads_below(8) ? raced_level_of(i) : 1 + threads_below(4)));
        break;
    case 2:
    case 3:
        raced_count(actor, vmmu_unpin(actor->vcpu, actor->domain, m));
        break;
    case 4:
        raced_load_root(actor, threads_below(2) ? m : actor->guest->l4);
        break;
    case 5:
        raced_count(actor, vmmu_set_user_root(actor->vcpu, threads_below(2) ? m : MFN_NONE));
        atomic_store(&actor->domain->hides_m2p, threads_below(2));
        break;
    case 6:
        descriptors(actor);
        break;
    case 7:
        if (threads_below(32) == 0) {
            raced_exchange(actor, threads_below(POOL));
        }
        break;
    case 8:
        if (raced_count(actor, vmmu_hold(actor->domain, m)) == VMMU_DONE) {
            vmmu_unhold(m);
        }
        break;
    case 9:
        raced_count(actor, vmmu_emulated_write(actor->vcpu, address(8 + threads_below(4)), 8, 0,
                                               RW(any(actor)), &swapped));
        break;
    case 10:
        raced_count(actor,
                    vmmu_map_at(actor->vcpu, &actor->other->domain,
                                AT(actor->guest->l1, 8 + threads_below(4)),
                                RW(mfn(atomic_load(&actor->other->pool[threads_below(4)])))));
        break;
    case 11:
    case 12:
        threads_store(address(8 + threads_below(4)), threads_below(2) ? 0 : RW(m));
        break;
    default:
        hook(actor);
        break;
    }
}

/* Between rounds guest 0 lost its vCPUs; now it is torn down while guest 1 continues to use its
 * frames. */
static void death_against_use(struct actor *actor)
{
    if (actor->guest == &raced_guest[0]) {
        for (u32 n = threads_below(20); n > 0; n--) {
            sched_yield();
        }
        raced_count(actor, vmmu_domain_stop(actor->domain));
        return;
    }
    const mfn_t m = mfn(atomic_load(&actor->other->pool[threads_below(POOL)]));
    const u32 slot = 8 + actor->cpu;
    enum vmmu_result result;
    TO_THE_END(result, vmmu_map_at(actor->vcpu, &actor->other->domain, AT(actor->guest->l1, slot),
                                   threads_below(2) ? RW(m) : RO(m)));
    threads_store(address(slot), 0);
    threads_load(address(slot));
    if (result == VMMU_DONE && threads_below(2)) {
        TO_THE_END(result, vmmu_update_va(actor->vcpu, actor->domain, address(slot), 0));
    }
    threads_load(address(slot));
    if (raced_count(actor, vmmu_hold(&actor->other->domain, m)) == VMMU_DONE) {
        vmmu_unhold(m);
    }
}

void raced_raise_and_leave(void)
{
    struct actor alone = {.cpu = 0,
                          .guest = &raced_guest[0],
                          .other = &raced_guest[1],
                          .vcpu = &raced_vcpu[0],
                          .domain = &raced_guest[0].domain};
    struct actor *const actor = &alone;
    enum vmmu_result result;
    if (atomic_load(&raced_guest[0].domain.stopped)) {
        raced_end_domain(actor, 0);
        for (u32 i = 4; i < 6; i++) {
            TO_THE_END(result, vmmu_finish(&raced_vcpu[i]));
        }
        /* Unmaps what guest 1 still maps. */
        for (u32 slot = 0; slot < 16; slot++) {
            TO_THE_END(result,
                       vmmu_update(&raced_vcpu[4], &raced_guest[1].domain, &raced_guest[1].domain,
                                   AT(raced_guest[1].l1, slot), 0, VMMU_UPDATE_NORMAL));
        }
        if (!vmmu_domain_is_gone(&raced_guest[0].domain)) {
            raced_wrong("a dead domain keeps frames", raced_guest[0].domain.frames);
        }
        raced_start_guest(0);
    }
    threads_on_cpu(0, threads_below(1u << 30), 3, false);
    raced_link_pool();
    vmmu_pin(&raced_vcpu[0], &raced_guest[0].domain, mfn(raced_guest[0].pool[0]), 4);
    for (u32 i = 0; i < 200; i++) {
        hook(actor);
    }
    threads_on_cpu(0, threads_below(1u << 30), 0, false);
    raced_end_vcpus(0);
}

const struct race races[] = {
    {"retype against map (401, 37)", retype_against_map, 0, 0x0f, NULL, NULL, 20000},
    {"lock against unpin (242)", lock_against_unpin, 0, 0x0f, NULL, NULL, 20000},
    {"pin against unpin (45, 264)", pin_against_unpin, 4, 0x0f, NULL, raced_link_pool, 20000},
    {"partial tables (299)", half_done_tables, 3, 0x0f, NULL, raced_link_pool, 20000},
    {"tables that point at each other", crossed_tables, 0, 0x0f, NULL, cross_pool, 20000},
    {"root against unpin (45)", root_against_unpin, 4, 0x0f, NULL, raced_link_pool, 20000},
    {"exchange against use (287, 214)", exchange_against_use, 0, 0x0f, NULL, NULL, 20000},
    {"foreign mapping against retype (217)", foreign_against_retype, 0, 0x33, NULL, NULL, 20000},
    {"walk against reuse", walk_against_reuse, 0, 0x07, NULL, NULL, 20000},
    {"emulated write against unhook (242, 286)", emulate_against_unhook, 0, 0x0f, NULL, NULL,
     20000},
    {"right to write against unmap", right_against_unmap, 0, 0x0f, NULL, NULL, 20000},
    {"update against new owner (287)", update_against_new_owner, 0, 0x33, NULL, NULL, 20000},
    {"emulated write in two steps", emulate_in_two_steps, 0, 0x0f, NULL, NULL, 20000},
    {"everything against everything", anything, 5, 0x3f, NULL, raced_link_pool, 20000},
    {"death against everything (310, 299g)", death_against_use, 1, 0x31, raced_raise_and_leave,
     raced_raise_and_leave, 1000},
    {"device frames against memory", race_devices_against_memory, 0, 0x0f, NULL, NULL, 20000},
    {"replacements", race_replacements, 0, 0x3f, NULL, NULL, 20000},
    {"two hands on one tree", race_two_hands, 4, 0x33, NULL, raced_link_pool, 20000},
    {"kept translations (292, 294)", race_kept_translations, 0, 0x0f, NULL, raced_more_roots,
     20000},
    {"hands on the dying", race_hands_on_the_dying, 2, 0x31, raced_raise_and_leave,
     raced_raise_and_leave, 1000},
};
const u32 race_count = ARRAY_LENGTH(races);
