/* SPDX-License-Identifier: MIT */
/* Proves: the sequences of the advisories on uses, same-level tables and partial tables (groups A,
 * C and D of docs/security.md) end correctly wherever they are interrupted: each act is stopped at
 * its k-th chance for every k, then resumed by the same vCPU or another, immediately or after all
 * the rest, stopped once more in another act, or its domain is torn down at that point. After every
 * step the oracle recounts and the engine's audit runs. A sequence that is resumed immediately ends
 * in the same state as one that was not interrupted, and in the end every frame is back.
 *
 * Argument: the engine's audit runs each so many operations (default 16 or $MODEL_AUDIT_EACH); the
 * oracle's recount always does. Failing allocations need no test: the engine allocates nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/model/scenario.h"
#include "tests/model/snapshot.h"

#define FRAMES ORACLE_FRAMES

enum then {
    RESUME,       /* by the same vCPU, immediately */
    RESUME_OTHER, /* by another vCPU, immediately */
    RESUME_LAST,  /* after the other acts, in their order */
    RESUME_BACK,  /* after the other acts, last first */
    ABANDON,      /* never */
    KILL,         /* the domain is torn down */
    KILL_SLOWLY,  /* the same, interrupted wherever possible */
    DIE,          /* by the same vCPU, after domain 2, of whose frames the act is, is torn down */
    DIE_SLOWLY,   /* the same, interrupted wherever possible */
    THENS
};

/* One run of a sequence: which acts are stopped, and at which chances. */
struct telling {
    u32 act[2], chance[2];
    u32 stops; /* how many of the two entries are used */
    enum then then;
    u32 cpu;
};

static const u32 our_vcpus[] = {0, 1, 4, 5, 2, 3};
static struct snapshot start;
static u64 audit_each;
static u64 tellings, interruptions, kills, uninterrupted_hash;
static enum vmmu_result uninterrupted[ACTS_MAX];

/* Gives vCPUs 4 and 5 to domain 1. */
static void more_vcpus(void)
{
    for (u32 v = 4; v < 6; v++) {
        world.oracle.vcpu[v] = world.oracle.vcpu[0];
        world.vcpu[v] = world.vcpu[0];
    }
}

static void finish_all(bool slowly)
{
    for (u32 i = 0; i < ARRAY_LENGTH(our_vcpus); i++) {
        const struct model_op op = {
            .kind = OP_FINISH, .vcpu = our_vcpus[i], .stop_each = slowly ? 1 : 0};
        while (world_do(&op) == VMMU_AGAIN) {
        }
    }
}

static void kill(u32 domain, bool slowly)
{
    for (u32 i = 0; i < ARRAY_LENGTH(our_vcpus); i++) {
        const struct model_op op = {
            .kind = OP_VCPU_STOP, .vcpu = our_vcpus[i], .stop_each = slowly ? 1 : 0};
        while (world.oracle.vcpu[op.vcpu].domain == domain && world_do(&op) == VMMU_AGAIN) {
        }
    }
    const struct model_op op = {
        .kind = OP_DOMAIN_STOP, .domain = domain, .stop_each = slowly ? 1 : 0};
    while (world_do(&op) == VMMU_AGAIN) {
    }
}

/* Tears down domain 1, drops what other domains still have of it, then tears down all others. */
static void kill_all(bool slowly)
{
    for (u32 d = 1; d <= 2; d++) {
        kill(d, slowly);
    }
    world_let_go();
    if (world_free_frames() != FRAMES - 2) {
        printf("%u of %u frames came back\n", world_free_frames(), FRAMES - 2);
        exit(1);
    }
    kills++;
}

/* Says whether another vCPU of the domain may resume the operation. */
static bool is_anybodys(const struct model_op *op)
{
    return op->kind != OP_KERNEL_ROOT && op->kind != OP_USER_ROOT && op->kind != OP_VCPU_STOP &&
           op->kind != OP_FINISH && op->vcpu < 2;
}

static enum vmmu_result resume(const struct model_op *interrupted, const struct telling *t)
{
    struct model_op op = *interrupted;
    enum vmmu_result result;
    op.stop_at = 0;
    op.stop_each = t->then == RESUME_BACK ? 1 : 0;
    do {
        if (t->then == RESUME_OTHER && is_anybodys(&op)) {
            op.vcpu ^= 1;
        }
        op.cpu = (op.cpu + t->cpu) % MACHINE_CPUS;
        result = world_do(&op);
        interruptions += result == VMMU_AGAIN;
    } while (result == VMMU_AGAIN);
    return result;
}

static u32 stop_for(const struct telling *t, u32 i)
{
    for (u32 n = 0; n < t->stops; n++) {
        if (t->act[n] == i) {
            return t->chance[n];
        }
    }
    return 0;
}

/* Says whether any vCPU has a deferred release. */
static bool is_owed(void)
{
    for (u32 i = 0; i < ARRAY_LENGTH(our_vcpus); i++) {
        if (world.oracle.vcpu[our_vcpus[i]].owed != ORACLE_NONE) {
            return true;
        }
    }
    return false;
}

static void end(const struct telling *t, const bool *open)
{
    for (u32 n = 0; n < acts; n++) {
        const u32 i = t->then == RESUME_BACK ? acts - 1 - n : n;
        const bool lives = !world.oracle.domain[world.oracle.vcpu[act[i].vcpu].domain].dying;
        if (open[i] && t->then != ABANDON && lives) {
            resume(&act[i], t);
        }
    }
    finish_all(t->then == RESUME_BACK);
}

/* Runs the sequence. Returns false if it was interrupted less often than requested. */
static bool tell(const struct telling *t)
{
    bool open[ACTS_MAX] = {false};
    u32 stopped = 0;
    tellings++;
    for (u32 i = 0; i < acts; i++) {
        struct model_op op = act[i];
        if (world.oracle.domain[world.oracle.vcpu[op.vcpu].domain].dying) {
            continue;
        }
        op.stop_at = stop_for(t, i);
        op.cpu = t->cpu;
        enum vmmu_result result = world_do(&op);
        if (op.stop_at && world.oracle.asks >= op.stop_at) {
            stopped++;
            interruptions++;
            if (t->then == KILL || t->then == KILL_SLOWLY) {
                kill_all(t->then == KILL_SLOWLY);
                return true;
            }
            if (t->then >= DIE) {
                kill(2, t->then == DIE_SLOWLY);
            }
        }
        if (result == VMMU_AGAIN && t->then >= RESUME_LAST && t->then <= ABANDON) {
            open[i] = true;
        } else if (result == VMMU_AGAIN) {
            result = resume(&op, t);
        }
        if (t->stops == 0) {
            finish_all(false);
            uninterrupted[i] = result;
        } else if (t->then <= RESUME_OTHER) {
            finish_all(false);
            if (result != uninterrupted[i]) {
                printf("act %u ended as %s, uninterrupted as %s\n", i, vmmu_result_name(result),
                       vmmu_result_name(uninterrupted[i]));
                exit(1);
            }
        }
    }
    end(t, open);
    return stopped == t->stops;
}

static void tell_and_check(struct telling *t, bool *stopped)
{
    snapshot_restore(&start);
    *stopped = tell(t);
    if (t->stops == 0) {
        uninterrupted_hash = snapshot_hash();
    } else if (t->then <= RESUME_OTHER && snapshot_hash() != uninterrupted_hash) {
        printf("it does not end as if it had not been interrupted\n");
        exit(1);
    }
    if (is_owed()) {
        printf("something is left to do\n");
        exit(1);
    }
    if (t->then != KILL && t->then != KILL_SLOWLY) {
        kill_all(t->then & 1);
    }
}

/* Runs the sequence with each single interruption, combined with each way to continue. */
static void interrupt_once(bool foreign)
{
    for (u32 i = 0; i < acts; i++) {
        bool stopped = true;
        for (u32 k = 1; stopped; k++) {
            for (u32 then = 0; then < (foreign ? THENS : DIE); then++) {
                for (u32 cpu = 0; cpu < (then == RESUME ? MACHINE_CPUS : 1); cpu++) {
                    struct telling t = {
                        .act = {i}, .chance = {k}, .stops = 1, .then = then, .cpu = cpu};
                    tell_and_check(&t, &stopped);
                }
                if (!stopped) {
                    break;
                }
            }
        }
    }
}

/* Runs the sequence with each two interruptions, which are resumed at the end or never. */
static void interrupt_twice(void)
{
    for (u32 i = 0; i < acts; i++) {
        for (u32 j = i + 1; j < acts; j++) {
            bool first = true, second;
            for (u32 k = 1; first; k++) {
                second = true;
                for (u32 l = 1; second; l++) {
                    for (u32 then = RESUME_LAST; second && then <= ABANDON; then++) {
                        struct telling t = {
                            .act = {i, j}, .chance = {k, l}, .stops = 2, .then = then};
                        tell_and_check(&t, &second);
                    }
                    if (!second && l == 1) {
                        /* Find out which of the two no longer stops. */
                        struct telling t = {
                            .act = {i}, .chance = {k}, .stops = 1, .then = RESUME_LAST};
                        tell_and_check(&t, &first);
                    }
                }
            }
        }
    }
}

static void play(const struct scenario *s)
{
    struct telling plain = {.then = RESUME};
    bool stopped;
    const u64 before = tellings, points = interruptions;
    world.story = s->name;
    world.audit_each = 0;
    world_start(FRAMES, s->l1tf);
    for (u32 d = 1; d <= 2; d++) {
        world_do(&(struct model_op){.kind = OP_DOMAIN_START, .domain = d, .number = FRAMES});
    }
    more_vcpus();
    acts = 0;
    s->write();
    world.audit_each = audit_each;
    snapshot_take(&start);
    tell_and_check(&plain, &stopped);
    for (u32 i = 0; getenv("MODEL_STATISTICS") && i < acts; i++) {
        world_print_operation(&act[i], uninterrupted[i]);
    }
    interrupt_once(s->foreign);
    if (!s->foreign) { /* there the second interruption is the death */
        interrupt_twice();
    }
    snapshot_restore(&start);
    kill_all(false);
    world_end();
    printf("%-54s %2u acts, %6llu tellings, %7llu interruptions\n", s->name, acts,
           (unsigned long long)(tellings - before), (unsigned long long)(interruptions - points));
}

int main(int count, char **arguments)
{
    const char *text = count > 1 ? arguments[1] : getenv("MODEL_AUDIT_EACH");
    struct timespec begin, end_time;
    audit_each = text ? strtoull(text, NULL, 0) : 16;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (u32 i = 0; i < scenario_count; i++) {
        play(&scenarios[i]);
    }
    clock_gettime(CLOCK_MONOTONIC, &end_time);
    printf("%llu tellings, %llu interruptions, %llu deaths, no difference, %.1f s\n",
           (unsigned long long)tellings, (unsigned long long)interruptions,
           (unsigned long long)kills,
           (double)(end_time.tv_sec - begin.tv_sec) +
               (double)(end_time.tv_nsec - begin.tv_nsec) / 1e9);
    return 0;
}
