/* SPDX-License-Identifier: MIT */
/* Starting the other CPUs of the machine. */
#include "hypervisor/boot/smp.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/speculation.h"
#include "hypervisor/trap/run.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/cpu/halt.h"
#include "hypervisor/cpu/start.h"
#include "lib/string.h"

#define ANSWER_NS                                                                                  \
    10000000000ull /* how long a CPU may take to answer; an emulated CPU may wait long for a host  \
                      CPU */
#define INIT_NS     10000000ull /* wait after INIT that old CPUs need (Intel manual 3A, 9.4.4.1) */
#define START_NS    1000000ull  /* time between two start-up interrupts */
#define RESET_TRIES 3u
#define TSC_ROUNDS  400u

enum other {
    OTHER_SILENT,
    OTHER_CAME,   /* the CPU executes smp_other_start */
    OTHER_ODD,    /* the CPU's XSAVE features differ from the first CPU's, and it has halted */
    OTHER_THREAD, /* rejected: second hardware thread of a core that leaks data between its threads;
                     it has halted */
    OTHER_EQUAL,  /* the CPU compares its TSC with the first CPU's */
    OTHER_LEFT,   /* rejected, since its TSC differs: the CPU halts */
    OTHER_WANTED, /* accepted: the CPU may go to its run loop */
    OTHER_GONE,   /* the CPU has left for its run loop and no longer reads `starting` */
};

/* Read by head.S on the CPU that comes up. other_root: the value for CR3. other_stack: the address
 * for RSP, which the CPU takes by an exchange with 0, so a CPU that comes up too late finds no
 * stack and halts. */
u64 other_root;
_Atomic u64 other_stack;

extern char trampoline[], trampoline_end[];

static struct {
    u8 page;            /* number of the page with the start-up code for real mode */
    _Atomic u32 other;  /* enum other: progress of the CPU that is being started */
    _Atomic u64 tsc;    /* the latest TSC value that one of the two CPUs has read */
    _Atomic u64 warp;   /* the most by which a CPU's TSC was behind that value */
    _Atomic u32 rounds; /* comparisons made by the CPU that is being started */
} starting;

/* Executed by both CPUs at the same time: a TSC value read now must not be less than one that the
 * other CPU has read before. If it is, starting.warp records by how much. */
static void compare_tsc(void)
{
    u64 last = atomic_load_explicit(&starting.tsc, memory_order_acquire);
    u64 now;

    __asm__ volatile("lfence" : : : "memory");
    now = read_tsc();
    if (now < last) {
        u64 warp = last - now, most = atomic_load_explicit(&starting.warp, memory_order_relaxed);

        while (warp > most && !atomic_compare_exchange_weak(&starting.warp, &most, warp))
            ;
    }
    while (now > last && !atomic_compare_exchange_weak(&starting.tsc, &last, now))
        ;
}

static void advance(enum other to)
{
    atomic_store_explicit(&starting.other, to, memory_order_release);
}

static enum other progress(void)
{
    return (enum other)atomic_load_explicit(&starting.other, memory_order_acquire);
}

/* First C code on a new CPU, called by head.S on the CPU's own stack. */
void smp_other_start(void);
void smp_other_start(void)
{
    struct cpu *cpu = this_cpu();

    advance(OTHER_CAME);
    if (!cpu_load(cpu) || !speculation_allows_cpu()) {
        advance(speculation_allows_cpu() ? OTHER_ODD : OTHER_THREAD);
        halt();
    }
    apic_start();
    cpu->apic_id = apic_id();
    advance(OTHER_EQUAL);
    while (progress() == OTHER_EQUAL) {
        compare_tsc();
        atomic_fetch_add_explicit(&starting.rounds, 1, memory_order_release);
        __builtin_ia32_pause();
    }
    if (progress() != OTHER_WANTED) {
        halt();
    }
    advance(OTHER_GONE);
    run();
}

static bool wait_beyond(enum other from, u64 ns)
{
    u64 until = clock_now() + ns;

    while (progress() == from && clock_now() < until) {
        __builtin_ia32_pause();
    }
    return progress() != from;
}

/* Resets the CPU with APIC id `id` and makes it execute the start-up code. Only very old CPUs need
 * a wait after the reset, so the first attempt does not wait. A start-up interrupt that arrives
 * before the reset has finished is lost, and a repeated one does no harm. False: the CPU did not
 * fetch its stack from `other_stack`, so it has not started. */
static bool call_up(u32 id)
{
    for (u32 tries = 0; tries < RESET_TRIES && atomic_load(&other_stack); tries++) {
        u64 until = clock_now() + ANSWER_NS;

        apic_send_init(id);
        if (tries) {
            wait_beyond(OTHER_SILENT, INIT_NS);
        }
        while (atomic_load(&other_stack) && clock_now() < until) {
            apic_send_start(id, starting.page);
            wait_beyond(OTHER_SILENT, START_NS);
        }
    }
    return atomic_exchange(&other_stack, 0) == 0;
}

/* Starts the CPU with APIC id `id` in the region of `cpu`. Returns NULL if the CPU has been
 * accepted, which then waits for OTHER_WANTED; otherwise a clause for the log that says why it is
 * left out. */
static const char *bring_up(const struct cpu *cpu, u32 id)
{
    if (!apic_can_send_to(id)) {
        return "this machine's interrupt controller cannot reach it";
    }
    advance(OTHER_SILENT);
    atomic_store(&other_stack, (u64)cpu - CPU_STATE + CPU_STACK_END);
    if (!call_up(id)) {
        return "it does not answer";
    }
    if (!wait_beyond(OTHER_SILENT, ANSWER_NS) || !wait_beyond(OTHER_CAME, ANSWER_NS)) {
        return "it stopped on its way";
    }
    if (progress() == OTHER_ODD) {
        return "it lacks what the first one has";
    }
    if (progress() == OTHER_THREAD) {
        return "it is the second thread of a core that leaks between its threads";
    }
    atomic_store(&starting.warp, 0);
    atomic_store(&starting.rounds, 0);
    for (u32 i = 0; i < TSC_ROUNDS || atomic_load(&starting.rounds) < TSC_ROUNDS; i++) {
        compare_tsc();
        __builtin_ia32_pause();
    }
    if (!atomic_load(&starting.warp)) {
        return NULL;
    }
    advance(OTHER_LEFT);
    return "its time stamp counter is not the first one's";
}

static void prepare(u8 page)
{
    starting.page = page;
    other_root = space_cr3(map_idle_root());
    memcpy(direct(maddr((u64)page << PAGE_SHIFT)), trampoline, (u64)(trampoline_end - trampoline));
}

void smp_start(const struct processors *processors, u8 page)
{
    u32 own = apic_id(), left_out = processors->left_out;
    struct cpu *cpu = NULL; /* region for the next CPU; kept if a CPU is left out */

    if (!page) {
        log_line("no page below 1 MiB is free: only the first CPU is used");
        return;
    }
    prepare(page);
    for (u32 i = 0; i < processors->count; i++) {
        u32 id = processors->apic_id[i];
        const char *why;

        if (id == own) {
            continue;
        }
        if (cpu_count() ==
            VMMU_CPUS_MAX) { /* possible if the first CPU itself is not in the list */
            left_out++;
            continue;
        }
        if (!cpu && !(cpu = cpu_build(cpu_count()))) {
            log_line("no memory for more than %u CPUs", cpu_count());
            return;
        }
        sched_start_cpu(cpu);
        why = bring_up(cpu, id);
        if (why) {
            apic_send_init(id); /* reset it, so that it does nothing more */
            log_line("CPU with APIC id %u left out: %s", id, why);
            continue;
        }
        cpu_set_online(cpu);
        advance(OTHER_WANTED);
        while (progress() == OTHER_WANTED) {
            __builtin_ia32_pause();
        }
        cpu = NULL;
    }
    if (left_out) {
        log_line("%u CPUs left out: %u are used at most", left_out, VMMU_CPUS_MAX);
    }
}
