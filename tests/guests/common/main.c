/* SPDX-License-Identifier: MIT */
/* From the first C function to the verdict. */
#include "tests/guests/common/guest.h"

struct start_info *start_info;
struct shared_info *shared_info;

void guest_main(struct start_info *info);

static u8 shared_info_window[PAGE_SIZE] __attribute__((aligned(4096)));
static _Atomic unsigned failures;

void shut_down(unsigned reason)
{
    struct sched_shutdown request = {.reason = reason};

    console_flush();
    for (;;) {
        sched_op(SCHEDOP_shutdown, &request);
    }
}

void report_failure(int line, const char *format, ...)
{
    __builtin_va_list arguments;

    failures++;
    print("Wrong (line %d): ", line);
    __builtin_va_start(arguments, format);
    print_arguments(format, arguments);
    __builtin_va_end(arguments);
    print("\n");
}

void report_unequal(int line, s64 got, s64 want, const char *format, ...)
{
    __builtin_va_list arguments;

    if (got == want) {
        return;
    }
    failures++;
    print("Wrong (line %d): ", line);
    __builtin_va_start(arguments, format);
    print_arguments(format, arguments);
    __builtin_va_end(arguments);
    print(": %ld (%lx), not %ld (%lx)\n", got, (u64)got, want, (u64)want);
}

bool anything_failed(void)
{
    return failures;
}

void print_verdict(void)
{
    print("Test result: %s\n", failures ? "FAILURE" : "SUCCESS");
    console_flush();
}

static void end(const char *verdict, const char *format, __builtin_va_list arguments)
{
    print_arguments(format, arguments);
    print("\nTest result: %s\n", verdict);
}

void skip(const char *format, ...)
{
    __builtin_va_list arguments;

    __builtin_va_start(arguments, format);
    end("SKIP", format, arguments);
    __builtin_va_end(arguments);
    shut_down(SHUTDOWN_poweroff);
}

void error(const char *format, ...)
{
    __builtin_va_list arguments;

    __builtin_va_start(arguments, format);
    end("ERROR", format, arguments);
    __builtin_va_end(arguments);
    shut_down(SHUTDOWN_poweroff);
}

/* The console's lock calls this: a CPU that waits for it yields. */
void cpu_relax(void)
{
    sched_op(SCHEDOP_yield, NULL);
}

void guest_main(struct start_info *info)
{
    start_info = info;
    shared_info = (struct shared_info *)shared_info_window;
    if (!is_initial_domain() && info->console.domU.mfn) {
        console_start(page_of_pfn(mfn_to_pfn(info->console.domU.mfn)));
    }
    if (update_va_mapping(address(shared_info), info->shared_info | PTE_RW, UVMF_INVLPG)) {
        error("cannot map shared_info");
    }
    console_mask();
    traps_start();
    test_main();
    print_verdict();
    shut_down(SHUTDOWN_poweroff);
}
