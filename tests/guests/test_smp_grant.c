/* SPDX-License-Identifier: MIT */
/* Grants under several vCPUs at once: a handle is dropped once, the grant's use marks are cleared
 * when its last use ends and not before, a frame is fixed while it is in use, and at the end
 * nothing is in use. XSA-218, 224, 228, 230, 234, 236, 500.
 * Vcpus: 4 Cpus: 1 2 4 Isolated: 2 */
#include "tests/guests/common/grant.h"
#include "tests/guests/common/smp.h"

#define REF    9u
#define HOST   GNTMAP_host_map
#define POISON (1ull << 51 | PTE_RO) /* not a valid entry at any level */
#define SLOT   7u
#define ROUNDS 60u
#define TAG    0x7a600d00ull

static domid_t self_id;
static u64 *page, *second;
static volatile u64 *windows[SMP_MAX], *shared_window;
static u64 *copies[SMP_MAX];
static u32 the_handle;
static _Atomic u64 maps, unmaps, pins, writes, copied;

/* Every vCPU maps the same grant, at an address of its own. */
static void map_and_unmap(unsigned self)
{
    u32 handle;
    u64 found = 0;

    if (grant_map(self_id, REF, HOST | (smp_below(2) ? GNTMAP_readonly : 0), address(windows[self]),
                  &handle)) {
        return;
    }
    atomic_fetch_add(&maps, 1);
    check(grant_marks(REF), "a grant that is mapped has no marks");
    check(smp_read(&windows[self][0], &found) && found == TAG, "what is mapped: %lx", found);
    smp_jitter();
    check_equal(grant_unmap(address(windows[self]), 0, handle), 0, "unmapping");
}

/* One vCPU maps, all unmap: exactly one of them succeeds. */
static void unmap_once(unsigned self)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (self == 0) {
            atomic_store(&unmaps, 0);
            if (grant_map(self_id, REF, HOST, address(shared_window), &the_handle)) {
                error("the grant cannot be mapped");
            }
        }
        smp_barrier();
        smp_jitter();
        if (!grant_unmap(address(shared_window), 0, the_handle)) {
            atomic_fetch_add(&unmaps, 1);
        }
        smp_barrier();
        if (self == 0) {
            check_equal(unmaps, 1, "how many unmapped one handle, round %u", i);
            check_equal(grant_marks(REF), 0, "marks after it");
        }
        smp_barrier();
    }
}

/* The granted page becomes a table as soon as its grant is not in use; the others write to it
 * through the mapping while it exists. */
static void reuse_after_unmap(unsigned self)
{
    u32 handle;

    if (self) {
        if (smp_write(&shared_window[SLOT], POISON)) {
            atomic_fetch_add(&writes, 1);
        }
        return;
    }
    if (grant_map(self_id, REF, HOST, address(shared_window), &handle)) {
        error("the grant cannot be mapped");
    }
    smp_jitter();
    check_equal(grant_unmap(address(shared_window), 0, handle), 0, "unmapping");
    check_equal(grant_marks(REF), 0, "marks after it");
    check_equal(mmu_update(slot_machine(page, SLOT), 0), 0, "a store");
    if (mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(page), 0)) { /* another vCPU wrote POISON in between */
        return;
    }
    atomic_fetch_add(&pins, 1);
    for (unsigned i = 0; i < 20; i++) {
        if (page[SLOT] == POISON) {
            check(false, "somebody wrote to a table by a grant that has ended");
            break;
        }
        smp_jitter();
    }
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page), 0), 0, "unpin");
}

/* The granter rewrites its entry while others copy from it: each gets one page or the other. */
static void copy_against_rewrite(unsigned self)
{
    long result;

    if (self == 0) {
        ((volatile struct grant_entry_v1 *)grant_table)[REF].frame =
            smp_below(2) ? mfn_of(page) : mfn_of(second);
        return;
    }
    copies[self][0] = copies[self][1] = 0;
    result = grant_copy((struct grant_end){self_id, true, REF, 0},
                        (struct grant_end){DOMID_SELF, false, mfn_of(copies[self]), 0}, 16);
    check_equal(result, 0, "a copy");
    check((copies[self][0] == TAG || copies[self][0] == TAG + 1) &&
              copies[self][1] == copies[self][0],
          "what was copied: %lx and %lx", copies[self][0], copies[self][1]);
    atomic_fetch_add(&copied, 1);
}

static bool maps_enough(void)
{
    return maps > 20;
}

static bool copies_enough(void)
{
    return copied > 20;
}

static bool reuse_enough(void)
{
    return pins > 10 && writes > 10;
}

static void check_all(void)
{
    page[0] = page[1] = TAG;
    second[0] = second[1] = TAG + 1;
    grant_give(REF, self_id, mfn_of(page), 0);
    smp_race(map_and_unmap, 150, maps_enough);
    check(maps_enough(), "%lu mapped", maps);
    check_equal(grant_marks(REF), 0, "marks after all");
    smp_run(unmap_once);
    smp_race(copy_against_rewrite, 150, copies_enough);
    check(copies_enough(), "%lu copied", copied);
    check_equal(grant_marks(REF), 0, "marks after all");
    grant_give(REF, self_id, mfn_of(page), 0);
    memset(page, 0, PAGE_SIZE);
    check_equal(page_read_only(page), 0, "our own view read-only");
    smp_race(reuse_after_unmap, 200, reuse_enough);
    print("Note: %lu mapped, %lu copied; a table %lu times, written to %lu times\n", maps, copied,
          pins, writes);
    check(reuse_enough(), "a table %lu times, written to %lu times", pins, writes);
    check_equal(page_writable(page), 0, "writable at the end");
}

void test_main(void)
{
    if (is_initial_domain()) {
        skip("grants to oneself, in a plain domain");
    }
    smp_start(4);
    self_id = grant_own_domid();
    page = page_take();
    second = page_take();
    shared_window = window_take();
    update_va_mapping(address(shared_window), 0, UVMF_INVLPG);
    for (unsigned i = 0; i < 4; i++) {
        copies[i] = page_take();
        windows[i] = window_take();
        update_va_mapping(address(windows[i]), 0, UVMF_INVLPG);
    }
    grant_start();
    check_all();
}
