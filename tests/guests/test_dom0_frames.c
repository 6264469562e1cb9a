/* SPDX-License-Identifier: MIT */
/* The privileged domain maps frames that are not its memory.
 *
 * The memory of devices, the first MiB and the firmware's tables can be mapped, above and below the
 * end of RAM, by the calls and the names of the owner that Linux uses; a cached mapping becomes an
 * uncached one. Registers of interrupts cannot be written to, the local APIC and what the processor
 * reserves cannot be mapped at all, and no device frame is a page table. Frames of the M2P are
 * there for reading. Memory of the domain itself takes no memory type but write-back. Runs as: dom0
 * Cpus: 1 2 */
#include "tests/guests/common/guest.h"

#define LOW       0x80ull /* RAM below 1 MiB */
#define SCREEN    0xb8ull /* the VGA text memory */
#define BIOS      0xf0ull /* the firmware's ROM */
#define IO_APIC   0xfec00ull
#define LOCAL     0xfee00ull
#define FLASH     0xfffffull /* the firmware's ROM below 4 GiB */
#define UNCACHED  (PTE_PCD | PTE_PWT)
#define COMBINING PTE_PAT

static u64 *window;
static volatile u64 *entry;
static u64 machine;

static long update_as(u64 owner, u64 value)
{
    struct mmu_update request = {machine, value};
    return hypercall6(__HYPERVISOR_mmu_update, address(&request), 1, 0, owner, 0, 0);
}

static u64 types(void)
{
    return *entry & (PTE_PCD | PTE_PWT | PTE_PAT);
}

static void flush(void)
{
    check_equal(mmuext(MMUEXT_INVLPG_LOCAL, address(window), 0), 0, "INVLPG_LOCAL");
}

static u64 device(u64 frame, u64 bits)
{
    return frame * PAGE_SIZE | PTE_PRESENT | PTE_USER | bits;
}

static void check_devices(void)
{
    static const u64 owners[] = {DOMID_SELF, DOMID_IO};
    for (u32 i = 0; i < 2; i++) {
        check_equal(update_as(owners[i], device(SCREEN, PTE_WRITABLE)), 0, "the screen");
        check_equal(types(), UNCACHED, "a cached mapping of the screen");
        flush();
        *(volatile u16 *)window = 0x1f00 | 'P';
        check_equal(*(volatile u16 *)window, 0x1f00 | 'P', "the screen's first character");
        check_equal(update_as(owners[i], device(SCREEN, PTE_WRITABLE | COMBINING)), 0,
                    "the screen, write-combining");
        check_equal(types(), COMBINING, "a write-combining mapping");
        check_equal(update_as(owners[i], device(BIOS, 0)), 0, "the firmware's ROM");
        flush();
        check(!read_traps(window), "the firmware's ROM cannot be read");
        check_equal(update_as(owners[i], device(LOW, 0)), 0, "memory below 1 MiB");
        flush();
        check(!read_traps(window), "memory below 1 MiB cannot be read");
        check_equal(update_as(owners[i], device(FLASH, 0)), 0, "a frame above the end of RAM");
        flush();
        /* The processor's first instruction is a jump, 16 bytes below 4 GiB. */
        check_equal(((volatile u8 *)window)[0xff0], 0xea, "the reset vector");
    }
    check_equal(update_as(DOMID_IO, entry_for(page_take(), PTE_RW)), -XEN_EBUSY,
                "own memory as that of devices");
}

/* Processors of AMD reserve 12 GiB below 2^40 for messages of HyperTransport. */
static void check_reserved(void)
{
    static const char vendor[] = "AuthenticAMD";
    u32 eax = 0, ebx, ecx = 0, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if (ebx != *(const u32 *)vendor || edx != *(const u32 *)(vendor + 4) ||
        ecx != *(const u32 *)(vendor + 8)) {
        return;
    }
    check_equal(update_as(DOMID_SELF, device(0xfcfffff, 0)), 0, "the frame below HyperTransport's");
    check_equal(update_as(DOMID_SELF, device(0xfd00000, 0)), -XEN_EPERM, "HyperTransport's first");
    check_equal(update_as(DOMID_IO, device(0xfffffff, 0)), -XEN_EPERM, "HyperTransport's last");
}

static void check_forbidden(void)
{
    check_equal(update_as(DOMID_SELF, device(IO_APIC, PTE_WRITABLE | UNCACHED)), 0, "the I/O APIC");
    check_equal(*entry & PTE_WRITABLE, 0, "the right to write to the I/O APIC");
    flush();
    /* A store there has no effect: the register that selects others stays as it is. */
    const u32 selected = *(volatile u32 *)window;
    *(volatile u32 *)window = selected ^ 1;
    check_equal(*(volatile u32 *)window, selected, "a register of the I/O APIC after a store");
    *(volatile u32 *)window |= 0x10;
    check_equal(*(volatile u32 *)window, selected, "the register after an OR");
    check_equal(update_as(DOMID_SELF, device(BIOS, 0)), 0, "the firmware's ROM");
    flush();
    check(write_traps(window, 0), "a page that is mapped read-only can be written to");
    check_equal(update_as(DOMID_SELF, device(LOCAL, 0)), -XEN_EPERM, "the local APIC");
    check_equal(update_as(DOMID_IO, device(LOCAL, 0)), -XEN_EPERM, "the local APIC of devices");
    check_reserved();
    check_equal(update_as(DOMID_SELF, device(1ull << 39, 0)), -XEN_EPERM,
                "a frame beyond the processor's addresses");
    check_equal(update_as(DOMID_SELF, device((1ull << 40) - 1, 0)), -XEN_EINVAL, "no frame");
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, SCREEN, 0), -XEN_EINVAL, "the screen as a table");
    check_equal(mmuext(MMUEXT_NEW_BASEPTR, FLASH, 0), -XEN_EINVAL, "the ROM as a root");
    check_equal(mmuext(MMUEXT_CLEAR_PAGE, SCREEN, 0), -XEN_EINVAL, "clearing the screen");
}

static void check_own_memory(void)
{
    u64 *page = page_take();
    static const u64 bits[] = {PTE_PWT, PTE_PCD, UNCACHED, COMBINING};
    for (u32 i = 0; i < 4; i++) {
        check_equal(mmu_update(machine, entry_for(page, PTE_RW) | bits[i]), -XEN_EINVAL,
                    "a memory type of own memory");
    }
    check_equal(mmu_update(machine, entry_for(page, PTE_RW)), 0, "own memory");
    check_equal(mmuext(MMUEXT_FLUSH_CACHE, 0, 0), 0, "FLUSH_CACHE");
    check_equal(mmuext(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), 0, "FLUSH_CACHE_GLOBAL");
    __asm__ volatile("wbinvd");
}

static void check_m2p(void)
{
    u64 first[2];
    struct xen_machphys_mfn_list list = {.max_extents = 1};
    set_xen_guest_handle(list.extent_start, first);
    check_equal(memory_op(XENMEM_machphys_mfn_list, &list), 0, "machphys_mfn_list");
    check_equal(update_as(DOMID_XEN, device(first[0], 0)), 0, "the M2P");
    flush();
    const u64 *m2p = (const u64 *)0xffff800000000000;
    for (u32 i = 0; i < 512; i++) {
        check_equal(window[i], m2p[i], "a word of the M2P");
    }
    check_equal(update_as(DOMID_XEN, device(first[0], PTE_WRITABLE)), -XEN_EACCES,
                "the M2P for writing");
    check_equal(mmu_update(machine, 0), 0, "unmapping the M2P");
    check_equal(update_as(DOMID_SELF, device(first[0], 0)), -XEN_EBUSY, "the M2P as own memory");
    check_equal(update_as(DOMID_XEN, device(SCREEN, 0)), -XEN_EPERM,
                "the screen as the hypervisor's");
}

void test_main(void)
{
    check(is_initial_domain(), "this is not dom0");
    window = window_take();
    entry = entry_of(address(window), 1);
    machine = entry_machine(address(window), 1);
    check_devices();
    check_forbidden();
    check_own_memory();
    check_m2p();
    check_equal(mmu_update(machine, 0), 0, "unmapping");
}
