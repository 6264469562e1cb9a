/* SPDX-License-Identifier: MIT */
/* What operations on grants cost between two domains, in ticks of the time-stamp counter, which
 * are instructions where the emulator counts them (-icount shift=0). Domain 1 grants pages, domain
 * 2 measures. Started by tests/grant-cost. */
#include "tests/guests/common/share_protocol.h"
#include "tests/guests/common/time.h"

#define BATCH  32u
#define FIRST  16u /* the first of BATCH grants */
#define YIELDS 64u

static u64 *windows[BATCH], *own[BATCH];
static struct talk *talk;

static void grant_all(void)
{
    grant_start();
    for (u32 i = 0; i < BATCH; i++) {
        grant_give(FIRST + i, MAPPER, mfn_of(page_take()), 0);
    }
    talk = page_take();
    grant_give(REF_TALK, MAPPER, mfn_of(talk), 0);
    wait_for(&talk->mapper, 1);
}

static void map_talk(void)
{
    u32 handle;

    while (grant_map(GRANTER, REF_TALK, GNTMAP_host_map, address(talk), &handle)) {
        sched_op(SCHEDOP_yield, NULL);
    }
}

static void measure(u32 count, unsigned flags)
{
    static struct gnttab_map_grant_ref map[BATCH];
    static struct gnttab_unmap_grant_ref unmap[BATCH];

    for (u32 round = 0; round < 3; round++) {
        for (u32 i = 0; i < count; i++) {
            u64 at = flags & GNTMAP_contains_pte ? entry_machine(address(windows[i]), 1)
                                                 : address(windows[i]);
            map[i] = (struct gnttab_map_grant_ref){
                .host_addr = at, .flags = flags, .ref = FIRST + i, .dom = GRANTER};
            unmap[i] = (struct gnttab_unmap_grant_ref){.host_addr = at};
        }
        u64 start = read_tsc();
        hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, address(map), count);
        u64 mapped = read_tsc();
        for (u32 i = 0; i < count; i++) {
            check_equal(map[i].status, 0, "mapping %u", i);
            unmap[i].handle = map[i].handle;
        }
        u64 before = read_tsc();
        hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, address(unmap), count);
        u64 end = read_tsc();
        for (u32 i = 0; i < count; i++) {
            check_equal(unmap[i].status, 0, "unmapping %u", i);
        }
        if (round == 2) {
            print("%u mappings, flags %x: map %lu, unmap %lu each\n", count, flags,
                  (mapped - start) / count, (end - before) / count);
        }
    }
}

static void measure_copy(u32 count, u16 length, bool to_grant)
{
    static struct gnttab_copy copy[BATCH];

    for (u32 round = 0; round < 3; round++) {
        for (u32 i = 0; i < count; i++) {
            struct gnttab_copy_ptr granted = {.domid = GRANTER, .u.ref = FIRST + i};
            struct gnttab_copy_ptr mine = {.domid = DOMID_SELF, .u.gmfn = mfn_of(own[i])};

            copy[i] =
                (struct gnttab_copy){.source = to_grant ? mine : granted,
                                     .dest = to_grant ? granted : mine,
                                     .len = length,
                                     .flags = to_grant ? GNTCOPY_dest_gref : GNTCOPY_source_gref};
        }
        u64 start = read_tsc();
        hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_copy, address(copy), count);
        u64 end = read_tsc();
        for (u32 i = 0; i < count; i++) {
            check_equal(copy[i].status, 0, "copy %u", i);
        }
        if (round == 2) {
            print("%u copies of %u bytes %s: %lu each\n", count, length,
                  to_grant ? "to a grant" : "from a grant", (end - start) / count);
        }
    }
}

/* The other domain, which waits, yields at once, too: each yield is two switches of the CPU. */
static void measure_switches(void)
{
    u64 start = 0;

    for (u32 round = 0; round <= YIELDS; round++) {
        sched_op(SCHEDOP_yield, NULL);
        start = start ? start : read_tsc();
    }
    print("to the other domain and back: %lu\n", (read_tsc() - start) / YIELDS);
}

void test_main(void)
{
    if (grant_own_domid() == GRANTER) {
        grant_all();
        return;
    }
    talk = window_take();
    for (u32 i = 0; i < BATCH; i++) {
        windows[i] = page_take(); /* its address is used, not its frame */
        own[i] = page_take();
        mmu_update(entry_machine(address(windows[i]), 1), 0);
    }
    map_talk();
    measure(1, GNTMAP_host_map);
    measure(BATCH, GNTMAP_host_map);
    measure(BATCH, GNTMAP_host_map | GNTMAP_readonly);
    measure(BATCH, GNTMAP_host_map | GNTMAP_contains_pte);
    measure_copy(1, 64, false);
    measure_copy(BATCH, 64, false);
    measure_copy(BATCH, 4096, false);
    measure_copy(BATCH, 4096, true);
    measure_switches();
    talk->mapper = 1;
}
