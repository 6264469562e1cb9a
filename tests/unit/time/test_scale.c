/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/time/scale computes a multiplier and shift of the ABI's form that give the
 * right time for a TSC of any frequency. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <cmocka.h>

#include "hypervisor/time/scale.h"

static void a_second_is_a_second(void **unused)
{
    static const u64 hertz[] = {1000000,    1193182,    999999999,  1000000000,  1000000001,
                                2000000000, 2000000001, 2596173000, 12345678901, 100000000000};

    (void)unused;
    for (u32 i = 0; i < ARRAY_LENGTH(hertz); i++) {
        struct scale scale = scale_make(hertz[i]);
        u64 ns = conversion_ns(conversion_of(scale), hertz[i]);

        assert_true(scale.multiplier >= 1u << 31);
        assert_true(ns <= 1000000000 + 64);
        assert_true(ns >= 1000000000 - 64);
    }
}

static void a_year_does_not_overflow(void **unused)
{
    u64 seconds = 365ull * 86400, hertz = 4000000000;
    u64 ns = conversion_ns(conversion_of(scale_make(hertz)), seconds * hertz);

    (void)unused;
    assert_int_equal(ns / 1000000000 + 1 >= seconds, 1);
    assert_int_equal(ns / 1000000000 <= seconds, 1);
}

/* What a guest computes from the ABI's multiplier and shift. */
static void as_a_guest_does(void **unused)
{
    (void)unused;
    for (int shift = -5; shift <= 12; shift++) {
        const struct scale scale = {.multiplier = 0xa5a5a5a5, .shift = (s8)shift};

        for (u64 ticks = 1; ticks < 1ull << 50; ticks = ticks * 7 + 3) {
            const u64 shifted = shift < 0 ? ticks >> -shift : ticks << shift;

            assert_int_equal(conversion_ns(conversion_of(scale), ticks),
                             (u64)((unsigned __int128)shifted * scale.multiplier >> 32));
        }
    }
}

static void days_as_the_calendar(void **unused)
{
    (void)unused;
    for (u32 year = 1970; year < 2110; year++) {
        for (u32 month = 1; month <= 12; month++) {
            for (u32 day = 1; day <= 28; day += 9) {
                struct tm tm = {
                    .tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day};
                assert_int_equal(seconds_of_day(year, month, day), timegm(&tm));
            }
        }
    }
    assert_int_equal(seconds_of_day(2000, 2, 29), 951782400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_is_a_second),
        cmocka_unit_test(a_year_does_not_overflow),
        cmocka_unit_test(as_a_guest_does),
        cmocka_unit_test(days_as_the_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
