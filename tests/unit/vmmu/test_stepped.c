/* SPDX-License-Identifier: MIT */
/* Proves: wherever one operation is, at each basic block of the engine, another CPU can do another
 * operation as a whole; nothing is counted wrongly, reachable by a stale translation or left
 * behind. Guest 1 has its hands in guest 2, maps its frames and device frames, and replaces
 * mappings; guest 2 uses its frames, releases them, or is torn down.
 *
 * The engine is compiled for this test so that each block calls __sanitizer_cov_trace_pc. */
#include <string.h>

#include "tests/machine/guest.h"
#include "vmmu/engine.h"

#define FOREIGN 5u /* the slots of mine.l1: a page of guest 2, */
#define OWN     6u
#define DEVICE  7u
#define FREE    8u
#define BELOW   9u

/* What one CPU does: the vCPUs by which it acts for either guest. */
struct actor {
    struct vmmu_vcpu *mine, *theirs;
};

static struct space mine, theirs;
static mfn_t loose, page, own, spare; /* `loose`: an L2 table of guest 2 that is not live */

/* ---- operations ----------------------------------------------------------------------------- */

static void set(struct vmmu_vcpu *vcpu, struct guest *tables, struct guest *frames, mfn_t table,
                u32 index, u64 entry)
{
    vmmu_update(vcpu, &tables->domain, &frames->domain, machine_at(table, index), entry,
                VMMU_UPDATE_NORMAL);
}

static void pin_live(struct actor a)
{
    vmmu_pin(a.mine, &other.domain, theirs.l1, 1);
}

static void pin_loose(struct actor a)
{
    vmmu_pin(a.mine, &other.domain, loose, 2);
}

static void unpin(struct actor a)
{
    vmmu_unpin(a.mine, &other.domain, theirs.l4);
}

static void link_loose(struct actor a)
{
    set(a.mine, &other, &other, theirs.l3, 9, LINK(loose));
}

static void give(struct actor a)
{
    (void)a;
    if (vmmu_give(&other.domain, spare, pfn(1)) != VMMU_DONE) {
        machine_free(spare);
    }
}

static void hold(struct actor a)
{
    (void)a;
    if (vmmu_hold(&other.domain, page) == VMMU_DONE) {
        vmmu_unhold(page);
    }
}

/* The table is left partial first, if this may be interrupted. */
static void hold_partial(struct actor a)
{
    vmmu_pin(a.mine, &other.domain, loose, 2);
    if (vmmu_hold(&other.domain, loose) == VMMU_DONE) {
        vmmu_unhold(loose);
    }
}

static void map(struct actor a)
{
    set(a.mine, &guest, &other, mine.l1, FREE, RW(page));
}

static void unmap(struct actor a)
{
    vmmu_unmap_at(a.mine, machine_at(mine.l1, FOREIGN), page, true);
}

static void weaken(struct actor a)
{
    set(a.mine, &guest, &guest, mine.l1, FOREIGN, RO(page) | PTE_ACCESSED | PTE_DIRTY);
}

static void replace(struct actor a)
{
    vmmu_replace_va(a.mine, guest_address(FOREIGN), guest_address(OWN), page, true);
}

static void replace_back(struct actor a)
{
    vmmu_replace_va(a.mine, guest_address(OWN), guest_address(FOREIGN), own, true);
}

static void replace_by_device(struct actor a)
{
    vmmu_replace_va(a.mine, guest_address(FOREIGN), guest_address(DEVICE), page, true);
}

static void clear_own(struct actor a)
{
    set(a.mine, &guest, &guest, mine.l1, OWN, 0);
    vmmu_take(&guest.domain, own);
}

static void swap_own(struct actor a)
{
    set(a.mine, &guest, &guest, mine.l1, OWN, RO(mine.l1));
}

static void touch_own(struct actor a)
{
    (void)a;
    cpu_flush(1);
    cpu_store(1, guest_address(OWN), 0);
}

/* Gives the page away, if nothing keeps it, to guest 2. */
static void lose_own(struct actor a)
{
    mfn_t taken[64];
    u32 count = 0;
    clear_own(a);
    if (look(own).owned) {
        return;
    }
    do {
        taken[count] = machine_allocate();
    } while (!mfn_equal(taken[count++], own));
    for (u32 i = 0; i + 1 < count; i++) {
        machine_free(taken[i]);
    }
    assert_done(vmmu_give(&other.domain, own, pfn(2)));
}

static void own_to_device(struct actor a)
{
    set(a.mine, &guest, &guest, mine.l1, OWN, RW(mfn(0)) | PTE_PCD);
}

static void device_to_own(struct actor a)
{
    set(a.mine, &guest, &guest, mine.l1, DEVICE, RW(own));
}

static void unhook(struct actor a)
{
    set(a.mine, &guest, &guest, mine.l2, 0, 0);
}

static void stop(struct actor a)
{
    (void)a;
    vmmu_domain_stop(&other.domain);
}

static void take(struct actor a)
{
    (void)a;
    vmmu_take(&other.domain, page);
}

static void pin_own(struct actor a)
{
    vmmu_pin(a.theirs, &other.domain, loose, 2);
}

static void retype(struct actor a)
{
    vmmu_pin(a.theirs, &other.domain, page, 1);
}

static void unpin_own(struct actor a)
{
    vmmu_unpin(a.theirs, &other.domain, theirs.l4);
}

/* ---- in the middle of an operation ---------------------------------------------------------- */

#define TIMES_MAX 2u /* of a block that is executed more often, only so many are tried */
#define BLOCKS    8192u

static struct {
    void (*action)(struct actor);
    u64 block, at;
    bool happened;
    u8 times[BLOCKS]; /* how often each block was executed, by its address */
} meanwhile;

void __sanitizer_cov_trace_pc(void);

/* Another CPU waits for a locked table, for ever if the CPU that has it locked does not go on. */
static bool is_locked(void)
{
    for (u64 m = 0; m < machine.frames; m++) {
        const u64 references = frame_references(mfn(m));
        if ((ref_is_owned_by(references, 1) || ref_is_owned_by(references, 2)) &&
            use_is_locked(frame_type_word(mfn(m)))) {
            return true;
        }
    }
    return false;
}

void __sanitizer_cov_trace_pc(void)
{
    void (*const action)(struct actor) = meanwhile.action;
    const u64 address = (u64)__builtin_return_address(0);
    u8 *const times = &meanwhile.times[address % BLOCKS];
    if (!action || *times == TIMES_MAX) {
        return;
    }
    ++*times;
    if (++meanwhile.block < meanwhile.at || is_locked()) {
        return;
    }
    const u64 stop_each = machine.stop_each;
    meanwhile.action = NULL;
    meanwhile.happened = true;
    machine.stop_each = 0;
    machine_run_on(1);
    action((struct actor){&guest.vcpu[1], &other.vcpu[1]});
    machine_run_on(0);
    machine.stop_each = stop_each;
}

static enum vmmu_access access(u16 id, mfn_t m)
{
    (void)m;
    return id == 1 ? VMMU_ACCESS_WRITE : VMMU_ACCESS_NONE;
}

static void prepare(void)
{
    void *unused;
    guest_setup_tiny(&unused);
    vmmu_own_device(mfn(0));
    machine.device_access = access;
    page = guest_page(&other);
    loose = guest_page(&other);
    const mfn_t below = guest_page(&other);
    machine_words(loose)[3] = machine_words(loose)[4] = LINK(below);
    theirs = guest_space(&other);
    machine_words(theirs.l4)[1] = LINK(theirs.l3);
    machine_words(theirs.l3)[1] = LINK(theirs.l2);
    machine_words(theirs.l1)[3] = RO(page);
    assert_done(vmmu_pin(&other.vcpu[0], &other.domain, theirs.l4, 4));
    mine = guest_running_space(&guest);
    guest_run(&guest, 1, mine.l4);
    machine_run_on(0);
    own = guest_page(&guest);
    spare = machine_allocate();
    set(&guest.vcpu[0], &guest, &other, mine.l1, FOREIGN, RW(page));
    set(&guest.vcpu[0], &guest, &other, mine.l1, BELOW, RO(below)); /* outlives guest 2 */
    set(&guest.vcpu[0], &guest, &guest, mine.l1, OWN, RW(own));
    set(&guest.vcpu[0], &guest, &guest, mine.l1, DEVICE, RW(mfn(0)));
    for (u32 cpu = 0; cpu < 2; cpu++) {
        u64 value;
        assert_true(cpu_store(cpu, guest_address(FOREIGN), 0));
        assert_true(cpu_load(cpu, guest_address(OWN), &value));
    }
}

static bool maps(u32 slot, mfn_t m)
{
    const u64 entry = machine_words(mine.l1)[slot];
    return (entry & PTE_PRESENT) && mfn_equal(entry_frame(entry), m);
}

/* What must be so after `second` has happened within `replace`. */
static void check_replaced(void (*second)(struct actor))
{
    if (second == swap_own) { /* the entry that is new in the slot is moved, or stays */
        assert_true(maps(OWN, mine.l1) != maps(FOREIGN, mine.l1));
    }
    if (second == touch_own) { /* the processor's bits do not keep an entry */
        assert_true(maps(FOREIGN, own));
        assert_int_equal(machine_words(mine.l1)[OWN], 0);
    }
    if (second == lose_own) {
        assert_false(look(own).owner == 2 && maps(FOREIGN, own));
    }
}

static bool is_live_table(mfn_t m)
{
    const struct vmmu_frame_info info = look(m);
    return info.validated && info.type >= VMMU_TYPE_L1 && info.type <= VMMU_TYPE_L4;
}

/* Does `first`, and at each block of it `second`. `stop_each`: `first` is interrupted each so many
 * times that it can be, and not resumed. */
static void against(void (*first)(struct actor), void (*second)(struct actor), u64 stop_each)
{
    for (u64 at = 1; at < 5000; at++) {
        void *unused;
        prepare();
        memset(&meanwhile, 0, sizeof(meanwhile));
        meanwhile.action = second;
        meanwhile.at = at;
        machine.stop_each = stop_each;
        first((struct actor){&guest.vcpu[0], &other.vcpu[0]});
        meanwhile.action = NULL;
        machine.stop_each = 0;
        if (first == replace && meanwhile.happened) {
            check_replaced(second);
        }
        for (u32 cpu = 0; cpu < 2; cpu++) {
            assert_false(is_live_table(page) && cpu_store(cpu, guest_address(FOREIGN), 0));
            assert_done(vmmu_finish(&guest.vcpu[cpu]));
            assert_done(vmmu_finish(&other.vcpu[cpu]));
        }
        if (first != give && (second != give || !meanwhile.happened)) {
            machine_free(spare);
        }
        guest_teardown(&unused);
        if (!meanwhile.happened) {
            return;
        }
    }
    fail_msg("no end");
}

/* Does `first` against each of the others. */
#define AGAINST(first, ...)                                                                        \
    do {                                                                                           \
        void (*const others[])(struct actor) = {__VA_ARGS__};                                      \
        for (u32 i = 0; i < ARRAY_LENGTH(others); i++) {                                           \
            against(first, others[i], 0);                                                          \
        }                                                                                          \
    } while (0)

static void pin_live_against_others(void **state)
{
    (void)state;
    AGAINST(pin_live, stop, unpin, unpin_own, pin_live);
}

static void pin_loose_against_others(void **state)
{
    (void)state;
    AGAINST(pin_loose, stop, pin_own, pin_loose, link_loose);
}

static void unpin_against_others(void **state)
{
    (void)state;
    AGAINST(unpin, stop, unpin_own, pin_live, link_loose);
}

static void link_loose_against_others(void **state)
{
    (void)state;
    AGAINST(link_loose, stop, unpin, pin_own);
}

static void give_against_others(void **state)
{
    (void)state;
    AGAINST(give, stop);
}

static void hold_against_others(void **state)
{
    (void)state;
    AGAINST(hold, stop, take, retype, map);
}

static void map_against_others(void **state)
{
    (void)state;
    AGAINST(map, stop, take, retype, unhook);
}

static void unmap_against_others(void **state)
{
    (void)state;
    AGAINST(unmap, stop, take, retype, unhook, weaken, replace);
}

static void weaken_against_others(void **state)
{
    (void)state;
    AGAINST(weaken, stop, take, retype, unmap);
}

static void replace_against_others(void **state)
{
    (void)state;
    AGAINST(replace, stop, take, clear_own, swap_own, touch_own, lose_own, own_to_device, unmap,
            weaken, unhook, replace_back);
}

static void replace_back_against_others(void **state)
{
    (void)state;
    AGAINST(replace_back, stop, take, retype, clear_own, unmap, unhook);
}

static void replace_by_device_against_others(void **state)
{
    (void)state;
    AGAINST(replace_by_device, unhook, device_to_own, unmap);
}

static void own_to_device_against_others(void **state)
{
    (void)state;
    AGAINST(own_to_device, unhook, replace, clear_own, device_to_own);
}

static void device_to_own_against_others(void **state)
{
    (void)state;
    AGAINST(device_to_own, unhook, clear_own, replace_by_device);
}

static void stop_against_others(void **state)
{
    (void)state;
    AGAINST(stop, pin_live, pin_loose, unpin, link_loose, give, hold, map, unmap, replace);
}

static void nothing_is_left_by_what_is_interrupted(void **state)
{
    (void)state;
    for (u64 stop_each = 1; stop_each < 3; stop_each++) {
        against(pin_loose, stop, stop_each);
        against(unpin, stop, stop_each);
        against(link_loose, stop, stop_each);
        against(hold_partial, stop, stop_each);
        against(stop, pin_loose, stop_each);
        against(stop, unpin, stop_each);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pin_live_against_others),
        cmocka_unit_test(pin_loose_against_others),
        cmocka_unit_test(unpin_against_others),
        cmocka_unit_test(link_loose_against_others),
        cmocka_unit_test(give_against_others),
        cmocka_unit_test(hold_against_others),
        cmocka_unit_test(map_against_others),
        cmocka_unit_test(unmap_against_others),
        cmocka_unit_test(weaken_against_others),
        cmocka_unit_test(replace_against_others),
        cmocka_unit_test(replace_back_against_others),
        cmocka_unit_test(replace_by_device_against_others),
        cmocka_unit_test(own_to_device_against_others),
        cmocka_unit_test(device_to_own_against_others),
        cmocka_unit_test(stop_against_others),
        cmocka_unit_test(nothing_is_left_by_what_is_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
