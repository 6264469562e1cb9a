/* SPDX-License-Identifier: MIT */
/* Placing vCPUs on CPUs: where a vCPU waits, and how idle CPUs get work from other queues. */
#include "hypervisor/sched/place.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/sched/queue.h"
#include "hypervisor/sched/sched.h"

static u64 running(const struct cpu *cpu)
{
    return atomic_load(&queue_of(cpu)->running);
}

/* The next online CPU after number `after`, which is below cpu_count(): from the last one on to the
 * first again. */
static struct cpu *next_cpu(u32 after)
{
    struct cpu *cpu;

    do {
        after = after + 1 < cpu_count() ? after + 1 : 0;
    } while (!(cpu = cpu_at(after)));
    return cpu;
}

struct cpu *place_for(const struct vcpu *vcpu, struct cpu *home)
{
    u64 owed = share_time(&vcpu->domain->share) + vcpu->domain->share.preempts;

    if (!(vcpu->queue.cpus >> home->number & 1)) { /* the set has changed since it ran there */
        home = place_first(vcpu);
    }
    struct cpu *most = home;
    if (running(home) == QUEUE_NONE) {
        return home;
    }
    for (struct cpu *cpu = next_cpu(home->number); cpu != home; cpu = next_cpu(cpu->number)) {
        if (!(vcpu->queue.cpus >> cpu->number & 1)) {
            continue;
        }
        if (running(cpu) == QUEUE_NONE) {
            return cpu;
        }
        if (running(cpu) > running(most)) {
            most = cpu;
        }
    }
    return owed < running(home) || owed >= running(most) ? home : most;
}

struct cpu *place_first(const struct vcpu *vcpu)
{
    struct cpu *cpu = next_cpu((vcpu->domain->place + vcpu->id) % cpu_count());

    while (!(vcpu->queue.cpus >> cpu->number & 1)) {
        cpu = next_cpu(cpu->number);
    }
    return cpu;
}

/* The idle CPUs, as a set of bits: bit N is CPU N. */
static u64 idle_cpus(void)
{
    u64 idle = 0;

    for (u32 i = 0; i < cpu_count(); i++) {
        if (cpu_at(i) && running(cpu_at(i)) == QUEUE_NONE) {
            idle |= 1ull << i;
        }
    }
    return idle;
}

/* Kicks one CPU of the set `idle` that may run `vcpu`, so that it pulls it; the vCPU may be gone by
 * then, which is harmless. Returns the set of CPUs that were tried: those that turned out not to be
 * idle, and the one that was kicked. */
static u64 offer_one(const struct vcpu *vcpu, u64 idle)
{
    u64 asked = 0;

    for (idle &= vcpu->queue.cpus; idle; idle &= idle - 1) {
        u32 number = (u32)__builtin_ctzll(idle);

        asked |= 1ull << number;
        if (place_claim(cpu_at(number), vcpu)) {
            cpu_kick(cpu_at(number));
            break;
        }
    }
    return asked;
}

void place_offer(const struct cpu *cpu, u64 now)
{
    u64 idle = queue_of(cpu)->first && cpu_count() > 1 ? idle_cpus() & ~(1ull << cpu->number) : 0;

    for (struct vcpu *vcpu = queue_of(cpu)->first; vcpu && idle; vcpu = vcpu->queue.next) {
        if (!atomic_load(&vcpu->loaded) && share_may_run(&vcpu->domain->share, now)) {
            idle &= ~offer_one(vcpu, idle);
        }
    }
}

/* Of the CPUs other than `cpu` and not in the set `tried`: the one whose hint `waiting` is the
 * least and below `than`. NULL: there is none. */
static struct cpu *find_waiting(const struct cpu *cpu, u64 tried, u64 than)
{
    struct cpu *best = NULL;

    for (struct cpu *other = next_cpu(cpu->number); other != cpu; other = next_cpu(other->number)) {
        u64 waiting = atomic_load(&queue_of(other)->waiting);

        if (waiting < than && !(tried >> other->number & 1)) {
            best = other;
            than = waiting;
        }
    }
    return best;
}

static bool pull_from(struct cpu *cpu, struct cpu *from, u64 now)
{
    struct vcpu *vcpu;

    queue_lock_two(cpu, from);
    vcpu = queue_best_owed(from, cpu, queue_candidate(cpu, now), now);
    if (vcpu) {
        queue_take(from, vcpu);
        queue_publish(from, now);
        atomic_store(&vcpu->queue.home, cpu);
        queue_put(cpu, vcpu);
    }
    queue_unlock_two(cpu, from);
    return vcpu;
}

bool place_pull(struct cpu *cpu, u64 than, u64 now)
{
    struct cpu *from;

    for (u64 tried = 0; (from = find_waiting(cpu, tried, than)); tried |= 1ull << from->number) {
        if (pull_from(cpu, from, now)) {
            return true;
        }
    }
    return false;
}

bool place_claim(struct cpu *cpu, const struct vcpu *vcpu)
{
    u64 idle = QUEUE_NONE;

    return atomic_compare_exchange_strong(&queue_of(cpu)->running, &idle,
                                          share_time(&vcpu->domain->share));
}

void sched_kick_idle(void)
{
    for (u32 i = 0; i < cpu_count(); i++) {
        struct cpu *cpu = cpu_at(i);

        if (cpu != this_cpu() && atomic_load(&queue_of(cpu)->running) == QUEUE_NONE) {
            cpu_kick(cpu);
            return;
        }
    }
}
