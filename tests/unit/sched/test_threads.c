/* SPDX-License-Identifier: MIT */
/* Proves, with one real thread for each CPU: no vCPU is ever loaded on two CPUs, the CPU that loads
 * a vCPU sees all that the vCPU did before, no wake-up is lost, and a domain that has ended is in
 * the end stopped and not used again. ThreadSanitizer runs this test too. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/irq/vector.h"
#include "hypervisor/sched/queue.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/timer.h"
#include "hypervisor/vcpu/clock_page.h"
#include "tests/patience.h"
#include "tests/unit/sched/stack.h"

#define CPUS     4u
#define DOMAINS  3u
#define VCPUS    4u
#define TURNS    40000u /* turns of each CPU, unless $SCHED_TURNS says otherwise */
#define TICK_NS  20000u /* what one reading of the clock adds to it */
#define YIELDS   10000u /* times that an idle CPU yields before it sleeps */
#define IDLE_MAX (PATIENCE_SECONDS * 8000u) /* then it sleeps a millisecond or more for each 8 */

/* Memory without atomics, which only the CPU that has the vCPU loaded may use. */
struct work {
    u64 turns;
    u32 event; /* the number of its events that the vCPU has seen */
};

static struct {
    struct domain domain[DOMAINS];
    struct vcpu vcpu[DOMAINS][VCPUS];
    struct work work[DOMAINS][VCPUS];
    _Atomic u32 events[DOMAINS][VCPUS]; /* the number of events raised for each vCPU */
    /* That of a domain's event channels: a thread that wakes its vCPUs holds it. */
    pthread_mutex_t lock[DOMAINS];
    bool open[DOMAINS]; /* under the lock: the domain has vCPUs that may be woken */
    _Atomic u64 now, lives;
    _Atomic u32 finished;
    u32 turns;
} world;

static _Alignas(CPU_REGION) char regions[CPUS][CPU_REGION];

u64 clock_now(void)
{
    return atomic_fetch_add_explicit(&world.now, TICK_NS, memory_order_relaxed);
}

u32 cpu_count(void)
{
    return CPUS;
}

struct cpu *cpu_at(u32 number)
{
    return (struct cpu *)(regions[number] + CPU_STATE);
}

/* No interrupt is needed: a CPU that is idle reads `work` in a loop, and so does one that runs a
 * vCPU. */
void apic_send(u32 id, u32 vector)
{
    (void)id;
    (void)vector;
}

bool copy_to_guest(u64 to, const void *from, u64 size)
{
    (void)to;
    (void)from;
    (void)size;
    return true;
}

bool copy_record_to_guest(u64 to, const u64 record[RECORD_WORDS], u64 mark)
{
    (void)mark;
    return copy_to_guest(to, record, RECORD_WORDS * sizeof(u64));
}

static bool events_due(const struct vcpu *vcpu)
{
    u32 domain = vcpu->domain->place;

    return atomic_load(&world.events[domain][vcpu->id]) != world.work[domain][vcpu->id].event;
}

bool clock_page_update_area(struct vcpu *vcpu)
{
    (void)vcpu;
    return true;
}

bool event_upcall_due(const struct vcpu *vcpu)
{
    return events_due(vcpu);
}

void domain_vcpu_left(struct domain *domain)
{
    (void)domain;
}

bool event_poll_due(const struct vcpu *vcpu)
{
    (void)vcpu;
    return false;
}

void timer_set(struct timer *timer, u64 deadline)
{
    (void)timer;
    (void)deadline;
}

void timer_stop(struct timer *timer)
{
    (void)timer;
}

static _Noreturn void wrong(const char *what)
{
    printf("%s\n", what);
    exit(1);
}

static u32 random_below(u64 *state, u32 limit)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return (u32)(*state >> 33) % limit;
}

/* ---- domains ---- */

static void make_domain(u32 index)
{
    struct domain *domain = &world.domain[index];

    domain->place = index;
    domain->vcpu_count = VCPUS;
    sched_start_domain(domain, 64u << index, index == 1 ? 150 : 0);
    for (u32 i = 0; i < VCPUS; i++) {
        struct vcpu *vcpu = &world.vcpu[index][i];

        memset(vcpu, 0, sizeof *vcpu);
        memset(&world.work[index][i], 0, sizeof world.work[index][i]);
        atomic_store(&world.events[index][i], 0);
        domain->vcpu[i] = vcpu;
        vcpu->domain = domain;
        vcpu->id = i;
        vcpu->in_kernel = true;
        vcpu->runstate_area = 1;
        sched_start_vcpu(vcpu, i == 2 ? 5 : ~0ull);
    }
    atomic_store(&domain->end, DOMAIN_RUNNING);
    atomic_store(&domain->holds, 0);
    for (u32 i = 0; i < VCPUS; i++) {
        sched_add(domain->vcpu[i]);
    }
    pthread_mutex_lock(&world.lock[index]);
    world.open[index] = true;
    pthread_mutex_unlock(&world.lock[index]);
    atomic_fetch_add(&world.lives, 1);
}

static void end_domain(struct domain *domain)
{
    u32 running = DOMAIN_RUNNING;

    if (atomic_compare_exchange_strong(&domain->end, &running, DOMAIN_CRASHED)) {
        atomic_fetch_or(&domain->holds, DOMAIN_HELD_ENDED);
        sched_kick_domain(domain);
    }
}

/* One step of tearing down a domain that has ended. True when the domain is gone and another is in
 * its place. */
static void tear_down(u32 index)
{
    struct domain *domain = &world.domain[index];
    bool stopped = true;

    if (!domain_has_ended(domain)) {
        return;
    }
    pthread_mutex_lock(&world.lock[index]);
    world.open[index] = false;
    pthread_mutex_unlock(&world.lock[index]);
    for (u32 i = 0; i < VCPUS; i++) {
        sched_remove(domain->vcpu[i]);
        stopped = sched_stopped(domain->vcpu[i]) && stopped;
    }
    if (stopped) {
        make_domain(index);
    }
}

/* Raises an event for a vCPU, or takes it down and brings it up again. */
static void disturb(u64 *random)
{
    u32 domain = random_below(random, DOMAINS), id = random_below(random, VCPUS);
    struct vcpu *vcpu = &world.vcpu[domain][id];

    pthread_mutex_lock(&world.lock[domain]);
    if (world.open[domain]) {
        if (random_below(random, 10)) {
            atomic_fetch_add(&world.events[domain][id], 1);
            sched_wake(vcpu);
        } else if (random_below(random, 2)) {
            sched_remove(vcpu);
            sched_add(vcpu);
            sched_wake(vcpu);
        } else {
            struct vcpu_runstate_info runstate;

            sched_read_runstate(vcpu, &runstate);
        }
    }
    pthread_mutex_unlock(&world.lock[domain]);
}

/* ---- a CPU ---- */

/* A turn of a vCPU: it sees its events, works, and perhaps gives up the CPU. */
static void enter(struct vcpu *vcpu, u64 *random)
{
    struct work *work = &world.work[vcpu->domain->place][vcpu->id];

    work->turns++;
    work->event = atomic_load(&world.events[vcpu->domain->place][vcpu->id]);
    disturb(random);
    switch (random_below(random, 12)) {
    case 0 ... 3:
        sched_block(vcpu);
        break;
    case 4:
        sched_poll(vcpu, 0);
        break;
    case 5:
        sched_give_way(vcpu);
        break;
    case 6:
        if (random_below(random, 300) == 0) {
            end_domain(vcpu->domain);
        }
        break;
    default:
        break;
    }
}

static void serve(struct cpu *cpu)
{
    struct vcpu *from = cpu->current, *to;

    __atomic_store_n(&cpu->work, false, __ATOMIC_SEQ_CST);
    to = sched_choose();
    if (to == from) {
        return;
    }
    cpu->current = to;
    if (from) {
        sched_left(from);
    }
    if (to && atomic_load(&to->loaded) != cpu) {
        wrong("chosen, but not loaded here");
    }
}

static void run_cpu(void *argument)
{
    struct cpu *cpu = this_cpu();
    u64 random = cpu->number + 1, idle = 0;
    bool finished = false;

    (void)argument;
    for (u32 turn = 0; !finished || atomic_load(&world.finished) < CPUS; turn++) {
        u64 end = sched_slice_end();

        if (cpu->number == 0) {
            tear_down(turn % DOMAINS);
        }
        if (cpu->current && domain_has_ended(cpu->current->domain)) {
            __atomic_store_n(&cpu->work, true, __ATOMIC_SEQ_CST);
        }
        if (end && clock_now() >= end) {
            __atomic_store_n(&cpu->work, true, __ATOMIC_SEQ_CST);
        }
        if (__atomic_load_n(&cpu->work, __ATOMIC_SEQ_CST)) {
            serve(cpu);
        }
        if (cpu->current && !__atomic_load_n(&cpu->work, __ATOMIC_SEQ_CST)) {
            enter(cpu->current, &random);
        }
        idle = cpu->current ? 0 : idle + 1;
        if (idle && cpu->number == 0 && idle % 16 == 0) {
            disturb(&random); /* in the role of a device's interrupt */
        }
        if (idle % 8 == 7) {
            if (idle < YIELDS) {
                sched_yield();
            } else {
                usleep(1000); /* the thread that has work may wait for a CPU of the host */
            }
        }
        if (idle > IDLE_MAX) {
            wrong("idle for ever");
        }
        if (!finished && turn >= world.turns) {
            finished = true;
            atomic_fetch_add(&world.finished, 1);
        }
    }
}

static void *run_thread(void *cpu)
{
    call_as(cpu, run_cpu, NULL);
    return NULL;
}

/* When all threads have ended: a vCPU with an event that it has not seen wants to run and waits for
 * a CPU. */
static void check_end(void)
{
    u64 turns = 0;

    for (u32 i = 0; i < DOMAINS; i++) {
        for (u32 k = 0; k < VCPUS; k++) {
            struct vcpu *vcpu = &world.vcpu[i][k];
            u32 state = atomic_load(&vcpu->state);

            turns += world.work[i][k].turns;
            if (domain_has_ended(vcpu->domain)) {
                continue;
            }
            if (events_due(vcpu) && (state == VCPU_BLOCKED || state == VCPU_POLLING)) {
                wrong("a wake-up was lost");
            }
            if (state == VCPU_RUNNABLE && !vcpu->loaded && !vcpu->queue.waits) {
                wrong("runnable, but nowhere");
            }
        }
    }
    printf("%llu turns of those that are left, %llu domains\n", (unsigned long long)turns,
           (unsigned long long)atomic_load(&world.lives));
    if (!turns || atomic_load(&world.lives) <= DOMAINS) {
        wrong("not much was tried");
    }
}

static void make_all(void *argument)
{
    (void)argument;
    for (u32 i = 0; i < DOMAINS; i++) {
        make_domain(i);
    }
}

int main(void)
{
    const char *turns = getenv("SCHED_TURNS");
    pthread_t thread[CPUS];

    world.turns = turns ? (u32)atoi(turns) : TURNS;
    world.now = 1000000000;
    for (u32 i = 0; i < CPUS; i++) {
        cpu_at(i)->number = i;
        sched_start_cpu(cpu_at(i));
    }
    for (u32 i = 0; i < DOMAINS; i++) {
        pthread_mutex_init(&world.lock[i], NULL);
    }
    call_as(cpu_at(0), make_all, NULL);
    for (u32 i = 0; i < CPUS; i++) {
        if (pthread_create(&thread[i], NULL, run_thread, cpu_at(i))) {
            wrong("no thread");
        }
    }
    for (u32 i = 0; i < CPUS; i++) {
        pthread_join(thread[i], NULL);
    }
    check_end();
    return 0;
}
