/* SPDX-License-Identifier: MIT */
/* A guest without descriptor tables can load no descriptors from address 0 (XSA-298), and a guest
 * with some can use only what was checked (XSA-67, 214; CVE-2010-4255).
 *
 * The page at address 0 contains a call gate and valid segments; no selector reaches them while
 * there is no LDT, and the page never becomes a page of descriptors. */
#include "tests/guests/common/user.h"

#include <xen/physdev.h>

#define CALL_GATE           0x0000ec0000080000ull
#define DATA                0x00cff2000000ffffull
#define CODE64              0x00affa000000ffffull
#define GDT_SELECTOR(index) ((index) << 3 | 3)
#define LDT_SELECTOR(index) ((index) << 3 | 4 | 3)

static u64 *low; /* the page at address 0, at the kernel's own address for it */
static struct user_space space;

static void load_es(void *selector)
{
    __asm__ volatile("mov %0, %%es" ::"r"((u32)address(selector)));
}

static void far_call(void *selector)
{
    struct {
        u32 offset;
        u16 selector;
    } __attribute__((packed)) target = {0, (u16)address(selector)};

    __asm__ volatile("lcall *%0" ::"m"(target) : "memory", "cc");
}

static bool loads(unsigned selector)
{
    return !trap_catch(load_es, (void *)(u64)selector);
}

/* Maps `low` at address 0, in the kernel root and in the user root. */
static void map_zero(void)
{
    u64 *l3 = page_take(), *l2 = page_take(), *l1 = page_take();

    low = page_take();
    for (unsigned i = 0; i < 512; i++) {
        low[i] = i % 3 == 0 ? CALL_GATE : i % 3 == 1 ? DATA : CODE64;
    }
    l1[0] = entry_for(low, PTE_RO);
    l2[0] = entry_for(l1, PTE_TABLE);
    l3[0] = entry_for(l2, PTE_TABLE);
    if (page_read_only(l1) || page_read_only(l2) || page_read_only(l3) || page_read_only(low) ||
        mmu_update(slot_machine(root_first(), 0), entry_for(l3, PTE_TABLE))) {
        error("cannot map address 0");
    }
    if (mmu_update(slot_machine(space.l2, 0), entry_for(l1, PTE_TABLE))) {
        error("cannot map a page for user mode");
    }
}

static void check_no_selector(const char *when)
{
    for (unsigned i = 0; i < 512; i += 37) {
        check(!loads(LDT_SELECTOR(i)), "%s: LDT selector %u", when, i);
        check_equal(trap_caught.vector, VECTOR_GP, "%s: its vector", when);
        check_equal(trap_caught.error, i << 3 | 4, "%s: its error code", when);
        check_traps(VECTOR_GP, far_call, (void *)(u64)LDT_SELECTOR(i), "%s: a call to %u", when, i);
    }
    check_equal(page_writable(low), 0, "%s: the page is a page of descriptors", when);
    check_equal(page_read_only(low), 0, "%s: read-only", when);
}

static void check_user_mode(void)
{
    static const u8 code[] = {0xb8, 0x0f, 0,    0,   0, /* mov $LDT_SELECTOR(1), %eax */
                              0x8e, 0xc0, 0x0f, 0x0b};  /* mov %eax, %es; ud2 */
    struct trap_frame frame;

    user_run_code(&space, code, code + sizeof code, &frame);
    check_equal(frame.vector, VECTOR_GP, "an LDT selector in user mode");
    check_equal(frame.rip, USER_CODE + 5, "its rip");
    check_equal(page_writable(low), 0, "the page is a page of descriptors");
    check_equal(page_read_only(low), 0, "read-only");
}

static void check_ldt_limit(void)
{
    u64 *ldt = page_take();

    memcpy(ldt, low, PAGE_SIZE);
    for (unsigned i = 0; i < 512; i++) {
        ldt[i] = i % 3 == 0 ? 0 : ldt[i];
    }
    check_equal(page_read_only(ldt), 0, "read-only");
    for (unsigned entries = 1; entries <= 512; entries *= 2) {
        check_equal(mmuext(MMUEXT_SET_LDT, address(ldt), entries), 0, "SET_LDT, %u", entries);
        check_equal(loads(LDT_SELECTOR(1)), entries > 1, "selector 1 of %u", entries);
        check(loads(0), "the null selector");
        check(!loads(LDT_SELECTOR(entries + (entries % 3 == 0))), "selector %u of %u", entries,
              entries);
        check(!loads(LDT_SELECTOR(8191)), "the last selector there is");
    }
    check_equal(mmuext(MMUEXT_SET_LDT, 0, 0), 0, "no LDT");
    check_no_selector("after an LDT");
}

#define TYPE_CALL_GATE 12

/* A page that contains a gate cannot become an LDT page, and the fault is delivered to the
 * guest. */
static void check_gate(void)
{
    if (is_initial_domain()) {
        print("Note: Xen takes call gates to the guest's own code; Pinion takes none\n");
        return;
    }
    check_equal(mmuext(MMUEXT_SET_LDT, 0, 512), 0, "SET_LDT of the page with gates");
    check(!loads(LDT_SELECTOR(1)), "a good segment beside a gate");
    check_equal(trap_caught.vector, VECTOR_PF, "its vector");
    check_traps(VECTOR_PF, far_call, (void *)(u64)LDT_SELECTOR(0), "a call through the gate");
    check_equal(page_writable(low), 0, "the refused page is free");
    check_equal(page_read_only(low), 0, "read-only");
    check_equal(mmuext(MMUEXT_SET_LDT, 0, 0), 0, "no LDT");
}

/* System descriptors of each kind, one by one and in the last slot of a page. */
static void check_system_descriptors(void)
{
    u64 *gdt = page_take(), frame = mfn_of(gdt);

    for (unsigned type = 0; type < 16; type++) {
        for (unsigned ring = 0; ring < 4; ring++) {
            u64 descriptor = 1ull << 47 | (u64)ring << 45 | (u64)type << 40 | 0x1234;

            if (type == TYPE_CALL_GATE && is_initial_domain()) {
                continue; /* as in check_gate */
            }
            check_equal(page_writable(gdt), 0, "writable");
            gdt[511] = descriptor;
            check_equal(page_read_only(gdt), 0, "read-only");
            check_equal(hypercall(__HYPERVISOR_set_gdt, address(&frame), 512, 0),
                        type ? -XEN_EINVAL : 0, "type %u, ring %u, at the end", type, ring);
            check_equal(hypercall(__HYPERVISOR_set_gdt, 0, 0, 0), 0, "no GDT");
            check_equal(
                hypercall(__HYPERVISOR_update_descriptor, slot_machine(gdt, 7), descriptor, 0),
                type ? -XEN_EINVAL : 0, "type %u, ring %u, alone", type, ring);
        }
    }
    for (unsigned off = 1; off < 8; off++) {
        check_equal(hypercall(__HYPERVISOR_update_descriptor, slot_machine(gdt, 7) + off, DATA, 0),
                    -XEN_EINVAL, "%u bytes off", off);
    }
    check_equal(page_writable(gdt), 0, "writable");
}

/* The addresses of the processor's tables can be read (SGDT, SIDT), but not their contents. */
static void check_windows(void)
{
    struct {
        u16 limit;
        u64 base;
    } __attribute__((packed)) gdtr, idtr;

    __asm__ volatile("sgdt %0; sidt %1" : "=m"(gdtr), "=m"(idtr));
    check(read_traps((void *)gdtr.base), "the GDT can be read");
    check_equal(trap_caught.vector, VECTOR_PF, "its vector");
    check(write_traps((void *)gdtr.base, 0), "the GDT can be written");
    check(read_traps((void *)idtr.base), "the IDT can be read");
    check(read_traps((void *)(gdtr.base + 0x10000)), "behind the GDT");
}

/* OUTS with an invalid segment: the hypervisor reads nothing for the guest. */
static void out_by_fs(void *selector)
{
    __asm__ volatile(
        "mov %0, %%fs; mov %1, %%rsi; mov $0x1234, %%dx; fs outsb" ::"r"((u32)address(selector)),
        "r"(HYPERVISOR_VIRT_START)
        : "rsi", "rdx");
}

static void check_outs(void)
{
    struct physdev_set_iopl iopl = {.iopl = 1};

    check_equal(hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, address(&iopl), 0), 0,
                "set_iopl");
    trap_catch(out_by_fs, NULL);
    check_traps(VECTOR_GP, out_by_fs, (void *)(u64)LDT_SELECTOR(1), "outs by a bad selector");
    check(loads(0), "the null selector");
}

void test_main(void)
{
    user_space_make(&space);
    map_zero();
    check_no_selector("from the start");
    check_user_mode();
    check_gate();
    check_ldt_limit();
    check_system_descriptors();
    check_windows();
    check_outs();
}
