/* SPDX-License-Identifier: MIT */
/* Proves that a frame is never used as two types at once (group A of docs/security.md), for every
 * way in which a frame gets a type, with another vCPU acting in the middle of the operation:
 * XSA-401, 242, 287, 37, 58, 113. */
#include "tests/machine/guest.h"
#include "vmmu/frame.h"

static struct space space; /* vCPU 0 runs on it */
static mfn_t page;
static enum vmmu_result theirs;

static struct vmmu_vcpu *vcpu(u32 i)
{
    return &guest.vcpu[i];
}

/* ---- every way in which a page becomes a table or a descriptor page -------------------------- */

enum way {
    PIN_1,
    PIN_2,
    PIN_3,
    PIN_4,
    HOOK_1,
    HOOK_2,
    HOOK_3,
    GDT,
    LDT,
    KERNEL_ROOT,
    USER_ROOT,
    WAYS
};

static enum vmmu_result use(enum way way, mfn_t m)
{
    const mfn_t above[] = {space.l2, space.l3, space.l4};
    switch (way) {
    case PIN_1:
    case PIN_2:
    case PIN_3:
    case PIN_4:
        return vmmu_pin(vcpu(0), &guest.domain, m, way - PIN_1 + 1);
    case HOOK_1:
    case HOOK_2:
    case HOOK_3:
        return guest_set(&guest, above[way - HOOK_1], 300, LINK(m));
    case GDT:
        return vmmu_set_gdt(vcpu(0), &m, 1, 512);
    case LDT:
        assert_done(guest_set(&guest, space.l1, 9, RO(m)));
        assert_done(vmmu_set_ldt(vcpu(0), guest_address(9), 512));
        return vmmu_ldt_fault(vcpu(0), 0);
    case KERNEL_ROOT:
        return vmmu_set_kernel_root(vcpu(2), m);
    case USER_ROOT:
        return vmmu_set_user_root(vcpu(2), m);
    default:
        return VMMU_DONE;
    }
}

static void unuse(enum way way, mfn_t m)
{
    const mfn_t above[] = {space.l2, space.l3, space.l4};
    if (way <= PIN_4) {
        assert_done(vmmu_unpin(vcpu(0), &guest.domain, m));
    } else if (way <= HOOK_3) {
        assert_done(guest_set(&guest, above[way - HOOK_1], 300, 0));
    } else if (way == GDT) {
        assert_done(vmmu_set_gdt(vcpu(0), NULL, 0, 0));
    } else if (way == LDT) {
        assert_done(vmmu_set_ldt(vcpu(0), vaddr(0), 0));
        assert_done(guest_set(&guest, space.l1, 9, 0));
    } else {
        assert_done(vmmu_vcpu_stop(vcpu(2)));
    }
}

/* A page that CPU 0 can still write to at address 5 by a stale translation; no entry maps it. */
static mfn_t stale_page(void)
{
    const mfn_t m = guest_page(&guest);
    assert_done(guest_set(&guest, space.l1, 5, RW(m)));
    assert_true(cpu_store(0, guest_address(5), 0));
    assert_done(guest_set(&guest, space.l1, 5, 0));
    return m;
}

/* ---- XSA-401 ------------------------------------------------------------------------------- */

static void write_to_it_again(void)
{
    machine.on_flush = NULL;
    theirs = vmmu_update(vcpu(1), &guest.domain, &guest.domain, machine_at(space.l1, 6), RW(page),
                         VMMU_UPDATE_NORMAL);
    if (theirs == VMMU_DONE) {
        cpu_store(0, guest_address(6), 1);
        vmmu_update(vcpu(1), &guest.domain, &guest.domain, machine_at(space.l1, 6), 0,
                    VMMU_UPDATE_NORMAL);
    }
}

static void xsa_401_nobody_writes_between_flush_and_check(void **state)
{
    (void)state;
    space = guest_running_space(&guest);
    for (enum way way = 0; way < WAYS; way++) {
        page = stale_page();
        machine.on_flush = write_to_it_again;
        assert_done(use(way, page));
        assert_null(machine.on_flush);
        assert_refused(WRITABLE_TABLE, theirs);
        assert_false(cpu_store(0, guest_address(5), RW(space.l4)));
        assert_false(cpu_store(0, guest_address(6), RW(space.l4)));
        assert_audit();
        unuse(way, page);
    }
}

/* ---- XSA-242 ------------------------------------------------------------------------------- */

static mfn_t locked;
static u32 pauses;

static void unlock_later(void)
{
    assert_true(look(locked).validated);
    if (++pauses == 3) {
        machine.on_pause = NULL;
        atomic_fetch_and(&frame_of(locked)->type, ~USE_LOCKED);
    }
}

static void xsa_242_a_lock_is_not_the_last_use(void **state)
{
    /* While another CPU changes an entry of a table, the table loses its last type reference, in
     * each way. */
    (void)state;
    space = guest_running_space(&guest);
    for (enum way way = 0; way < WAYS; way++) {
        if (way == GDT || way == LDT) {
            continue;
        }
        const mfn_t child = guest_page(&guest);
        locked = guest_page(&guest);
        machine_words(locked)[3] = RO(child);
        assert_done(use(way, locked));
        pauses = 0;
        atomic_fetch_or(&frame_of(locked)->type, USE_LOCKED);
        machine.on_pause = unlock_later;
        unuse(way, locked);
        assert_int_equal(pauses, 3);
        assert_int_equal(look(locked).type_count, 0);
        assert_int_equal(look(child).references, 1);
        assert_audit();
    }
}

/* ---- XSA-287 ------------------------------------------------------------------------------- */

static void release_it(void)
{
    machine.on_flush = NULL;
    theirs = vmmu_take(&guest.domain, page);
}

static void xsa_287_a_page_goes_while_it_is_being_used(void **state)
{
    /* The guest hands the page back in the middle of the operation: the use is completed, and the
     * page is freed once, when the use ends. */
    (void)state;
    space = guest_running_space(&guest);
    for (enum way way = 0; way < WAYS; way++) {
        page = stale_page();
        const u64 freed = machine.freed;
        machine.on_flush = release_it;
        assert_done(use(way, page));
        assert_done(theirs);
        assert_int_equal(machine.freed, freed);
        assert_true(vmmu_frame_owned_by(&guest.domain, page));
        assert_refused(ALREADY_RELEASED, vmmu_take(&guest.domain, page));
        assert_audit();
        unuse(way, page);
        assert_int_equal(machine.freed, freed + 1);
        assert_false(look(page).owned);
        assert_false(cpu_any_translates_to(page));
    }
}

static void xsa_287_a_page_that_went_is_not_had(void **state)
{
    (void)state;
    space = guest_running_space(&guest);
    page = guest_page(&guest);
    assert_done(vmmu_take(&guest.domain, page));
    for (u32 owner = 0; owner < 2; owner++) {
        for (enum way way = 0; way < WAYS; way++) {
            if (way != LDT) {
                assert_refused(NOT_OWNER, use(way, page));
            }
        }
        assert_refused(FOREIGN_MAPPING, guest_set(&guest, space.l1, 5, RW(page)));
        assert_refused(FOREIGN_MAPPING, guest_set(&guest, space.l1, 5, RO(page)));
        assert_refused(NOT_OWNER, guest_set(&guest, page, 5, 0));
        assert_refused(NOT_OWNER, guest_hold(&guest, page));
        assert_refused(NOT_OWNER, vmmu_reference(&guest.domain, page));
        assert_refused(NOT_OWNER, vmmu_set_m2p(&guest.domain, page, 0));
        assert_refused(NOT_OWNER, vmmu_update_descriptor(vcpu(0), machine_at(page, 0), 0));
        assert_refused(NOT_OWNER, vmmu_take(&guest.domain, page));
        if (owner == 0) { /* 0: the frame has no owner; else another guest has it */
            do {
                page = guest_page(&other);
            } while (vmmu_frame_owned_by(&guest.domain, page));
        }
    }
    assert_int_equal(look(page).references, 1);
}

/* ---- XSA-37 -------------------------------------------------------------------------------- */

static void want_it_as_everything(void)
{
    machine.on_flush = NULL;
    for (u32 level = 1; level <= 4; level++) {
        const enum vmmu_result result = vmmu_pin(vcpu(1), &guest.domain, page, level);
        assert_true(result == VMMU_AGAIN || result == VMMU_REFUSED_WRONG_TYPE);
    }
    assert_refused(WRITABLE_TABLE,
                   vmmu_update(vcpu(1), &guest.domain, &guest.domain, machine_at(space.l1, 6),
                               RW(page), VMMU_UPDATE_NORMAL));
    const enum vmmu_result gdt = vmmu_set_gdt(vcpu(1), &page, 1, 1);
    assert_true(gdt == VMMU_AGAIN || gdt == VMMU_REFUSED_WRONG_TYPE);
    const enum vmmu_result store = vmmu_update(vcpu(1), &guest.domain, &guest.domain,
                                               machine_at(page, 6), RW(page), VMMU_UPDATE_NORMAL);
    assert_true(store == VMMU_AGAIN || store == VMMU_REFUSED_DESCRIPTOR_PAGE);
    assert_refused(WRONG_TYPE, vmmu_hold(&guest.domain, page));
}

static void xsa_37_everything_at_once_has_an_answer(void **state)
{
    (void)state;
    space = guest_running_space(&guest);
    for (enum way way = 0; way < WAYS; way++) {
        page = stale_page();
        machine.on_flush = want_it_as_everything;
        assert_done(use(way, page));
        assert_null(machine.on_flush);
        assert_int_equal(look(page).type_count, 1);
        assert_audit();
        unuse(way, page);
    }
}

/* ---- XSA-58 -------------------------------------------------------------------------------- */

/* Uses a table whose entry `slot` is bad, which is refused, with a stop at the k-th question; then
 * hands the table back. */
static void fail_and_release(enum way way, u32 slot, u64 bad, u64 k)
{
    const mfn_t table = guest_page(&guest), child = guest_page(&guest);
    const u64 freed = machine.freed;
    enum vmmu_result result;
    machine_words(table)[slot == 0 ? 1 : 0] =
        way == PIN_1 || way == HOOK_1 ? RW(child) : LINK(child);
    machine_words(table)[slot] = bad;
    machine_stop_at(k);
    while ((result = use(way, table)) == VMMU_AGAIN) {
        assert_audit();
    }
    assert_true(result > VMMU_AGAIN);
    assert_audit();
    assert_done(vmmu_take(&guest.domain, table)); /* its undoing may still be a deferred release */
    for (u32 i = 0; i < GUEST_VCPUS; i++) {
        while (vmmu_finish(vcpu(i)) == VMMU_AGAIN) {
            assert_audit();
        }
    }
    assert_int_equal(machine.freed, freed + 1);
    assert_false(look(table).owned);
    assert_int_equal(look(child).references, 1);
    assert_int_equal(look(child).type_count, 0);
    assert_done(vmmu_take(&guest.domain, child));
}

static void xsa_58_a_refused_table_is_freed_once(void **state)
{
    const u32 slots[] = {0, 1, 100, 511};
    const enum way ways[] = {PIN_1,  PIN_2,  PIN_3,       PIN_4,    HOOK_1,
                             HOOK_2, HOOK_3, KERNEL_ROOT, USER_ROOT};
    (void)state;
    space = guest_running_space(&guest);
    const u64 bad[] = {RW(mfn(1)), RW(space.l1), RO(mfn(machine.frames)), RW(mfn(1)) | PTE_PCD};
    for (u32 i = 0; i < ARRAY_LENGTH(ways) * ARRAY_LENGTH(slots) * ARRAY_LENGTH(bad); i++) {
        const enum way way = ways[i / ARRAY_LENGTH(slots) / ARRAY_LENGTH(bad)];
        const u64 entry = bad[i % ARRAY_LENGTH(bad)];
        const bool is_good = (entry == RW(space.l1)) && (way == PIN_2 || way == HOOK_2);
        for (u64 k = 0; k < 4 && !is_good; k++) {
            fail_and_release(way, slots[i / ARRAY_LENGTH(bad) % ARRAY_LENGTH(slots)], entry, k);
        }
    }
}

/* ---- XSA-113 ------------------------------------------------------------------------------- */

static void xsa_113_refusals_keep_nothing(void **state)
{
    const mfn_t table = guest_page(&guest), foreign = guest_page(&other);
    (void)state;
    space = guest_running_space(&guest);
    page = guest_page(&guest);
    assert_done(vmmu_pin(vcpu(0), &guest.domain, table, 1));
    for (u32 i = 0; i < 1000; i++) {
        assert_refused(NOT_OWNER, vmmu_set_m2p(&guest.domain, foreign, 0));
        assert_refused(ALREADY_PINNED, vmmu_pin(vcpu(0), &guest.domain, table, 1));
        assert_refused(NOT_PINNED, vmmu_unpin(vcpu(0), &guest.domain, page));
        assert_refused(WRITABLE_TABLE, guest_set(&guest, space.l1, 5, RW(table)));
        assert_refused(WRONG_TYPE, guest_hold(&guest, table));
        assert_refused(WRONG_TYPE, vmmu_set_gdt(vcpu(0), &table, 1, 1));
        assert_refused(WRONG_TYPE, guest_set(&guest, space.l4, 300, LINK(table)));
        assert_refused(SUPERPAGE, guest_set(&guest, space.l2, 300, LINK(table) | PTE_LARGE));
        assert_refused(CACHE_BITS, guest_set(&guest, space.l1, 5, RW(page) | PTE_PCD));
        assert_refused(HYPERVISOR_SLOT, guest_set(&guest, space.l4, 256, 0));
        assert_refused(NOT_L1_TABLE, vmmu_map_at(vcpu(0), &guest.domain, machine_at(page, 0), 0));
        assert_refused(WRONG_TYPE, vmmu_update_descriptor(vcpu(0), machine_at(table, 0), 0));
    }
    assert_int_equal(look(foreign).references, 1);
    assert_int_equal(look(table).references, 2);
    assert_int_equal(look(page).references, 1);
    assert_done(vmmu_take(&guest.domain, page));
    assert_int_equal(machine.freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(xsa_401_nobody_writes_between_flush_and_check),
        GUEST_TEST(xsa_242_a_lock_is_not_the_last_use),
        GUEST_TEST(xsa_287_a_page_goes_while_it_is_being_used),
        GUEST_TEST(xsa_287_a_page_that_went_is_not_had),
        GUEST_TEST(xsa_37_everything_at_once_has_an_answer),
        SMALL_TEST(xsa_58_a_refused_table_is_freed_once),
        GUEST_TEST(xsa_113_refusals_keep_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
