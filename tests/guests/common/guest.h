/* SPDX-License-Identifier: MIT */
/* The only header that a test guest includes.
 *
 * A test is one freestanding PV kernel with a `test_main`. It states claims with `check` and the
 * like; returning from test_main gives the verdict, a line "Test result: SUCCESS" or "... FAILURE"
 * on the console, and powers the domain off. A test whose claim is that the domain dies has
 * "Expect: crash" in its first lines: it prints SUCCESS, crashes, and prints FAILURE if it
 * continues to run. */
#ifndef GUESTS_GUEST_H
#define GUESTS_GUEST_H

#include "guest/console.h"
#include "guest/pv/pv.h"
#include "lib/string.h"
#include "lib/types.h"

#include "tests/guests/common/hypercall.h"
#include "tests/guests/common/initial_registers.h"
#include "tests/guests/common/page.h"
#include "tests/guests/common/trap.h"

void test_main(void);

/* ---- the verdict ---- */

/* A claim. The other arguments say what went wrong if it does not hold, as in check(x == 1, "x is
 * %u, not 1", x). */
#define check(condition, ...) ((condition) ? (void)0 : report_failure(__LINE__, __VA_ARGS__))

/* A claim about a number, usually the result of a hypercall. */
#define check_equal(got, want, ...) report_unequal(__LINE__, (s64)(got), (s64)(want), __VA_ARGS__)

void report_failure(int line, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_unequal(int line, s64 got, s64 want, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool anything_failed(void);

/* These end the test. skip: it cannot be made here. error: something that the test itself needs
 * went wrong. */
void skip(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void error(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Prints the verdict. A test that is about to crash must call this before. */
void print_verdict(void);
void shut_down(unsigned reason) __attribute__((noreturn));

/* Yields the CPU to another vCPU. */
void cpu_relax(void);

/* ---- start of day ---- */

extern char guest_start[], guest_end[];

/* ---- string ---- */

bool starts_with(const char *text, const char *prefix);

#endif
