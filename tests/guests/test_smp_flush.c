/* SPDX-License-Identifier: MIT */
/* A flush reaches the other vCPUs: when the request is done, none of them reads the old page at the
 * address, or reads at all where nothing is mapped any more.
 * Vcpus: 4 Cpus: 1 2 4
 *
 * vCPU 0 changes what an address maps, and announces it after the flush; the others read there all
 * the time, so that their processors keep the translation. */
#include "tests/guests/common/smp.h"

#define FRAMES 4u
#define ALL    0xfull

/* Twice the number of the latest change of the mapping; odd while a change is being made. */
static _Atomic u64 change_steps;
static volatile u64 *window;
static u64 *frames[FRAMES];
static u64 every_vcpu = ALL;
static unsigned kind;
static _Atomic u64 looks, stale;

static const struct {
    const char *name;
    u64 flags;        /* of update_va_mapping */
    bool masked;      /* mmuext_op gets the address of a vCPU mask */
    unsigned command; /* of mmuext_op; 0: none */
} kinds[] = {
    {"no flush at all", UVMF_NONE, false,
     0}, /* the control: shows how many stale reads there are without a flush */
    {"TLB_FLUSH_ALL", UVMF_NONE, false, MMUEXT_TLB_FLUSH_ALL},
    {"INVLPG_ALL", UVMF_NONE, false, MMUEXT_INVLPG_ALL},
    {"TLB_FLUSH_MULTI", UVMF_NONE, false, MMUEXT_TLB_FLUSH_MULTI},
    {"INVLPG_MULTI", UVMF_NONE, false, MMUEXT_INVLPG_MULTI},
    {"UVMF_TLB_FLUSH, all", UVMF_TLB_FLUSH | UVMF_ALL, false, 0},
    {"UVMF_INVLPG, all", UVMF_INVLPG | UVMF_ALL, false, 0},
    {"UVMF_TLB_FLUSH, a mask", UVMF_TLB_FLUSH | UVMF_MULTI, true, 0},
    {"UVMF_INVLPG, a mask", UVMF_INVLPG | UVMF_MULTI, true, 0},
};

static bool is_mapped(u64 change)
{
    return change % 3 != 2;
}

static void make_change(void)
{
    u64 change = atomic_load(&change_steps) / 2 + 1;
    u64 *frame = frames[change % FRAMES], flags = kinds[kind].flags;

    if (kinds[kind].masked) {
        flags |= address(&every_vcpu);
    }
    atomic_fetch_add(&change_steps, 1);
    frame[0] = change;
    check_equal(
        update_va_mapping(address(window), is_mapped(change) ? entry_for(frame, PTE_RW) : 0, flags),
        0, "the change, %s", kinds[kind].name);
    if (kinds[kind].command) {
        struct mmuext_op op = {.cmd = kinds[kind].command};

        op.arg1.linear_addr = address(window);
        set_xen_guest_handle(op.arg2.vcpumask, &every_vcpu);
        check_equal(hypercall6(__HYPERVISOR_mmuext_op, address(&op), 1, 0, DOMID_SELF, 0, 0), 0,
                    "%s", kinds[kind].name);
    }
    atomic_fetch_add(&change_steps, 1);
    for (u32 i = smp_below(400); i; i--) {
        __builtin_ia32_pause();
    }
}

/* Reads at the address. The read counts only if no change was made meanwhile. */
static void look(void)
{
    u64 before = atomic_load(&change_steps), found = 0;
    bool there = smp_read(window, &found);

    if (before & 1 || atomic_load(&change_steps) != before) {
        return;
    }
    atomic_fetch_add(&looks, 1);
    if (there != is_mapped(before / 2) || (there && found != before / 2)) {
        atomic_fetch_add(&stale, 1);
    }
}

static void change_against_look(unsigned self)
{
    if (self == 0) {
        make_change();
    } else {
        for (unsigned i = 0; i < 20; i++) {
            look();
        }
    }
}

static bool enough(void)
{
    return atomic_load(&change_steps) > 100 && looks > 200;
}

void test_main(void)
{
    smp_start(4);
    window = window_take();
    for (unsigned i = 0; i < FRAMES; i++) {
        frames[i] = page_take();
    }
    for (kind = 0; kind < ARRAY_LENGTH(kinds); kind++) {
        check_equal(update_va_mapping(address(window), 0, UVMF_TLB_FLUSH | UVMF_ALL), 0, "no page");
        change_steps = 4; /* change 2: nothing is mapped */
        looks = stale = 0;
        smp_race(change_against_look, 60, enough);
        print("Note: %s: %lu changes, %lu looks, %lu of them stale\n", kinds[kind].name,
              change_steps / 2 - 2, looks, stale);
        check(enough(), "%s: no changes or no looks", kinds[kind].name);
        check(!kind || !stale, "%s: %lu looks found what was there before", kinds[kind].name,
              stale);
    }
}
