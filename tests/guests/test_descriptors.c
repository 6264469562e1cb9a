/* SPDX-License-Identifier: MIT */
/* Segment descriptors: the guest's GDT and LDT.
 *
 * Descriptors give rights, so a page of them has a type of its own, like a page table: read-only to
 * the guest while it is in use, changed only by update_descriptor, and free of gates and of
 * segments that would give more than ring 3. The top two pages of the GDT are the hypervisor's. */
#include "tests/guests/common/guest.h"

/* Descriptors as the processor reads them: a data segment with a base, a code segment, and what is
 * refused. */
#define DATA(base)                                                                                 \
    (0x00cff2000000ffffull | ((base)&0xffffffull) << 16 | ((base)&0xff000000ull) << 32)
#define CODE64     0x00affa000000ffffull
#define DATA_RING0 0x00cf92000000ffffull

#define GDT_SELECTOR(index) ((index) << 3 | 3)
#define LDT_SELECTOR(index) ((index) << 3 | 4 | 3)

static u64 *gdt, *ldt, *plain;

static long set_gdt(const u64 *frames, unsigned entries)
{
    return hypercall(__HYPERVISOR_set_gdt, address(frames), entries, 0);
}

static long update_descriptor(u64 machine, u64 descriptor)
{
    return hypercall(__HYPERVISOR_update_descriptor, machine, descriptor, 0);
}

static void load_es(void *selector)
{
    __asm__ volatile("mov %0, %%es" ::"r"((u32)address(selector)));
}

static void load_fs(void *selector)
{
    __asm__ volatile("mov %0, %%fs" ::"r"((u32)address(selector)));
}

static bool loads(unsigned selector)
{
    return !trap_catch(load_es, (void *)(u64)selector);
}

static u32 limit_of(u32 selector)
{
    u32 limit = 0;

    __asm__ volatile("lsl %1, %0" : "+r"(limit) : "r"(selector) : "cc");
    return limit;
}

static void check_gdt(void)
{
    u64 frame = mfn_of(gdt);

    gdt[1] = DATA(0);
    gdt[2] = CODE64;
    gdt[3] = DATA(0) & ~(1ull << 47); /* not present */
    gdt[4] = DATA_RING0;
    check(!loads(GDT_SELECTOR(1)), "a selector works before there is a GDT");
    check_equal(set_gdt(&frame, 512), -XEN_EINVAL, "a writable page as GDT");
    check_equal(page_read_only(gdt), 0, "read-only");
    check_equal(set_gdt(&frame, 512), 0, "set_gdt");
    check_equal(page_writable(gdt), -XEN_EBUSY, "the live GDT writable");
    check(write_traps(gdt + 1, 0), "the live GDT can be written");

    check(loads(GDT_SELECTOR(1)), "descriptor 1");
    check(limit_of(GDT_SELECTOR(1)) == 0xffffffff, "its limit: %x", limit_of(GDT_SELECTOR(1)));
    check(!loads(GDT_SELECTOR(3)) && trap_caught.vector == VECTOR_NP,
          "a descriptor that is not present");
    check_equal(trap_caught.error, GDT_SELECTOR(3) & ~3, "its error code");
    check(loads(GDT_SELECTOR(4)), "a descriptor of ring 0 was lifted to ring 3");
    check(gdt[4] >> 45 & 3, "it is still of ring 0: %lx", gdt[4]);
    check(!loads(GDT_SELECTOR(400)), "an empty descriptor");
    check(loads(FLAT_USER_DS32), "the hypervisor's data segment");
    check(loads(0), "the null selector");
}

static void check_update(void)
{
    check_equal(update_descriptor(slot_machine(gdt, 5), DATA(0)), 0, "update_descriptor");
    check_equal(gdt[5], DATA(0), "what it wrote");
    check(loads(GDT_SELECTOR(5)), "the new descriptor");
    check(loads(0), "the null selector");
    check_equal(update_descriptor(slot_machine(gdt, 5), 0), 0, "emptying it");
    check(!loads(GDT_SELECTOR(5)), "the emptied descriptor");
    check_equal(update_descriptor(slot_machine(gdt, 5) + 4, DATA(0)), -XEN_EINVAL, "unaligned");
    check_equal(update_descriptor(slot_machine(plain, 1), DATA(0)), 0, "in a plain page");
    check_equal(plain[1], DATA(0), "what it wrote there");
    check_equal(update_descriptor(slot_machine(root_first(), 1), 0), -XEN_EINVAL,
                "in a page table");
    check_equal(update_descriptor(1ull << 51, 0), -XEN_EINVAL, "nowhere");
}

/* System segments and gates. Only type 0, and descriptors that are not present, are harmless. */
static void check_bad_descriptors(void)
{
    const u64 here = slot_machine(gdt, 6);

    for (u64 type = 0; type < 16; type++) {
        u64 descriptor = 0x0000e00000000000ull | type << 40 | (u64)FLAT_KERNEL_CS << 16;
        long result = update_descriptor(here, descriptor);

        if (type == 12) { /* a call gate to the guest's own code: Xen allows it, Pinion does not */
            check(!result || result == -XEN_EINVAL, "a call gate: %ld", result);
        } else {
            check_equal(result, type ? -XEN_EINVAL : 0, "system type %lu", type);
        }
        check_equal(update_descriptor(here, descriptor & ~(1ull << 47)), 0,
                    "system type %lu, not present", type);
        check_equal(update_descriptor(here, 0), 0, "emptying");
    }
    check_equal(update_descriptor(here, 0x0000ec0000000000ull | 0xe008ull << 16), -XEN_EINVAL,
                "a call gate to the hypervisor's code");
    check_equal(update_descriptor(here, DATA_RING0), 0, "a data segment of ring 0");
    check(gdt[6] >> 45 & 3, "it is still of ring 0: %lx", gdt[6]);
    check_equal(update_descriptor(here, 0), 0, "emptying");
}

static void check_refused_gdt(void)
{
    u64 *bad = page_take();
    u64 frames[16], good = mfn_of(gdt);

    for (unsigned i = 0; i < 16; i++) {
        frames[i] = good;
    }
    check_equal(set_gdt(frames, FIRST_RESERVED_GDT_ENTRY + 1), -XEN_EINVAL, "7169 entries");
    check_equal(set_gdt(frames, FIRST_RESERVED_GDT_ENTRY), 0, "7168 entries, one frame 14 times");
    check(loads(GDT_SELECTOR(512 * 13 + 1)), "a descriptor of the last page");
    check(loads(0), "the null selector");
    frames[13] = mfn_of(root_first());
    check_equal(set_gdt(frames, FIRST_RESERVED_GDT_ENTRY), -XEN_EINVAL,
                "the last frame is a table");
    frames[13] = ~0ull;
    check_equal(set_gdt(frames, FIRST_RESERVED_GDT_ENTRY), -XEN_EINVAL, "the last frame is none");
    check(loads(GDT_SELECTOR(1)) && loads(GDT_SELECTOR(512 * 13 + 1)), "the old GDT is gone");
    check(loads(0), "the null selector");
    check_equal(set_gdt((u64 *)HYPERVISOR_VIRT_START, 512), -XEN_EFAULT, "a list in Xen's space");
    bad[511] = 0x0000e90000000000ull; /* an available TSS */
    check_equal(page_read_only(bad), 0, "read-only");
    frames[0] = mfn_of(bad);
    check_equal(set_gdt(frames, 512), -XEN_EINVAL, "a page with a TSS in its last slot");
    check_equal(page_writable(bad), 0, "the refused page is free");
    check_equal(set_gdt(&good, 1), 0, "one entry");
    check_equal(set_gdt(&good, 512), 0, "512 entries");
}

/* LDT pages are mapped when they are first used, according to the guest's own page tables. */
static void check_ldt(void)
{
    ldt[1] = DATA(0);
    check(!loads(LDT_SELECTOR(1)), "a selector works before there is an LDT");
    check_equal(page_read_only(ldt), 0, "read-only");
    check_equal(mmuext(MMUEXT_SET_LDT, address(ldt) + 8, 512), -XEN_EINVAL, "an unaligned LDT");
    check_equal(mmuext(MMUEXT_SET_LDT, address(ldt), 8193), -XEN_EINVAL, "8193 entries");
    check_equal(mmuext(MMUEXT_SET_LDT, HYPERVISOR_VIRT_START, 512), -XEN_EINVAL,
                "an LDT in Xen's space");
    check_equal(mmuext(MMUEXT_SET_LDT, address(ldt), 512), 0, "SET_LDT");
    check_equal(page_writable(ldt), 0, "an LDT that nobody has used yet, writable");
    check_equal(page_read_only(ldt), 0, "read-only");
    check(loads(LDT_SELECTOR(1)), "a descriptor of the LDT");
    check_equal(page_writable(ldt), -XEN_EBUSY, "the LDT in use, writable");
    check(!loads(LDT_SELECTOR(600)), "a descriptor behind its end");
    check_equal(trap_caught.vector, VECTOR_GP, "its vector");
    check(loads(0), "the null selector");
    check_equal(update_descriptor(slot_machine(ldt, 2), DATA(0)), 0, "update_descriptor");
    check(loads(LDT_SELECTOR(2)), "the new descriptor");
    check(loads(0), "the null selector");
    check_equal(mmuext(MMUEXT_SET_LDT, 0, 0), 0, "no LDT");
    check(!loads(LDT_SELECTOR(1)), "a descriptor of no LDT");
    check_equal(page_writable(ldt), 0, "writable again");
}

/* A writable page cannot become an LDT page: the fault is delivered to the guest. */
static void check_bad_ldt(void)
{
    u64 *other = page_take();

    other[1] = DATA(0);
    check_equal(mmuext(MMUEXT_SET_LDT, address(other), 512), 0, "SET_LDT of a writable page");
    check(!loads(LDT_SELECTOR(1)), "a descriptor of a writable page");
    check_equal(trap_caught.vector, VECTOR_PF, "its vector");
    check_equal(trap_caught_cr2, address(other) + 8, "cr2");
    check_equal(mmuext(MMUEXT_SET_LDT, 0, 0), 0, "no LDT");
}

/* A descriptor's base is used. It has 32 bits, so a page is mapped at a low address for it. */
#define LOW_VA 0x40000000ull

static void check_base(void)
{
    u64 *l3 = page_take(), *l2 = page_take(), *l1 = page_take(), *page = page_take();
    u64 seen = 0;

    page[1] = 0x1234;
    l1[table_index(LOW_VA, 1)] = entry_for(page, PTE_RW);
    l2[table_index(LOW_VA, 2)] = entry_for(l1, PTE_TABLE);
    l3[table_index(LOW_VA, 3)] = entry_for(l2, PTE_TABLE);
    if (page_read_only(l1) || page_read_only(l2) || page_read_only(l3) ||
        mmu_update(slot_machine(root_first(), table_index(LOW_VA, 4)), entry_for(l3, PTE_TABLE))) {
        error("cannot map a low address");
    }
    check_equal(update_descriptor(slot_machine(gdt, 7), DATA(LOW_VA)), 0,
                "a descriptor with a base");
    check(!trap_catch(load_fs, (void *)GDT_SELECTOR(7)), "loading fs");
    __asm__ volatile("mov %%fs:8, %0" : "=r"(seen));
    check_equal(seen, 0x1234, "by fs");
    check(!trap_catch(load_fs, NULL), "the null selector");
}

void test_main(void)
{
    u64 frame;

    gdt = page_take();
    ldt = page_take();
    plain = page_take();
    check_gdt();
    check_update();
    check_bad_descriptors();
    check_refused_gdt();
    check_ldt();
    check_bad_ldt();
    check_base();
    frame = mfn_of(gdt);
    check_equal(set_gdt(&frame, 0), 0, "no GDT");
    check_equal(page_writable(gdt), 0, "the former GDT writable");
}
