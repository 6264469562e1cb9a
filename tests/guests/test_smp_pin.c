/* SPDX-License-Identifier: MIT */
/* Several vCPUs pin and unpin the same tables at once: each table is pinned once or not at all, an
 * invalid table never is, and no reference is left when all is unpinned. XSA-299, 37, 240.
 * Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/smp.h"
#include "tests/guests/common/tree.h"

#define L1_TABLES 12u
#define HOOK_SLOT 300u

static struct tree tree;
static _Atomic long pinned[5]; /* pins minus unpins that succeeded; index = level */
static _Atomic u64 pins, refused;

static long count(long result)
{
    atomic_fetch_add(result ? &refused : &pins, 1);
    return result;
}

static void pin_or_unpin(unsigned self)
{
    unsigned level = 1 + smp_below(4);

    (void)self;
    if (smp_below(2)) {
        if (!count(tree_pin(&tree, level))) {
            atomic_fetch_add(&pinned[level], 1);
        }
    } else if (!tree_unpin(&tree, level)) {
        atomic_fetch_sub(&pinned[level], 1);
    }
}

static bool tree_enough(void)
{
    return pins > 50 && refused > 50;
}

/* A table is pinned or not: successful pins and unpins alternate. */
static void check_tree(void)
{
    tree_make(&tree);
    check_equal(tree_map(&tree, PTE_RO), 0, "read-only");
    smp_race(pin_or_unpin, 200, tree_enough);
    print("Note: a tree: %lu pins, %lu refused\n", pins, refused);
    for (unsigned level = 4; level; level--) {
        check(pinned[level] == 0 || pinned[level] == 1, "level %u: %ld pins at the end", level,
              pinned[level]);
        check_equal(tree_unpin(&tree, level), pinned[level] ? 0 : -XEN_EINVAL,
                    "the last unpin of level %u", level);
    }
    check_equal(tree_map(&tree, PTE_RW), 0, "all writable at the end");
    check(tree_enough(), "%lu pins, %lu refused", pins, refused);
}

static u64 *crossed[2], *bad;

static void pin_what_is_none(unsigned self)
{
    long result = self < 2 ? mmuext(MMUEXT_PIN_L3_TABLE, mfn_of(crossed[self]), 0)
                           : mmuext(MMUEXT_PIN_L2_TABLE, mfn_of(bad), 0);

    check_equal(result, -XEN_EINVAL, "pinning table %u, which is not good", self);
}

/* Two tables that map each other, and one whose last entry is invalid, are pinned by two vCPUs
 * each. */
static void check_bad(void)
{
    u64 *good = page_take();

    for (unsigned i = 0; i < 2; i++) {
        crossed[i] = page_take();
    }
    bad = page_take();
    for (unsigned i = 0; i < 2; i++) {
        crossed[i][5] = entry_for(crossed[1 - i], PTE_RO);
    }
    for (unsigned i = 0; i < 511; i++) {
        bad[i] = entry_for(good, PTE_TABLE);
    }
    bad[511] = entry_for(root_first(), PTE_TABLE);
    page_read_only(crossed[0]);
    page_read_only(crossed[1]);
    page_read_only(bad);
    page_read_only(good);
    smp_race(pin_what_is_none, 150, NULL);
    check_equal(page_writable(crossed[0]), 0, "the first of two, writable");
    check_equal(page_writable(crossed[1]), 0, "the second of two, writable");
    check_equal(page_writable(bad), 0, "what had a bad end, writable");
    check_equal(page_writable(good), 0, "what it showed, writable");
}

/* ---- trees that take long to promote -------------------------------------------------------- */

static u64 *outer, *inner, *other, *root; /* L3, its L2; another L3, an L4, both pinned */
static _Atomic u64 hooked;

static void make_long_tree(void)
{
    u64 *page = page_take();

    outer = page_take();
    inner = page_take();
    other = page_take();
    root = root_make();
    for (unsigned i = 0; i < L1_TABLES; i++) {
        u64 *table = page_take();

        for (unsigned slot = 0; slot < 512; slot++) {
            table[slot] = entry_for(page, PTE_RO);
        }
        inner[i] = entry_for(table, PTE_TABLE);
        if (page_read_only(table)) {
            error("a table stays writable");
        }
    }
    outer[0] = outer[511] = entry_for(inner, PTE_TABLE);
    if (page_read_only(outer) || page_read_only(inner) || page_read_only(other) ||
        mmuext(MMUEXT_PIN_L3_TABLE, mfn_of(other), 0)) {
        error("no long tree");
    }
}

static void hook(u64 *above, u64 *table)
{
    if (mmu_update(slot_machine(above, HOOK_SLOT), entry_for(table, PTE_TABLE))) {
        return;
    }
    atomic_fetch_add(&hooked, 1);
    smp_jitter();
    check_equal(page_writable(table), -XEN_EBUSY, "a table that hangs in a live one, writable");
    check_equal(mmu_update(slot_machine(above, HOOK_SLOT), 0), 0, "unhooking");
}

static void pin_for_a_while(u64 *table, unsigned command)
{
    if (count(mmuext(command, mfn_of(table), 0))) {
        return;
    }
    smp_jitter();
    check_equal(page_writable(table), -XEN_EBUSY, "a pinned table, writable");
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(table), 0), 0, "unpinning what we pinned");
}

/* One vCPU pins the tree, one links it into a root, one links its lower part elsewhere, one pins
 * that. */
static void half_done(unsigned self)
{
    switch (self) {
    case 0:
        pin_for_a_while(outer, MMUEXT_PIN_L3_TABLE);
        break;
    case 1:
        hook(root, outer);
        break;
    case 2:
        hook(other, inner);
        break;
    default:
        pin_for_a_while(inner, MMUEXT_PIN_L2_TABLE);
    }
}

static bool half_done_enough(void)
{
    return pins > 20 && hooked > 20;
}

static void check_half_done(void)
{
    make_long_tree();
    pins = 0;
    smp_race(half_done, 300, half_done_enough);
    print("Note: a long tree: %lu pins, hooked %lu times\n", pins, hooked);
    check(half_done_enough(), "%lu pins, hooked %lu times", pins, hooked);
    check_equal(page_writable(outer), 0, "the tree, writable");
    check_equal(page_writable(inner), 0, "its lower half, writable");
}

void test_main(void)
{
    smp_start(4);
    check_tree();
    check_bad();
    check_half_done();
}
