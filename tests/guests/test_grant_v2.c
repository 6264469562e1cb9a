/* SPDX-License-Identifier: MIT */
/* Grant tables of version 2, by a domain that grants to itself: the change of the version and what
 * forbids it, the marks in the status frames, parts of pages, and the operations on the table as a
 * whole. Runs on Xen as well. XSA-18, 226, 255, 379, 384, 501. */
#include "tests/guests/common/grant.h"

#define HOST    GNTMAP_host_map
#define HOST_RO (GNTMAP_host_map | GNTMAP_readonly)
#define REF     9u
#define OTHER   20u

static domid_t self;
static u64 *page, *window, *second;
static volatile union grant_entry_v2 *entries;
static volatile grant_status_t *marks;
static u64 status_frame;

/* A claim that an element was refused. */
#define check_refused(result, ...)                                                                 \
    do {                                                                                           \
        long refused_ = (result);                                                                  \
        check(refused_ < 0, __VA_ARGS__);                                                          \
    } while (0)

static long set_version(u32 version, u32 *now)
{
    struct gnttab_set_version set = {.version = version};
    long result = grant_op(GNTTABOP_set_version, &set);

    *now = set.version;
    return result;
}

static long status_frames(domid_t domain, u32 count, u64 *list)
{
    struct gnttab_get_status_frames get = {.nr_frames = count, .dom = domain, .status = NO_STATUS};
    long result;

    set_xen_guest_handle(get.frame_list, list);
    result = grant_op(GNTTABOP_get_status_frames, &get);
    return result ? result : get.status;
}

static long swap(u32 a, u32 b)
{
    struct gnttab_swap_grant_ref swap = {.ref_a = a, .ref_b = b, .status = NO_STATUS};
    long result = grant_op(GNTTABOP_swap_grant_ref, &swap);

    return result ? result : swap.status;
}

/* Writes an entry: first the rest, then the flags. */
static void give(u32 ref, u16 flags, u64 low, u64 high)
{
    volatile u64 *words = (volatile u64 *)&entries[ref];

    entries[ref].hdr.flags = 0;
    words[1] = high;
    ((volatile u32 *)words)[1] = (u32)low;
    entries[ref].hdr.domid = self;
    __asm__ volatile("" ::: "memory");
    entries[ref].hdr.flags = flags;
}

static void give_page(u32 ref, const u64 *what, u16 flags)
{
    give(ref, GTF_permit_access | flags, 0, mfn_of(what));
}

static void check_version_1(void)
{
    u64 frame = 1;
    u32 now;

    check_equal(set_version(3, &now), -XEN_EINVAL, "version 3");
    check_equal(now, 1, "the version that stays");
    check_equal(set_version(0, &now), -XEN_EINVAL, "version 0");
    check_equal(now, 1, "the version that stays");
    check_equal(set_version(1, &now), 0, "version 1");
    check_equal(status_frames(DOMID_SELF, 0, &frame), 0, "no status frame of version 1");
    check_equal(status_frames(DOMID_SELF, 1, &frame), GNTST_general_error,
                "a status frame of version 1");
    check_equal(frame, 1, "the list");
}

/* The reserved entries stay, the others go, and none of these may be in use. */
static void check_change(void)
{
    u32 now, handle;

    page[0] = 3;
    grant_give(1, self, mfn_of(page), 0);
    grant_give(REF, self, mfn_of(page), 0);
    check_equal(grant_map(self, REF, HOST, address(window), &handle), 0, "mapping");
    check_equal(set_version(2, &now), -XEN_EBUSY, "version 2 while a grant is in use");
    check_equal(now, 1, "the version that stays");
    check_equal(grant_unmap(address(window), 0, handle), 0, "unmapping");
    check_equal(set_version(2, &now), 0, "version 2");
    check_equal(now, 2, "the version");
    struct gnttab_get_version get = {.dom = DOMID_SELF};
    check_equal(grant_op(GNTTABOP_get_version, &get), 0, "get_version");
    check_equal(get.version, 2, "the version");

    entries = (volatile union grant_entry_v2 *)grant_table;
    check_equal(entries[1].hdr.flags, GTF_permit_access, "the flags of a reserved entry");
    check_equal(entries[1].hdr.domid, self, "its domain");
    check_equal(entries[1].full_page.frame, mfn_of(page), "its frame");
    for (u32 i = 0; i < 256; i++) {
        check(i == 1 || !entries[i].hdr.flags, "entry %u is not empty: %x", i,
              entries[i].hdr.flags);
    }
    check_refused(grant_map(self, REF, HOST, address(window), &handle), "a grant of before");
    check_refused(grant_map(self, 256, HOST, address(window), &handle), "entry 256 of 256");
}

static void check_status(void)
{
    u64 frames[2] = {0};
    volatile grant_status_t *there = window_take();

    check_equal(status_frames(DOMID_SELF, 2, frames), GNTST_general_error, "two status frames");
    check_equal(status_frames(4242, 1, frames), GNTST_bad_domain, "of domain 4242");
    check_refused(status_frames(DOMID_SELF, 1, (u64 *)HYPERVISOR_VIRT_START),
                  "a list in Xen's space");
    check_equal(status_frames(DOMID_SELF, 1, frames), 0, "one status frame");
    status_frame = frames[0];
    check_equal(update_va_mapping(address(there), status_frame * PAGE_SIZE | PTE_RW, UVMF_INVLPG),
                0, "mapping it");
    marks = there;
    for (u32 i = 0; i < 2048; i++) {
        check(!marks[i], "status %u is %x", i, marks[i]);
    }
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, status_frame, 0), -XEN_EINVAL, "as a page table");
}

static void check_map(u64 flags)
{
    u16 expected = flags & GNTMAP_readonly ? GTF_reading : GTF_reading | GTF_writing;
    u32 handle;

    page[0] = 1;
    give_page(REF, page, 0);
    check_equal(grant_map(self, REF, flags, address(window), &handle), 0, "mapping, flags %lx",
                flags);
    check_equal(window[0], 1, "what it shows");
    check_equal(marks[REF], expected, "its marks");
    check_equal(entries[REF].hdr.flags, GTF_permit_access, "the flags of the entry");
    /* The frame stays while the grant is in use. XSA-500. */
    entries[REF].full_page.frame = mfn_of(second);
    check_equal(grant_copy((struct grant_end){self, true, REF, 0},
                           (struct grant_end){DOMID_SELF, false, mfn_of(second), 64}, 8),
                0, "a copy");
    check_equal(second[8], 1, "what was copied");
    check_equal(marks[REF], expected, "its marks after the copy");
    /* The end of the permission leaves the mapping. */
    entries[REF].hdr.flags = 0;
    check_equal(window[0], 1, "what it shows after the end of the permission");
    check_equal(marks[REF], expected, "its marks");
    check_equal(grant_unmap(address(window), 0, handle), 0, "unmapping");
    check_equal(marks[REF], 0, "marks after it");
}

static long copy_from(u32 ref, u16 offset, u16 length)
{
    return grant_copy((struct grant_end){self, true, ref, offset},
                      (struct grant_end){DOMID_SELF, false, mfn_of(second), 0}, length);
}

static long copy_to(u32 ref, u16 offset, u16 length)
{
    return grant_copy((struct grant_end){DOMID_SELF, false, mfn_of(second), 0},
                      (struct grant_end){self, true, ref, offset}, length);
}

/* A part of a page can be copied, and no other part of it; nothing can be mapped. */
static void check_part(void)
{
    u32 handle;

    give(REF, GTF_permit_access | GTF_sub_page, 128 | 64 << 16, mfn_of(page));
    check_refused(grant_map(self, REF, HOST, address(window), &handle), "mapping a part");
    check_refused(grant_map(self, REF, HOST_RO, address(window), &handle), "for reading");
    page[16] = 0x1234;
    check_equal(copy_from(REF, 128, 64), 0, "all of it");
    check_equal(second[0], 0x1234, "what was copied");
    check_equal(copy_from(REF, 160, 32), 0, "its end");
    check_equal(copy_from(REF, 128, 0), 0, "nothing");
    check_refused(copy_from(REF, 127, 2), "a byte before it");
    check_refused(copy_from(REF, 160, 33), "a byte behind it");
    check_refused(copy_from(REF, 0, 4096), "the whole page");
    check_equal(copy_to(REF, 128, 64), 0, "to all of it");
    check_refused(copy_to(REF, 120, 8), "to what is before it");
    check_refused(copy_to(REF, 192, 8), "to what is behind it");
    give(REF, GTF_permit_access | GTF_sub_page | GTF_readonly, 128 | 64 << 16, mfn_of(page));
    check_refused(copy_to(REF, 128, 8), "to one for reading");
    check_equal(copy_from(REF, 128, 8), 0, "from it");
    check_equal(marks[REF], 0, "its marks");
}

/* A grant of another domain's grant: here there is none, and a grant of a grant of one's own is
 * refused. XSA-226, 318. */
static void check_transitive(void)
{
    u32 handle;

    give_page(OTHER, page, 0);
    give(REF, GTF_transitive, self, OTHER);
    check_refused(copy_from(REF, 0, 8), "through itself");
    check_refused(copy_to(REF, 0, 8), "through itself");
    check_refused(grant_map(self, REF, HOST, address(window), &handle), "mapping");
    give(REF, GTF_transitive, 4242, OTHER);
    check_refused(copy_from(REF, 0, 8), "through domain 4242");
    give(REF, GTF_transitive, DOMID_INVALID, OTHER);
    check_refused(copy_from(REF, 0, 8), "through DOMID_INVALID");
    give(REF, GTF_transitive, self, REF);
    check_refused(copy_from(REF, 0, 8), "a circle");
    check_equal(marks[REF], 0, "the marks of the grant");
    check_equal(marks[OTHER], 0, "the marks of the grant that it names");
}

static void check_swap(void)
{
    u32 handle;

    page[0] = 5;
    give_page(REF, page, GTF_readonly);
    give(OTHER, GTF_permit_access | GTF_sub_page, 8 | 8 << 16, mfn_of(second));
    check_equal(swap(REF, OTHER), 0, "swapped");
    check_equal(entries[OTHER].hdr.flags, GTF_permit_access | GTF_readonly, "the flags of one");
    check_equal(entries[OTHER].full_page.frame, mfn_of(page), "its frame");
    check_equal(entries[REF].sub_page.page_off, 8, "the other");
    check_equal(entries[REF].sub_page.frame, mfn_of(second), "its frame");
    check_equal(swap(REF, REF), 0, "with itself");
    check_refused(swap(REF, 256), "beyond the table");
    check_refused(swap(~0u, REF), "entry 2^32 - 1");
    check_equal(grant_map(self, OTHER, HOST_RO, address(window), &handle), 0, "mapping");
    check_equal(swap(REF, OTHER), GNTST_eagain, "one that is in use");
    check_equal(swap(OTHER, REF), GNTST_eagain, "the other way round");
    check_equal(grant_unmap(address(window), 0, handle), 0, "unmapping");
}

/* Back to version 1: not while a status frame is mapped (XSA-255), nor while a grant is in use. */
static void check_back(void)
{
    u32 now, handle;

    check_equal(set_version(1, &now), -XEN_EBUSY, "while the status frame is mapped");
    check_equal(now, 2, "the version that stays");
    check_equal(update_va_mapping(address(marks), 0, UVMF_INVLPG), 0, "unmapping it");
    give_page(REF, page, 0);
    give_page(1, page, GTF_readonly);
    give_page(2, second, 0);
    check_equal(grant_map(self, REF, HOST, address(window), &handle), 0, "mapping");
    check_equal(set_version(1, &now), -XEN_EBUSY, "while a grant is in use");
    check_equal(now, 2, "the version that stays");
    check_equal(grant_unmap(address(window), 0, handle), 0, "unmapping");
    check_equal(set_version(1, &now), 0, "version 1");
    check_equal(now, 1, "the version");
    check_equal(grant_table[1].flags, GTF_permit_access | GTF_readonly, "a reserved entry");
    check_equal(grant_table[1].frame, mfn_of(page), "its frame");
    check_equal(grant_table[2].frame, mfn_of(second), "the frame of another");
    for (u32 i = 0; i < GRANTS_A_PAGE; i++) {
        check(i == 1 || i == 2 || !grant_table[i].flags, "entry %u is not empty", i);
    }
    check_equal(status_frames(DOMID_SELF, 1, &status_frame), GNTST_general_error,
                "a status frame of version 1");
    page[0] = 9;
    grant_give(REF, self, mfn_of(page), 0);
    check_equal(grant_map(self, REF, HOST, address(window), &handle), 0, "mapping");
    check_equal(window[0], 9, "what it shows");
    check_equal(grant_marks(REF), GTF_reading | GTF_writing, "its marks");
    check_equal(grant_unmap(address(window), 0, handle), 0, "unmapping");
}

/* The version changes often, and the table with it: nothing is lost (the audit). */
static void check_often(void)
{
    xen_pfn_t list[16];
    u32 now;

    for (u32 i = 0; i < 40; i++) {
        check_equal(set_version(i & 1 ? 1 : 2, &now), 0, "version, round %u", i);
        if (i < 16) {
            check_equal(grant_setup(i + 1, list), 0, "%u pages", i + 1);
        }
    }
    check_equal(now, 1, "the version");
}

void test_main(void)
{
    self = grant_own_domid();
    page = page_take();
    second = page_take();
    window = window_take();
    mmu_update(entry_machine(address(window), 1), 0);
    grant_start();
    check_version_1();
    check_change();
    check_status();
    check_map(HOST);
    check_map(HOST_RO);
    check_part();
    check_transitive();
    check_swap();
    check_back();
    check_often();
}
