/* SPDX-License-Identifier: MIT */
/* All CPUs of the machine: starting the others, and stopping them. */
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

#define START_PAGE  8u            /* of low memory, which nobody else uses */
#define ANSWER_NS   1000000000ull /* an emulated one may wait long for a CPU of its own */
#define INIT_NS     10000000ull   /* what old CPUs need after INIT (Intel manual 3A, 9.4.4.1) */
#define START_NS    1000000ull    /* between two tries to start it */
#define RESET_TRIES 3u
#define TSC_ROUNDS  400u

enum other {
    OTHER_SILENT,
    OTHER_CAME,   /* it runs our code */
    OTHER_ODD,    /* it lacks what the first CPU has, and has stopped */
    OTHER_THREAD, /* what another guest does on its core it could find out: it has stopped */
    OTHER_EQUAL,  /* it compares its TSC with ours */
    OTHER_LEFT,   /* left out: it stops */
    OTHER_WANTED, /* it may go to its run loop */
    OTHER_GONE,   /* it does, and looks here no more */
};

/* What head.S finds for the CPU that comes up: it takes the stack, so that one which comes when it
 * is not expected any more finds none, and stops. */
u64 other_root;
_Atomic u64 other_stack;

extern char trampoline[], trampoline_end[];

static struct {
    _Atomic u32 other;  /* enum other: where the CPU that is being started has got to */
    _Atomic u64 tsc;    /* the latest that any of two CPUs has read */
    _Atomic u64 warp;   /* how far one was behind it, at most */
    _Atomic u32 rounds; /* of the other one */
} starting;

/* Both CPUs do this at once: neither may ever read less than the other has read before. */
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

/* From head.S, on the new CPU's own stack. */
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

/* The first try is in haste, as all but very old CPUs allow. A start that comes before the reset is
 * over is lost, and one that comes twice does no harm. */
static bool call_up(u32 id)
{
    for (u32 tries = 0; tries < RESET_TRIES && atomic_load(&other_stack); tries++) {
        u64 until = clock_now() + ANSWER_NS;

        apic_send_init(id);
        if (tries) {
            wait_beyond(OTHER_SILENT, INIT_NS);
        }
        while (atomic_load(&other_stack) && clock_now() < until) {
            apic_send_start(id, START_PAGE);
            wait_beyond(OTHER_SILENT, START_NS);
        }
    }
    return atomic_exchange(&other_stack, 0) == 0;
}

/* NULL: it came up in the region of `cpu`, and waits to be let go on. */
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

static void prepare(void)
{
    other_root = space_cr3(map_idle_root());
    memcpy(direct(maddr(START_PAGE << PAGE_SHIFT)), trampoline, (u64)(trampoline_end - trampoline));
}

void smp_start(const struct processors *processors)
{
    u32 own = apic_id(), left_out = processors->left_out;
    struct cpu *cpu = NULL; /* a region for the next one */

    prepare();
    for (u32 i = 0; i < processors->count; i++) {
        u32 id = processors->apic_id[i];
        const char *why;

        if (id == own) {
            continue;
        }
        if (cpu_count() == VMMU_CPUS_MAX) { /* the list did not hold this one itself */
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
            apic_send_init(id); /* whatever it does, it does no more */
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
