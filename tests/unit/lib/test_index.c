/* SPDX-License-Identifier: MIT */
/* Proves that indices are masked and clamped correctly, at every edge. Does not prove that the code
 * has no branch: only its instructions show that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/index.h"

static const u64 edges[] = {
    0,          1,          2,          7,          8,         4095,  4096,       1ull << 31,
    1ull << 32, 1ull << 52, 1ull << 63, ~0ull >> 1, ~0ull - 1, ~0ull, 0xffffffff, (1ull << 40) + 5};

static void masks(void **state)
{
    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(edges); i++) {
        for (u32 j = 0; j < ARRAY_LENGTH(edges); j++) {
            u64 index = edges[i], size = edges[j];

            assert_true(index_mask(index, size) == (index < size ? ~0ull : 0));
            assert_true(index_masked(index, size) == (index < size ? index : 0));
            assert_true(index_clamped(index, size) == (index < size ? index : size));
        }
        assert_true(index_masked(edges[i], 4096) == (edges[i] < 4096 ? edges[i] : 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
