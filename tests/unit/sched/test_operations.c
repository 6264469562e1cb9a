/* SPDX-License-Identifier: MIT */
/* Proves that every rule of simulation.h holds after each of many random operations of the
 * scheduler, called by random CPUs, also while a CPU has chosen a vCPU and not yet saved the one
 * before. */
#include "tests/unit/sched/simulation.h"

#define SEEDS      300u
#define OPERATIONS 3000u

static void check_now(void)
{
    for (u32 i = 0; i < sim.domains; i++) {
        for (u32 k = 0; k < sim.domain[i].vcpu_count; k++) {
            check_vcpu(sim.domain[i].vcpu[k]);
        }
    }
}

static struct vcpu *any_vcpu(void)
{
    struct domain *domain = &sim.domain[random_below(sim.domains)];

    return domain->vcpu[random_below(domain->vcpu_count)];
}

static void random_machine(u64 seed)
{
    static const u32 sizes[] = {1, 2, 3, 4, 8, 16};
    static const u32 caps[] = {0, 0, 0, 30, 250};
    bool choosy = seed / 6 % 2;

    restart(sizes[seed % 6]);
    sim.random ^= seed * 0x9e3779b97f4a7c15ull;
    for (u32 i = 0; i < 2 + seed % 5; i++) {
        u32 vcpus = 1 + (u32)random_below(VCPUS), weight = 1 + (u32)random_below(1000);
        struct domain *domain = add_domain(vcpus, weight, choosy ? caps[random_below(5)] : 0);

        for (u32 k = 0; k < vcpus; k++) {
            if (choosy && random_below(4) == 0) {
                sched_start_vcpu(domain->vcpu[k], random_below(1u << sim.cpus));
            }
        }
    }
    sim.choosy = choosy;
}

/* ---- what a running vCPU requests for itself ---- */

static void poll_for_ever(struct vcpu *vcpu)
{
    sched_poll(vcpu, 0);
}

static void poll_for_a_while(struct vcpu *vcpu)
{
    sched_poll(vcpu, sim.now + MS);
}

static void run_one(struct cpu *cpu)
{
    struct vcpu *vcpu = cpu->current;
    struct task *task = task_of(vcpu);

    if (vcpu->state != VCPU_RUNNABLE || domain_is_held(vcpu->domain)) {
        return; /* the run loop does not enter such a vCPU */
    }
    task->port = random_below(3) == 0;
    switch (random_below(4)) {
    case 0:
        on_cpu(cpu, sched_block, vcpu);
        assert_int_equal(vcpu->state, VCPU_BLOCKED);
        break;
    case 1:
        on_cpu(cpu, sched_give_way, vcpu);
        assert_int_equal(vcpu->state, VCPU_RUNNABLE);
        break;
    case 2:
        on_cpu(cpu, poll_for_ever, vcpu);
        assert_int_equal(vcpu->state, task->port ? VCPU_RUNNABLE : VCPU_POLLING);
        break;
    default:
        on_cpu(cpu, poll_for_a_while, vcpu);
        assert_int_equal(vcpu->state, task->port ? VCPU_RUNNABLE : VCPU_POLLING);
        assert_int_equal(atomic_load(&vcpu->poll_timer.cpu) != NULL, !task->port);
    }
    assert_true(cpu->work);
}

/* ---- what other code does to vCPUs ---- */

static void kick_domain(struct vcpu *vcpu)
{
    sched_kick_domain(vcpu->domain);
}

/* Ends a domain and makes another in its place. */
static void end_domain(struct domain *domain)
{
    atomic_store(&domain->end, DOMAIN_CRASHED);
    atomic_store(&domain->holds, DOMAIN_HELD_ENDED);
    on_cpu(any_cpu(), kick_domain, domain->vcpu[0]);
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        if (domain->vcpu[i]->loaded) {
            assert_true(domain->vcpu[i]->loaded->work);
        }
        on_cpu(any_cpu(), sched_remove, domain->vcpu[i]);
        check_now();
        on_cpu(any_cpu(), sched_wake, domain->vcpu[i]);
        on_cpu(any_cpu(), sched_add, domain->vcpu[i]); /* its domain has ended: no effect */
        check_now();
    }
    settle();
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct vcpu *vcpu = domain->vcpu[i];

        assert_true(sched_stopped(vcpu));
        memset(vcpu, 0xaa, sizeof *vcpu); /* code that still uses the old vCPU fails */
        for (u32 k = 0; k < sim.cpus; k++) {
            on_cpu(cpu_at(k), choose, NULL), leave(cpu_at(k));
        }
        memset(vcpu, 0, sizeof *vcpu);
        vcpu->domain = domain;
        vcpu->id = i;
        sched_start_vcpu(vcpu, ~0ull);
        task_of(vcpu)->last = NULL;
        task_of(vcpu)->passed_over = NEVER;
    }
    atomic_store(&domain->end, DOMAIN_RUNNING);
    atomic_store(&domain->holds, 0);
}

static void hold_domain(struct vcpu *vcpu)
{
    sched_hold(vcpu->domain);
}

static void release_domain(struct vcpu *vcpu)
{
    sched_release(vcpu->domain);
}

/* Pauses a domain, or ends its pause. */
static void change_pause(struct vcpu *vcpu)
{
    if (atomic_fetch_xor(&vcpu->domain->holds, DOMAIN_HELD_PAUSED) & DOMAIN_HELD_PAUSED) {
        on_cpu(any_cpu(), release_domain, vcpu);
    } else {
        on_cpu(any_cpu(), hold_domain, vcpu);
        for (u32 i = 0; i < vcpu->domain->vcpu_count; i++) {
            struct cpu *loaded = vcpu->domain->vcpu[i]->loaded;

            assert_true(!loaded || loaded->current != vcpu->domain->vcpu[i] || loaded->work);
        }
    }
}

static void one_operation(void)
{
    struct cpu *cpu = any_cpu();
    struct vcpu *vcpu = any_vcpu();
    u32 was;

    switch (random_below(16)) {
    case 0 ... 3:
        if (sim.leaving[cpu->number]) {
            leave(cpu);
        } else if (cpu->work) {
            on_cpu(cpu, choose, NULL);
        }
        break;
    case 4 ... 6:
        if (cpu->current && !sim.leaving[cpu->number]) {
            run_one(cpu);
        }
        break;
    case 7 ... 10:
        on_cpu(cpu, sched_wake, vcpu);
        assert_true(vcpu->state == VCPU_RUNNABLE || vcpu->state == VCPU_DOWN);
        break;
    case 11 ... 13:
        was = vcpu->state;
        on_cpu(cpu, sched_add, vcpu);
        assert_int_equal(vcpu->state, was == VCPU_DOWN ? VCPU_RUNNABLE : was);
        break;
    case 14:
        if (random_below(3) == 0) {
            on_cpu(cpu, sched_remove, vcpu);
        } else if (random_below(2) == 0) {
            change_pause(vcpu);
        }
        break;
    default:
        if (random_below(20) == 0) {
            end_domain(vcpu->domain);
        } else if (random_below(4) == 0) {
            run_for(random_below(30 * MS));
        } else {
            pass_time(random_below(MS));
        }
    }
}

static void random_operations(void **unused)
{
    u64 waits = 0, moves = 0;

    (void)unused;
    for (u64 seed = 1; seed <= SEEDS; seed++) {
        random_machine(seed);
        for (u32 i = 0; i < OPERATIONS; i++) {
            one_operation();
            check_now();
        }
        settle();
        check_all();
        for (u32 i = 0; i < sim.domains; i++) {
            for (u32 k = 0; k < sim.domain[i].vcpu_count; k++) {
                waits += sim.vcpu[i][k].queue.waits;
                moves += sim.task[i][k].moves;
            }
        }
    }
    assert_true(waits > 10 && moves > 1000); /* the operations ran under load */
}

/* A CPU that leaves its vCPU without choosing another, because the domain is torn down, drops every
 * pointer to it. */
static void left_without_a_choice(void **unused)
{
    (void)unused;
    restart(1);
    struct domain *domain = add_spinners(1, SHARE_WEIGHT, 0), *other = add_spinners(1, 256, 0);
    run_for(5 * MS);
    struct vcpu *vcpu = cpu_at(0)->current;
    domain = vcpu->domain == other ? other : domain;
    atomic_store(&domain->end, DOMAIN_CRASHED);
    atomic_store(&domain->holds, DOMAIN_HELD_ENDED);
    cpu_at(0)->current = NULL;
    on_cpu(cpu_at(0), sched_left, vcpu);
    assert_true(cpu_at(0)->work);
    on_cpu(cpu_at(0), sched_remove, vcpu);
    assert_true(sched_stopped(vcpu));
    memset(vcpu, 0xaa, sizeof *vcpu);
    on_cpu(cpu_at(0), choose, NULL);
    assert_non_null(cpu_at(0)->current);
    assert_ptr_not_equal(cpu_at(0)->current, vcpu);
}

/* An event for a vCPU that runs on another CPU sends that CPU one interrupt; an event for a vCPU
 * that waits sends none. */
static void a_running_vcpu_is_interrupted(void **unused)
{
    (void)unused;
    restart(2);
    struct domain *domain = add_spinners(3, SHARE_WEIGHT, 0);
    run_for(3 * MS);
    u64 sends = sim.sends;
    for (u32 i = 0; i < 3; i++) {
        struct vcpu *vcpu = domain->vcpu[i];
        struct cpu *on = vcpu->loaded;

        sends += on != NULL;
        on_cpu(on == cpu_at(0) ? cpu_at(1) : cpu_at(0), sched_wake, vcpu);
        on_cpu(on == cpu_at(0) ? cpu_at(1) : cpu_at(0), sched_wake, vcpu);
        assert_int_equal(sim.sends, sends);
        if (on) {
            on_cpu(on, sched_wake, vcpu); /* the CPU that runs the vCPU sends itself no interrupt */
            assert_int_equal(sim.sends, sends);
        }
        settle();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations),
        cmocka_unit_test(left_without_a_choice),
        cmocka_unit_test(a_running_vcpu_is_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
