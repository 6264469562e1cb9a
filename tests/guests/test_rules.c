/* SPDX-License-Identifier: MIT */
/* Each rule of the virtual MMU that one guest alone can break, once, by its name
 * (vmmu/refusals.def): the shortest request that breaks it, the ABI's error, and that nothing has
 * changed. test_refusals.c and other tests try each rule in every way. */
#include "tests/guests/common/grant.h"
#include "tests/guests/common/tree.h"

static struct tree tree; /* pinned, and not loaded */
static u64 *plain, *descriptors;
static u64 *window, window_machine;

static u64 highest_frame(void)
{
    return (u64)memory_op(XENMEM_maximum_ram_page, NULL);
}

/* One request, which must fail and change nothing. */
static void refused(const char *rule, u64 machine, volatile u64 *entry, u64 value, long wanted)
{
    u64 before = entry ? *entry : 0;

    check_equal(mmu_update(machine, value), wanted, "%s", rule);
    check(!entry || *entry == before, "%s: the entry was changed", rule);
}

static void check_entries(void)
{
    volatile u64 *l1 = entry_of(address(window), 1);
    u64 foreign = (root_first()[256] & PTE_ADDRESS) / PAGE_SIZE, top = highest_frame();
    u64 l2_at = slot_machine(tree.table[2], 9), link = entry_for(tree.table[1], PTE_TABLE);
    u64 l3_at = slot_machine(tree.table[3], 9);

    refused("SUPERPAGE", l2_at, &tree.table[2][9], link | PTE_LARGE, -XEN_EINVAL);
    refused("GLOBAL_TABLE", l2_at, &tree.table[2][9], link | PTE_GLOBAL, -XEN_EINVAL);
    refused("CACHE_BITS", window_machine, l1, entry_for(plain, PTE_RW | PTE_PCD), -XEN_EINVAL);
    refused("NO_MEMORY", window_machine, l1, (top + 1) * PAGE_SIZE | PTE_RO, -XEN_EPERM);
    refused("BAD_FRAME", l2_at, &tree.table[2][9], (top + 1) * PAGE_SIZE | PTE_TABLE, -XEN_EINVAL);
    refused("FOREIGN_MAPPING", window_machine, l1, foreign * PAGE_SIZE | PTE_RO, -XEN_EBUSY);
    refused("NOT_OWNER", foreign * PAGE_SIZE, NULL, 0, -XEN_EINVAL);
    refused("WRITABLE_TABLE", window_machine, l1, entry_for(tree.table[1], PTE_RW), -XEN_EBUSY);
    refused("WRONG_TYPE", l3_at, &tree.table[3][9], entry_for(plain, PTE_TABLE), -XEN_EINVAL);
    refused("LINEAR_ENTRY", l3_at, &tree.table[3][9], entry_for(tree.table[3], PTE_TABLE),
            -XEN_EINVAL);
    refused("HYPERVISOR_SLOT", slot_machine(tree.table[4], 256), &tree.table[4][256], 0,
            -XEN_EINVAL);
    refused("BAD_KIND", window_machine | 7, l1, entry_for(plain, PTE_RO), -XEN_ENOSYS);
}

static void check_addresses(void)
{
    check_equal(update_va_mapping(HYPERVISOR_VIRT_START, entry_for(plain, PTE_RO), 0), -XEN_EINVAL,
                "BAD_ADDRESS");
    check_equal(update_va_mapping(0x0000700000000000, entry_for(plain, PTE_RO), 0), -XEN_EINVAL,
                "NO_TABLE");
}

static void check_pins(void)
{
    check_equal(tree_pin(&tree, 4), -XEN_EINVAL, "ALREADY_PINNED");
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(plain), 0), -XEN_EINVAL, "NOT_PINNED");
}

static void load_ds(void *selector)
{
    __asm__ volatile("mov %0, %%ds" ::"r"((u32)address(selector)));
}

static void check_descriptors(void)
{
    const u64 ring_0 = 0x00cf9a000000ffff & ~(1ull << 44); /* a system descriptor */
    u64 frames[1] = {mfn_of(descriptors)};

    check_equal(page_read_only(descriptors), 0, "a page for descriptors");
    check_equal(hypercall(__HYPERVISOR_set_gdt, address(frames), 512, 0), 0, "a GDT");
    check_equal(hypercall(__HYPERVISOR_update_descriptor, slot_machine(descriptors, 3), ring_0, 0),
                -XEN_EINVAL, "BAD_DESCRIPTOR");
    refused("DESCRIPTOR_PAGE", slot_machine(descriptors, 3), &descriptors[3], 1, -XEN_EINVAL);
    check_equal(hypercall(__HYPERVISOR_set_gdt, 0, 0, 0), 0, "no GDT");
    check_equal(mmuext(MMUEXT_SET_LDT, address(descriptors), 8193), -XEN_EINVAL,
                "TOO_MANY_DESCRIPTORS");
    check_equal(mmuext(MMUEXT_SET_LDT, address(window), 8), 0, "an LDT where nothing is mapped");
    check(trap_catch(load_ds, (void *)7), "NO_LDT_PAGE");
    check_equal(mmuext(MMUEXT_SET_LDT, 0, 0), 0, "no LDT");
}

/* The frame stays for as long as it is mapped, but the domain can give it back only once: the
 * second time counts as done, as in Xen, and does nothing. */
static void check_release(void)
{
    u64 *page = page_take(), mfn = mfn_of(page);
    xen_pfn_t list[1] = {mfn};
    struct xen_memory_reservation give = {.nr_extents = 1, .domid = DOMID_SELF};
    domid_t self = DOMID_SELF;
    long has;

    set_xen_guest_handle(give.extent_start, list);
    check_equal(memory_op(XENMEM_decrease_reservation, &give), 1, "giving a page back");
    has = memory_op(XENMEM_current_reservation, &self);
    check_equal(memory_op(XENMEM_decrease_reservation, &give), 1, "ALREADY_RELEASED");
    check_equal(memory_op(XENMEM_current_reservation, &self), has, "the domain's frames");
    check_equal(update_va_mapping(address(page), 0, UVMF_INVLPG), 0, "its last mapping");
}

/* Grants of the domain to itself. */
static void check_grants(void)
{
    domid_t self = grant_own_domid();
    u32 handle = 0;

    grant_start();
    grant_give(8, self, mfn_of(plain), 0);
    check(grant_map(self, 8, GNTMAP_host_map | GNTMAP_contains_pte, slot_machine(tree.table[2], 9),
                    &handle) < 0,
          "NOT_L1_TABLE");
    check(!tree.table[2][9], "a grant was mapped above level 1");
    check_equal(grant_map(self, 8, GNTMAP_host_map, address(window), &handle), 0, "a grant");
    check_equal(mmu_update(window_machine, entry_for(plain, PTE_RO)), 0, "its entry overwritten");
    check(grant_unmap(address(window), handle, 0) < 0, "NOT_THAT_MAPPING");
}

void test_main(void)
{
    if (is_initial_domain()) {
        skip("Xen's initial domain may do some of these");
    }
    plain = page_take();
    descriptors = page_take();
    window = window_take();
    window_machine = entry_machine(address(window), 1);
    check_equal(mmu_update(window_machine, 0), 0, "an empty window");
    mmuext(MMUEXT_INVLPG_LOCAL, address(window), 0);
    tree_make(&tree);
    if (tree_map(&tree, PTE_RO) || tree_pin(&tree, 4)) {
        error("cannot pin a good tree");
    }
    check_entries();
    check_addresses();
    check_pins();
    check_descriptors();
    check_release();
    check_grants();
}
