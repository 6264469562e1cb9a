/* SPDX-License-Identifier: MIT */
/* One page that some vCPUs use as their GDT or LDT and others write to: while it is a descriptor
 * page no vCPU writes to it, and no vCPU ever reads a descriptor in it that was not checked.
 * Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/smp.h"

#include "lib/x86/descriptor.h"

#define CALL_GATE (0x0000ec0000000000ull | 0xe008ull << 16)
#define GATE_TYPE                                                                                  \
    0x1d00u /* in a descriptor's rights: a system descriptor of type 12, a call gate */
#define GATE    0x0c00u
#define DATA    (DESCRIPTOR_FLAT_DATA | DESCRIPTOR_RING)
#define SLOT    6u
#define ENTRIES 512u
#define LOOKS   30u

static volatile u64 *page, *ldt;
static volatile u64 *windows[SMP_MAX];
static _Atomic u64 gdts, ldts, written, stale;

static void look(const char *what, u64 selector)
{
    u64 rights = 0;

    for (unsigned i = 0; i < LOOKS; i++) {
        if (page[SLOT] == CALL_GATE) {
            check(false, "somebody wrote a call gate to a live %s", what);
            return;
        }
        if (smp_selector(selector, &rights) && (rights & GATE_TYPE) == GATE) {
            check(false, "the processor finds a call gate in the %s", what);
            return;
        }
        if (i % 8 == 0) {
            smp_jitter();
        }
    }
}

static void as_gdt(void)
{
    u64 mfn = mfn_of(page);

    mmu_update(slot_machine(page, SLOT),
               DATA); /* an ordinary store if the page is no descriptor page */
    if (hypercall(__HYPERVISOR_set_gdt, address(&mfn), ENTRIES, 0)) {
        return;
    }
    atomic_fetch_add(&gdts, 1);
    look("GDT", SLOT << 3 | 3);
    check_equal(hypercall(__HYPERVISOR_set_gdt, 0, 0, 0), 0, "no GDT");
}

/* The page is mapped at the first use of the LDT, if it can become a descriptor page then. */
static void as_ldt(void)
{
    u64 rights;

    mmu_update(slot_machine(page, SLOT), DATA);
    check_equal(mmuext(MMUEXT_SET_LDT, address(ldt), ENTRIES), 0, "the LDT");
    if (smp_selector(SLOT << 3 | 7, &rights)) {
        atomic_fetch_add(&ldts, 1);
        look("LDT", SLOT << 3 | 7);
    }
    check_equal(mmuext(MMUEXT_SET_LDT, 0, 0), 0, "no LDT");
}

/* Maps the page writable only sometimes, so that it is free in between. */
static void as_memory(unsigned self)
{
    volatile u64 *window = windows[self];

    for (u32 i = smp_below(3000); i; i--) {
        __builtin_ia32_pause();
    }
    if (update_va_mapping(address(window), entry_for(page, PTE_RW), UVMF_NONE)) {
        return;
    }
    smp_jitter();
    if (smp_write(&window[SLOT], CALL_GATE)) {
        atomic_fetch_add(&written, 1);
    }
    check_equal(update_va_mapping(address(window), 0, UVMF_NONE), 0, "taking our mapping away");
    for (unsigned i = 0; i < 30; i++) {
        for (u32 spins = smp_below(300); spins; spins--) {
            __builtin_ia32_pause();
        }
        if (!smp_write(&window[SLOT], CALL_GATE)) {
            break;
        }
        atomic_fetch_add(&stale, 1);
    }
}

static void load_against_write(unsigned self)
{
    if (self == 0) {
        as_gdt();
    } else if (self == 1) {
        as_ldt();
    } else {
        as_memory(self);
    }
}

static bool enough(void)
{
    return gdts > 10 && ldts > 10 && written > 10;
}

void test_main(void)
{
    smp_start(4);
    page = page_take();
    ldt = window_take();
    for (unsigned i = 0; i < 4; i++) {
        windows[i] = window_take();
        update_va_mapping(address(windows[i]), 0, UVMF_INVLPG);
    }
    check_equal(page_read_only(page), 0, "our own view read-only");
    check_equal(update_va_mapping(address(ldt), entry_for(page, PTE_RO), UVMF_INVLPG), 0,
                "a view for the LDT");
    smp_race(load_against_write, 400, enough);
    print("Note: %lu GDTs, %lu LDTs, %lu writes, %lu through stale translations\n", gdts, ldts,
          written, stale);
    check(enough(), "%lu GDTs, %lu LDTs, %lu writes", gdts, ldts, written);
    check_equal(page_writable(page), 0, "writable at the end");
}
