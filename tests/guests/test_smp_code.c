/* SPDX-License-Identifier: MIT */
/* Code that changes: one vCPU replaces an instruction that the others execute, by way of a
 * breakpoint, as kernels do. No vCPU continues to execute the breakpoint when it is no longer in
 * memory, not even on an emulator that keeps translated code.
 * Vcpus: 4 Cpus: 1 4 */
#include "tests/guests/common/smp.h"

#define BREAKPOINT 0xcc
#define LENGTH     5u
#define STUCK      100000u

/* mov $N, %eax; ret */
static const u8 first[LENGTH] = {0xb8, 1, 0, 0, 0}, second[LENGTH] = {0xb8, 2, 0, 0, 0};
static volatile u8 *code;
static _Atomic u64 passed[SMP_MAX]; /* how often each vCPU was outside the code */
static _Atomic u64 met, gone, changes;
static unsigned in_a_row[SMP_MAX];
static _Atomic bool over;

static void serialize(void)
{
    u32 a = 0, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d)::"memory");
}

/* A breakpoint that is in memory is skipped, which a register records. One that is no longer in
 * memory is ignored: execution continues with the instruction that is there now. */
static void breakpoint(struct trap_frame *frame)
{
    unsigned self = smp_self();

    if (frame->rip != address((void *)(uintptr_t)code) + 1) {
        error("a breakpoint at %lx", frame->rip);
    }
    if (code[0] == BREAKPOINT) {
        atomic_fetch_add(&met, 1);
        in_a_row[self] = 0;
        frame->rax = 0;
        frame->rip += LENGTH - 1;
        return;
    }
    atomic_fetch_add(&gone, 1);
    frame->rip--;
    if (++in_a_row[self] == STUCK) {
        error("vCPU %u runs a breakpoint that is not there, after %lu changes", self, changes);
    }
}

static void sync(void)
{
    u64 before[SMP_MAX];

    for (unsigned i = 1; i < 4; i++) {
        before[i] = passed[i];
    }
    serialize();
    for (unsigned i = 1; i < 4; i++) {
        while (passed[i] == before[i] && !over) {
            cpu_relax();
        }
    }
}

static void change(const u8 *to)
{
    code[0] = BREAKPOINT;
    sync();
    for (unsigned i = 1; i < LENGTH; i++) {
        code[i] = to[i];
    }
    sync();
    code[0] = to[0];
    sync();
    atomic_fetch_add(&changes, 1);
}

static void run(unsigned self)
{
    unsigned (*function)(void) = (unsigned (*)(void))(uintptr_t)code;

    if (self == 0) {
        change(changes % 2 ? first : second);
        return;
    }
    unsigned result = function();

    check(result < 3, "it returned %u", result);
    in_a_row[self] = 0;
    serialize();
    atomic_fetch_add(&passed[self], 1);
}

static void runner(unsigned self)
{
    u64 end = smp_now() + 1500 * MILLISECOND;

    while (!over) {
        run(self);
        if (self == 0 && smp_now() > end) {
            over = true;
        }
    }
}

void test_main(void)
{
    code = page_take();
    memcpy((void *)(uintptr_t)code, first, LENGTH);
    code[LENGTH] = 0xc3;
    smp_start(4);
    trap_take(VECTOR_BP, breakpoint);
    smp_run(runner);
    print("Note: %lu changes; breakpoints: %lu met, %lu gone\n", changes, met, gone);
}
