/* SPDX-License-Identifier: MIT */
/* Roots that some vCPUs run on while others unpin them, change them and give them back: a loaded
 * root stays a root until the last vCPU has loaded another one.
 * Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/reservation.h"
#include "tests/guests/common/smp.h"

#define FREE_SLOT 200u /* a slot of the root that is not used */
#define NO_FRAME  (~0ull >> 24)

static u64 *root;             /* another root that maps the kernel; its frame changes */
static u64 root_view_machine; /* machine address of the entry that maps it here */
static u64 *l3;
static _Atomic u64 loads, unpins, releases;

static long load(unsigned command, u64 mfn)
{
    return mmuext(command, mfn, 0);
}

/* Runs on the other root for a while. */
static void ride(void)
{
    u64 mfn = mfn_of(root);

    if (load(MMUEXT_NEW_BASEPTR, mfn)) {
        return;
    }
    atomic_fetch_add(&loads, 1);
    check_equal(read_cr3() / PAGE_SIZE, mfn, "the root that is loaded");
    check(mmu_update(root_view_machine, mfn * PAGE_SIZE | PTE_RW) < 0,
          "the root that we run on is mapped writable");
    smp_jitter();
    if (smp_below(2) && !load(MMUEXT_NEW_USER_BASEPTR, mfn)) {
        smp_jitter();
        check_equal(load(MMUEXT_NEW_USER_BASEPTR, 0), 0, "no user root");
    }
    check_equal(load(MMUEXT_NEW_BASEPTR, mfn_of(root_first())), 0, "back to the first root");
}

/* Unpins the root, changes entries, and pins it again. */
static void unpin(void)
{
    u64 mfn = mfn_of(root);

    if (!mmuext(MMUEXT_UNPIN_TABLE, mfn, 0)) {
        atomic_fetch_add(&unpins, 1);
    }
    smp_jitter();
    mmu_update(mfn * PAGE_SIZE + FREE_SLOT * 8, entry_for(l3, PTE_TABLE));
    smp_jitter();
    mmu_update(mfn * PAGE_SIZE + FREE_SLOT * 8, 0);
    mmuext(MMUEXT_PIN_L4_TABLE, mfn, 0);
}

/* Gives the root's frame back and makes the root of another one. It comes when no vCPU runs on the
 * old root any more, because the guest may have no more frames. */
static void release(void)
{
    u64 *list = (u64 *)(uintptr_t)start_info->mfn_list, pfn = pfn_of(root), extent = list[pfn];

    __atomic_store_n(&list[pfn], NO_FRAME, __ATOMIC_SEQ_CST);
    mmuext(MMUEXT_UNPIN_TABLE, extent, 0);
    check_equal(update_va_mapping(address(root), 0, UVMF_INVLPG | UVMF_ALL), 0, "unmapping it");
    check_equal(reservation(XENMEM_decrease_reservation, &extent, 1, 0, 0), 1, "giving it back");
    for (extent = pfn; reservation(XENMEM_populate_physmap, &extent, 1, 0, 0) != 1;) {
        cpu_relax();
    }
    check_equal(update_va_mapping(address(root), extent * PAGE_SIZE | PTE_RW, UVMF_INVLPG), 0,
                "mapping another");
    for (unsigned i = 0; i < 512; i++) {
        if (i < 256 || i > 271) {
            root[i] = root_first()[i];
        }
    }
    check_equal(update_va_mapping(address(root), extent * PAGE_SIZE | PTE_RO, UVMF_INVLPG), 0,
                "read-only");
    __atomic_store_n(&list[pfn], extent, __ATOMIC_SEQ_CST); /* from here on other vCPUs load it */
    mmuext(MMUEXT_PIN_L4_TABLE, extent, 0);
    atomic_fetch_add(&releases, 1);
}

static void ride_against_unpin(unsigned self)
{
    if (self == 0) {
        unpin();
    } else {
        ride();
    }
}

static void ride_against_release(unsigned self)
{
    if (self == 0) {
        release();
    } else {
        ride();
    }
}

static bool unpins_enough(void)
{
    return loads > 20 && unpins > 20;
}

static bool releases_enough(void)
{
    return loads > 20 && releases > 10;
}

void test_main(void)
{
    smp_start(4);
    l3 = page_take();
    check_equal(page_read_only(l3), 0, "read-only");
    root = root_make();
    root_view_machine = entry_machine(address(root), 1);
    smp_race(ride_against_unpin, 250, unpins_enough);
    check(unpins_enough(), "%lu loads, %lu unpins", loads, unpins);
    print("Note: %lu loads, %lu unpins\n", loads, unpins);
    loads = 0;
    smp_race(ride_against_release, 250, releases_enough);
    check(releases_enough(), "%lu loads, %lu releases", loads, releases);
    print("Note: %lu loads, %lu releases\n", loads, releases);
    mmuext(MMUEXT_UNPIN_TABLE, mfn_of(root), 0);
    check_equal(page_writable(root), 0, "writable at the end");
    check_equal(page_writable(l3), 0, "and what it showed");
}
