/* SPDX-License-Identifier: MIT */
/* Proves how the scheduler divides CPU time, and how soon a vCPU that wakes runs, on simulated
 * machines of 1 to 64 CPUs (simulation.h). */
#include "tests/unit/sched/simulation.h"

#define RUN (10 * SECOND)

/* Asserts that `got` differs from `want` by at most `percent` of `want`. */
static void check_near(u64 got, u64 want, u32 percent, const char *what)
{
    u64 apart = got > want ? got - want : want - got;

    if (apart * 100 > want * percent) {
        fail_msg("%s: %llu us, not %llu us", what, (unsigned long long)(got / US),
                 (unsigned long long)(want / US));
    }
}

static void check_share(const struct domain *domain, u64 want)
{
    char what[20];

    snprintf(what, sizeof what, "domain %u", domain->place);
    check_near(used_by(domain), want, 2, what);
}

static void check_vcpus_equal(const struct domain *domain)
{
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        check_near(task_of(domain->vcpu[i])->used, used_by(domain) / domain->vcpu_count, 5,
                   "a vCPU beside its siblings");
    }
}

/* ---- shares ---- */

static void equal_weights_get_equal_time(void **unused)
{
    static const struct {
        u32 cpus, guests, vcpus[4];
    } machines[] = {
        {1, 2, {1, 1}},       {1, 2, {1, 4}},    {1, 3, {1, 4, 8}},
        {2, 3, {1, 1, 1}},    {2, 2, {1, 8}},    {4, 3, {4, 4, 4}},
        {4, 4, {4, 4, 4, 4}}, {4, 3, {4, 8, 6}}, {8, 4, {3, 3, 8, 8}},
    };

    (void)unused;
    for (u32 i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        struct domain *domain[4];

        restart(machines[i].cpus);
        for (u32 k = 0; k < machines[i].guests; k++) {
            domain[k] = add_spinners(machines[i].vcpus[k], SHARE_WEIGHT, 0);
        }
        run_for(RUN);
        for (u32 k = 0; k < machines[i].guests; k++) {
            check_share(domain[k], machines[i].cpus * RUN / machines[i].guests);
            check_vcpus_equal(domain[k]);
        }
    }
}

/* A domain cannot run on more CPUs than it has vCPUs; the other domains get what it cannot use. */
static void what_one_cannot_use_the_others_get(void **unused)
{
    (void)unused;
    restart(4);
    struct domain *one = add_spinners(1, 1024, 0), *two = add_spinners(8, SHARE_WEIGHT, 0);
    struct domain *three = add_spinners(8, SHARE_WEIGHT, 0);
    run_for(RUN);
    check_share(one, RUN);
    check_share(two, 3 * RUN / 2);
    check_share(three, 3 * RUN / 2);
}

/* Time that a domain could not use is not saved for later: with two more vCPUs it gets its share
 * from then on, and no more. */
static void nothing_is_saved_up(void **unused)
{
    (void)unused;
    restart(2);
    struct domain *one = add_domain(4, 3 * SHARE_WEIGHT, 0),
                  *two = add_spinners(4, SHARE_WEIGHT, 0);
    on_cpu(any_cpu(), sched_add, one->vcpu[0]);
    run_for(10 * RUN);
    check_share(one, 10 * RUN);
    check_share(two, 10 * RUN);
    for (u32 i = 1; i < 4; i++) {
        on_cpu(any_cpu(), sched_add, one->vcpu[i]);
    }
    count_from_here();
    run_for(SECOND);
    check_near(used_by(two), SECOND / 2, 10, "the other one");
    run_for(RUN - SECOND);
    check_share(one, RUN / 2 * 3);
    check_share(two, RUN / 2);
}

static void weights_are_kept(void **unused)
{
    (void)unused;
    for (u32 cpus = 1; cpus <= 4; cpus *= 2) {
        restart(cpus);
        struct domain *one = add_spinners(4, 128, 0), *two = add_spinners(4, 256, 0);
        struct domain *four = add_spinners(4, 512, 0);
        run_for(RUN);
        check_share(one, cpus * RUN / 7);
        check_share(two, cpus * RUN / 7 * 2);
        check_share(four, cpus * RUN / 7 * 4);
    }
    restart(1);
    struct domain *light = add_spinners(1, 1, 0), *heavy = add_spinners(1, 65535, 0);
    run_for(1000 * RUN);
    check_near(used_by(heavy), 1000 * RUN - 1000 * RUN / 65536, 1, "the heaviest");
    check_near(used_by(light), 1000 * RUN / 65536, 10, "the lightest");
}

struct change {
    struct domain *domain;
    u32 weight, cap;
};

static void do_change(void *argument)
{
    const struct change *change = argument;

    sched_set_share(change->domain, change->weight, change->cap);
}

static void set_share(struct domain *domain, u32 weight, u32 cap)
{
    struct change change = {domain, weight, cap};

    call_as(any_cpu(), do_change, &change);
}

/* Weights and caps that a toolstack changes count from then on, for running and waiting vCPUs. */
static void a_change_counts_at_once(void **unused)
{
    (void)unused;
    for (u32 cpus = 1; cpus <= 2; cpus++) {
        restart(cpus);
        struct domain *one = add_spinners(2, 256, 0), *two = add_spinners(2, 256, 1);

        run_for(RUN);
        set_share(two, 768, 0); /* its cap has held it back */
        count_from_here();
        run_for(RUN);
        check_share(one, cpus * RUN / 4);
        check_share(two, cpus * RUN / 4 * 3);
        set_share(one, 256, 10);
        count_from_here();
        run_for(RUN);
        check_share(one, RUN / 10);
        check_share(two, cpus * RUN - RUN / 10);
        set_share(one, 768, 0);
        count_from_here();
        run_for(RUN);
        check_share(one, cpus * RUN / 2);
        check_share(two, cpus * RUN / 2);
    }
}

/* The time by which a vCPU must be behind to preempt is everybody's, and does not change shares. */
static void the_rate_limit_changes_no_share(void **unused)
{
    (void)unused;
    restart(1);
    struct domain *one = add_spinners(2, 256, 0), *two = add_spinners(2, 512, 0);

    sched_set_preempts(0);
    run_for(RUN);
    check_share(two, RUN / 3 * 2);
    sched_set_preempts(500 * US * 1000);
    count_from_here();
    run_for(RUN);
    check_share(one, RUN / 3);
    check_share(two, RUN / 3 * 2);
    sched_set_preempts(SHARE_PREEMPTS_NS);
}

static void many_guests_on_many_cpus(void **unused)
{
    struct domain *domain[DOMAINS];

    (void)unused;
    restart(64);
    for (u32 i = 0; i < DOMAINS; i++) {
        domain[i] = add_spinners(VCPUS, SHARE_WEIGHT, 0);
    }
    run_for(SECOND);
    count_from_here();
    run_for(2 * SECOND);
    for (u32 i = 0; i < DOMAINS; i++) {
        check_share(domain[i], 2 * 2 * SECOND);
    }
}

/* ---- caps ---- */

static void caps_hold(void **unused)
{
    static const u32 caps[] = {1, 5, 25, 50, 100, 150, 333};

    (void)unused;
    for (u32 busy = 0; busy < 2; busy++) {
        for (u32 i = 0; i < sizeof caps / sizeof caps[0]; i++) {
            restart(4);
            struct domain *capped = add_spinners(4, 1024, caps[i]);
            struct domain *other = busy ? add_spinners(4, SHARE_WEIGHT, 0) : NULL;
            u64 want = RUN / 100 * (busy && caps[i] > 320 ? 320 : caps[i]);

            run_for(RUN);
            check_share(capped, want);
            if (other) {
                check_share(other, 4 * RUN - want);
            }
        }
    }
}

/* A capped domain that uses less than its cap never waits because of the cap. */
static void below_the_cap_nothing_waits(void **unused)
{
    (void)unused;
    restart(1);
    struct domain *domain = add_domain(1, SHARE_WEIGHT, 25);
    *task_of(domain->vcpu[0]) = (struct task){.work = MS,
                                              .left = MS,
                                              .sleep = 4 * MS,
                                              .wake_at = NEVER,
                                              .woken_at = NEVER,
                                              .passed_over = NEVER};
    on_cpu(any_cpu(), sched_add, domain->vcpu[0]);
    run_for(RUN);
    check_share(domain, RUN / 5);
    assert_int_equal(task_of(domain->vcpu[0])->worst, 0);
}

/* ---- affinity ---- */

static void affinity_is_kept(void **unused)
{
    (void)unused;
    restart(4);
    struct domain *pinned = add_domain(2, SHARE_WEIGHT, 0);
    sim.choosy = true;
    for (u32 i = 0; i < 2; i++) {
        /* Both vCPUs may run on CPU 1 only. */
        assert_true(sched_start_vcpu(pinned->vcpu[i], 1u << 1));
        on_cpu(any_cpu(), sched_add, pinned->vcpu[i]);
    }
    struct domain *other = add_spinners(4, SHARE_WEIGHT, 0);
    run_for(RUN); /* check_all asserts on which CPUs they run */
    check_share(pinned, RUN);
    check_share(other, 3 * RUN);
    check_vcpus_equal(pinned);

    restart(4);
    struct domain *left = add_domain(4, SHARE_WEIGHT, 0), *right = add_domain(4, SHARE_WEIGHT, 0);
    struct domain *both = add_spinners(4, 512, 0);
    sim.choosy = true;
    for (u32 i = 0; i < 4; i++) {
        sched_start_vcpu(left->vcpu[i], 3);
        sched_start_vcpu(right->vcpu[i], 12);
        on_cpu(any_cpu(), sched_add, left->vcpu[i]);
        on_cpu(any_cpu(), sched_add, right->vcpu[i]);
    }
    run_for(RUN);
    check_share(left, RUN);
    check_share(right, RUN);
    check_share(both, 2 * RUN);
    restart(2);
    assert_false(sched_start_vcpu(&sim.vcpu[0][0], 12)); /* neither CPU of the affinity is online */
    assert_int_equal(sim.vcpu[0][0].queue.cpus, 3);
}

/* ---- sleepers ---- */

/* A vCPU that uses less than its share and sleeps often runs as soon as it wakes, although others
 * spin. If it has just run, at most one slice of another passes first. */
static void a_sleeper_runs_soon(void **unused)
{
    (void)unused;
    for (u32 cpus = 1; cpus <= 4; cpus++) {
        for (u32 spinners = 1; spinners <= 6; spinners++) {
            u64 period = (spinners + 2) * 2 * MS; /* the sleeper uses at most half of its share */

            restart(cpus);
            struct domain *sleeper = add_sleeper(SHARE_WEIGHT, MS, period - MS);
            for (u32 i = 0; i < spinners; i++) {
                add_spinners(4, SHARE_WEIGHT, 0);
            }
            run_for(SECOND);
            count_from_here();
            run_for(RUN);
            check_near(used_by(sleeper), RUN / period * MS, 5, "the sleeper");
            assert_in_range(task_of(sleeper->vcpu[0])->worst, 0, MS);
        }
    }
}

/* A sleeper does not wait for spinning vCPUs of its own domain either. */
static void a_sleeper_among_spinning_siblings(void **unused)
{
    (void)unused;
    restart(1);
    struct domain *domain = add_domain(8, SHARE_WEIGHT, 0);
    struct task *task = task_of(domain->vcpu[7]);
    *task = (struct task){.work = MS,
                          .left = MS,
                          .sleep = 19 * MS,
                          .wake_at = NEVER,
                          .woken_at = NEVER,
                          .passed_over = NEVER};
    for (u32 i = 0; i < 8; i++) {
        on_cpu(any_cpu(), sched_add, domain->vcpu[i]);
    }
    run_for(SECOND);
    count_from_here();
    run_for(RUN);
    assert_in_range(task->worst, 0, SCHED_SLICE_NS);
    for (u32 i = 0; i < 7; i++) {
        check_near(task_of(domain->vcpu[i])->used, (RUN - RUN / 20) / 7, 2, "a sibling");
    }
}

/* A guest that sleeps for a moment again and again gets its share, and no more. */
static void sleeping_gains_nothing(void **unused)
{
    (void)unused;
    for (u64 work = MS / 10; work < 100 * MS; work *= 3) {
        restart(1);
        struct domain *tricky = add_sleeper(SHARE_WEIGHT, work, 10 * US);
        struct domain *honest = add_spinners(1, SHARE_WEIGHT, 0);
        run_for(RUN);
        check_near(used_by(honest), RUN / 2, 2, "who spins");
        assert_true(used_by(tricky) < RUN / 100 * 51);
    }
    restart(1);
    struct domain *rare = add_sleeper(SHARE_WEIGHT, SECOND, 10 * SECOND);
    struct domain *busy = add_spinners(1, SHARE_WEIGHT, 0);
    run_for(SECOND / 10);
    run_for(12 * SECOND - SECOND / 10);
    count_from_here();
    u64 before = used_by(busy);
    run_for(SECOND / 2); /* after its long sleep it is ahead by at most a slice's worth */
    assert_true(!before && used_by(busy) > SECOND / 5);
    assert_true(used_by(rare) > SECOND / 5);
}

static void nobody_starves(void **unused)
{
    (void)unused;
    restart(3);
    for (u32 i = 0; i < 4; i++) {
        add_spinners(8, SHARE_WEIGHT << i, 0);
    }
    for (u32 i = 0; i < 4; i++) {
        add_sleeper(4096, 3 * MS, 5 * MS);
    }
    run_for(5 * SECOND);
    for (u32 turn = 0; turn < 10; turn++) {
        count_from_here();
        run_for(SECOND);
        for (u32 i = 0; i < 4; i++) {
            for (u32 k = 0; k < 8; k++) {
                assert_true(sim.task[i][k].used > 0);
            }
        }
    }
}

/* ---- idle CPUs, and CPUs that are not interrupted ---- */

static void idle_cpus_idle(void **unused)
{
    (void)unused;
    restart(8);
    add_spinners(1, SHARE_WEIGHT, 0);
    add_spinners(2, SHARE_WEIGHT, 0);
    run_for(SECOND);
    count_from_here();
    run_for(RUN);
    assert_int_equal(sim.sends, 0); /* no CPU got an interrupt */
    u32 idle = 0;
    for (u32 i = 0; i < 8; i++) {
        assert_true(sim.idle[i] == 0 || sim.idle[i] == RUN);
        idle += sim.idle[i] == RUN;
    }
    assert_int_equal(idle, 5);
    assert_true(sim.passes <= 3 * RUN / SCHED_SLICE_NS);

    restart(4); /* a vCPU that wakes on an idle machine stays on its CPU */
    struct domain *sleeper = add_sleeper(SHARE_WEIGHT, MS, 9 * MS);
    run_for(RUN);
    assert_int_equal(task_of(sleeper->vcpu[0])->moves, 0);
    assert_int_equal(task_of(sleeper->vcpu[0])->worst, 0);
    assert_true(sim.sends <= RUN / (10 * MS) + 1);
    assert_int_equal(sim.passes >= 2 * sim.sends, true);

    restart(1);
    add_spinners(1, SHARE_WEIGHT, 0);
    run_for(RUN);
    assert_int_equal(sim.passes, 1); /* a vCPU alone on the only CPU has no end of a slice */
}

/* A vCPU that wakes while its CPU is busy runs on a CPU that is idle, and interrupts no other. */
static void who_wakes_takes_an_idle_cpu(void **unused)
{
    (void)unused;
    restart(2);
    struct domain *sleeper = add_sleeper(SHARE_WEIGHT, MS, 99 * MS);
    run_for(5 * MS);
    struct cpu *home = sleeper->vcpu[0]->queue.home;
    struct domain *pinned = add_domain(1, SHARE_WEIGHT, 0);
    sched_start_vcpu(pinned->vcpu[0], 1u << home->number);
    on_cpu(home, sched_add, pinned->vcpu[0]);
    run_for(RUN);
    check_near(used_by(pinned), RUN, 0, "who was there");
    assert_int_equal(task_of(sleeper->vcpu[0])->worst, 0);
    assert_int_equal(task_of(sleeper->vcpu[0])->moves, 1);
}

/* With equal load on all CPUs no vCPU moves. */
static void nobody_moves_without_need(void **unused)
{
    u64 moves = 0;

    (void)unused;
    restart(4);
    for (u32 i = 0; i < 4; i++) {
        add_spinners(1, SHARE_WEIGHT, 0);
    }
    run_for(SECOND);
    count_from_here();
    run_for(RUN);
    for (u32 i = 0; i < 4; i++) {
        moves += sim.task[i][0].moves;
    }
    assert_int_equal(moves, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_weights_get_equal_time),
        cmocka_unit_test(what_one_cannot_use_the_others_get),
        cmocka_unit_test(nothing_is_saved_up),
        cmocka_unit_test(weights_are_kept),
        cmocka_unit_test(a_change_counts_at_once),
        cmocka_unit_test(the_rate_limit_changes_no_share),
        cmocka_unit_test(many_guests_on_many_cpus),
        cmocka_unit_test(caps_hold),
        cmocka_unit_test(below_the_cap_nothing_waits),
        cmocka_unit_test(affinity_is_kept),
        cmocka_unit_test(a_sleeper_runs_soon),
        cmocka_unit_test(a_sleeper_among_spinning_siblings),
        cmocka_unit_test(sleeping_gains_nothing),
        cmocka_unit_test(nobody_starves),
        cmocka_unit_test(idle_cpus_idle),
        cmocka_unit_test(who_wakes_takes_an_idle_cpu),
        cmocka_unit_test(nobody_moves_without_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
