/* SPDX-License-Identifier: MIT */
/* Several vCPUs want to use one frame at the same time, as a page table and as memory: it has one
 * of the two types.
 *
 * XSA-401: while a frame is a table no vCPU can write to it, neither through an entry nor through a
 * stale translation.
 * Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/smp.h"

/* A value that no table may contain, at any level: if a table has it, it was stored while the frame
 * was memory. */
#define POISON (1ull << 51 | PTE_RO)
#define SLOT   7u
#define LOOKS  50u

static volatile u64 *page;
static volatile u64 *windows[SMP_MAX];
static _Atomic u64 pins, maps, written, stale;

/* Makes the frame a table, and reads it while it is one. */
static void as_table(void)
{
    unsigned level = 1 + smp_below(4);

    mmu_update(slot_machine(page, SLOT), 0); /* an ordinary store if it is no table */
    if (mmuext(MMUEXT_PIN_L1_TABLE + level - 1, mfn_of(page), 0)) {
        return;
    }
    atomic_fetch_add(&pins, 1);
    for (unsigned i = 0; i < LOOKS; i++) {
        if (page[SLOT] == POISON) {
            check(false, "somebody wrote to a live level %u table", level);
            break;
        }
        if (i % 16 == 0) {
            smp_jitter();
        }
    }
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page), 0), 0, "unpinning what we pinned");
}

/* Maps the frame, writes to it, unmaps it without a flush, and writes once more. */
static void as_memory(unsigned self)
{
    volatile u64 *window = windows[self];

    if (update_va_mapping(address(window), entry_for(page, PTE_RW), UVMF_NONE)) {
        return;
    }
    atomic_fetch_add(&maps, 1);
    smp_jitter();
    if (smp_write(&window[SLOT], POISON)) {
        atomic_fetch_add(&written, 1);
    }
    check_equal(update_va_mapping(address(window), 0, UVMF_NONE), 0, "taking our mapping away");
    for (unsigned i = smp_below(3); i; i--) {
        smp_jitter();
    }
    if (smp_write(&window[SLOT], POISON)) {
        atomic_fetch_add(&stale, 1);
    }
}

static void retype(unsigned self)
{
    if (self == 0 || (self == 3 && smp_below(2))) {
        as_table();
    } else {
        as_memory(self);
    }
}

static bool enough(void)
{
    return pins > 20 && written > 20;
}

void test_main(void)
{
    smp_start(4);
    page = page_take();
    for (unsigned i = 0; i < 4; i++) {
        windows[i] = window_take();
        update_va_mapping(address(windows[i]), 0, UVMF_INVLPG);
    }
    check_equal(page_read_only(page), 0, "our own view read-only");
    smp_race(retype, 400, enough);
    print("Note: %lu pins; %lu mappings, %lu writes, %lu through stale translations\n", pins, maps,
          written, stale);
    check(enough(), "the two never met: %lu pins, %lu writes", pins, written);
    check_equal(page_writable(page), 0, "writable at the end");
}
