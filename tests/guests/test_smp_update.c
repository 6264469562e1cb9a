/* SPDX-License-Identifier: MIT */
/* Entries of an L1 table are changed, by request and by ordinary stores, while other vCPUs link and
 * unlink the table, and pin and unpin it: the table is demoted when its last type reference is
 * dropped, even while another vCPU holds its lock. XSA-242.
 * Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/smp.h"

#define FREE_L2_SLOT 400u /* of the kernel's L2 table: 800 MiB above its start */

static u64 *table, *pages[SMP_MAX], hook_machine;
static volatile u64 *hooked_at;
static _Atomic u64 pins, hooks, updates, stores, writes;

static void pin(void)
{
    if (mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(table), 0)) {
        return;
    }
    atomic_fetch_add(&pins, 1);
    smp_jitter();
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(table), 0), 0, "unpinning what we pinned");
}

static void hook(void)
{
    if (mmu_update(hook_machine, entry_for(table, PTE_TABLE))) {
        return;
    }
    atomic_fetch_add(&hooks, 1);
    smp_jitter();
    check_equal(mmu_update(hook_machine, 0), 0, "unhooking");
}

/* Each of the other vCPUs has a slot and a page. Its store is emulated while the frame is a table;
 * otherwise it faults at the read-only mapping. */
static void change(unsigned self)
{
    u64 entry = entry_for(pages[self], smp_below(2) ? PTE_RW : PTE_RO);

    if (smp_below(2)) {
        if (!mmu_update(slot_machine(table, self), entry)) {
            atomic_fetch_add(&updates, 1);
        }
    } else if (smp_write(&table[self], entry)) {
        atomic_fetch_add(&stores, 1);
    }
    if (smp_write(hooked_at + self * (PAGE_SIZE / 8), self)) {
        atomic_fetch_add(&writes, 1);
    }
    mmu_update(slot_machine(table, self), 0);
}

static void update_against_unhook(unsigned self)
{
    if (self == 0) {
        pin();
    } else if (self == 1) {
        hook();
    } else {
        change(self);
    }
}

/* The targets of the entries are free: each of these pages may become a table, which a page with a
 * writable mapping may not. */
static void check_nothing_held(void)
{
    for (unsigned i = 2; i < 4; i++) {
        memset(pages[i], 0, PAGE_SIZE);
        check_equal(mmu_update(slot_machine(table, i), 0), 0, "clearing");
        check_equal(page_read_only(pages[i]), 0, "read-only");
        check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(pages[i]), 0), 0, "page %u as a table", i);
        check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(pages[i]), 0), 0, "and no more");
    }
    check_equal(page_writable(table), 0, "the table, writable");
}

static bool enough(void)
{
    return pins > 20 && hooks > 20 && updates > 20 && stores > 5 && writes > 5;
}

void test_main(void)
{
    u64 l2 = entry_machine(virt_base(), 2) & ~(PAGE_SIZE - 1);

    smp_start(4);
    table = page_take();
    check_equal(page_read_only(table), 0, "read-only");
    for (unsigned i = 0; i < 4; i++) {
        pages[i] = page_take();
    }
    hook_machine = l2 + FREE_L2_SLOT * 8;
    hooked_at = (u64 *)(uintptr_t)((virt_base() & ~((1ull << 30) - 1)) + ((u64)FREE_L2_SLOT << 21));
    check_equal(*entry_of(address(hooked_at), 2), 0, "the slot");
    smp_race(update_against_unhook, 400, enough);
    print("Note: %lu pins, %lu hooks, %lu updates, %lu stores, %lu writes through the table\n",
          pins, hooks, updates, stores, writes);
    check(enough(), "some part was not tried");
    check_nothing_held();
}
