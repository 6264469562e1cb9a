/* SPDX-License-Identifier: MIT */
/* A guest changes its own live page tables, in both ways that the ABI has.
 *
 * By request: mmu_update and update_va_mapping write one entry after checking it. By an ordinary
 * store: the table is mapped read-only, so the store faults, and for L1 tables the hypervisor does
 * what the instruction would have done, with the same checks. Linux does both, and uses exchanges,
 * compare-and-exchange and locked bit operations on entries; so each form is tried, in each
 * size. */
#include "tests/guests/common/guest.h"

static u64 *page_a, *page_b;
static u64 *window;
static volatile u64 *entry;
static u64 machine;

static u64 flags_of(u64 value)
{
    return value & (PTE_PRESENT | PTE_WRITABLE | PTE_NX | PTE_AVAILABLE);
}

static void flush_window(void)
{
    check_equal(mmuext(MMUEXT_INVLPG_LOCAL, address(window), 0), 0, "INVLPG_LOCAL");
}

static void prepare(void)
{
    page_a = page_take();
    page_b = page_take();
    window = window_take();
    page_a[0] = 0xaaaa;
    page_b[0] = 0xbbbb;
    entry = entry_of(address(window), 1);
    machine = entry_machine(address(window), 1);
}

static void check_requests(void)
{
    check_equal(mmu_update(machine, entry_for(page_a, PTE_RW)), 0, "mapping page a");
    flush_window();
    check_equal(*(volatile u64 *)window, 0xaaaa, "page a by the window");
    check_equal(mmu_update(machine, entry_for(page_b, PTE_RW)), 0, "mapping page b over it");
    flush_window();
    check_equal(*(volatile u64 *)window, 0xbbbb, "page b by the window");
    check_equal(mmu_update(machine, entry_for(page_b, PTE_RO)), 0, "making it read-only");
    flush_window();
    check(write_traps(window, 0), "a read-only window can be written");
    check_equal(mmu_update(machine, entry_for(page_b, PTE_RW)), 0, "making it writable");
    check(!write_traps(window, 0xb0b0), "a writable window faults");
    check_equal(page_b[0], 0xb0b0, "page b after a store by the window");
    check_equal(mmu_update(machine, 0), 0, "unmapping");
    flush_window();
    check(read_traps(window), "an empty window can be read");
    check_equal(*entry, 0, "the entry of an empty window");
    page_b[0] = 0xbbbb;
}

/* Many requests in one call, and how many were done when one is wrong. */
static void check_batch(void)
{
    struct mmu_update requests[4];
    u32 done = 99;

    for (unsigned i = 0; i < 4; i++) {
        requests[i] = (struct mmu_update){machine, entry_for(i & 1 ? page_b : page_a, PTE_RO)};
    }
    check_equal(
        hypercall6(__HYPERVISOR_mmu_update, address(requests), 4, address(&done), DOMID_SELF, 0, 0),
        0, "four requests");
    check_equal(done, 4, "done of four");
    check_equal(*entry & PTE_ADDRESS, entry_for(page_b, 0), "the last of them");
    requests[2].val = entry_for(root_first(), PTE_RW);
    check_equal(
        hypercall6(__HYPERVISOR_mmu_update, address(requests), 4, address(&done), DOMID_SELF, 0, 0),
        -XEN_EBUSY, "four requests, the third maps a table writable");
    check_equal(done, 2, "done before the wrong one");
    check_equal(*entry & PTE_ADDRESS, entry_for(page_b, 0), "the entry after them");
    check_equal(
        hypercall6(__HYPERVISOR_mmu_update, address(requests), 0, address(&done), DOMID_SELF, 0, 0),
        0, "no request at all");
    check_equal(mmu_update(machine, 0), 0, "unmapping");
}

static void check_va_mapping(void)
{
    static const u64 flush[] = {UVMF_INVLPG, UVMF_INVLPG | UVMF_ALL, UVMF_TLB_FLUSH,
                                UVMF_TLB_FLUSH | UVMF_ALL};

    for (unsigned i = 0; i < ARRAY_LENGTH(flush); i++) {
        u64 *page = i & 1 ? page_b : page_a;

        check_equal(update_va_mapping(address(window), entry_for(page, PTE_RW), flush[i]), 0,
                    "update_va_mapping, flags %lx", flush[i]);
        check_equal(*(volatile u64 *)window, page[0], "the window, flags %lx", flush[i]);
    }
    check_equal(update_va_mapping(address(window), 0, UVMF_INVLPG), 0, "unmapping");
    check_equal(*entry, 0, "the entry");
}

/* PRESERVE_AD keeps the accessed and dirty bits of the old entry; NORMAL writes the value as it
 * is. */
static void check_accessed_dirty(void)
{
    const u64 clean = PTE_PRESENT | PTE_WRITABLE | PTE_USER;

    check_equal(mmu_update(machine, entry_for(page_a, clean)), 0, "a clean entry");
    flush_window();
    check(!(*entry & PTE_DIRTY), "a clean entry is dirty: %lx", *entry);
    *(volatile u64 *)window = 0xaaaa;
    check((*entry & (PTE_ACCESSED | PTE_DIRTY)) == (PTE_ACCESSED | PTE_DIRTY),
          "a written page is not dirty: %lx", *entry);
    check_equal(
        mmu_update(machine | MMU_PT_UPDATE_PRESERVE_AD, entry_for(page_a, PTE_PRESENT | PTE_USER)),
        0, "PRESERVE_AD");
    check((*entry & (PTE_ACCESSED | PTE_DIRTY | PTE_WRITABLE)) == (PTE_ACCESSED | PTE_DIRTY),
          "PRESERVE_AD made %lx", *entry);
    check_equal(mmu_update(machine, entry_for(page_a, PTE_PRESENT | PTE_USER)), 0, "NORMAL");
    check(!(*entry & (PTE_ACCESSED | PTE_DIRTY)), "NORMAL made %lx", *entry);
    check_equal(mmu_update(machine | MMU_PT_UPDATE_NO_TRANSLATE, entry_for(page_b, PTE_RO)), 0,
                "NO_TRANSLATE");
    check_equal(*entry & PTE_ADDRESS, entry_for(page_b, 0), "the frame of NO_TRANSLATE");
    check_equal(mmu_update(machine, 0), 0, "unmapping");
}

/* An ordinary store of eight bytes to an entry takes effect, and is checked. */
static void check_store(void)
{
    check(!write_traps(entry, entry_for(page_a, PTE_RW)), "a store to an L1 entry faults");
    check_equal(*(volatile u64 *)window, 0xaaaa, "page a, mapped by a store");
    check(!write_traps(entry, entry_for(page_b, PTE_RW)), "a second store faults");
    flush_window();
    check_equal(*(volatile u64 *)window, 0xbbbb, "page b, mapped by a store");

    check(write_traps(entry, entry_for(root_first(), PTE_RW)),
          "a table was mapped writable by a store");
    check(trap_caught.vector == VECTOR_PF && trap_caught.error == (PF_PRESENT | PF_WRITE) &&
              trap_caught_cr2 == address(entry),
          "the refused store: vector %lu, error code %lx, cr2 %lx", trap_caught.vector,
          trap_caught.error, trap_caught_cr2);
    check_equal(*entry & PTE_ADDRESS, entry_for(page_b, 0), "the entry after a refused store");
    check(!write_traps(entry, 0), "a store of zero faults");
    flush_window();
    check(read_traps(window), "the window is still mapped");

    for (unsigned level = 2; level <= 4; level++) {
        volatile u64 *upper = entry_of(address(window), level);

        check(write_traps(upper, *upper), "a store to a level %u entry is done", level);
        check_equal(trap_caught.error, PF_PRESENT | PF_WRITE, "its error code");
    }
}

/* The instructions that Linux uses on entries. */
static void check_atomics(void)
{
    u64 a = entry_for(page_a, PTE_RW), b = entry_for(page_b, PTE_RO), old, found;
    u8 bit;

    *entry = a;
    old = b;
    __asm__ volatile("xchg %0, %1" : "+r"(old), "+m"(*entry));
    check_equal(flags_of(old), flags_of(a), "the old value of xchg");
    check_equal(*entry & PTE_ADDRESS, b & PTE_ADDRESS, "the entry after xchg");

    found = *entry;
    __asm__ volatile("lock cmpxchg %3, %1; setz %2"
                     : "+a"(found), "+m"(*entry), "=q"(bit)
                     : "r"(a));
    check(bit, "cmpxchg with the right value fails");
    check_equal(*entry & PTE_ADDRESS, a & PTE_ADDRESS, "the entry after cmpxchg");
    old = found = *entry ^ PTE_NX;
    __asm__ volatile("lock cmpxchg %3, %1; setz %2"
                     : "+a"(found), "+m"(*entry), "=q"(bit)
                     : "r"(b));
    check(!bit && found == (old ^ PTE_NX), "cmpxchg with a wrong value: %u, %lx", bit, found);
    check_equal(*entry & PTE_ADDRESS, a & PTE_ADDRESS, "the entry after a failed cmpxchg");

    __asm__ volatile("lock btrq $1, %0; setc %1" : "+m"(*entry), "=q"(bit));
    check(bit && !(*entry & PTE_WRITABLE), "btr of the write bit: %u, %lx", bit, *entry);
    __asm__ volatile("lock btrq $1, %0; setc %1" : "+m"(*entry), "=q"(bit));
    check(!bit, "btr of a clear bit");
    __asm__ volatile("lock btsq $1, %0; setc %1" : "+m"(*entry), "=q"(bit));
    check(!bit && (*entry & PTE_WRITABLE), "bts of the write bit: %u, %lx", bit, *entry);
    __asm__ volatile("lock btcq $63, %0; setc %1" : "+m"(*entry), "=q"(bit));
    check(!bit && (*entry & PTE_NX), "btc of the no-execute bit: %u, %lx", bit, *entry);

    __asm__ volatile("lock andq %1, %0" : "+m"(*entry) : "r"(~(PTE_WRITABLE | PTE_NX)));
    check(!(*entry & (PTE_WRITABLE | PTE_NX)), "and: %lx", *entry);
    __asm__ volatile("lock orq %1, %0" : "+m"(*entry) : "r"(PTE_WRITABLE | 1ull << 9));
    check((*entry & PTE_WRITABLE) && (*entry & 1ull << 9), "or: %lx", *entry);
    __asm__ volatile("lock xorq %1, %0" : "+m"(*entry) : "r"(1ull << 9));
    check(!(*entry & 1ull << 9), "xor: %lx", *entry);
    old = 1ull << 10;
    __asm__ volatile("lock xadd %0, %1" : "+r"(old), "+m"(*entry));
    check(*entry & 1ull << 10 && !(old & 1ull << 10), "xadd: %lx, old %lx", *entry, old);
    __asm__ volatile("movq $0, %0" : "=m"(*entry));
    check_equal(*entry, 0, "the entry after mov of a constant");
}

/* Stores of parts of an entry. */
static void check_sizes(void)
{
    u64 a = entry_for(page_a, PTE_RO), value;

    *entry = a;
    value = *entry;
    *(volatile u8 *)entry = (u8)(value | PTE_WRITABLE);
    check_equal(*entry, value | PTE_WRITABLE, "one byte");
    *(volatile u16 *)entry = (u16)(value | 1ull << 9);
    check_equal(*entry, value | 1ull << 9, "two bytes");
    *(volatile u32 *)entry = (u32)(value | 1ull << 10);
    check_equal(*entry, value | 1ull << 10, "four bytes");
    ((volatile u32 *)entry)[1] = (u32)((value | PTE_NX) >> 32);
    check_equal(*entry, value | 1ull << 10 | PTE_NX, "the upper four bytes");
    ((volatile u8 *)entry)[7] = 0;
    check_equal(*entry, value | 1ull << 10, "the last byte");
    __asm__ volatile("lock btrl $10, %0" : "+m"(*(volatile u32 *)entry));
    check_equal(*entry, value, "btr, four bytes");
    __asm__ volatile("lock orb $2, %0" : "+m"(*(volatile u8 *)entry));
    check_equal(*entry, value | PTE_WRITABLE, "or, one byte");
    check(write_traps((volatile u8 *)entry + 4, 0) && trap_caught.vector == VECTOR_PF,
          "a store across two entries is done");
    *entry = 0;
}

/* Entries hold references on their targets: a frame can be a table only when no entry maps it
 * writable. */
static void check_counts(void)
{
    u64 *table = page_take();

    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(table), 0), -XEN_EINVAL,
                "pinning a writable page");
    check_equal(page_read_only(table), 0, "its own mapping read-only");
    check_equal(mmu_update(machine, entry_for(table, PTE_RW)), 0, "a second mapping, writable");
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(table), 0), -XEN_EINVAL,
                "pinning with an alias");
    check_equal(mmu_update(machine, entry_for(table, PTE_RO)), 0, "the alias read-only");
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(table), 0), 0,
                "pinning without a writable alias");
    check_equal(mmu_update(machine, entry_for(table, PTE_RW)), -XEN_EBUSY,
                "the alias writable again");
    check_equal(page_writable(table), -XEN_EBUSY, "update_va_mapping: a table writable");
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(table), 0), 0, "unpinning");
    check_equal(mmu_update(machine, entry_for(table, PTE_RW)), 0, "the alias after unpinning");
    check_equal(mmu_update(machine, 0), 0, "unmapping");
    check_equal(page_writable(table), 0, "writable after unpinning");
}

/* mmu_update of a page that is no table is an ordinary store; M2P entries may be changed by the
 * owner of the frame. */
static void check_others(void)
{
    u64 *page = page_take(), mfn = mfn_of(page), pfn = pfn_of(page);

    check_equal(mmu_update(slot_machine(page, 7), 0x123456789), 0, "an update in an ordinary page");
    check_equal(page[7], 0x123456789, "the word it wrote");
    check_equal(mmu_update(mfn * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 0x4242), 0, "MACHPHYS_UPDATE");
    check_equal(mfn_to_pfn(mfn), 0x4242, "the map");
    check_equal(mmu_update(mfn * PAGE_SIZE | MMU_MACHPHYS_UPDATE, ~0ull), 0,
                "MACHPHYS_UPDATE to ~0");
    check_equal(mmu_update(mfn * PAGE_SIZE | MMU_MACHPHYS_UPDATE, pfn), 0, "MACHPHYS_UPDATE back");
    check_equal(mfn_to_pfn(mfn), pfn, "the map");
}

void test_main(void)
{
    prepare();
    check_requests();
    check_batch();
    check_va_mapping();
    check_accessed_dirty();
    check_store();
    check_atomics();
    check_sizes();
    check_counts();
    check_others();
}
