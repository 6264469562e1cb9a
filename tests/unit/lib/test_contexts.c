/* SPDX-License-Identifier: MIT */
/* Proves: a context is good only for the root that it was taken for and for the generation at which
 * it was last empty or found good; neither the number in CR3 nor that of the vCPU's other root is
 * given to another root; what was given up is never good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/contexts.h"

static struct contexts contexts;

static int start(void **state)
{
    (void)state;
    contexts = (struct contexts){.next = 0};
    return 0;
}

/* Takes a context for root `n` and says whether it had to be flushed. */
static bool take(u64 n, u64 generation, u32 *number)
{
    bool stale;
    *number = contexts_take(&contexts, mfn(n), generation, (struct contexts_kept){0}, &stale);
    assert_in_range(*number, 1, CONTEXTS);
    return stale;
}

static void a_root_keeps_its_context(void **state)
{
    u32 first, again, other;
    (void)state;
    assert_true(take(100, 2, &first));
    assert_false(take(100, 2, &again));
    assert_int_equal(first, again);
    assert_true(take(101, 2, &other));
    assert_int_not_equal(first, other);
    assert_false(take(100, 2, &again));
}

static void another_generation_is_stale_once(void **state)
{
    u32 number;
    (void)state;
    take(100, 2, &number);
    take(101, 2, &number);
    assert_true(take(100, 4, &number));
    assert_false(take(100, 4, &number));
    assert_true(take(101, 4, &number));
}

static void a_flush_makes_all_good(void **state)
{
    u32 number;
    (void)state;
    take(100, 2, &number);
    take(101, 2, &number);
    contexts_flushed(&contexts, 6);
    assert_false(take(100, 6, &number));
    assert_false(take(101, 6, &number));
    assert_true(take(101, 8, &number));
}

static void what_was_given_up_is_stale(void **state)
{
    u32 number;
    (void)state;
    take(100, 2, &number);
    contexts_give_up(&contexts);
    assert_true(take(100, 2, &number));
    /* After a flush an unused number may be good for nobody: the next root that gets it is new. */
    contexts_give_up(&contexts);
    contexts_flushed(&contexts, 2);
    assert_true(take(100, 2, &number));
}

static void a_replaced_root_is_stale(void **state)
{
    u32 number;
    (void)state;
    for (u64 n = 0; n <= CONTEXTS; n++) {
        assert_true(take(100 + n, 2, &number));
    }
    assert_true(take(100, 2, &number));
}

static void numbers_in_use_are_not_given_away(void **state)
{
    (void)state;
    for (u32 loaded = 0; loaded <= CONTEXTS; loaded++) {
        for (u32 other = 0; other <= CONTEXTS; other++) {
            contexts_give_up(&contexts);
            for (u64 n = 0; n < 2 * CONTEXTS; n++) {
                bool stale;
                const struct contexts_kept kept = {loaded, other};
                const u32 number = contexts_take(&contexts, mfn(100 + n), 2, kept, &stale);
                assert_true(stale);
                assert_int_not_equal(number, loaded);
                assert_int_not_equal(number, other);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_root_keeps_its_context, start),
        cmocka_unit_test_setup(another_generation_is_stale_once, start),
        cmocka_unit_test_setup(a_flush_makes_all_good, start),
        cmocka_unit_test_setup(what_was_given_up_is_stale, start),
        cmocka_unit_test_setup(a_replaced_root_is_stale, start),
        cmocka_unit_test_setup(numbers_in_use_are_not_given_away, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
