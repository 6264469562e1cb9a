/* SPDX-License-Identifier: MIT */
/* Every rule of the page tables that one guest alone can try to break.
 *
 * For each rule: the entry or request that breaks it, by each way to make it (mmu_update,
 * update_va_mapping, pinning a table that contains it), the ABI's error, and that nothing
 * changed. */
#include "tests/guests/common/tree.h"

static struct tree tree; /* pinned: a live tree that is not loaded */
static u64 *window, window_machine;
static u64 *plain;

static u64 maximum_mfn(void)
{
    struct xen_machphys_mapping mapping;

    if (memory_op(XENMEM_machphys_mapping, &mapping)) {
        error("machphys_mapping failed");
    }
    return mapping.max_mfn;
}

/* Flags that no table entry may have, at any level; and flags that are allowed. */
static void check_flags(void)
{
    static const struct {
        u64 flags;
        const char *name;
    } refused[] = {{PTE_LARGE, "huge"},
                   {PTE_LARGE | PTE_GLOBAL, "huge and global"},
                   {PTE_PCD, "uncached"},
                   {PTE_PWT, "write-through"},
                   {PTE_GLOBAL, "global"}};

    for (unsigned level = 2; level <= 4; level++) {
        u64 at = slot_machine(tree.table[level], TREE_SLOT);
        u64 fresh = slot_machine(tree.table[level], TREE_SLOT + 1);
        u64 good = entry_for(tree.table[level - 1], PTE_TABLE);

        for (unsigned i = 0; i < ARRAY_LENGTH(refused); i++) {
            check_equal(mmu_update(at, good | refused[i].flags), -XEN_EINVAL,
                        "level %u, %s, in place", level, refused[i].name);
            check_equal(mmu_update(fresh, good | refused[i].flags), -XEN_EINVAL,
                        "level %u, %s, fresh", level, refused[i].name);
            check_equal(mmu_update(at | MMU_PT_UPDATE_PRESERVE_AD, good | refused[i].flags),
                        -XEN_EINVAL, "level %u, %s, PRESERVE_AD", level, refused[i].name);
        }
        check_equal(mmu_update(fresh, entry_for(plain, PTE_TABLE | PTE_LARGE)), -XEN_EINVAL,
                    "level %u, a huge page", level);
        check(!tree.table[level][TREE_SLOT + 1], "level %u: a refused entry is there", level);
        check_equal(mmu_update(at, good | PTE_NX | PTE_AVAILABLE), 0, "level %u, NX, software",
                    level);
        check_equal(mmu_update(at, good | 1ull << 52 | 1ull << 58), 0, "level %u, bits 52, 58",
                    level);
        check_equal(mmu_update(at, good), 0, "level %u, as it was", level);
    }
}

/* The same flags in a table that is then pinned. */
static void check_flags_by_pin(void)
{
    struct tree other;

    tree_make(&other);
    for (unsigned level = 2; level <= 4; level++) {
        u64 good = other.table[level][TREE_SLOT];

        other.table[level][TREE_SLOT] = good | PTE_LARGE;
        check_equal(tree_map(&other, PTE_RO), 0, "read-only");
        check_equal(tree_pin(&other, level), -XEN_EINVAL, "pinning level %u with a huge entry",
                    level);
        check_equal(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(other.table[level]), 0), -XEN_EINVAL,
                    "loading it");
        check_equal(tree_map(&other, PTE_RW), 0, "writable");
        other.table[level][TREE_SLOT] = good;
    }
}

/* Cache attributes are only for domains that have devices. */
static void check_cache_flags(void)
{
    static const u64 flags[] = {PTE_PCD, PTE_PWT, PTE_PAT, PTE_PCD | PTE_PWT};

    for (unsigned i = 0; i < ARRAY_LENGTH(flags); i++) {
        long result = mmu_update(window_machine, entry_for(plain, PTE_RW | flags[i]));

        check_equal(result, is_initial_domain() ? 0 : -XEN_EINVAL, "L1 flags %lx", flags[i]);
    }
    check_equal(mmu_update(window_machine, entry_for(plain, PTE_RW | PTE_GLOBAL)), 0, "L1, global");
    check_equal(mmu_update(window_machine, entry_for(plain, PTE_RW | PTE_NX | 1ull << 62)), 0,
                "L1, NX, bit 62");
    check_equal(mmu_update(window_machine, 0), 0, "unmapping");
}

static void check_hypervisor_slots(void)
{
    u64 good = entry_for(tree.table[3], PTE_TABLE);

    for (unsigned i = 256; i <= 271; i++) {
        u64 before = tree.table[4][i];

        check_equal(mmu_update(slot_machine(tree.table[4], i), good), -XEN_EINVAL, "L4 slot %u", i);
        check_equal(mmu_update(slot_machine(tree.table[4], i), 0), -XEN_EINVAL, "L4 slot %u, zero",
                    i);
        check_equal(mmu_update(slot_machine(root_first(), i), good), -XEN_EINVAL, "live L4 slot %u",
                    i);
        check_equal(tree.table[4][i], before, "the entry in slot %u", i);
    }
    check_equal(mmu_update(slot_machine(tree.table[4], 255), good), 0, "L4 slot 255");
    check_equal(mmu_update(slot_machine(tree.table[4], 272), good), 0, "L4 slot 272");
    check_equal(mmu_update(slot_machine(tree.table[4], 255), 0), 0, "L4 slot 255, zero");
    check_equal(mmu_update(slot_machine(tree.table[4], 272), 0), 0, "L4 slot 272, zero");
}

/* Frames that do not exist, and frames that are not the guest's. */
static void check_frames(void)
{
    u64 top = maximum_mfn();
    const u64 nowhere[] = {top + 1, top + 2, (1ull << 40) - 2, (1ull << 40) - 1};
    u64 foreign = (root_first()[256] & PTE_ADDRESS) / PAGE_SIZE;

    for (unsigned i = 0; i < ARRAY_LENGTH(nowhere); i++) {
        u64 address_bits = nowhere[i] * PAGE_SIZE;
        long result = mmu_update(window_machine, address_bits | PTE_RW);

        /* Xen takes the first frames for devices, which its initial domain may map. */
        if (nowhere[i] == (1ull << 40) - 1) {
            check_equal(result, -XEN_EINVAL, "L1 to frame %lx", nowhere[i]);
        } else if (!is_initial_domain()) {
            check_equal(result, -XEN_EPERM, "L1 to frame %lx", nowhere[i]);
        }
        for (unsigned level = 2; level <= 4; level++) {
            check_equal(mmu_update(slot_machine(tree.table[level], 9), address_bits | PTE_TABLE),
                        -XEN_EINVAL, "level %u to frame %lx", level, nowhere[i]);
        }
        check_equal(mmu_update(nowhere[i] * PAGE_SIZE, 0), -XEN_EINVAL, "a table in frame %lx",
                    nowhere[i]);
    }
    check_equal(mmu_update(window_machine, 0), 0, "unmapping");
    check_equal(mmu_update(window_machine, foreign * PAGE_SIZE | PTE_RW), -XEN_EBUSY,
                "mapping the hypervisor's frame %lx", foreign);
    check_equal(mmu_update(window_machine, foreign * PAGE_SIZE | PTE_RO), -XEN_EBUSY,
                "mapping the hypervisor's frame %lx to read", foreign);
    for (unsigned level = 2; level <= 4; level++) {
        check_equal(mmu_update(slot_machine(tree.table[level], 9), foreign * PAGE_SIZE | PTE_TABLE),
                    -XEN_EINVAL, "level %u to the hypervisor's frame", level);
    }
    check_equal(mmu_update(foreign * PAGE_SIZE, 0), -XEN_EINVAL, "a table of the hypervisor");
    check_equal(mmu_update(foreign * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 0), -XEN_EINVAL,
                "the hypervisor's frame in the map");
    check_equal(mmuext(MMUEXT_PIN_L3_TABLE, foreign, 0), -XEN_EINVAL,
                "pinning the hypervisor's table");
}

/* Writable mappings of what must stay read-only. */
static void check_writable(void)
{
    for (unsigned level = 1; level <= 4; level++) {
        u64 *table = tree.table[level];

        check_equal(mmu_update(window_machine, entry_for(table, PTE_RO)), 0, "level %u to read",
                    level);
        check_equal(mmu_update(window_machine, entry_for(table, PTE_RW)), -XEN_EBUSY,
                    "level %u to write, in place", level);
        check_equal(mmu_update(window_machine, 0), 0, "unmapping");
        check_equal(mmu_update(window_machine, entry_for(table, PTE_RW)), -XEN_EBUSY,
                    "level %u to write, fresh", level);
        check_equal(update_va_mapping(address(window), entry_for(table, PTE_RW), 0), -XEN_EBUSY,
                    "level %u to write, update_va_mapping", level);
        check_equal(mmu_update(slot_machine(tree.table[1], 9), entry_for(table, PTE_RW)),
                    -XEN_EBUSY, "level %u to write, from a tree that is not loaded", level);
        check(read_traps(window), "the window shows something");
    }
}

/* A level may only point to the next lower one. */
static void check_levels(void)
{
    for (unsigned level = 2; level <= 4; level++) {
        for (unsigned to = 0; to <= 4; to++) {
            u64 at = slot_machine(tree.table[level], 9);

            if (to == level - 1 || to == level) {
                continue;
            }
            check_equal(mmu_update(at, entry_for(tree.table[to], PTE_TABLE)), -XEN_EINVAL,
                        "a level %u entry to level %u", level, to);
            check(!tree.table[level][9], "it is there: %lx", tree.table[level][9]);
        }
    }
}

/* A table that maps itself: a writable entry is refused; a read-only one is too in Pinion, and Xen
 * may allow it. */
static void check_linear(void)
{
    for (unsigned level = 2; level <= 4; level++) {
        u64 at = slot_machine(tree.table[level], 9), self = mfn_of(tree.table[level]) * PAGE_SIZE;
        long result;

        check_equal(mmu_update(at, self | PTE_TABLE), -XEN_EINVAL,
                    "a writable linear entry, level %u", level);
        result = mmu_update(at, self | PTE_RO);
        check(!result || result == -XEN_EINVAL, "a linear entry, level %u: %ld", level, result);
        if (!result) {
            print("Note: linear entries are allowed at level %u\n", level);
            check_equal(mmu_update(at, self | PTE_TABLE), -XEN_EINVAL, "made writable, level %u",
                        level);
        }
        check_equal(mmu_update(at, 0), 0, "zero, level %u", level);
    }
}

static void check_pins(void)
{
    static const u64 numbers[] = {(1ull << 40) - 1, 1ull << 40, 1ull << 52, ~0ull >> 1, ~0ull};

    for (unsigned i = 0; i < ARRAY_LENGTH(numbers); i++) {
        for (unsigned level = 1; level <= 4; level++) {
            check_equal(mmuext(pin_command(level), numbers[i], 0), -XEN_EINVAL, "pinning frame %lx",
                        numbers[i]);
        }
        check_equal(mmuext(MMUEXT_UNPIN_TABLE, numbers[i], 0), -XEN_EINVAL, "unpinning frame %lx",
                    numbers[i]);
        check_equal(mmuext(MMUEXT_CLEAR_PAGE, numbers[i], 0), -XEN_EINVAL, "clearing frame %lx",
                    numbers[i]);
        check_equal(mmuext(MMUEXT_COPY_PAGE, mfn_of(plain), numbers[i]), -XEN_EINVAL,
                    "copying frame %lx", numbers[i]);
    }
    for (unsigned level = 1; level <= 4; level++) {
        check_equal(mmuext(pin_command(level), mfn_of(plain), 0), -XEN_EINVAL,
                    "pinning a writable page, level %u", level);
    }
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(plain), 0), -XEN_EINVAL,
                "unpinning a plain page");
    check_equal(mmuext(MMUEXT_CLEAR_PAGE, mfn_of(tree.table[1]), 0), -XEN_EINVAL,
                "clearing a table");
    check_equal(mmuext(MMUEXT_COPY_PAGE, mfn_of(tree.table[1]), mfn_of(plain)), -XEN_EINVAL,
                "copying over a table");
    check_equal(mmuext(MMUEXT_MARK_SUPER, 0, 0), -XEN_EOPNOTSUPP, "MARK_SUPER");
    check_equal(mmuext(MMUEXT_UNMARK_SUPER, 0, 0), -XEN_EOPNOTSUPP, "UNMARK_SUPER");
}

/* Addresses that update_va_mapping refuses, with each kind of flush. */
static void check_va(void)
{
    static const u64 addresses[] = {0xffff800000000000, 0xffff804000000000, 0xffff87fffffff000,
                                    0x0000800000000000, 0xffff7ffffffff000, 1ull << 63,
                                    0x0000700000000000};
    static const u64 flags[] = {0,           UVMF_TLB_FLUSH,         UVMF_TLB_FLUSH | UVMF_ALL,
                                UVMF_INVLPG, UVMF_INVLPG | UVMF_ALL, 3,
                                UVMF_ALL,    UVMF_FLUSHTYPE_MASK | 4};

    for (unsigned i = 0; i < ARRAY_LENGTH(addresses); i++) {
        for (unsigned j = 0; j < ARRAY_LENGTH(flags); j++) {
            check_equal(update_va_mapping(addresses[i], entry_for(plain, PTE_RW), flags[j]),
                        -XEN_EINVAL, "va %lx, flags %lx", addresses[i], flags[j]);
        }
    }
    check_equal(mmuext(MMUEXT_INVLPG_LOCAL, HYPERVISOR_VIRT_START, 0), 0, "INVLPG_LOCAL there");
    check_equal(mmuext(MMUEXT_INVLPG_ALL, HYPERVISOR_VIRT_START, 0), 0, "INVLPG_ALL there");
}

static void check_commands_and_domains(void)
{
    struct mmu_update request = {window_machine, 0};

    for (unsigned command = 4; command < 8; command++) {
        check_equal(mmu_update(window_machine | command, 0), -XEN_ENOSYS, "command %u", command);
    }
    check_equal(hypercall6(__HYPERVISOR_mmu_update, address(&request), 1, 0, 4242, 0, 0),
                -XEN_ESRCH, "frames of domain 4242");
    check_equal(hypercall6(__HYPERVISOR_mmu_update, address(&request), 1, 0,
                           4243u << 16 | DOMID_SELF, 0, 0),
                -XEN_ESRCH, "tables of domain 4242");
    check(hypercall6(__HYPERVISOR_mmu_update, address(&request), 1, 0, DOMID_INVALID, 0, 0) < 0,
          "frames of DOMID_INVALID");
    if (!is_initial_domain()) {
        check(hypercall6(__HYPERVISOR_mmu_update, address(&request), 1, 0, DOMID_XEN, 0, 0) < 0,
              "frames of DOMID_XEN");
        check(hypercall6(__HYPERVISOR_mmu_update, address(&request), 1, 0, DOMID_IO, 0, 0) < 0,
              "frames of DOMID_IO");
    }
    check_equal(
        hypercall6(__HYPERVISOR_update_va_mapping_otherdomain, address(window), 0, 0, 4242, 0, 0),
        -XEN_ESRCH, "update_va_mapping_otherdomain 4242");
}

void test_main(void)
{
    plain = page_take();
    window = window_take();
    window_machine = entry_machine(address(window), 1);
    mmu_update(window_machine, 0);
    tree_make(&tree);
    if (tree_map(&tree, PTE_RO) || tree_pin(&tree, 4)) {
        error("cannot pin a good tree");
    }
    check_flags();
    check_flags_by_pin();
    check_cache_flags();
    check_hypervisor_slots();
    check_frames();
    check_writable();
    check_levels();
    check_linear();
    check_pins();
    check_va();
    check_commands_and_domains();
}
