/* SPDX-License-Identifier: MIT */
/* A new domain's memory has nothing in it of the domain that had it before.
 *
 * Every page of the domain is read, also those that nothing maps at the start: all but the image
 * and what the domain builder made must be zero. The test then fills all of it, so that a guest
 * that is started after it in the same memory would see it. */
#include "tests/guests/common/guest.h"

static u64 *window;

/* Says whether a page has contents: the image, the p2m list, start_info and the pages beside it,
 * the tables, a module. */
static bool is_used(u64 pfn)
{
    u64 va = virt_base() + pfn * PAGE_SIZE;
    u64 stack = initial_registers.rsp;

    if (va >= address(guest_start) && va < address(guest_end)) {
        return true;
    }
    if (va >= start_info->mfn_list && va < stack) {
        return true;
    }
    return start_info->mod_len && va >= start_info->mod_start &&
           va < start_info->mod_start + start_info->mod_len;
}

static void look(u64 pfn)
{
    if (update_va_mapping(address(window), pfn_to_mfn(pfn) * PAGE_SIZE | PTE_RW, UVMF_INVLPG)) {
        error("cannot map pfn %lx", pfn);
    }
    for (unsigned i = 0; i < 512; i++) {
        if (((volatile u64 *)window)[i]) {
            check(false, "pfn %lx has %lx at %u", pfn, window[i], i);
            break;
        }
    }
    memset(window, 0xa5, PAGE_SIZE);
}

void test_main(void)
{
    u64 looked = 0;

    if (is_initial_domain()) {
        skip("Xen gives its initial domain memory as it is");
    }
    window = window_take();
    for (u64 pfn = 0; pfn < start_info->nr_pages && !anything_failed(); pfn++) {
        if (!is_used(pfn)) {
            look(pfn);
            looked++;
        }
    }
    check_equal(update_va_mapping(address(window), 0, UVMF_INVLPG), 0, "unmapping");
    check(looked > start_info->nr_pages / 2, "only %lu pages of %lu", looked, start_info->nr_pages);
}
