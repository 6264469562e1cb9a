/* SPDX-License-Identifier: MIT */
/* Grants, by a domain that grants to itself: the table, mapping and unmapping, and every way in
 * which one domain alone can try to make a mapping end or count twice.
 *
 * What keeps a granted page from becoming a page table is the entry that maps it; so a mapping that
 * the guest overwrites is no longer counted, and its handle must then drop nothing. XSA-224, 227,
 * 228, 234, 255, 316, 380, 500. */
#include "tests/guests/common/grant.h"

#define HOST     GNTMAP_host_map
#define HOST_RO  (GNTMAP_host_map | GNTMAP_readonly)
#define HOST_PTE (GNTMAP_host_map | GNTMAP_contains_pte)
#define REF      8u
#define HANDLES  300000u /* more than exist */

static domid_t self;
static u64 *page, *window, window_machine;

/* A claim that an element was refused. */
#define check_refused(result, ...)                                                                 \
    do {                                                                                           \
        long refused_ = (result);                                                                  \
        check(refused_ < 0, __VA_ARGS__);                                                          \
    } while (0)

/* Operations of a domain that has not set up a table. */
static void check_without_table(void)
{
    struct gnttab_query_size query = {.dom = DOMID_SELF, .status = NO_STATUS};
    struct gnttab_get_version version = {.dom = DOMID_SELF};
    u32 handle;

    check_equal(grant_op(GNTTABOP_query_size, &query), 0, "query_size");
    check_equal(query.status, 0, "its status");
    check(query.nr_frames <= query.max_nr_frames, "%u pages of %u", query.nr_frames,
          query.max_nr_frames);
    for (unsigned ref = 0; ref < 4; ref++) {
        check_refused(grant_map(DOMID_SELF, ref, HOST, address(window), &handle),
                      "grant %u without a table", ref);
        check_refused(grant_copy((struct grant_end){DOMID_SELF, true, ref, 0},
                                 (struct grant_end){DOMID_SELF, false, mfn_of(page), 0}, 8),
                      "a copy of grant %u without a table", ref);
    }
    check_refused(grant_unmap(address(window), 0, 0), "handle 0 before there is one");
    check_equal(grant_op(GNTTABOP_get_version, &version), 0, "get_version");
    check_equal(version.version, 1, "the version");
}

static void check_setup(void)
{
    static xen_pfn_t list[8];
    struct gnttab_query_size query = {.dom = DOMID_SELF};
    struct gnttab_setup_table setup = {.dom = 4242, .nr_frames = 1, .status = NO_STATUS};
    struct gnttab_set_version version = {.version = 3};

    check_equal(grant_op(GNTTABOP_query_size, &query), 0, "query_size");
    check_refused(grant_setup(query.max_nr_frames + 1, list), "one page too many");
    check_refused(grant_setup(~0u, list), "2^32 - 1 pages");
    check_refused(grant_setup(1, (xen_pfn_t *)HYPERVISOR_VIRT_START), "a list in Xen's space");
    set_xen_guest_handle(setup.frame_list, list);
    check_equal(grant_op(GNTTABOP_setup_table, &setup), 0, "a table for domain 4242");
    check_refused(setup.status, "its status is %d", setup.status);
    check_equal(grant_setup(2, list), 0, "two pages");
    check(list[0] != list[1] && list[0] && list[1], "they are %lx and %lx", list[0], list[1]);
    check_equal(mfn_of(page) == list[0], 0, "the table is a page of the guest's");
    check_equal(grant_op(GNTTABOP_set_version, &version), -XEN_EINVAL, "version 3");
    version.version = 1;
    check_equal(grant_op(GNTTABOP_set_version, &version), 0, "version 1");
}

/* The table's pages belong to the hypervisor: the guest may map them, and nothing else. */
static void check_table_pages(void)
{
    u64 frame = (*entry_of(address(grant_table), 1) & PTE_ADDRESS) / PAGE_SIZE, extent = frame;
    struct xen_memory_reservation release = {.nr_extents = 1, .domid = DOMID_SELF};

    for (unsigned level = 1; level <= 4; level++) {
        check_equal(mmuext(MMUEXT_PIN_L1_TABLE + level - 1, frame, 0), -XEN_EINVAL,
                    "the grant table as a table of level %u", level);
    }
    check_equal(hypercall(__HYPERVISOR_set_gdt, address(&frame), 1, 0), -XEN_EINVAL, "as a GDT");
    set_xen_guest_handle(release.extent_start, &extent);
    check_equal(memory_op(XENMEM_decrease_reservation, &release), 0, "released");
    grant_table[500].domid = 77;
    check_equal(grant_table[500].domid, 77, "it is gone");
}

static void check_map(u64 flags, u64 at)
{
    u32 handle;

    page[0] = 1;
    grant_give(REF, self, mfn_of(page), 0);
    check_equal(grant_map(self, REF, flags, at, &handle), 0, "mapping, flags %lx", flags);
    check_equal(window[0], 1, "what it shows");
    check_equal(grant_marks(REF), flags & GNTMAP_readonly ? GTF_reading : GTF_reading | GTF_writing,
                "its marks");
    check_equal(write_traps(window, 2), (flags & GNTMAP_readonly) != 0, "writing");
    check_equal(page[0], flags & GNTMAP_readonly ? 1 : 2, "the page");
    check_equal(grant_unmap(at, 0, handle), 0, "unmapping");
    check_equal(grant_marks(REF), 0, "marks after it");
    check(read_traps(window), "it is mapped yet");
    check_equal(*entry_of(address(window), 1), 0, "the entry");
    check_refused(grant_unmap(at, 0, handle), "unmapping twice");
}

/* References that are no grant, or not one for this use. XSA-316: the status is negative. */
static void check_refs(void)
{
    static const u32 beyond[] = {2 * GRANTS_A_PAGE, 32 * GRANTS_A_PAGE, 1u << 31, ~0u};
    u64 at = address(window);
    u32 handle;

    grant_give(REF, self, mfn_of(page), GTF_readonly);
    check_refused(grant_map(self, REF, HOST, at, &handle), "a read-only grant, to write");
    check_equal(grant_marks(REF), 0, "its marks");
    check_map(HOST_RO, at);
    for (unsigned i = 0; i < ARRAY_LENGTH(beyond); i++) {
        check_refused(grant_map(self, beyond[i], HOST, at, &handle), "grant %x", beyond[i]);
    }
    check_refused(grant_map(4242, REF, HOST, at, &handle), "a grant of domain 4242");
    check_refused(grant_map(DOMID_INVALID, REF, HOST, at, &handle), "of DOMID_INVALID");
    check_refused(grant_map(DOMID_XEN, REF, HOST, at, &handle), "of DOMID_XEN");
    check_refused(grant_map(DOMID_IO, REF, HOST, at, &handle), "of DOMID_IO");
    check_refused(grant_map(self, REF + 1, HOST, at, &handle), "an empty entry");
    grant_give(REF, self + 1, mfn_of(page), 0);
    check_refused(grant_map(self, REF, HOST, at, &handle), "a grant for somebody else");
    grant_give(REF, self, 0xffffffff, 0);
    check_refused(grant_map(self, REF, HOST, at, &handle), "a frame that is none");
    grant_give(REF, self, (root_first()[256] & PTE_ADDRESS) / PAGE_SIZE, 0);
    check_refused(grant_map(self, REF, HOST, at, &handle), "a frame of the hypervisor");
    grant_give(REF, self, mfn_of(root_first()), 0);
    check_refused(grant_map(self, REF, HOST, at, &handle), "a page table, to write");
    check_equal(grant_marks(REF), 0, "marks of what was refused");
    check_refused(grant_map(self, REF, 0, at, &handle), "a mapping of neither kind");
    check(read_traps(window), "one of them is mapped");
}

/* Places at which a mapping may not be made. XSA-227. */
static void check_places(void)
{
    u64 l2 = entry_machine(address(window), 2), hypervisor = root_first()[256] & PTE_ADDRESS;
    u64 places[] = {l2,
                    hypervisor,
                    mfn_of(page) * PAGE_SIZE,
                    1ull << 51,
                    ~7ull,
                    (window_machine & ~0xfffull) + 4092,
                    (window_machine & ~0xfffull) + 4095};
    u64 addresses[] = {HYPERVISOR_VIRT_START, 0x0000800000000000, 0x0000700000000000, 1ull << 63,
                       ~0ull};
    u32 handle;

    grant_give(REF, self, mfn_of(page), 0);
    page[0] = 5;
    for (unsigned i = 0; i < ARRAY_LENGTH(places); i++) {
        check_refused(grant_map(self, REF, HOST_PTE, places[i], &handle), "an entry at %lx",
                      places[i]);
    }
    for (unsigned i = 1; i < 8; i++) {
        check_refused(grant_map(self, REF, HOST_PTE, window_machine + i, &handle),
                      "an entry %u bytes off", i);
    }
    for (unsigned i = 0; i < ARRAY_LENGTH(addresses); i++) {
        check_refused(grant_map(self, REF, HOST, addresses[i], &handle), "at address %lx",
                      addresses[i]);
    }
    check_equal(page[0], 5, "a plain page that was named as a table");
    check_equal(grant_marks(REF), 0, "marks of what was refused");
    check_equal(grant_map(self, REF, HOST_PTE, window_machine, &handle), 0, "the right entry");
    for (unsigned i = 1; i < 8; i++) {
        check_refused(grant_unmap(window_machine + i, 0, handle), "unmapping %u bytes off", i);
    }
    check_refused(grant_unmap(l2, 0, handle), "unmapping an L2 entry");
    check_refused(grant_unmap(window_machine + 8, 0, handle), "unmapping the next entry");
    check_refused(grant_unmap(address(window), 0, handle), "unmapping by address");
    check_equal(window[0], 5, "it is mapped yet");
    check_equal(grant_unmap(window_machine, 0, handle), 0, "unmapping");
}

/* Unmapping with wrong arguments changes nothing. XSA-224, 380. */
static void check_unmap(void)
{
    u64 *other = window_take();
    u32 handle;

    mmu_update(entry_machine(address(other), 1), 0);
    grant_give(REF, self, mfn_of(page), 0);
    check_equal(grant_map(self, REF, HOST | GNTMAP_device_map, address(window), &handle), 0,
                "for the processor and for devices");
    check_refused(grant_unmap(address(window), 0, handle + 1), "the next handle");
    check_refused(grant_unmap(address(window), 0, ~0u), "handle 2^32 - 1");
    check_refused(grant_unmap(address(other), 0, handle), "another address");
    check_refused(grant_unmap(address(window), mfn_of(page) * PAGE_SIZE + 1, handle),
                  "low bits in the device address");
    check_refused(grant_unmap(address(window), 4096, handle), "another device address");
    grant_unmap(0, 0, handle); /* done or refused: in both cases nothing changes */
    check(!read_traps(window) && grant_marks(REF), "the mapping is gone");
    check_equal(page_read_only(page), 0, "our own mapping, read-only");
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page), 0), -XEN_EINVAL,
                "a granted page as a page table");
    check_equal(grant_unmap(address(window), mfn_of(page) * PAGE_SIZE, handle), 0, "unmapping");
    check_equal(page_writable(page), 0, "writable");
    memset(page, 0, PAGE_SIZE);
    check_equal(page_read_only(page), 0, "read-only");
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page), 0), 0, "now it may be one");
    check_refused(grant_map(self, REF, HOST, address(window), &handle), "to write to a table");
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page), 0), 0, "unpin");
    check_equal(page_writable(page), 0, "writable");
}

/* The guest changes the entry itself. XSA-234: with it goes the right that the handle had. */
static void check_overwritten(void)
{
    u64 *second = page_take();
    u32 handle;

    grant_give(REF, self, mfn_of(page), 0);
    check_equal(grant_map(self, REF, HOST, address(window), &handle), 0, "mapping");
    check_equal(mmu_update(window_machine, 0), 0, "overwritten by nothing");
    check_refused(grant_unmap(address(window), 0, handle), "unmapping nothing");
    check_equal(mmu_update(window_machine, entry_for(second, PTE_RW)), 0, "by another page");
    check_refused(grant_unmap(address(window), 0, handle), "unmapping another page");
    check_equal(mmu_update(window_machine, entry_for(page, PTE_RO)), 0, "by less of a right");
    check_refused(grant_unmap(address(window), 0, handle), "unmapping a read-only mapping");
    memset(page, 0, PAGE_SIZE);
    check_equal(page_read_only(page), 0, "read-only");
    if (mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page), 0) == 0) { /* no mapping is writable any more */
        check(write_traps(window, 1), "a page table can be written to");
        check_refused(grant_unmap(address(window), 0, handle), "unmapping a table's mapping");
        check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page), 0), 0, "unpin");
    }
    check_equal(page_writable(page), 0, "writable");
    check_equal(mmu_update(window_machine, entry_for(page, PTE_RW)), 0, "as it was");
    check_equal(grant_unmap(address(window), 0, handle), 0, "unmapping what fits again");
    check_equal(grant_marks(REF), 0, "marks after it");
}

/* While a grant is in use its frame is fixed, even if its entry is rewritten. XSA-500. */
static void check_rewritten(void)
{
    u64 *second = page_take(), *other = window_take();
    u32 first_handle, second_handle;

    page[0] = 7;
    second[0] = 8;
    grant_give(REF, self, mfn_of(page), 0);
    check_equal(grant_map(self, REF, HOST, address(window), &first_handle), 0, "mapping");
    grant_table[REF].frame = mfn_of(second);
    check_equal(grant_map(self, REF, HOST_RO, address(other), &second_handle), 0, "once more");
    check_equal(other[0], 7, "what the second mapping shows");
    check_equal(grant_copy((struct grant_end){self, true, REF, 0},
                           (struct grant_end){DOMID_SELF, false, mfn_of(second), 64}, 8),
                0, "a copy");
    check_equal(second[8], 7, "what was copied");
    check_equal(grant_unmap(address(window), 0, first_handle), 0, "unmapping the first");
    check_equal(grant_marks(REF), GTF_reading, "the mark that is left");
    check_equal(grant_unmap(address(other), 0, second_handle), 0, "unmapping the second");
    check_equal(grant_map(self, REF, HOST, address(window), &first_handle), 0, "mapping anew");
    check_equal(window[0], 8, "what it shows");
    check_equal(grant_unmap(address(window), 0, first_handle), 0, "unmapping");
}

/* A page that is given back is not released before its last mapping is gone. */
static void check_released(void)
{
    u64 *gone = window_take(), frame = mfn_of(gone), extent = frame;
    struct xen_memory_reservation release = {.nr_extents = 1, .domid = DOMID_SELF};
    u32 handle;

    gone[0] = 0x600d;
    grant_give(REF, self, frame, 0);
    check_equal(grant_map(self, REF, HOST, address(window), &handle), 0, "mapping");
    check_equal(update_va_mapping(address(gone), 0, UVMF_INVLPG), 0, "unmapping our own");
    set_xen_guest_handle(release.extent_start, &extent);
    check_equal(memory_op(XENMEM_decrease_reservation, &release), 1, "releasing it");
    check_equal(window[0], 0x600d, "its content");
    check(!write_traps(window, 1), "it cannot be written to");
    check_equal(memory_op(XENMEM_decrease_reservation, &release), 1, "releasing it again");
    check_equal(grant_unmap(address(window), 0, handle), 0, "unmapping");
    check_refused(grant_map(self, REF, HOST, address(window), &handle), "a frame that is gone");
    check_equal(grant_marks(REF), 0, "its marks");
}

/* A list whose second element is bad: each has its own status. */
static void check_list(void)
{
    struct gnttab_map_grant_ref map[3] = {0};

    grant_give(REF, self, mfn_of(page), 0);
    for (unsigned i = 0; i < 3; i++) {
        map[i] = (struct gnttab_map_grant_ref){.host_addr = address(window),
                                               .flags = HOST_RO,
                                               .ref = i == 1 ? ~0u : REF,
                                               .dom = self,
                                               .status = NO_STATUS};
    }
    check_equal(hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, address(map), 3), 0,
                "three at once");
    check(map[0].status == 0 && map[1].status < 0 && map[2].status == 0, "their statuses");
    check_equal(grant_unmap(address(window), 0, map[0].handle), 0, "the first");
    check_refused(grant_unmap(address(window), 0, map[2].handle), "the mapping is gone by then");
    check_equal(mmu_update(window_machine, entry_for(page, PTE_RO)), 0, "made by hand");
    check_equal(grant_unmap(address(window), 0, map[2].handle), 0, "the third");
    check_equal(hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, address(map), 0), 0,
                "none");
    check_equal(
        hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, HYPERVISOR_VIRT_START, 1),
        -XEN_EFAULT, "a list in Xen's space");
    check_equal(hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, address(map), ~0u),
                -XEN_EFAULT, "2^32 - 1 elements");
    check_equal(hypercall(__HYPERVISOR_grant_table_op, 200, address(map), 1), -XEN_ENOSYS,
                "operation 200");
}

/* A guest that loses handles on purpose runs out of handles, and of nothing else. XSA-228. */
static void check_exhaustion(void)
{
    u32 handle;
    long result = 0;

    grant_give(REF, self, mfn_of(page), 0);
    for (unsigned i = 0; i < HANDLES && !result; i++) {
        mmu_update(window_machine, 0);
        result = grant_map(self, REF, HOST, address(window), &handle);
    }
    check(result < 0, "%u handles", HANDLES);
    check_equal(mmu_update(window_machine, 0), 0, "unmapping");
    check_equal(page_read_only(page), 0, "read-only");
    check_equal(page_writable(page), 0, "writable");
}

void test_main(void)
{
    if (is_initial_domain()) {
        skip("grants to oneself, in a plain domain");
    }
    self = grant_own_domid();
    page = page_take();
    window = window_take();
    window_machine = entry_machine(address(window), 1);
    mmu_update(window_machine, 0);
    check_without_table();
    grant_start();
    check_setup();
    check_table_pages();
    check_map(HOST, address(window));
    check_map(HOST_RO, address(window));
    check_map(HOST_PTE, window_machine);
    check_map(HOST_PTE | GNTMAP_readonly, window_machine);
    check_refs();
    check_places();
    check_unmap();
    check_overwritten();
    check_rewritten();
    check_released();
    check_list();
    check_exhaustion();
}
