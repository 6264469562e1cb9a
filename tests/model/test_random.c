/* SPDX-License-Identifier: MIT */
/* Proves: in random sequences of all operations, by two domains of two vCPUs each on four CPUs,
 * with interruptions, resumptions on other CPUs, domains that end and new ones, the engine gives
 * each operation the same result as the oracle of its rules, and has the same counts after it.
 *
 * Arguments: operations (default 300,000 or $MODEL_OPERATIONS), first seed (default 1 or
 * $MODEL_SEED). Every 250,000 operations there is a new machine with a seed of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/model/choose.h"
#include "tests/model/world.h"

#define OPERATIONS_A_SEED 250000u
#define PENDING           8u
#define SCRIPT            128u

/* How far the end of a seat's domain has come. */
enum fate { LIVES, VCPUS_STOP, STOPS, LET_GO };

static u32 seat[2];
static enum fate fate[2];
static struct model_op pending[PENDING];
static u32 pending_count;
static struct model_op script[SCRIPT]; /* operations to do next, last first */
static u32 script_count;
static u64 deaths, resumed;

/* Removes the operations of a domain that is being torn down from the script. Those of others that
 * concern it stay. */
static void forget(u32 domain)
{
    script_count = 0;
    for (u32 i = pending_count; i-- > 0;) {
        if ((pending[i].vcpu / 2) + 1 == domain) {
            pending[i] = pending[--pending_count];
        }
    }
}

static void remember(const struct model_op *op)
{
    if (pending_count < PENDING && op->kind != OP_VCPU_STOP) {
        pending[pending_count++] = *op;
    }
}

/* Continues an interrupted operation: mostly by the same vCPU, on any CPU; or abandons it. */
static void resume(void)
{
    const u32 i = choose_below(pending_count);
    struct model_op op = pending[i];
    pending[i] = pending[--pending_count];
    if (choose_percent(12)) {
        return;
    }
    if (choose_percent(40) && op.kind != OP_HOLD && op.kind != OP_EMULATED_WRITE) {
        op.vcpu ^= 1;
    }
    op.cpu = choose_below(MACHINE_CPUS);
    op.stop_at = choose_percent(50) ? 1 + choose_below(4) : 0;
    op.stop_each = 0;
    resumed++;
    if (world_do(&op) == VMMU_AGAIN) {
        remember(&op);
    }
}

/* ---- scripts: sequences that random choice alone makes too rarely
 * ------------------------------------- */

static void then(struct model_op op)
{
    if (script_count < SCRIPT) {
        op.cpu = choose_below(MACHINE_CPUS);
        op.stop_at = choose_percent(60) ? 1 + choose_below(6) : 0;
        op.stop_each = choose_percent(20) ? 1 + choose_below(3) : 0;
        script[script_count++] = op;
    }
}

/* Clears what would keep a domain's pages from becoming tables. */
static void mend(u32 d)
{
    for (u32 m = 2; m < world.oracle.frames; m++) {
        for (u32 i = 0; i < ORACLE_SLOTS && world.oracle.frame[m].owner == d; i++) {
            if (!choose_is_sound(&world.oracle, m, oracle_slot[i])) {
                then((struct model_op){.kind = OP_UPDATE,
                                       .vcpu = (d - 1) * 2,
                                       .domain = d,
                                       .other = d,
                                       .at = (u64)m << 12 | (u64)oracle_slot[i] << 3});
            }
        }
    }
}

/* A domain drops its roots and most pins, so that whole trees are demoted; then it loads a root
 * again, so that one is promoted. (Last operation first.) */
static void fell_and_raise(u32 d)
{
    const u32 vcpu = (d - 1) * 2;
    for (u32 n = 0; n < 3; n++) {
        for (u32 m = choose_below(world.oracle.frames); m < world.oracle.frames; m++) {
            const struct oracle_frame *f = &world.oracle.frame[m];
            if (f->owner == d && f->type == VMMU_TYPE_L4) {
                then((struct model_op){.kind = n == 1 ? OP_PIN : OP_KERNEL_ROOT,
                                       .vcpu = vcpu + n % 2,
                                       .domain = d,
                                       .at = m,
                                       .number = 4});
                break;
            }
        }
    }
    mend(d);
    for (u32 m = 2; m < world.oracle.frames; m++) {
        if (world.oracle.frame[m].pinned && world.oracle.frame[m].owner == d &&
            choose_percent(85)) {
            then((struct model_op){.kind = OP_UNPIN, .vcpu = vcpu, .domain = d, .at = m});
        }
    }
    then((struct model_op){.kind = OP_VCPU_STOP, .vcpu = vcpu});
    then((struct model_op){.kind = OP_VCPU_STOP, .vcpu = vcpu + 1});
}

/* A page of the domain that could become any type: it has no users and is all zero. */
static u32 blank_page(u32 d)
{
    const u32 first = choose_below(world.oracle.frames);
    for (u32 n = 0; n < world.oracle.frames; n++) {
        const u32 m = (first + n) % world.oracle.frames;
        const struct oracle_frame *f = &world.oracle.frame[m];
        bool blank = f->owner == d && f->types == 0 && f->type != VMMU_TYPE_SHARED;
        for (u32 i = 0; blank && i < ORACLE_SLOTS; i++) {
            blank = f->word[i] == 0;
        }
        if (blank) {
            return m;
        }
    }
    return ORACLE_NONE;
}

/* A page is mapped, written and unmapped without a flush; its owner changes its type; it is written
 * again through the old translation. (Last operation first.) */
static void write_when_stale(u32 d, u32 owner)
{
    const u32 vcpu = (d - 1) * 2 + choose_below(2), theirs = (owner - 1) * 2 + choose_below(2);
    const u64 va = choose_address(&world.oracle, vcpu) & ~0xfffull;
    const u32 m = blank_page(owner);
    const struct model_op retype[] = {
        {.kind = OP_PIN, .vcpu = theirs, .domain = owner, .at = m, .number = 1 + choose_below(4)},
        {.kind = OP_SET_GDT, .vcpu = theirs, .number = 1, .list = {m}},
        {.kind = OP_TAKE, .vcpu = theirs, .domain = owner, .at = m}};
    struct model_op store = {.kind = OP_STORE, .vcpu = vcpu, .at = va};
    if (m == ORACLE_NONE || world_cpu_of(vcpu) == ORACLE_NONE) {
        return;
    }
    then(store);
    then(retype[choose_below(ARRAY_LENGTH(retype))]);
    then((struct model_op){.kind = OP_UPDATE_VA, .vcpu = vcpu, .domain = d, .other = d, .at = va});
    then(store);
    then((struct model_op){.kind = OP_UPDATE_VA,
                           .vcpu = vcpu,
                           .domain = d,
                           .other = owner,
                           .at = va,
                           .value = (u64)m << 12 | PTE_PRESENT | PTE_WRITABLE | PTE_USER});
}

/* A table is walked, unlinked, and written to as the page that it now is; then the old walk is used
 * once more, at another address. (Last operation first.) */
static void walk_when_stale(u32 d)
{
    const u32 vcpu = (d - 1) * 2 + choose_below(2);
    const u64 va = choose_address(&world.oracle, vcpu) & ~0xfffull;
    const u64 other = (va & ~0x1fffffull) | (u64)oracle_slot[choose_below(ORACLE_SLOTS)] << 12;
    const u32 l2 = oracle_table(&world.oracle, vcpu, va, 2);
    const u32 l1 = oracle_table(&world.oracle, vcpu, va, 1);
    if (l1 == ORACLE_NONE || world_cpu_of(vcpu) == ORACLE_NONE) {
        return;
    }
    then((struct model_op){.kind = OP_STORE, .vcpu = vcpu, .at = other});
    then((struct model_op){.kind = OP_UPDATE,
                           .vcpu = vcpu,
                           .domain = d,
                           .other = d,
                           .at = (u64)l1 << 12 | (other >> 9 & 0xff8),
                           .value = (u64)choose_below(world.oracle.frames) << 12 | PTE_PRESENT |
                                    PTE_WRITABLE | PTE_USER});
    then((struct model_op){.kind = OP_UNPIN, .vcpu = vcpu, .domain = d, .at = l1});
    then((struct model_op){.kind = OP_UPDATE,
                           .vcpu = vcpu,
                           .domain = d,
                           .other = d,
                           .at = (u64)l2 << 12 | (va >> 18 & 0xff8)});
    then((struct model_op){.kind = OP_LOAD, .vcpu = vcpu, .at = va});
}

/* Performs the next operation of the script. If it is interrupted, it is retried now or later. */
static void follow_script(void)
{
    struct model_op op = script[--script_count];
    if (!world.oracle.domain[world.oracle.vcpu[op.vcpu].domain].started) {
        return;
    }
    if ((op.kind == OP_STORE || op.kind == OP_LOAD) && world_cpu_of(op.vcpu) != ORACLE_NONE) {
        op.cpu = world_cpu_of(op.vcpu);
    }
    if (world_do(&op) == VMMU_AGAIN) {
        if (choose_percent(80)) {
            then(op);
        } else {
            remember(&op);
        }
    }
}

/* ---- the end of a domain, and a new one
 * ---------------------------------------------------------------------- */

/* Takes one more step towards the end of a seat's domain. */
static void end_step(u32 s)
{
    const u32 d = seat[s];
    struct model_op op = {.kind = OP_VCPU_STOP,
                          .domain = d,
                          .cpu = choose_below(MACHINE_CPUS),
                          .stop_at = choose_percent(70) ? 1 + choose_below(5) : 0};
    if (fate[s] == VCPUS_STOP) {
        op.vcpu = (d - 1) * 2;
        if (world_do(&op) == VMMU_DONE) {
            op.vcpu++;
            while (world_do(&op) == VMMU_AGAIN) {
                op.cpu = choose_below(MACHINE_CPUS);
            }
            fate[s] = STOPS;
        }
        return;
    }
    if (fate[s] == STOPS) {
        op.kind = OP_DOMAIN_STOP;
        if (world.oracle.domain[d].dying && choose_percent(20) && world_free_frames()) {
            op.kind = OP_GIVE;
            op.at = ORACLE_NONE;
            world_do(&op);
            return;
        }
        if (world_do(&op) == VMMU_DONE) {
            fate[s] = LET_GO;
        }
        return;
    }
    for (u32 m = 2; m < world.oracle.frames; m++) {
        const struct oracle_frame *f = &world.oracle.frame[m];
        if (f->owner == d &&
            (f->held || f->looked || (f->type == VMMU_TYPE_SHARED && f->allocated))) {
            op.kind = f->held ? OP_UNHOLD : f->looked ? OP_UNREFERENCE : OP_UNSHARE;
            op.at = m;
            world_do(&op);
            return;
        }
    }
    seat[s] = 0;
    fate[s] = LIVES;
    deaths++;
}

/* Starts a new domain in an empty seat when there is an id that no frame refers to any more. */
static void rebirth(u32 s)
{
    for (u32 d = 1; d < ORACLE_DOMAINS; d++) {
        if (seat[!s] != d && world_domain_is_gone(d)) {
            world_do(&(struct model_op){
                .kind = OP_DOMAIN_START, .domain = d, .number = world.oracle.frames / 2 + 2});
            seat[s] = d;
            return;
        }
    }
}

static void step(void)
{
    u32 actors[2];
    for (u32 s = 0; s < 2; s++) {
        if (fate[s] != LIVES && choose_percent(20)) {
            end_step(s);
            return;
        }
        if (!seat[s] && choose_percent(10)) {
            rebirth(s);
        }
        actors[s] = fate[s] == LIVES ? seat[s] : 0;
    }
    if (!actors[0] && !actors[1]) {
        return;
    }
    if (pending_count && choose_percent(25)) {
        resume();
        return;
    }
    if (script_count && choose_percent(60)) {
        follow_script();
        return;
    }
    const u32 s = choose_below(12000);
    if (s < 2 && actors[s]) {
        fate[s] = VCPUS_STOP;
        forget(seat[s]);
        return;
    }
    if (s < 30 && !script_count && actors[s & 1]) {
        fell_and_raise(actors[s & 1]);
        return;
    }
    if (s < 300 && script_count < SCRIPT - 8 && actors[0] && actors[1]) {
        if (s < 100) {
            walk_when_stale(actors[s & 1]);
        } else {
            write_when_stale(actors[s & 1], actors[s % 3 ? s & 1 : !(s & 1)]);
        }
        return;
    }
    const struct model_op op = choose_operation(&world.oracle, actors, seat);
    const enum vmmu_result result = world_do(&op);
    if (result == VMMU_AGAIN) {
        remember(&op);
    } else if (op.kind == OP_SET_LDT && result == VMMU_DONE) {
        then((struct model_op){.kind = OP_LDT_FAULT, .vcpu = op.vcpu});
    }
}

static void play(u64 seed, u64 operations)
{
    static char story[64];
    snprintf(story, sizeof(story), "seed %llu", (unsigned long long)seed);
    world.story = story;
    choose_seed(seed);
    world_start(20 + (u32)(seed % 4) * 4, seed % 3 == 0);
    for (u32 s = 0; s < 2; s++) {
        seat[s] = s + 1;
        fate[s] = LIVES;
    }
    pending_count = script_count = 0;
    const u64 end = world.operations + operations;
    while (world.operations < end) {
        step();
    }
    world_end();
}

static u64 number(int count, char **arguments, int i, const char *variable, u64 otherwise)
{
    const char *text = count > i ? arguments[i] : getenv(variable);
    return text ? strtoull(text, NULL, 0) : otherwise;
}

static void print_statistics(double seconds)
{
    static const char *const names[OP_KINDS] = {
#define X(name) #name,
        MODEL_OPS(X)
#undef X
    };
    printf("%llu operations in %.1f s: %llu done, %llu refused, %llu interrupted; %llu resumed, "
           "%llu domains died\n",
           (unsigned long long)world.operations, seconds, (unsigned long long)world.done,
           (unsigned long long)world.refused, (unsigned long long)world.again,
           (unsigned long long)resumed, (unsigned long long)deaths);
    for (u32 i = 0; getenv("MODEL_STATISTICS") && i < OP_KINDS; i++) {
        printf("  %-16s %10llu, done %10llu\n", names[i], (unsigned long long)world.by_kind[i],
               (unsigned long long)world.done_by_kind[i]);
    }
    for (u32 i = 2; i < VMMU_RESULTS; i++) {
        if (!world.by_rule[i] || getenv("MODEL_STATISTICS")) {
            printf("  %-20s %10llu\n", vmmu_result_name((enum vmmu_result)i),
                   (unsigned long long)world.by_rule[i]);
        }
    }
}

int main(int count, char **arguments)
{
    const u64 operations = number(count, arguments, 1, "MODEL_OPERATIONS", 300000);
    const u64 first = number(count, arguments, 2, "MODEL_SEED", 1);
    struct timespec begin, end;
    u64 seed = first;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    world.audit_each = 512;
    for (; world.operations < operations; seed++) {
        const u64 left = operations - world.operations;
        play(seed, left < OPERATIONS_A_SEED ? left : OPERATIONS_A_SEED);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("seeds %llu to %llu, no difference\n", (unsigned long long)first,
           (unsigned long long)seed - 1);
    print_statistics((double)(end.tv_sec - begin.tv_sec) +
                     (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
    return 0;
}
