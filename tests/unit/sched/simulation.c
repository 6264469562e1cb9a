/* SPDX-License-Identifier: MIT */
/* A machine of several CPUs with a simulated clock, on which the real scheduler runs: each CPU
 * calls it on a stack of its own (this_cpu() uses the stack pointer), one event after the other. A
 * vCPU runs a task that either spins, or works and sleeps in turn. Every step is checked: see
 * check_all. */
#include "hypervisor/memory/guest_copy.h"
#include "tests/unit/sched/simulation.h"
#include "hypervisor/irq/vector.h"
#include "hypervisor/time/timer.h"
#include "hypervisor/sched/queue.h"
#include "hypervisor/vcpu/clock_page.h"

struct sim sim;
static _Alignas(CPU_REGION) char regions[CPUS][CPU_REGION];

/* ---- what the scheduler calls ---- */

u64 clock_now(void)
{
    return sim.now;
}

u32 cpu_count(void)
{
    return sim.cpus;
}

struct cpu *cpu_at(u32 number)
{
    return number < sim.cpus ? (struct cpu *)(regions[number] + CPU_STATE) : NULL;
}

void apic_send(u32 id, u32 vector)
{
    assert_int_equal(vector, VECTOR_APIC_WAKE);
    assert_true(cpu_at(id)->work);
    sim.sends++;
}

bool copy_to_guest(u64 to, const void *from, u64 size)
{
    memcpy((void *)to, from, size);
    return true;
}

bool copy_record_to_guest(u64 to, const u64 record[RECORD_WORDS], u64 mark)
{
    (void)mark;
    return copy_to_guest(to, record, RECORD_WORDS * sizeof(u64));
}

struct task *task_of(const struct vcpu *vcpu)
{
    return &sim.task[vcpu->domain->place][vcpu->id];
}

bool clock_page_update_area(struct vcpu *vcpu)
{
    (void)vcpu;
    return true;
}

bool event_upcall_due(const struct vcpu *vcpu)
{
    (void)vcpu;
    return false;
}

void domain_vcpu_left(struct domain *domain)
{
    (void)domain;
}

bool event_poll_due(const struct vcpu *vcpu)
{
    return task_of(vcpu)->port;
}

void timer_set(struct timer *timer, u64 deadline)
{
    timer->deadline = deadline;
    atomic_store(&timer->cpu, this_cpu());
}

void timer_stop(struct timer *timer)
{
    atomic_store(&timer->cpu, NULL);
}

/* ---- the machine ---- */

struct request {
    void (*function)(struct vcpu *);
    struct vcpu *vcpu;
};

static void do_request(void *argument)
{
    struct request *request = argument;

    request->function(request->vcpu);
}

void on_cpu(struct cpu *cpu, void (*function)(struct vcpu *), struct vcpu *vcpu)
{
    struct request request = {function, vcpu};

    call_as(cpu, do_request, &request);
}

u64 random_below(u64 limit)
{
    sim.random ^= sim.random << 13;
    sim.random ^= sim.random >> 7;
    sim.random ^= sim.random << 17;
    return sim.random % limit;
}

struct cpu *any_cpu(void)
{
    return cpu_at((u32)random_below(sim.cpus));
}

struct domain *add_domain(u32 vcpus, u32 weight, u32 cap)
{
    struct domain *domain = &sim.domain[sim.domains];

    domain->place = sim.domains;
    domain->vcpu_count = vcpus;
    sim.choosy |= cap != 0;
    sched_start_domain(domain, weight, cap);
    for (u32 i = 0; i < vcpus; i++) {
        struct vcpu *vcpu = &sim.vcpu[sim.domains][i];

        domain->vcpu[i] = vcpu;
        vcpu->domain = domain;
        vcpu->id = i;
        assert_true(sched_start_vcpu(vcpu, ~0ull));
        *task_of(vcpu) =
            (struct task){.left = NEVER, .wake_at = NEVER, .woken_at = NEVER, .passed_over = NEVER};
    }
    sim.domains++;
    return domain;
}

struct domain *add_spinners(u32 vcpus, u32 weight, u32 cap)
{
    struct domain *domain = add_domain(vcpus, weight, cap);

    for (u32 i = 0; i < vcpus; i++) {
        on_cpu(any_cpu(), sched_add, domain->vcpu[i]);
    }
    return domain;
}

struct domain *add_sleeper(u32 weight, u64 work, u64 sleep)
{
    struct domain *domain = add_domain(1, weight, 0);
    struct task *task = task_of(domain->vcpu[0]);

    task->work = task->left = work;
    task->sleep = sleep;
    on_cpu(any_cpu(), sched_add, domain->vcpu[0]);
    return domain;
}

void restart(u32 cpus)
{
    memset(&sim, 0, sizeof sim);
    sim.cpus = cpus;
    sim.now = SECOND;
    sim.random = 88172645463325252ull;
    for (u32 i = 0; i < cpus; i++) {
        struct cpu *cpu = cpu_at(i);

        memset(cpu, 0, sizeof(struct sched_cpu));
        cpu->number = cpu->apic_id = i;
        sched_start_cpu(cpu);
    }
}

/* ---- one step ---- */

void choose(struct vcpu *unused)
{
    struct cpu *cpu = this_cpu();

    (void)unused;
    cpu->work = false;
    struct vcpu *from = cpu->current, *to = sched_choose();
    sim.passes++;
    if (to == from) {
        return;
    }
    cpu->current = to;
    sim.leaving[cpu->number] = from;
    if (to) {
        struct task *task = task_of(to);

        task->moves += task->last && task->last != cpu;
        task->last = cpu;
        if (task->woken_at != NEVER && sim.now - task->woken_at > task->worst) {
            task->worst = sim.now - task->woken_at;
        }
        task->woken_at = NEVER;
    }
}

void leave(struct cpu *cpu)
{
    struct vcpu *from = sim.leaving[cpu->number];

    sim.leaving[cpu->number] = NULL;
    if (from) {
        on_cpu(cpu, sched_left, from);
    }
}

void settle(void)
{
    bool again;
    u32 rounds = 0;

    do {
        again = false;
        for (u32 i = 0; i < sim.cpus; i++) {
            again |= sim.leaving[i] != NULL;
            leave(cpu_at(i));
            if (!cpu_at(i)->work) {
                continue;
            }
            on_cpu(cpu_at(i), choose, NULL);
            leave(cpu_at(i));
            again = true;
        }
        assert_true(rounds++ < 1000);
    } while (again);
}

static bool in_queue(const struct cpu *cpu, const struct vcpu *vcpu)
{
    u32 found = 0;

    for (const struct vcpu *at = queue_of(cpu)->first; at; at = at->queue.next) {
        found += at == vcpu;
    }
    assert_true(found <= 1);
    return found;
}

void check_vcpu(const struct vcpu *vcpu)
{
    u32 runs = 0, has = 0, waits = 0;

    for (u32 i = 0; i < sim.cpus; i++) {
        const struct cpu *cpu = cpu_at(i);
        bool waits_here = in_queue(cpu, vcpu);

        if (cpu->current == vcpu || sim.leaving[i] == vcpu) {
            has++;
            assert_ptr_equal(vcpu->loaded, cpu);
            assert_true(vcpu->queue.cpus >> i & 1);
        }
        runs += cpu->current == vcpu;
        waits += waits_here;
        assert_true(!waits_here || vcpu->queue.home == cpu);
    }
    assert_int_equal(has, vcpu->loaded ? 1 : 0);
    assert_int_equal(waits, vcpu->queue.waits ? 1 : 0);
    assert_true(runs + waits <= 1);
    if (vcpu->state == VCPU_RUNNABLE && !domain_is_held(vcpu->domain)) {
        assert_int_equal(runs + waits, 1);
    }
    if (vcpu->domain->holds & DOMAIN_HELD_PAUSED) {
        assert_int_equal(waits, 0);
    }
    if (vcpu->state == VCPU_DOWN) {
        assert_int_equal(sched_stopped(vcpu), !has);
    }
}

static bool could_run(const struct vcpu *vcpu)
{
    for (u32 i = 0; i < sim.cpus; i++) {
        if (!cpu_at(i)->current && vcpu->queue.cpus >> i & 1) {
            return vcpu->queue.waits && share_may_run(&vcpu->domain->share, sim.now);
        }
    }
    return false;
}

/* The rules at a moment when every CPU has done what it was asked to: a vCPU that does not want to
 * run does not run, and a vCPU that waits may not run on any CPU that is idle. With caps or
 * affinities a vCPU may wait until the end of a slice, because the CPU that was woken for it may
 * have chosen another. */
static void check_settled(const struct vcpu *vcpu)
{
    struct task *task = task_of(vcpu);

    assert_true(!vcpu->loaded || (vcpu->state == VCPU_RUNNABLE && !domain_is_held(vcpu->domain)));
    if (!could_run(vcpu)) {
        task->passed_over = NEVER;
    } else if (task->passed_over == NEVER) {
        task->passed_over = sim.now;
    }
    if (task->passed_over != NEVER) {
        assert_true(sim.choosy && sim.now - task->passed_over <= SCHED_SLICE_NS);
    }
}

void check_all(void)
{
    for (u32 i = 0; i < sim.cpus; i++) {
        const struct cpu *cpu = cpu_at(i);

        assert_ptr_equal(cpu->current, queue_of(cpu)->chosen);
        assert_false(queue_of(cpu)->lock.taken);
        assert_false(cpu->work);
        assert_true(!queue_of(cpu)->first || queue_of(cpu)->slice_end);
        assert_true((queue_of(cpu)->running == QUEUE_NONE) == !cpu->current);
    }
    for (u32 i = 0; i < sim.domains; i++) {
        for (u32 k = 0; k < sim.domain[i].vcpu_count; k++) {
            check_vcpu(sim.domain[i].vcpu[k]);
            check_settled(sim.domain[i].vcpu[k]);
        }
    }
}

static u64 earlier(u64 a, u64 b)
{
    return a < b ? a : b;
}

static u64 next_event(u64 end)
{
    for (u32 i = 0; i < sim.cpus; i++) {
        const struct cpu *cpu = cpu_at(i);

        if (queue_of(cpu)->slice_end) {
            end = earlier(end, queue_of(cpu)->slice_end);
        }
        if (cpu->current && task_of(cpu->current)->left != NEVER) {
            end = earlier(end, sim.now + task_of(cpu->current)->left);
        }
    }
    for (u32 i = 0; i < sim.domains; i++) {
        for (u32 k = 0; k < sim.domain[i].vcpu_count; k++) {
            end = earlier(end, sim.task[i][k].wake_at);
        }
    }
    return end > sim.now ? end : sim.now;
}

static void use_time(u64 ns)
{
    sim.now += ns;
    for (u32 i = 0; i < sim.cpus; i++) {
        struct vcpu *vcpu = cpu_at(i)->current;

        if (!vcpu) {
            sim.idle[i] += ns;
            continue;
        }
        task_of(vcpu)->used += ns;
        if (task_of(vcpu)->left != NEVER) {
            task_of(vcpu)->left -= ns;
        }
    }
}

void pass_time(u64 ns)
{
    use_time(ns);
    for (u32 i = 0; i < sim.cpus; i++) {
        struct cpu *cpu = cpu_at(i);

        if (queue_of(cpu)->slice_end && queue_of(cpu)->slice_end <= sim.now) {
            cpu->work = true;
        }
    }
}

static void fire(void)
{
    for (u32 i = 0; i < sim.cpus; i++) {
        struct cpu *cpu = cpu_at(i);
        struct task *task = cpu->current ? task_of(cpu->current) : NULL;

        if (task && !task->left) {
            task->left = task->work;
            task->wake_at = sim.now + task->sleep;
            on_cpu(cpu, sched_block, cpu->current);
        }
    }
    settle(); /* a vCPU that sleeps has left its CPU before it is woken */
    for (u32 i = 0; i < sim.domains; i++) {
        for (u32 k = 0; k < sim.domain[i].vcpu_count; k++) {
            struct task *task = &sim.task[i][k];

            if (task->wake_at > sim.now) {
                continue;
            }
            task->wake_at = NEVER;
            task->woken_at = sim.now;
            on_cpu(any_cpu(), sched_wake, sim.domain[i].vcpu[k]);
        }
    }
}

void run_for(u64 ns)
{
    u64 end = sim.now + ns;

    settle();
    check_all();
    while (sim.now < end) {
        pass_time(next_event(end) - sim.now);
        fire();
        settle();
        check_all();
    }
}

u64 used_by(const struct domain *domain)
{
    u64 used = 0;

    for (u32 i = 0; i < domain->vcpu_count; i++) {
        used += task_of(domain->vcpu[i])->used;
    }
    return used;
}

void count_from_here(void)
{
    sim.sends = sim.passes = 0;
    memset(sim.idle, 0, sizeof sim.idle);
    for (u32 i = 0; i < sim.domains; i++) {
        for (u32 k = 0; k < VCPUS; k++) {
            sim.task[i][k].used = sim.task[i][k].worst = sim.task[i][k].moves = 0;
        }
    }
}
