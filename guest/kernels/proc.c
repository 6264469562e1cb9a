/* SPDX-License-Identifier: MIT */
/* Tests page tables under processes, as an operating system has them.
 *
 * The first process forks CHILDREN children at a time. Each child shares its parent's pages until
 * it writes to them, uses memory that is mapped at the first access, write-protects its own memory
 * and gets write access back in a fault handler of its own, unmaps memory, forks a grandchild that
 * executes another program, and exits. The processes check every claim themselves, in user mode. At
 * the end the kernel must have as many free frames as at the beginning. */
#include "guest/kernels/process/process.h"

/* The first process forks ROUNDS times CHILDREN children; each child forks one grandchild. */
#define ROUNDS   3ull
#define CHILDREN 150ull

#define DATA       0x10000000ull /* pages that parent and child share until one of them writes */
#define DATA_PAGES 8ull
#define LAZY       0x20000000ull /* pages that are mapped at the first access */
#define LAZY_PAGES 64ull
#define NOTES      0x30000000ull /* a page for what the fault handler records */

/* ---- program a: the first process and its children ---- */

/* The fault handler: records and counts the fault, and makes the faulting page writable.
 * NOTES holds four words: number of faults, last address, last error code, whether to map the page
 * anew. */
IN_PROGRAM("user_a") static void handler_a(u64 va, u64 error)
{
    u64 page = va & ~(PAGE_SIZE - 1);

    AT(NOTES)++;
    AT(NOTES + 8) = va;
    AT(NOTES + 16) = error;
    if (call(CALL_PROTECT, page, PAGE_SIZE, RIGHT_WRITE)) {
        leave(2);
    }
    if (AT(NOTES + 24)) {
        call(CALL_MAP, page, PAGE_SIZE, RIGHT_WRITE);
    }
    for (;;) {
        call(CALL_RETURN, 0, 0, 0);
    }
}

USER_INLINE void check_lazy(u64 self)
{
    claim(!call(CALL_MAP, LAZY, LAZY_PAGES * PAGE_SIZE, RIGHT_WRITE), 0);
    for (u64 i = 0; i < LAZY_PAGES; i += 3) {
        claim(AT(LAZY + i * PAGE_SIZE) == 0, i);
        AT(LAZY + i * PAGE_SIZE) = self + i;
    }
    for (u64 i = 0; i < LAZY_PAGES; i++) {
        claim(AT(LAZY + i * PAGE_SIZE) == (i % 3 ? 0 : self + i), i);
    }
}

USER_INLINE void check_rights(u64 self)
{
    u64 handler, page = LAZY + 6 * PAGE_SIZE;

    __asm__("lea handler_a(%%rip), %0" : "=r"(handler));
    call(CALL_HANDLER, handler, 0, 0);
    claim(!call(CALL_MAP, NOTES, PAGE_SIZE, RIGHT_WRITE), 0);
    claim(!call(CALL_PROTECT, LAZY, 16 * PAGE_SIZE, 0), 0);
    claim(AT(page) == self + 6, AT(page));
    claim(AT(NOTES) == 0, AT(NOTES));
    AT(page) = 7;
    claim(AT(NOTES) == 1 && AT(NOTES + 8) == page, AT(NOTES + 8));
    claim(AT(NOTES + 16) == (PF_PRESENT | PF_WRITE | PF_USER), AT(NOTES + 16));
    claim(AT(page) == 7, AT(page));

    claim(!call(CALL_UNMAP, LAZY + 32 * PAGE_SIZE, 8 * PAGE_SIZE, 0), 0);
    AT(NOTES + 24) = 1;
    claim(AT(LAZY + 33 * PAGE_SIZE) == 0, 0);
    claim(AT(NOTES) == 2 && AT(NOTES + 8) == LAZY + 33 * PAGE_SIZE, AT(NOTES + 8));
    claim(AT(NOTES + 16) == PF_USER, AT(NOTES + 16));
    claim(!call(CALL_UNMAP, LAZY, LAZY_PAGES * PAGE_SIZE, 0), 0);
}

/* Runs a child, number `self` in its round: tests its own copy of the data, then all else. */
USER_INLINE void child(u64 self)
{
    volatile u64 code = 0;

    for (u64 i = 0; i < DATA_PAGES; i++) {
        claim(AT(DATA + i * PAGE_SIZE) == i + 1, AT(DATA + i * PAGE_SIZE));
        AT(DATA + i * PAGE_SIZE) = self * 100 + i;
    }
    call(CALL_YIELD, 0, 0, 0);
    for (u64 i = 0; i < DATA_PAGES; i++) {
        claim(AT(DATA + i * PAGE_SIZE) == self * 100 + i, AT(DATA + i * PAGE_SIZE));
    }
    check_lazy(self);
    check_rights(self);
    if (!call(CALL_FORK, 0, 0, 0)) {
        call(CALL_EXEC, 1, self, 0);
    }
    claim((s64)call(CALL_WAIT, (u64)(uintptr_t)&code, 0, 0) > 0, 0);
    claim(code == self + 1000, code);
    leave(self);
}

IN_PROGRAM("user_a") static void program_a(u64 unused)
{
    volatile u64 code, sum;

    (void)unused;
    claim(!call(CALL_MAP, DATA, DATA_PAGES * PAGE_SIZE, RIGHT_WRITE), 0);
    for (u64 i = 0; i < DATA_PAGES; i++) {
        AT(DATA + i * PAGE_SIZE) = i + 1;
    }
    for (u64 round = 0; round < ROUNDS; round++) {
        sum = 0;
        for (u64 i = 1; i <= CHILDREN; i++) {
            u64 pid = call(CALL_FORK, 0, 0, 0);

            if (!pid) {
                child(i);
            }
            claim((s64)pid > 0, pid);
        }
        for (u64 i = 1; i <= CHILDREN; i++) {
            claim((s64)call(CALL_WAIT, (u64)(uintptr_t)&code, 0, 0) > 0, i);
            sum += code;
        }
        claim(sum == CHILDREN * (CHILDREN + 1) / 2, sum);
        for (u64 i = 0; i < DATA_PAGES; i++) {
            claim(AT(DATA + i * PAGE_SIZE) == i + 1, AT(DATA + i * PAGE_SIZE));
        }
    }
    claim((s64)call(CALL_WAIT, 0, 0, 0) < 0, 0);
    leave(0);
}

/* ---- program b, which the grandchildren execute ---- */

IN_PROGRAM("user_b") static void program_b(u64 argument)
{
    claim(call(CALL_MAP, DATA, PAGE_SIZE, RIGHT_WRITE) == 0, 0); /* exec has unmapped DATA */
    claim(AT(DATA) == 0, AT(DATA));
    AT(DATA) = argument + 1000;
    leave(AT(DATA));
}

/* ---- the kernel ---- */

extern const u8 __start_user_a[], __stop_user_a[], __start_user_b[], __stop_user_b[];

const struct image images[] = {{__start_user_a, __stop_user_a, program_a},
                               {__start_user_b, __stop_user_b, program_b}};

void process_report(const struct process *process, u64 line, u64 value, u64 unused)
{
    (void)unused;
    print("Wrong: process %lu, line %lu: %lx\n", process->number, line, value);
}

bool kernel_main(void)
{
    u64 before = pages_free(), code = processes_run();
    const struct process_counts *counts = &process_counts;
    struct batch_counts calls = batch_counts();

    print("%lu processes, %lu at a time; %lu faults, %lu of them writes to shared pages, "
          "%lu upcalls\n",
          counts->created, counts->most_live, counts->faults, counts->copies, counts->upcalls);
    print("%lu calls of the hypervisor with %lu requests, %lu refused\n", calls.calls,
          calls.requests, calls.refused);
    print("Free frames: %lu before, %lu after; the first process says %lu\n", before, pages_free(),
          code);
    return pages_free() == before && !code && !counts->live && !calls.refused &&
           counts->created == 1 + 2 * ROUNDS * CHILDREN;
}
