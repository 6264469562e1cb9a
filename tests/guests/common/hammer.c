/* SPDX-License-Identifier: MIT */
/* Work for the virtual MMU, without a claim of its own: several vCPUs promote and demote the same
 * tables, change their roots, give frames back and map grants, in any order; refusals are ignored.
 * For tests that end the domain in the middle of that. */
#include "tests/guests/common/hammer.h"

#define HAMMER_REF   9u
#define HAMMER_POOL  4u
#define HAMMER_LEAST 500u /* operations before the end */

static struct {
    struct tree tree;
    u64 *root, *descriptors;
    u64 *window[SMP_MAX];
    u64 pool[HAMMER_POOL], pool_pfn[HAMMER_POOL]; /* frames that nothing maps */
    domid_t self_id;
    _Atomic u64 rounds;
    void (*end)(void);
} hammer;

void hammer_make(void)
{
    tree_make(&hammer.tree);
    if (tree_map(&hammer.tree, PTE_RO)) {
        error("the tree stays writable");
    }
    hammer.root = root_make();
    hammer.descriptors = page_take();
    for (unsigned i = 0; i < SMP_MAX; i++) {
        hammer.window[i] = window_take();
        update_va_mapping(address(hammer.window[i]), 0, UVMF_INVLPG);
    }
    for (unsigned i = 0; i < HAMMER_POOL; i++) {
        void *page = page_take();

        hammer.pool[i] = mfn_of(page);
        hammer.pool_pfn[i] = pfn_of(page);
        update_va_mapping(address(page), 0, UVMF_INVLPG);
    }
    hammer.self_id = grant_own_domid();
    grant_start();
    grant_give(HAMMER_REF, hammer.self_id, mfn_of(hammer.tree.table[0]), 0);
}

static void hammer_release(void)
{
    unsigned i = smp_below(HAMMER_POOL);
    u64 extent = __atomic_load_n(&hammer.pool[i], __ATOMIC_SEQ_CST);

    if (reservation(XENMEM_decrease_reservation, &extent, 1, 0, 0) != 1) {
        return;
    }
    extent = hammer.pool_pfn[i];
    if (reservation(XENMEM_populate_physmap, &extent, 1, 0, 0) == 1) {
        __atomic_store_n(&hammer.pool[i], extent, __ATOMIC_SEQ_CST);
    }
}

static void hammer_map(unsigned self)
{
    u64 frame = __atomic_load_n(&hammer.pool[smp_below(HAMMER_POOL)], __ATOMIC_SEQ_CST);

    update_va_mapping(address(hammer.window[self]), frame * PAGE_SIZE | PTE_RW, UVMF_NONE);
    smp_write(hammer.window[self], 0);
    update_va_mapping(address(hammer.window[self]), 0, UVMF_NONE);
    mmuext(MMUEXT_PIN_L1_TABLE, frame, 0);
    mmuext(MMUEXT_UNPIN_TABLE, frame, 0);
}

static void hammer_grant(unsigned self)
{
    u32 handle;

    if (!grant_map(hammer.self_id, HAMMER_REF, GNTMAP_host_map, address(hammer.window[self]),
                   &handle)) {
        grant_unmap(address(hammer.window[self]), 0, handle);
    }
}

void hammer_strike(unsigned self)
{
    unsigned level = 1 + smp_below(4);
    u64 gdt = mfn_of(hammer.descriptors);

    switch (smp_below(8)) {
    case 0:
    case 1:
        tree_pin(&hammer.tree, level);
        break;
    case 2:
        tree_unpin(&hammer.tree, level);
        break;
    case 3:
        mmu_update(slot_machine(hammer.tree.table[level], TREE_SLOT + self), 0);
        mmu_update(slot_machine(hammer.root, 200 + self),
                   smp_below(2) ? entry_for(hammer.tree.table[3], PTE_TABLE) : 0);
        break;
    case 4:
        if (!mmuext(MMUEXT_NEW_BASEPTR, mfn_of(hammer.root), 0)) {
            mmuext(MMUEXT_NEW_USER_BASEPTR, smp_below(2) ? mfn_of(hammer.root) : 0, 0);
        }
        mmuext(smp_below(4) ? MMUEXT_TLB_FLUSH_LOCAL : MMUEXT_TLB_FLUSH_ALL, 0, 0);
        mmuext(MMUEXT_NEW_BASEPTR, mfn_of(smp_below(2) ? hammer.root : root_first()), 0);
        break;
    case 5:
        hammer_release();
        hypercall(__HYPERVISOR_set_gdt, address(&gdt), smp_below(2) ? 512 : 0, 0);
        break;
    case 6:
        hammer_map(self);
        break;
    default:
        hammer_grant(self);
    }
    atomic_fetch_add(&hammer.rounds, 1);
}

static void hammer_work(unsigned self)
{
    u64 end = smp_now() + 150 * MILLISECOND;

    smp_barrier();
    while (self || smp_now() < end || hammer.rounds < HAMMER_LEAST) {
        hammer_strike(self);
    }
    print_verdict();
    hammer.end();
}

void hammer_until(void (*end)(void))
{
    if (is_initial_domain()) {
        skip("grants to oneself, in a plain domain");
    }
    smp_start(4);
    hammer_make();
    hammer.end = end;
    smp_run(hammer_work);
}
