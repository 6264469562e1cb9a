/* SPDX-License-Identifier: MIT */
/* How a mapping of a grant ends: the parts for the processor and for devices each by their own
 * address, and by another mapping that takes its place. Nothing ends twice, and nothing is lost
 * (the audit). Runs on Xen as well. XSA-224, 234, 380. */
#include "tests/guests/common/grant.h"

#define HOST     GNTMAP_host_map
#define DEVICE   GNTMAP_device_map
#define HOST_PTE (GNTMAP_host_map | GNTMAP_contains_pte)
#define REF      9u
#define BOTH     (GTF_reading | GTF_writing)

static domid_t self;
static u64 *page, *second, *window, *place, bus;

/* A claim that an element was refused. */
#define check_refused(result, ...)                                                                 \
    do {                                                                                           \
        long refused_ = (result);                                                                  \
        check(refused_ < 0, __VA_ARGS__);                                                          \
    } while (0)

static long replace(u64 at, u64 new_address, u32 handle)
{
    struct gnttab_unmap_and_replace op = {
        .host_addr = at, .new_addr = new_address, .handle = handle, .status = NO_STATUS};
    long result = grant_op(GNTTABOP_unmap_and_replace, &op);

    return result ? result : op.status;
}

/* Grants `page` and maps it. */
static u32 map(unsigned flags)
{
    u32 handle;

    page[0] = 0x77;
    grant_give(REF, self, mfn_of(page), 0);
    check_equal(grant_map(self, REF, flags, address(window), &handle), 0, "mapping, flags %x",
                flags);
    return handle;
}

static void check_gone(u32 handle)
{
    check_equal(grant_marks(REF), 0, "marks after the end");
    check_refused(grant_unmap(address(window), bus, handle), "the handle after its end");
}

/* The page stays usable as no table while any writable part is left. */
static void check_no_table(void)
{
    check_equal(page_read_only(page), 0, "our own mapping, read-only");
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page), 0), -XEN_EINVAL,
                "a granted page as a page table");
    check_equal(page_writable(page), 0, "our own mapping, writable");
}

static void check_parts(void)
{
    u32 handle = map(HOST | DEVICE);

    check_equal(grant_unmap(0, 0, handle), 0, "no part");
    check_equal(window[0], 0x77, "what it shows");
    check_equal(grant_unmap(address(window), 0, handle), 0, "the part for the processor");
    check(read_traps(window), "it is mapped yet");
    check_equal(grant_marks(REF), BOTH, "marks while the part for devices is left");
    check_no_table();
    check_equal(grant_unmap(address(window), 0, handle), 0, "that part once more");
    check_equal(grant_marks(REF), BOTH, "marks after that");
    check_refused(grant_unmap(0, bus + PAGE_SIZE, handle), "another device address");
    check_equal(grant_marks(REF), BOTH, "marks after that");
    check_equal(grant_unmap(0, bus, handle), 0, "the part for devices");
    check_gone(handle);

    handle = map(HOST | DEVICE);
    check_equal(grant_unmap(0, bus, handle), 0, "first the part for devices");
    check_equal(window[0], 0x77, "what it shows");
    check_equal(grant_marks(REF), BOTH, "marks while the part for the processor is left");
    check_no_table();
    check_equal(grant_unmap(address(window), 0, handle), 0, "then the other");
    check_gone(handle);

    handle = map(HOST | DEVICE);
    check_equal(grant_unmap(address(window), bus, handle), 0, "both parts");
    check_gone(handle);

    handle = map(DEVICE);
    check(read_traps(window), "a mapping for devices alone is one for the processor");
    check_equal(grant_marks(REF), BOTH, "its marks");
    check_no_table();
    check_equal(grant_unmap(0, bus, handle), 0, "its end");
    check_gone(handle);

    handle = map(DEVICE | GNTMAP_readonly);
    check_equal(grant_marks(REF), GTF_reading, "marks of one for reading");
    check_equal(grant_unmap(0, bus, handle), 0, "its end");
    check_gone(handle);
}

/* A mapping that has no part for devices. */
static void check_host_alone(void)
{
    u32 handle = map(HOST);

    check_equal(grant_unmap(0, bus, handle), 0, "a part for devices that there is not");
    check_equal(window[0], 0x77, "what it shows");
    check_equal(grant_marks(REF), BOTH, "its marks");
    check_equal(grant_unmap(address(window), 0, handle), 0, "the end");
    check_gone(handle);
}

/* The entry for another address moves to the place of the mapping. */
static void check_replace(void)
{
    u32 handle = map(HOST);

    second[0] = 0x99;
    check_equal(update_va_mapping(address(place), entry_for(second, PTE_RW), UVMF_INVLPG), 0,
                "a page to replace it by");
    if (!is_initial_domain()) { /* Xen refuses this, too, but takes one of the mappings away */
        check_refused(replace(address(place), address(window), handle), "the wrong way round");
    }
    check_refused(replace(address(window), 1ull << 46, handle), "by an address without a table");
    check_refused(replace(address(window), HYPERVISOR_VIRT_START, handle), "by Xen's space");
    check_equal(window[0], 0x77, "what it shows");
    check_equal(grant_marks(REF), BOTH, "its marks");
    check_equal(replace(address(window), address(place), handle), 0, "replacing");
    check_equal(window[0], 0x99, "what it shows");
    check(!write_traps(window, 0x9a), "it can be written to");
    check(read_traps(place), "the place that it came from is mapped");
    check_gone(handle);
    check_refused(replace(address(window), address(place), handle), "once more");
    check_equal(mmu_update(entry_machine(address(window), 1), 0), 0, "unmapping");

    handle = map(HOST);
    check_equal(mmu_update(entry_machine(address(window), 1), entry_for(page, PTE_RO)), 0,
                "the mapping becomes read-only"); /* XSA-234 */
    check_refused(replace(address(window), address(place), handle), "replacing it");
    check_equal(mmu_update(entry_machine(address(window), 1), entry_for(page, PTE_RW)), 0,
                "writable again");
    check_equal(replace(address(window), 0, handle), 0, "replacing by nothing");
    check(read_traps(window), "it is mapped yet");
    check_gone(handle);
}

static void check_replace_pte(void)
{
    u64 machine = entry_machine(address(window), 1);
    u32 handle;

    grant_give(REF, self, mfn_of(page), 0);
    check_equal(grant_map(self, REF, HOST_PTE, machine, &handle), 0, "mapping by its entry");
    check_refused(replace(machine, address(place), handle), "replacing by its entry");
    check_refused(replace(address(window), address(place), handle), "replacing by its address");
    check_equal(grant_unmap(machine, 0, handle), 0, "unmapping");
    check_gone(handle);
}

static void check_others(void)
{
    struct gnttab_transfer transfer = {
        .mfn = mfn_of(second), .domid = 4242, .ref = REF, .status = NO_STATUS};
    struct gnttab_cache_flush flush = {
        .a.dev_bus_addr = bus, .length = 64, .op = GNTTAB_CACHE_CLEAN};

    check_equal(grant_op(GNTTABOP_transfer, &transfer), 0, "a transfer");
    check_refused(transfer.status, "its status");
    check_equal(grant_op(GNTTABOP_cache_flush, &flush), 0, "cleaning the cache");
    flush.offset = 4095;
    check_equal(grant_op(GNTTABOP_cache_flush, &flush), -XEN_EINVAL, "beyond the page");
    flush.offset = 0;
    flush.op = 8;
    check_equal(grant_op(GNTTABOP_cache_flush, &flush), -XEN_EINVAL, "with an unknown flag");
    flush.op = 0;
    check_equal(grant_op(GNTTABOP_cache_flush, &flush), 0, "nothing");
    flush.op = GNTTAB_CACHE_CLEAN;
    flush.length = 0;
    check_equal(grant_op(GNTTABOP_cache_flush, &flush), 0, "no byte");
    flush.length = 64;
    flush.op |= GNTTAB_CACHE_SOURCE_GREF;
    check_equal(grant_op(GNTTABOP_cache_flush, &flush), -XEN_EINVAL, "by a reference");
    flush.op = GNTTAB_CACHE_CLEAN;
    flush.a.dev_bus_addr = (root_first()[256] & PTE_ADDRESS); /* XSA-232 */
    check_equal(grant_op(GNTTABOP_cache_flush, &flush), -XEN_EPERM, "of the hypervisor's");
}

void test_main(void)
{
    self = grant_own_domid();
    page = page_take();
    second = page_take();
    window = window_take();
    place = window_take();
    bus = mfn_of(page) * PAGE_SIZE;
    mmu_update(entry_machine(address(window), 1), 0);
    mmu_update(entry_machine(address(place), 1), 0);
    grant_start();
    check_parts();
    check_host_alone();
    check_replace();
    check_replace_pte();
    check_others();
}
