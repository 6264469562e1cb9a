/* SPDX-License-Identifier: MIT */
/* Proves that no debug register takes a value that could harm the hypervisor (breakpoints on its
 * addresses or on ports, general detection, reserved bits), and that a value that is taken reads
 * back as hardware shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/vcpu/debug.h"
#include "hypervisor/vcpu/vcpu.h"

struct vcpu *current_vcpu(void)
{
    return NULL; /* this test has no real debug registers */
}

bool guest_range_ok(u64 address, u64 size)
{
    u64 last = address + size - 1;

    return last >= address && (last < 1ull << 47 || address >= 0xffff880000000000);
}

static void debug_registers_are_harmless(void **state)
{
    static const struct {
        u32 reg;
        u64 value;
        s64 result;
        u64 reads;
    } cases[] = {
        {0, 0x1000, 0, 0x1000},
        {1, 0x7fffffffffff, 0, 0x7fffffffffff},
        {2, 0x800000000000, -XEN_EPERM, 0}, /* not canonical */
        {3, 0xffff800000000000, -XEN_EPERM, 0},
        {3, 0xffff87ffffffffff, -XEN_EPERM, 0},
        {3, 0xffff880000000000, 0, 0xffff880000000000},
        {6, 0, 0, 0xffff0ff0},
        {6, 0xffffffff, 0, 0xffffefff},
        {6, 1ull << 32, -XEN_EINVAL, 0xffff0ff0},
        {4, 0x4001, 0, 0xffff4ff1}, /* DR4 is another name of DR6 */
        {7, 0, 0, 0x400},
        {7, 0xffff03ff & ~0x33330000ull, 0, 0xcccc07ff},
        {7, 1 << 11 | 1 << 12 | 1 << 14 | 1 << 15, 0, 0x400},
        {7, 1 << 13, -XEN_EPERM, 0x400}, /* general detection */
        {7, 1ull << 32, -XEN_EINVAL, 0x400},
        {7, 0x00020001, -XEN_EPERM, 0x400}, /* a breakpoint on a port, enabled */
        {7, 0x20000080, -XEN_EPERM, 0x400},
        {7, 0x00020004, 0, 0x00020404}, /* a breakpoint on a port, with another one enabled */
        {8, 0, -XEN_ENODEV, 0},
    };

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vcpu vcpu = {.debug = {[6] = 0xffff0ff0, [7] = 0x400}};

        assert_int_equal(debug_set(&vcpu, cases[i].reg, cases[i].value), cases[i].result);
        assert_int_equal(debug_get(&vcpu, cases[i].reg), cases[i].reads);
    }
}

static void four_and_five_are_other_names_until_cr4_de(void **state)
{
    struct vcpu vcpu = {0};

    (void)state;
    assert_int_equal(debug_set(&vcpu, 5, 1), 0);
    assert_int_equal(debug_get(&vcpu, 7), 0x401);
    vcpu.cr4 = CR4_DE;
    assert_false(debug_exists(&vcpu, 4));
    assert_int_equal(debug_set(&vcpu, 5, 3), -XEN_ENODEV);
    assert_int_equal(debug_get(&vcpu, 5), 0);
    assert_int_equal(debug_get(&vcpu, 7), 0x401);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(debug_registers_are_harmless),
        cmocka_unit_test(four_and_five_are_other_names_until_cr4_de),
    };

    return cmocka_run_group_tests_name("hypervisor/debug", tests, NULL, NULL);
}
