/* SPDX-License-Identifier: MIT */
/* The first thing a guest sees.
 *
 * A PV kernel starts in 64-bit mode on page tables that the domain builder made, with one page that
 * says where everything is. This test compares each word of that page, each register that the ABI
 * names, and the tables themselves with the ABI: the list of frames is right, the
 * machine-to-physical map agrees with it, the tables are read-only, and the memory is complete. */
#include "tests/guests/common/guest.h"

static void check_registers(void)
{
    const struct initial_registers *r = &initial_registers;

    check_equal(r->cs & 0xffff, FLAT_KERNEL_CS, "cs");
    check_equal(r->ss & 0xffff, FLAT_KERNEL_SS, "ss");
    check(!((r->ds | r->es | r->fs | r->gs) & 0xffff), "a data selector is not null");
    check_equal(r->rsi, address(start_info), "rsi");
    check(r->rflags & RFLAGS_IF, "interrupts are off: rflags %lx", r->rflags);
    check(!(r->rflags & (RFLAGS_DF | RFLAGS_TF | RFLAGS_NT | RFLAGS_AC)), "rflags %lx", r->rflags);
    check(r->rsp % PAGE_SIZE == 0, "rsp %lx is not the end of a page", r->rsp);
    check(!write_traps((void *)(uintptr_t)(r->rsp - 8), 0), "the boot stack is not writable");
    check(vcpu_info()->evtchn_upcall_mask == 1, "events are not masked");
}

static void check_start_info(void)
{
    const struct start_info *si = start_info;

    check(address(si) % PAGE_SIZE == 0, "start_info is not on a page of its own");
    check(starts_with(si->magic, "xen-") && starts_with(si->magic + 7, "-x86_64"),
          "magic is \"%s\"", si->magic);
    check(si->nr_pages >= 1024, "only %lu pages", si->nr_pages);
    check(si->shared_info % PAGE_SIZE == 0, "shared_info at %lx", si->shared_info);
    check(si->pt_base % PAGE_SIZE == 0, "pt_base %lx", si->pt_base);
    check(si->nr_pt_frames >= 4, "%lu page-table frames", si->nr_pt_frames);
    check_equal(read_cr3(), mfn_of(root_first()) * PAGE_SIZE, "cr3");
    check(!si->mod_len || si->mod_start, "a module without an address");
    check_equal(si->cmd_line[MAX_GUEST_CMDLINE - 1], 0, "the end of the command line");
    check(address(guest_end) <= si->mfn_list, "the p2m list %lx overlaps the kernel", si->mfn_list);
    if (is_initial_domain()) {
        return;
    }
    check(si->console.domU.mfn && si->console.domU.evtchn, "no console");
    if (!si->store_mfn || !si->store_evtchn) {
        print("Note: no xenstore (page %lx, port %u)\n", si->store_mfn, si->store_evtchn);
    }
}

/* No frame is twice in the list, and the machine-to-physical map agrees with it. */
static void check_frames(void)
{
    unsigned wrong = 0;

    for (u64 pfn = 0; pfn < start_info->nr_pages; pfn++) {
        u64 mfn = pfn_to_mfn(pfn);

        if (mfn_to_pfn(mfn) != pfn && wrong++ < 5) {
            check(false, "pfn %lx is mfn %lx, which is pfn %lx", pfn, mfn, mfn_to_pfn(mfn));
        }
    }
    check(!wrong, "%u frames in all", wrong);
}

/* The guest's addresses from virt_base upwards map pfn 0, 1, 2 ...; tables are mapped read-only. */
static void check_mappings(void)
{
    u64 first_table = pfn_of(root_first()), tables = start_info->nr_pt_frames;
    u64 last = pfn_of((void *)(uintptr_t)initial_registers.rsp) + 512 * 1024 / PAGE_SIZE, va;
    unsigned wrong = 0;

    for (u64 pfn = 0; pfn < last; pfn++) {
        bool is_table = pfn >= first_table && pfn < first_table + tables;
        volatile u64 *entry;
        u64 flags;

        va = address(page_of_pfn(pfn));
        entry = entry_of(va, 1);
        if (!entry || !(*entry & PTE_PRESENT)) {
            check(wrong++ >= 5, "va %lx is not mapped", va);
            continue;
        }
        flags = *entry & (PTE_WRITABLE | PTE_USER);
        if ((*entry & PTE_ADDRESS) / PAGE_SIZE != pfn_to_mfn(pfn) && va != address(shared_info)) {
            check(wrong++ >= 5, "va %lx shows the wrong frame: %lx", va, *entry);
        }
        if (is_table && (flags & PTE_WRITABLE)) {
            check(wrong++ >= 5, "table at %lx is writable: %lx", va, *entry);
        }
        if (!is_table && !(flags & PTE_WRITABLE)) {
            check(wrong++ >= 5, "page at %lx is not writable: %lx", va, *entry);
        }
    }
    check(!wrong, "%u mappings in all", wrong);
    for (va = start_info->pt_base; tables; tables--, va += PAGE_SIZE) {
        check(!read_traps((void *)(uintptr_t)va), "table at %lx cannot be read", va);
    }
}

/* The root is read-only to the guest, and has only the hypervisor's entries in slots 256..271. */
static void check_root(void)
{
    u64 *root = root_first();

    check(write_traps(&root[1], 0) && trap_caught.vector == VECTOR_PF &&
              trap_caught.error == (PF_PRESENT | PF_WRITE) && trap_caught_cr2 == address(&root[1]),
          "a store to the root: vector %lu, error code %lx, cr2 %lx", trap_caught.vector,
          trap_caught.error, trap_caught_cr2);
    check(write_traps(machine_to_phys_mapping, 0), "the machine-to-physical map is writable");
    check(read_traps((void *)(HYPERVISOR_VIRT_END - PAGE_SIZE)),
          "the hypervisor's space is readable");
    check(write_traps((void *)(HYPERVISOR_VIRT_END - PAGE_SIZE), 0), "... and writable");
}

static void check_shared_info(void)
{
    const struct vcpu_time_info *time = &vcpu_info()->time;
    unsigned unmasked = 0;

    check(!(time->version & 1), "the clock is being changed: version %u", time->version);
    check(time->tsc_to_system_mul, "the clock has no scale");
    check(shared_info->wc_sec > 1577836800, "it is not yet 2020: %u", shared_info->wc_sec);
    check(!vcpu_info()->evtchn_upcall_pending || !is_initial_domain(), "an event is pending");
    for (unsigned i = 1; i < XEN_LEGACY_MAX_VCPUS; i++) {
        unmasked += shared_info->vcpu_info[i].evtchn_upcall_mask != 1;
    }
    check(!unmasked, "%u of the other vCPUs do not start with events masked", unmasked);
}

void test_main(void)
{
    print("Hello from %s, %lu pages, kernel at %lx, virtual base %lx\n", start_info->magic,
          start_info->nr_pages, address(guest_start), virt_base());
    check_start_info();
    check_registers();
    check_frames();
    check_mappings();
    check_root();
    check_shared_info();
}
