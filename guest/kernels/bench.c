/* SPDX-License-Identifier: MIT */
/* Measures what the everyday operations of an operating system cost, in instructions.
 *
 * A program in user mode does each operation many times and reads the time-stamp counter before and
 * after. Under QEMU's -icount shift=0 one tick is one executed instruction, of the program, the
 * kernel or the hypervisor. Without that option the figures are ticks of the machine's counter,
 * which can only be compared with each other. */
#include "guest/kernels/process/process.h"

enum operation {
    SYSTEM_CALL,
    PAGE_FAULT,
    PROTECT,
    UNMAP,
    HANDLER,
    FORK_EXIT,
    FORK_EXEC_EXIT,
    COPY_FAULT,
    FORK_EXIT_LARGE,
    SWITCH,
    OPERATIONS
};

static const char *const names[] = {[SYSTEM_CALL] = "null system call",
                                    [PAGE_FAULT] = "anonymous page fault",
                                    [PROTECT] = "mprotect, per page",
                                    [UNMAP] = "munmap, per page",
                                    [HANDLER] = "protection fault to a handler",
                                    [FORK_EXIT] = "fork + exit",
                                    [FORK_EXEC_EXIT] = "fork + exec + exit",
                                    [COPY_FAULT] = "copy-on-write fault",
                                    [FORK_EXIT_LARGE] = "fork + exit, 32 MiB touched",
                                    [SWITCH] = "switch to another process"};

#define MEMORY       0x10000000ull
#define SOME_PAGES   256ull
#define LARGE_PAGES  8192ull
#define CALLS        1000ull
#define FORKS        20ull
#define LARGE_FORKS  4ull
#define SWITCHES     200ull
#define HANDLED      200ull
#define ROUNDS       8ull
#define STORE_LENGTH 3 /* bytes of the store instruction that the fault handler skips */

/* ---- the program ---- */

/* The fault handler of measure_handler: continues behind the store that faulted. */
IN_PROGRAM("user_a") static void skip_store(u64 va, u64 error)
{
    (void)va;
    (void)error;
    for (;;) {
        call(CALL_RETURN, STORE_LENGTH, 0, 0);
    }
}

/* Writes one word to each of the first `pages` pages of MEMORY. */
USER_INLINE void touch(u64 pages)
{
    for (u64 i = 0; i < pages; i++) {
        AT(MEMORY + i * PAGE_SIZE) = i;
    }
}

USER_INLINE void measure_memory(void)
{
    u64 start, faults = 0, protects = 0, unmaps = 0;

    for (u64 round = 0; round < ROUNDS; round++) {
        call(CALL_MAP, MEMORY, SOME_PAGES * PAGE_SIZE, RIGHT_WRITE);
        start = read_tsc();
        touch(SOME_PAGES);
        faults += read_tsc() - start;
        start = read_tsc();
        call(CALL_PROTECT, MEMORY, SOME_PAGES * PAGE_SIZE, 0);
        protects += read_tsc() - start;
        start = read_tsc();
        call(CALL_UNMAP, MEMORY, SOME_PAGES * PAGE_SIZE, 0);
        unmaps += read_tsc() - start;
    }
    call(CALL_REPORT, PAGE_FAULT, faults, ROUNDS * SOME_PAGES);
    call(CALL_REPORT, PROTECT, protects, ROUNDS * SOME_PAGES);
    call(CALL_REPORT, UNMAP, unmaps, ROUNDS * SOME_PAGES);
}

USER_INLINE void measure_handler(void)
{
    u64 handler;

    __asm__("lea skip_store(%%rip), %0" : "=r"(handler));
    call(CALL_MAP, MEMORY, PAGE_SIZE, 0);
    call(CALL_HANDLER, handler, 0, 0);
    u64 start = read_tsc();
    for (u64 i = 0; i < HANDLED; i++) {
        __asm__ volatile("mov %%rax, (%%rdx)" : : "d"(MEMORY) : "memory");
    }
    call(CALL_REPORT, HANDLER, read_tsc() - start, HANDLED);
    call(CALL_UNMAP, MEMORY, PAGE_SIZE, 0);
}

USER_INLINE void measure_forks(enum operation operation, u64 count)
{
    u64 start = read_tsc();

    for (u64 i = 0; i < count; i++) {
        if (!call(CALL_FORK, 0, 0, 0)) {
            if (operation == FORK_EXEC_EXIT) {
                call(CALL_EXEC, 1, 0, 0);
            }
            leave(0);
        }
        call(CALL_WAIT, 0, 0, 0);
    }
    call(CALL_REPORT, operation, read_tsc() - start, count);
}

/* Measures copy-on-write faults: a child writes to pages that it shares with its parent. */
USER_INLINE void measure_copies(void)
{
    u64 start;

    call(CALL_MAP, MEMORY, SOME_PAGES * PAGE_SIZE, RIGHT_WRITE);
    touch(SOME_PAGES);
    if (!call(CALL_FORK, 0, 0, 0)) {
        start = read_tsc();
        touch(SOME_PAGES);
        call(CALL_REPORT, COPY_FAULT, read_tsc() - start, SOME_PAGES);
        leave(0);
    }
    call(CALL_WAIT, 0, 0, 0);
    call(CALL_UNMAP, MEMORY, SOME_PAGES * PAGE_SIZE, 0);
}

/* Measures switches between two processes, each of which does nothing but yield to the other. */
USER_INLINE void measure_switches(void)
{
    if (!call(CALL_FORK, 0, 0, 0)) {
        for (u64 i = 0; i <= SWITCHES; i++) {
            call(CALL_YIELD, 0, 0, 0);
        }
        leave(0);
    }
    call(CALL_YIELD, 0, 0, 0);
    u64 start = read_tsc();
    for (u64 i = 0; i < SWITCHES; i++) {
        call(CALL_YIELD, 0, 0, 0);
    }
    call(CALL_REPORT, SWITCH, read_tsc() - start, 2 * SWITCHES);
    call(CALL_WAIT, 0, 0, 0);
}

IN_PROGRAM("user_a") static void program_a(u64 unused)
{
    u64 start = read_tsc();

    (void)unused;
    for (u64 i = 0; i < CALLS; i++) {
        call(CALL_NOTHING, 0, 0, 0);
    }
    call(CALL_REPORT, SYSTEM_CALL, read_tsc() - start, CALLS);
    measure_memory();
    measure_handler();
    measure_forks(FORK_EXIT, FORKS);
    measure_forks(FORK_EXEC_EXIT, FORKS);
    measure_copies();
    measure_switches();
    claim(!call(CALL_MAP, MEMORY, LARGE_PAGES * PAGE_SIZE, RIGHT_WRITE), 0);
    touch(LARGE_PAGES);
    measure_forks(FORK_EXIT_LARGE, LARGE_FORKS);
    leave(0);
}

IN_PROGRAM("user_b") static void program_b(u64 unused)
{
    (void)unused;
    leave(0);
}

/* ---- the kernel ---- */

extern const u8 __start_user_a[], __stop_user_a[], __start_user_b[], __stop_user_b[];

const struct image images[] = {{__start_user_a, __stop_user_a, program_a},
                               {__start_user_b, __stop_user_b, program_b}};

void process_report(const struct process *process, u64 operation, u64 ticks, u64 count)
{
    (void)process;
    if (operation >= OPERATIONS || !count) {
        print("Wrong: line %lu\n", operation);
        return;
    }
    print("%-32s %10lu\n", names[operation], ticks / count);
}

bool kernel_main(void)
{
    u64 before = pages_free(), code;

    print("Instructions per operation, %s\n", backend_name);
    code = processes_run();
    print("%lu calls of the hypervisor with %lu requests\n", batch_counts().calls,
          batch_counts().requests);
    return !code && pages_free() == before;
}
