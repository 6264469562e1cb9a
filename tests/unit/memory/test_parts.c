/* SPDX-License-Identifier: MIT */
/* Proves that parts_in_use_vectors, the assembly that finds which parts of a page table hold an
 * entry, gives the answer of parts_in_use: for each single bit of a page, for each set of parts,
 * and with what lies around the page being all ones; and that it changes no vector register. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/parts.h"

#define PAGE 4096u

u32 parts_in_use_vectors(const void *page);

static _Alignas(PAGE) u8 memory[3 * PAGE];
static u8 *const page = memory + PAGE;

static void each_bit(void **state)
{
    (void)state;
    assert_int_equal(parts_in_use_vectors(page), 0);
    assert_int_equal(parts_in_use(page), 0);
    for (u32 bit = 0; bit < PAGE * 8; bit++) {
        page[bit / 8] = (u8)(1u << bit % 8);
        assert_int_equal(parts_in_use_vectors(page), 1u << bit / 8 / PART_SIZE);
        assert_int_equal(parts_in_use(page), 1u << bit / 8 / PART_SIZE);
        page[bit / 8] = 0;
    }
}

/* Each set of parts that hold one byte each, at a place that differs from part to part. */
static void each_set(void **state)
{
    (void)state;
    for (u32 used = 0; used < 1u << PARTS_OF_PAGE; used++) {
        for (u32 part = 0; part < PARTS_OF_PAGE; part++) {
            page[part * PART_SIZE + (part * 37 + used) % PART_SIZE] = used >> part & 1;
        }
        assert_int_equal(parts_in_use_vectors(page), used);
        assert_int_equal(parts_in_use(page), used);
        memset(page, 0, PAGE);
    }
}

static void registers_are_kept(void **state)
{
    static u8 before[512] __attribute__((aligned(16))), after[512] __attribute__((aligned(16)));
    u32 used;

    (void)state;
    page[PART_SIZE] = 1;
    __asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n\t"
                     "psrldq $3, %%xmm0\n\t"
                     "movdqa %%xmm0, %%xmm1\n\t"
                     "paddd %%xmm0, %%xmm1\n\t"
                     "fxsave64 (%[before])\n\t"
                     "call parts_in_use_vectors\n\t"
                     "fxsave64 (%[after])"
                     : "=a"(used)
                     : "D"(page), [before] "b"(before), [after] "r"(after)
                     : "rcx", "rdx", "xmm0", "xmm1", "cc", "memory");
    page[PART_SIZE] = 0;
    assert_int_equal(used, 2);
    assert_memory_equal(before, after, 416); /* the rest of the image is not the processor's */
}

static int setup(void **state)
{
    (void)state;
    memset(memory, 0xff, sizeof memory);
    memset(page, 0, PAGE);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_bit, setup),
        cmocka_unit_test_setup(each_set, setup),
        cmocka_unit_test_setup(registers_are_kept, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
