/* SPDX-License-Identifier: MIT */
/* Changing address spaces: NEW_BASEPTR, NEW_USER_BASEPTR, and mov to cr3.
 *
 * A loaded root is referenced, pinned or not: it stays a table and stays read-only until another
 * one is loaded. A frame that is no valid root is refused, and the old root stays loaded. */
#include "tests/guests/common/guest.h"

#define PRIVATE_VA 0x10000000000ull /* L4 slot 2: only the second root has it */

static u64 *second, *l3, *l2, *l1, *page;

/* Makes a root that maps the kernel and, at PRIVATE_VA, one page of its own. It is not pinned. */
static void make_second(void)
{
    second = page_take();
    l3 = page_take();
    l2 = page_take();
    l1 = page_take();
    page = page_take();
    page[0] = 0x5ec0;
    l1[0] = entry_for(page, PTE_RW);
    l2[0] = entry_for(l1, PTE_TABLE);
    l3[0] = entry_for(l2, PTE_TABLE);
    for (unsigned i = 0; i < 512; i++) {
        if (i < 256 || i > 271) {
            second[i] = root_first()[i];
        }
    }
    second[table_index(PRIVATE_VA, 4)] = entry_for(l3, PTE_TABLE);
    if (page_read_only(l1) || page_read_only(l2) || page_read_only(l3) || page_read_only(second)) {
        error("cannot make the tables read-only");
    }
}

static void write_cr3(void *value)
{
    __asm__ volatile("mov %0, %%cr3" ::"r"(value) : "memory");
}

static void check_switch(void)
{
    volatile u64 *private = (volatile u64 *)PRIVATE_VA;

    check(read_traps((void *)PRIVATE_VA), "the first root shows the second's page");
    check_equal(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(second), 0), 0, "loading an unpinned root");
    check_equal(read_cr3(), mfn_of(second) * PAGE_SIZE, "cr3");
    check_equal(*private, 0x5ec0, "its page");
    *private = 0x5ec1;
    check_equal(page[0], 0x5ec1, "its page, by the kernel");
    check_equal(page_writable(second), -XEN_EBUSY, "the loaded root writable");
    check_equal(page_writable(l1), -XEN_EBUSY, "its L1 writable");
    check_equal(update_va_mapping(PRIVATE_VA, entry_for(page, PTE_RO), UVMF_INVLPG), 0,
                "update_va_mapping works on the loaded root");
    check(write_traps(private, 0), "its page is still writable");
    check_equal(update_va_mapping(PRIVATE_VA, entry_for(page, PTE_RW), UVMF_INVLPG), 0, "and back");

    check_equal(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(root_first()), 0), 0, "loading the first root");
    check(read_traps((void *)PRIVATE_VA), "the second's page is still shown");
    check_equal(page_writable(second), 0, "the root that was left, writable");
    check_equal(page_read_only(second), 0, "read-only");
}

static void check_pinned(void)
{
    check_equal(mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(second), 0), 0, "pinning the second root");
    check(!trap_catch(write_cr3, (void *)(mfn_of(second) * PAGE_SIZE)), "mov to cr3 traps");
    check_equal(read_cr3(), mfn_of(second) * PAGE_SIZE, "cr3");
    check_equal(*(volatile u64 *)PRIVATE_VA, 0x5ec1, "the second's page");
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(second), 0), 0, "unpinning the loaded root");
    check_equal(*(volatile u64 *)PRIVATE_VA, 0x5ec1, "the second's page, unpinned");
    check_equal(page_writable(second), -XEN_EBUSY, "the loaded, unpinned root writable");
    check_equal(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(second), 0), 0, "loading what is loaded");
    check_equal(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(root_first()), 0), 0, "loading the first root");
    check_equal(page_writable(second), 0, "the root that was left, writable");
    check_equal(page_read_only(second), 0, "read-only");
}

/* A change of a live root takes effect where the root is loaded. */
static void check_update_of_loaded(void)
{
    u64 *root = root_first(), slot = table_index(PRIVATE_VA, 4);

    check_equal(mmu_update(slot_machine(root, slot), entry_for(l3, PTE_TABLE)), 0,
                "the page's L3 in the loaded root");
    check_equal(*(volatile u64 *)PRIVATE_VA, 0x5ec1, "the page");
    check_equal(mmu_update(slot_machine(root, slot), 0), 0, "out of it");
    check_equal(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0, "TLB_FLUSH_LOCAL");
    check(read_traps((void *)PRIVATE_VA), "the page is still shown");
}

static void check_refused(void)
{
    u64 cr3 = read_cr3();
    u64 *plain = page_take();

    check_equal(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(plain), 0), -XEN_EINVAL,
                "a writable page as root");
    check_equal(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(l3), 0), -XEN_EINVAL, "an L3 as root");
    check_equal(mmuext(MMUEXT_NEW_BASEPTR, ~0ull, 0), -XEN_EINVAL, "no frame as root");
    check_equal(mmuext(MMUEXT_NEW_BASEPTR, (1ull << 40) - 1, 0), -XEN_EINVAL,
                "frame 2^40 - 1 as root");
    check_equal(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(plain), 0), -XEN_EINVAL,
                "a writable page as user root");
    check_equal(mmuext(MMUEXT_NEW_USER_BASEPTR, ~0ull, 0), -XEN_EINVAL, "no frame as user root");
    check_equal(read_cr3(), cr3, "cr3 after refusals");
    check(!write_traps(plain, 0), "the plain page is not writable any more");
}

/* The user root is referenced as the kernel root is. */
static void check_user_root(void)
{
    check_equal(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(second), 0), 0, "the user root");
    check_equal(page_writable(second), -XEN_EBUSY, "the user root writable");
    check(read_traps((void *)PRIVATE_VA), "the kernel sees the user root's page");
    check_equal(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(second), 0), 0, "the same again");
    check_equal(mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0, "no user root");
    check_equal(page_writable(second), 0, "the former user root writable");
}

void test_main(void)
{
    make_second();
    check_switch();
    check_pinned();
    check_update_of_loaded();
    check_refused();
    check_user_root();
}
