/* SPDX-License-Identifier: MIT */
/* Proves that a store of the privileged domain to a device that nobody may write to is not done,
 * and passed on with its place, its size and what it would have written. Memory is a fake of
 * emulate_world.c. */
#include "tests/unit/emulate/emulate_world.h"

/* Puts the guest's kernel before an instruction. */
static struct registers *start_at(const char *bytes, u32 size)
{
    memset(&test, 0, sizeof test);
    test.vcpu.domain = &test.domain;
    test.vcpu.in_kernel = true;
    test.vcpu.registers.cs = CS64;
    test.vcpu.registers.rip = CODE;
    memcpy(guest(CODE, size), bytes, size);
    return &test.vcpu.registers;
}
#define start(bytes) start_at(bytes, sizeof(bytes) - 1)

static void a_store_to_a_device_passes_what_it_would_write(void **state)
{
    struct registers *r = start("\x66\x89\x43\x02"); /* mov %ax, 2(%rbx) */

    (void)state;
    r->rbx = TABLE;
    r->rax = 0x12345678;
    assert_int_equal(emulate_device_store(&test.vcpu, TABLE + 2, mfn(7)), EMULATED_DONE);
    assert_int_equal(r->rip, CODE + 4);
    assert_int_equal(test.stored_frame.n, 7);
    assert_int_equal(test.stored_offset, page_offset(TABLE + 2));
    assert_int_equal(test.stored_size, 2);
    assert_int_equal((u16)test.stored, 0x5678);
    assert_int_equal(*(u64 *)guest(TABLE, 8), 0);

    r = start("\x83\x0b\x01"); /* orl $1, (%rbx) */
    r->rbx = TABLE;
    *(u64 *)guest(TABLE, 8) = 0xf0;
    assert_int_equal(emulate_device_store(&test.vcpu, TABLE, mfn(8)), EMULATED_DONE);
    assert_int_equal(test.stored_size, 4);
    assert_int_equal((u32)test.stored, 0xf1);
    assert_int_equal(*(u64 *)guest(TABLE, 8), 0xf0);

    r = start("\x89\x03"); /* mov %eax, (%rbx), elsewhere */
    r->rbx = TABLE + 8;
    assert_int_equal(emulate_device_store(&test.vcpu, TABLE, mfn(8)), EMULATED_NOT);
    assert_int_equal(test.stored_size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_to_a_device_passes_what_it_would_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
