/* SPDX-License-Identifier: MIT */
/* Proves which hypercalls call_quick serves, and with which arguments; that it does nothing in
 * every other case; and that operations of mmuext_op which it cannot do are left as the rest of an
 * interrupted call, none lost and none done twice; and which entries of a multicall
 * call_multicall_quick serves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/call/call.h"
#include "hypervisor/call/mmu.h"
#include "hypervisor/call/segment.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/vcpu/vcpu.h"

#define AT       0xffff888000001000ull /* the arguments in the guest's memory */
#define READABLE 3u                    /* how many operations can be read there */
#define UNKNOWN  0x77u

static struct {
    struct vcpu vcpu;
    struct mmuext_op op[READABLE];
    u64 pair[2]; /* a request of mmu_update */
    struct multicall_entry entry;
    u64 readable;    /* how many bytes of it can be read */
    bool refused;    /* what vmmu_update_quick and vmmu_set_root_quick do */
    bool unfinished; /* what vmmu_finish_quick does */
    u32 updates, kernel_roots, user_roots, loads, finishes, flushes;
    u64 root, which, base, stack[2], page;
} world;

bool copy_pair_from_kernel(u64 pair[2], u64 from)
{
    const struct mmuext_op *op;

    if (world.vcpu.registers.rax == __HYPERVISOR_mmu_update) {
        memcpy(pair, world.pair, sizeof world.pair);
        return from == AT;
    }
    if (world.vcpu.registers.rax == __HYPERVISOR_multicall) {
        if (from < AT || from - AT > world.readable - sizeof world.pair) {
            return false;
        }
        memcpy(pair, (const char *)&world.entry + (from - AT), sizeof world.pair);
        return true;
    }
    if (from < AT || from - AT >= sizeof world.op) {
        return false;
    }
    assert_int_equal((from - AT) % sizeof *op, 0);
    op = &world.op[(from - AT) / sizeof *op];
    pair[0] = op->cmd | 0xabcd00000000; /* above the command is what nobody has written */
    pair[1] = op->arg1.mfn;
    return true;
}

bool guest_range_ok(u64 address, u64 size)
{
    assert_int_equal(size, 1);
    return address >= 0xffff880000000000; /* what the test takes for the guest's */
}

void space_flush_page(u64 address, u64 other)
{
    world.page = address;
    assert_int_equal(other, world.vcpu.user_cr3);
}

bool vmmu_update_quick(struct vmmu_vcpu *vcpu, struct vmmu_request request)
{
    assert_ptr_equal(vcpu, &world.vcpu.mmu);
    assert_int_equal(request.at, world.pair[0]);
    assert_int_equal(request.entry, world.pair[1]);
    world.updates += !world.refused;
    return !world.refused;
}

bool vmmu_update_va_quick(struct vmmu_vcpu *vcpu, vaddr_t va, u64 entry)
{
    assert_ptr_equal(vcpu, &world.vcpu.mmu);
    assert_int_equal(va.a, world.entry.args[0]);
    assert_int_equal(entry, world.entry.args[1]);
    world.updates += !world.refused;
    return !world.refused;
}

bool vmmu_set_root_quick(struct vmmu_vcpu *vcpu, mfn_t m, bool kernel)
{
    assert_ptr_equal(vcpu, &world.vcpu.mmu);
    if (world.refused) {
        return false;
    }
    *(kernel ? &world.kernel_roots : &world.user_roots) += 1;
    world.root = m.n;
    return true;
}

bool vmmu_finish_quick(struct vmmu_vcpu *vcpu)
{
    assert_ptr_equal(vcpu, &world.vcpu.mmu);
    assert_int_equal(world.loads, world.kernel_roots); /* the old root is not in use any more */
    world.finishes++;
    return !world.unfinished;
}

void vcpu_refresh_roots(struct vcpu *vcpu)
{
    assert_ptr_equal(vcpu, &world.vcpu);
}

void vcpu_load_root(struct vcpu *vcpu)
{
    assert_ptr_equal(vcpu, &world.vcpu);
    world.loads++;
}

void space_flush(void)
{
    world.flushes++;
}

s64 segment_set_base(u64 which, u64 base)
{
    world.which = which;
    world.base = base;
    return base ? 0 : -XEN_EINVAL;
}

void vcpu_set_kernel_stack(struct vcpu *vcpu, u64 ss, u64 sp)
{
    assert_ptr_equal(vcpu, &world.vcpu);
    world.stack[0] = ss;
    world.stack[1] = sp;
}

/* ---- the tests */

static struct registers *call(u64 number, u64 rdi, u64 rsi, u64 rdx, u64 r10)
{
    struct registers *r = &world.vcpu.registers;

    r->rax = number;
    r->rdi = rdi;
    r->rsi = rsi;
    r->rdx = rdx;
    r->r10 = r10;
    return r;
}

/* Asserts that the call is done, with the result 0, which the caller stores, and nothing else. */
static void assert_served(void)
{
    const struct registers before = world.vcpu.registers;

    assert_true(call_quick(&world.vcpu));
    assert_memory_equal(&world.vcpu.registers, &before, sizeof before);
}

/* Asserts that nothing happens, to the registers least of all. */
static void assert_left(void)
{
    const struct registers before = world.vcpu.registers;

    assert_false(call_quick(&world.vcpu));
    assert_memory_equal(&world.vcpu.registers, &before, sizeof before);
}

/* Asserts that the call is left interrupted, with `count` operations from number `next` on. */
static void assert_rest(u32 next, u32 count)
{
    struct registers expected = world.vcpu.registers;

    expected.rdi = AT + next * sizeof(struct mmuext_op);
    expected.rsi = count | CALL_PREEMPTED;
    assert_false(call_quick(&world.vcpu));
    assert_memory_equal(&world.vcpu.registers, &expected, sizeof expected);
}

static void single_requests(void **state)
{
    (void)state;
    world.pair[0] = 0x1238;
    world.pair[1] = 0x5067;
    call(__HYPERVISOR_mmu_update, AT, 1, 0, DOMID_SELF);
    assert_served();
    assert_int_equal(world.updates, 1);
    call(__HYPERVISOR_mmu_update, AT, 2, 0, DOMID_SELF);
    assert_left();
    call(__HYPERVISOR_mmu_update, AT, 1 | CALL_PREEMPTED, 0, DOMID_SELF);
    assert_left();
    call(__HYPERVISOR_mmu_update, AT, 1, AT, DOMID_SELF);
    assert_left();
    call(__HYPERVISOR_mmu_update, AT, 1, 0, 1);
    assert_left();
    call(__HYPERVISOR_mmu_update, AT, 1, 0, 2ull << 16 | DOMID_SELF);
    assert_left();
    call(__HYPERVISOR_mmu_update, AT + 16, 1, 0, DOMID_SELF);
    assert_left();
    world.refused = true;
    call(__HYPERVISOR_mmu_update, AT, 1, 0, DOMID_SELF);
    assert_left();
    assert_int_equal(world.updates, 1);
}

static void set_op(u32 i, u32 command, u64 argument)
{
    world.op[i].cmd = command;
    world.op[i].arg1.mfn = argument;
}

static void both_roots(void **state)
{
    (void)state;
    set_op(0, MMUEXT_NEW_BASEPTR, 0x111);
    set_op(1, MMUEXT_NEW_USER_BASEPTR, 0x222);
    call(__HYPERVISOR_mmuext_op, AT, 2, 0, DOMID_SELF);
    assert_served();
    assert_int_equal(world.kernel_roots, 1);
    assert_int_equal(world.user_roots, 1);
    assert_int_equal(world.root, 0x222);
    assert_int_equal(world.loads, 1);
    assert_int_equal(world.finishes, 2);
    /* A number that no frame has. */
    set_op(0, MMUEXT_NEW_USER_BASEPTR, 1ull << 60);
    call(__HYPERVISOR_mmuext_op, AT, 1, 0, DOMID_SELF);
    assert_served();
    assert_int_equal(world.root, (1ull << 52) - 1);
    set_op(0, MMUEXT_NEW_USER_BASEPTR, 0); /* no user root */
    call(__HYPERVISOR_mmuext_op, AT, 1, 0, DOMID_SELF);
    assert_served();
    assert_int_equal(world.root, MFN_NONE.n);
}

static void flushes(void **state)
{
    (void)state;
    set_op(0, MMUEXT_TLB_FLUSH_LOCAL, 0);
    set_op(1, MMUEXT_INVLPG_LOCAL, 0xffff800000000000);
    call(__HYPERVISOR_mmuext_op, AT, 2, 0, DOMID_SELF);
    assert_served();
    assert_int_equal(world.flushes, 1);
    assert_int_equal(world.page, 0); /* an address of the hypervisor's: nothing to flush */
    set_op(0, MMUEXT_INVLPG_LOCAL, AT);
    call(__HYPERVISOR_mmuext_op, AT, 1, 0, DOMID_SELF);
    assert_served();
    assert_int_equal(world.page, AT);
}

static void a_release_that_is_left(void **state)
{
    (void)state;
    world.unfinished = true;
    set_op(0, MMUEXT_NEW_BASEPTR, 0x111);
    set_op(1, MMUEXT_NEW_USER_BASEPTR, 0x222);
    call(__HYPERVISOR_mmuext_op, AT, 2, 0, DOMID_SELF);
    assert_rest(1, 1);
    assert_int_equal(world.kernel_roots, 1);
    assert_int_equal(world.user_roots, 0);
    call(__HYPERVISOR_mmuext_op, AT, 1, 0, DOMID_SELF);
    assert_rest(1, 0);
}

static void an_operation_that_is_left(void **state)
{
    (void)state;
    set_op(0, MMUEXT_TLB_FLUSH_LOCAL, 0);
    set_op(1, UNKNOWN, 0);
    call(__HYPERVISOR_mmuext_op, AT, 2, 0, DOMID_SELF);
    assert_rest(1, 1);
    assert_int_equal(world.flushes, 1);
    world.refused = true;
    set_op(1, MMUEXT_NEW_BASEPTR, 0x111);
    call(__HYPERVISOR_mmuext_op, AT, 2, 0, DOMID_SELF);
    assert_rest(1, 1);
    assert_int_equal(world.loads, 0);
    /* The second operation cannot be read. */
    set_op(READABLE - 1, MMUEXT_TLB_FLUSH_LOCAL, 0);
    struct registers *r =
        call(__HYPERVISOR_mmuext_op, AT + (READABLE - 1) * sizeof world.op[0], 2, 0, DOMID_SELF);
    assert_false(call_quick(&world.vcpu));
    assert_int_equal(r->rdi, AT + sizeof world.op);
    assert_int_equal(r->rsi, 1 | CALL_PREEMPTED);
}

static void operations_of_other_forms(void **state)
{
    (void)state;
    set_op(0, MMUEXT_TLB_FLUSH_LOCAL, 0);
    set_op(1, MMUEXT_TLB_FLUSH_LOCAL, 0);
    const u64 counts[] = {0, 3, 1 | CALL_PREEMPTED};
    for (u32 i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        call(__HYPERVISOR_mmuext_op, AT, counts[i], 0, DOMID_SELF);
        assert_left();
    }
    call(__HYPERVISOR_mmuext_op, AT, 1, AT, DOMID_SELF);
    assert_left();
    call(__HYPERVISOR_mmuext_op, AT, 1, 0, 3);
    assert_left();
    call(__HYPERVISOR_mmuext_op, AT - 8, 1, 0, DOMID_SELF);
    assert_left();
    set_op(0, UNKNOWN, 0);
    call(__HYPERVISOR_mmuext_op, AT, 2, 0, DOMID_SELF);
    assert_left();
    assert_int_equal(world.flushes, 0);
}

static void stack_and_bases(void **state)
{
    (void)state;
    call(__HYPERVISOR_stack_switch, 0x2b, 0xffff888000004000, 7, 7);
    assert_served();
    assert_int_equal(world.stack[0], 0x2b);
    assert_int_equal(world.stack[1], 0xffff888000004000);
    call(__HYPERVISOR_set_segment_base, SEGBASE_FS, 0x7000, 7, 7);
    assert_served();
    assert_int_equal(world.which, SEGBASE_FS);
    assert_int_equal(world.base, 0x7000);
    call(__HYPERVISOR_set_segment_base, SEGBASE_FS, 0, 7, 7);
    assert_left(); /* a base that is refused */
}

static void all_other_calls(void **state)
{
    (void)state;
    for (u64 number = 0; number < 300; number++) {
        if (number != __HYPERVISOR_mmu_update && number != __HYPERVISOR_mmuext_op &&
            number != __HYPERVISOR_stack_switch && number != __HYPERVISOR_set_segment_base) {
            call(number, AT, 1, 0, DOMID_SELF);
            assert_left();
        }
    }
    call(1ull << 32 | __HYPERVISOR_stack_switch, AT, 1, 0, DOMID_SELF);
    assert_left();
}

static void entries_of_a_multicall(void **state)
{
    const struct multicall_entry served = {.op = __HYPERVISOR_update_va_mapping,
                                           .args = {0xffff888000005000, 0x5067, UVMF_NONE}};
    (void)state;
    world.vcpu.registers.rax = __HYPERVISOR_multicall;
    world.readable = sizeof served;
    world.entry = served;
    assert_true(call_multicall_quick(&world.vcpu, AT));
    assert_int_equal(world.updates, 1);
    /* Which CPUs would be flushed says nothing without a kind of flush. */
    world.entry.args[2] = UVMF_NONE | UVMF_ALL;
    assert_true(call_multicall_quick(&world.vcpu, AT));
    assert_int_equal(world.updates, 2);

    world.entry.args[2] = UVMF_INVLPG;
    assert_false(call_multicall_quick(&world.vcpu, AT));
    world.entry.args[2] = UVMF_TLB_FLUSH | UVMF_LOCAL;
    assert_false(call_multicall_quick(&world.vcpu, AT));
    world.entry = served;
    world.entry.op = __HYPERVISOR_update_va_mapping_otherdomain;
    assert_false(call_multicall_quick(&world.vcpu, AT));
    world.entry.op = 1ull << 32 | __HYPERVISOR_update_va_mapping;
    assert_false(call_multicall_quick(&world.vcpu, AT));
    world.entry = served;
    for (world.readable = 16; world.readable < 48; world.readable += 16) {
        assert_false(call_multicall_quick(&world.vcpu, AT));
    }
    assert_false(call_multicall_quick(&world.vcpu, AT - 8));
    world.readable = sizeof served;
    world.refused = true;
    assert_false(call_multicall_quick(&world.vcpu, AT));
    assert_int_equal(world.updates, 2);
}

static int setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(single_requests, setup),
        cmocka_unit_test_setup(both_roots, setup),
        cmocka_unit_test_setup(flushes, setup),
        cmocka_unit_test_setup(a_release_that_is_left, setup),
        cmocka_unit_test_setup(an_operation_that_is_left, setup),
        cmocka_unit_test_setup(operations_of_other_forms, setup),
        cmocka_unit_test_setup(stack_and_bases, setup),
        cmocka_unit_test_setup(all_other_calls, setup),
        cmocka_unit_test_setup(entries_of_a_multicall, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
