/* SPDX-License-Identifier: MIT */
/* A kernel that chooses the address of its list of frames, as Linux does.
 *
 * With an INIT_P2M note the list is not behind the kernel but at the address of the note, in an L4
 * slot of its own, and start_info says which frames the list and its tables take. With
 * MOD_START_PFN a ramdisk need not be mapped: mod_start is a frame number. */
#include "tests/guests/common/guest.h"

#define P2M_VA 0x8000000000ull

__asm__(".pushsection .note.Xen, \"a\", @note\n"
        ".balign 4\n"
        ".long 4, 8, 15\n"
        ".asciz \"Xen\"\n"
        ".quad 0x8000000000\n"
        ".long 4, 8, 16\n"
        ".asciz \"Xen\"\n"
        ".quad 1\n"
        ".popsection\n");
_Static_assert(XEN_ELFNOTE_INIT_P2M == 15 && XEN_ELFNOTE_MOD_START_PFN == 16, "the notes above");

/* The L1 entry for `va`, read through a window: these tables need not be mapped anywhere. */
static u64 walk(u64 va)
{
    static volatile u64 *window;
    u64 entry = read_cr3() | PTE_PRESENT;

    if (!window) {
        window = window_take();
    }
    for (unsigned level = 4; level && entry & PTE_PRESENT; level--) {
        if (update_va_mapping(address(window), (entry & PTE_ADDRESS) | PTE_RO, UVMF_INVLPG)) {
            error("cannot map a table to read it: %lx", entry);
        }
        entry = window[table_index(va, level)];
    }
    return entry;
}

/* The frames of the list and of the tables that map it are the ones that start_info names. */
static void check_place(void)
{
    u64 first = start_info->first_p2m_pfn, end = first + start_info->nr_p2m_frames;
    u64 pages = (start_info->nr_pages * 8 + PAGE_SIZE - 1) / PAGE_SIZE;

    check_equal(start_info->mfn_list, P2M_VA, "mfn_list");
    check(start_info->nr_p2m_frames >= pages, "%lu frames for %lu pages of list",
          start_info->nr_p2m_frames, pages);
    check(end <= start_info->nr_pages, "frames %lx to %lx of %lx", first, end,
          start_info->nr_pages);
    for (u64 i = 0; i < pages; i++) {
        u64 entry = walk(P2M_VA + i * PAGE_SIZE);
        u64 pfn = mfn_to_pfn((entry & PTE_ADDRESS) / PAGE_SIZE);

        check(entry & PTE_PRESENT, "page %lu of the list is not mapped", i);
        check(pfn >= first && pfn < end, "page %lu of the list is pfn %lx", i, pfn);
        check(entry & PTE_WRITABLE, "page %lu of the list is not writable", i);
    }
}

static void check_list(void)
{
    for (u64 pfn = 0; pfn < start_info->nr_pages; pfn++) {
        if (mfn_to_pfn(pfn_to_mfn(pfn)) != pfn) {
            check(false, "pfn %lx does not come back", pfn);
            return;
        }
    }
}

static void check_module(void)
{
    u64 pfn = start_info->mod_start;
    volatile u8 *window = window_take();

    if (!start_info->mod_len) {
        print("Note: no module was given\n");
        return;
    }
    if (!(start_info->flags & SIF_MOD_START_PFN)) {
        check(!read_traps((void *)(uintptr_t)pfn), "mod_start %lx cannot be read", pfn);
        return;
    }
    check(pfn < start_info->nr_pages, "the module's frame is %lx", pfn);
    check_equal(
        update_va_mapping(address(window), pfn_to_mfn(pfn) * PAGE_SIZE | PTE_RO, UVMF_INVLPG), 0,
        "mapping the module");
    print("The module of %lu bytes begins with %02x %02x %02x %02x\n", start_info->mod_len,
          window[0], window[1], window[2], window[3]);
}

void test_main(void)
{
    check_place();
    check_list();
    check_module();
}
