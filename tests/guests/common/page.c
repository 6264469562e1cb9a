/* SPDX-License-Identifier: MIT */
/* Frames and page tables. Every change of an entry is one hypercall. */
#include "tests/guests/common/guest.h"

#define PAGES   160
#define WINDOWS 16

static u8 pages[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static u8 windows[WINDOWS][PAGE_SIZE] __attribute__((aligned(4096)));
static unsigned pages_taken, windows_taken;

u64 pfn_to_mfn(u64 pfn)
{
    return ((const u64 *)(uintptr_t)start_info->mfn_list)[pfn];
}

u64 mfn_to_pfn(u64 mfn)
{
    return machine_to_phys_mapping[mfn];
}

void *page_take(void)
{
    if (pages_taken == PAGES) {
        error("the guest's own page pool is empty");
    }
    return pages[pages_taken++];
}

void *window_take(void)
{
    if (windows_taken == WINDOWS) {
        error("no window is left");
    }
    return windows[windows_taken++];
}

volatile u64 *entry_of(u64 va, unsigned level)
{
    u64 mfn = read_cr3() / PAGE_SIZE;
    volatile u64 *table;

    for (unsigned at = 4;; at--) {
        table = page_of_pfn(mfn_to_pfn(mfn));
        if (at == level) {
            return &table[table_index(va, at)];
        }
        if (!(table[table_index(va, at)] & PTE_PRESENT)) {
            return NULL;
        }
        mfn = (table[table_index(va, at)] & PTE_ADDRESS) / PAGE_SIZE;
    }
}

u64 entry_machine(u64 va, unsigned level)
{
    volatile u64 *entry = entry_of(va, level);

    return entry ? mfn_of(entry) * PAGE_SIZE + address(entry) % PAGE_SIZE : 0;
}

long mmu_update(u64 machine_address_and_command, u64 value)
{
    struct mmu_update request = {machine_address_and_command, value};

    return hypercall6(__HYPERVISOR_mmu_update, address(&request), 1, 0, DOMID_SELF, 0, 0);
}

long mmuext(unsigned command, u64 argument1, u64 argument2)
{
    struct mmuext_op request;

    memset(&request, 0, sizeof request);
    request.cmd = command;
    request.arg1.mfn = argument1;
    request.arg2.src_mfn = argument2;
    return hypercall6(__HYPERVISOR_mmuext_op, address(&request), 1, 0, DOMID_SELF, 0, 0);
}

long page_map_as(const volatile void *page, u64 flags)
{
    return update_va_mapping(address(page), entry_for(page, flags), UVMF_INVLPG);
}

u64 *root_first(void)
{
    return (u64 *)(uintptr_t)start_info->pt_base;
}

u64 *root_make(void)
{
    u64 *root = page_take();

    for (unsigned i = 0; i < 512; i++) {
        if (i < 256 || i > 271) {
            root[i] = root_first()[i];
        }
    }
    if (page_read_only(root) || mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(root), 0)) {
        error("cannot make a second root");
    }
    return root;
}
