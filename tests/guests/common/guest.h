/* SPDX-License-Identifier: MIT */
/* The only header that a test guest includes.
 *
 * A test is one freestanding PV kernel with a `test_main`. It states claims with `check` and the
 * like; returning from test_main gives the verdict, a line "Test result: SUCCESS" or "... FAILURE"
 * on the console, and powers the domain off. A test whose claim is that the domain dies has
 * "Expect: crash" in its first lines: it prints SUCCESS, crashes, and prints FAILURE should it live
 * on. */
#ifndef GUESTS_GUEST_H
#define GUESTS_GUEST_H

#include "lib/types.h"
#include "tests/guests/common/abi.h"

#include "tests/guests/common/hypercall.h"
#include "tests/guests/common/page.h"
#include "tests/guests/common/trap.h"

void test_main(void);

/* ---- the verdict ---- */

/* A claim. What follows says what should be true, as in check(x == 1, "x is %u, not 1", x). */
#define check(condition, ...) ((condition) ? (void)0 : report_failure(__LINE__, __VA_ARGS__))

/* A claim about a number, mostly about what a hypercall returns. */
#define check_equal(got, want, ...) report_unequal(__LINE__, (s64)(got), (s64)(want), __VA_ARGS__)

void report_failure(int line, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_unequal(int line, s64 got, s64 want, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool anything_failed(void);

/* Ends the test: it cannot be done here; something the test itself needs went wrong. */
void skip(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void error(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Prints the verdict, as a test that is about to crash must. */
void print_verdict(void);
void shut_down(unsigned reason) __attribute__((noreturn));

/* ---- console ---- */

void console_start(void);
void console_mask(void);
void console_write(const char *text, size_t length);
void console_flush(void);
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_arguments(const char *format, __builtin_va_list arguments);

/* ---- start of day ---- */

/* As the hypervisor left them. The selectors and flags are zero-extended. */
struct initial_registers {
    u64 rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, cs, ss, ds, es, fs, gs, rflags;
};
extern struct initial_registers initial_registers;

extern struct start_info *start_info;
extern struct shared_info *shared_info;
extern char guest_start[], guest_end[];

/* The test runs as Xen's initial domain, with rights and limits that a plain domain does not have.
 */
static inline bool is_initial_domain(void)
{
    return start_info->flags & SIF_INITDOMAIN;
}

static inline struct vcpu_info *vcpu_info(void)
{
    return &shared_info->vcpu_info[0];
}

/* ---- string ---- */

void *memset(void *to, int byte, size_t count);
void *memcpy(void *to, const void *from, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *text);
bool starts_with(const char *text, const char *prefix);

#endif
