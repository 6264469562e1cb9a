/* SPDX-License-Identifier: MIT */
/* A PV kernel need not be linked at the addresses of Linux.
 *
 * This one is linked at virtual base 0 and entered at 1 MiB: everything the domain builder makes,
 * the p2m list, start_info, the tables and the stack, follows at low addresses, in L4 slot 0, and
 * nothing of the guest is in the upper half. The hypervisor must not take an address of 0 for "not
 * given". */
#include "tests/guests/common/guest.h"

void test_main(void)
{
    u64 *root = root_first();
    u8 *page = page_take();
    volatile u64 *entry;

    check_equal(virt_base(), 0, "virtual base");
    check_equal(address(guest_start), 0x100000, "start of the image");
    check(start_info->mfn_list >= address(guest_end) && start_info->mfn_list < 1ull << 39,
          "p2m list at %lx", start_info->mfn_list);
    check(start_info->pt_base < 1ull << 39, "root table at %lx", start_info->pt_base);
    check(address(start_info) < 1ull << 39, "start_info at %lx", address(start_info));
    check(initial_registers.rsp < 1ull << 39, "stack at %lx", initial_registers.rsp);

    check(root[0] & PTE_PRESENT, "L4 slot 0 is empty");
    for (unsigned i = 1; i < 512; i++) {
        check((i >= 256 && i <= 271) || !(root[i] & PTE_PRESENT), "L4 slot %u has %lx", i, root[i]);
    }

    for (u64 pfn = 0; pfn < start_info->nr_pages; pfn++) {
        if (mfn_to_pfn(pfn_to_mfn(pfn)) != pfn) {
            check(false, "pfn %lx does not come back", pfn);
            break;
        }
    }

    entry = entry_of(0x1000, 1);
    check(entry && (*entry & PTE_ADDRESS) / PAGE_SIZE == pfn_to_mfn(1),
          "address 0x1000 is not pfn 1");

    check_equal(page_read_only(page), 0, "making a page read-only");
    check(write_traps(page, 1) && trap_caught.vector == VECTOR_PF &&
              trap_caught_cr2 == address(page),
          "a read-only page can be written");
    check_equal(page_writable(page), 0, "making it writable again");
    check(!write_traps(page, 1), "a writable page cannot be written");
}
