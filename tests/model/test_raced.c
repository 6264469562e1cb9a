/* SPDX-License-Identifier: MIT */
/* Proves: with real threads contending for the same frames and tables, no CPU ever writes to a live
 * table or descriptor page, walks through an ordinary page or reaches a frame without an owner, no
 * matter how long it keeps old translations; no thread waits for ever; whenever all threads are
 * stopped the audit has no findings; and in the end every frame is back. Runs under
 * ThreadSanitizer, too.
 *
 * Arguments: how long a race takes at least, in seconds (default 0.3 or $MODEL_SECONDS), seed
 * (default 1 or $MODEL_SEED), the number of one race (default all). */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/machine/update.h"
#include "tests/model/raced.h"
#include "tests/patience.h"

#define FRAMES       64u
#define AGAIN_YIELDS 10000u
#define AGAIN_MAX    (PATIENCE_SECONDS * 64000u) /* a millisecond or more for each 64 */

struct raced_guest raced_guest[2];
struct vmmu_vcpu raced_vcpu[THREADS_CPUS];

static _Atomic bool stop;
static const struct race *current;
static u64 seed;
static struct actor actors[THREADS_CPUS];
static _Thread_local u32 again_in_a_row;

enum vmmu_result raced_count(struct actor *actor, enum vmmu_result result)
{
    actor->operations++;
    again_in_a_row = result == VMMU_AGAIN ? again_in_a_row + 1 : 0;
    if (again_in_a_row % 64 == 63) {
        /* The thread that works on the table may wait for a CPU of the host. */
        if (again_in_a_row < AGAIN_YIELDS) {
            sched_yield();
        } else {
            usleep(1000);
        }
    }
    if (again_in_a_row > AGAIN_MAX) {
        printf("interrupted for ever, on CPU %u\n", actor->cpu);
        abort();
    }
    return result;
}

mfn_t raced_pool(struct actor *actor, u32 i)
{
    return mfn(atomic_load(&actor->guest->pool[i]));
}

enum vmmu_result raced_update(struct actor *actor, mfn_t table, u32 slot, u64 entry)
{
    enum vmmu_result result;
    TO_THE_END(result, update_entry(actor->vcpu, actor->domain, actor->domain, AT(table, slot),
                                    entry, VMMU_UPDATE_NORMAL));
    return result;
}

/* ---- guests --------------------------------------------------------------------------------- */

_Noreturn void raced_wrong(const char *what, u64 number)
{
    printf("%s (%llu), race \"%s\"\n", what, (unsigned long long)number, current->name);
    exit(1);
}

static mfn_t page_for(struct raced_guest *guest)
{
    const mfn_t m = threads_allocate();
    if (mfn_is_none(m) || vmmu_give(&guest->domain, m, pfn(0)) != VMMU_DONE) {
        raced_wrong("no frame", 0);
    }
    return m;
}

static void store(struct raced_guest *guest, mfn_t table, mfn_t next)
{
    struct vmmu_vcpu *vcpu = &raced_vcpu[guest == &raced_guest[0] ? 0 : 4];
    if (vmmu_update(vcpu, &guest->domain, &guest->domain, AT(table, 0), RW(next),
                    VMMU_UPDATE_NORMAL) != VMMU_DONE) {
        raced_wrong("no store", table.n);
    }
}

void raced_start_guest(u32 g)
{
    struct raced_guest *guest = &raced_guest[g];
    const u32 first = g ? 4 : 0, last = g ? 6 : 4;
    memset(guest, 0, sizeof(*guest));
    vmmu_domain_start(&guest->domain, (u16)(g + 1), FRAMES);
    if (g == 0) {
        threads_give_slots(&guest->domain);
    }
    threads_register((u16)(g + 1), &guest->domain);
    for (u32 i = first; i < last; i++) {
        memset(&raced_vcpu[i], 0, sizeof(raced_vcpu[i]));
        vmmu_vcpu_start(&raced_vcpu[i], &guest->domain);
    }
    guest->l4 = page_for(guest);
    guest->l3 = page_for(guest);
    guest->l2 = page_for(guest);
    guest->l1 = page_for(guest);
    store(guest, guest->l4, guest->l3);
    store(guest, guest->l3, guest->l2);
    store(guest, guest->l2, guest->l1);
    for (u32 i = 0; i < POOL; i++) {
        atomic_store(&guest->pool[i], page_for(guest).n);
    }
    for (u32 i = first; i < last; i++) {
        atomic_fetch_or(&guest->domain.cpus, 1ull << i);
        if (vmmu_set_kernel_root(&raced_vcpu[i], guest->l4) != VMMU_DONE) {
            raced_wrong("no root", i);
        }
        threads_on_cpu(i, seed, 0, false);
        threads_load_root(guest->l4);
    }
}

void raced_end_vcpus(u32 g)
{
    for (u32 i = g ? 4 : 0; i < (g ? 6u : 4u); i++) {
        threads_on_cpu(i, seed, 0, false);
        threads_load_root(MFN_NONE);
        while (vmmu_vcpu_stop(&raced_vcpu[i]) == VMMU_AGAIN) {
        }
    }
}

void raced_end_domain(struct actor *actor, u32 g)
{
    enum vmmu_result result;
    TO_THE_END(result, vmmu_domain_stop(&raced_guest[g].domain));
}

static void audit(void)
{
    static u32 scratch[2 * FRAMES];
    struct vmmu_vcpu *vcpus[THREADS_CPUS];
    for (u32 i = 0; i < THREADS_CPUS; i++) {
        vcpus[i] = &raced_vcpu[i];
    }
    const struct vmmu_audit what = {.vcpus = vcpus,
                                    .vcpu_count = THREADS_CPUS,
                                    .foreign_mappings = true,
                                    .scratch = scratch,
                                    .scratch_frames = FRAMES};
    const u64 findings = vmmu_audit(&what);
    if (findings) {
        raced_wrong("findings of the audit", findings);
    }
}

/* ---- threads -------------------------------------------------------------------------------- */

static void *run(void *argument)
{
    struct actor *actor = argument;
    threads_on_cpu(actor->cpu, seed * 64 + actor->cpu, current->stop_each, true);
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        current->step(actor);
    }
    return NULL;
}

static void round_of(const struct race *race)
{
    pthread_t thread[THREADS_CPUS];
    atomic_store(&stop, false);
    for (u32 i = 0; i < THREADS_CPUS; i++) {
        const u32 g = i < 4 ? 0 : 1;
        actors[i].cpu = i;
        actors[i].guest = &raced_guest[g];
        actors[i].other = &raced_guest[!g];
        actors[i].vcpu = &raced_vcpu[i];
        actors[i].domain = &raced_guest[g].domain;
        if ((race->cpus >> i & 1) && pthread_create(&thread[i], NULL, run, &actors[i])) {
            raced_wrong("no thread", i);
        }
    }
    usleep(race->micros);
    atomic_store(&stop, true);
    for (u32 i = 0; i < THREADS_CPUS; i++) {
        if (race->cpus >> i & 1) {
            pthread_join(thread[i], NULL);
        }
    }
    audit();
    seed++;
}

static u64 play(const struct race *race, bool keep, double seconds)
{
    u64 operations = 0, rounds = 0;
    current = race;
    memset(actors, 0, sizeof(actors));
    threads_on_cpu(0, seed, 0, false);
    threads_start(FRAMES, keep);
    raced_start_guest(0);
    raced_start_guest(1);
    threads_on_cpu(0, seed, 0, false);
    if (race->prepare) {
        race->prepare();
    }
    for (const double count = seconds * 1e6 / race->micros; rounds < count; rounds++) {
        round_of(race);
        if (race->between) {
            race->between();
            audit();
        }
    }
    for (u32 g = 0; g < 2; g++) {
        raced_end_vcpus(g);
    }
    for (u32 g = 2; g-- > 0;) {
        raced_end_domain(&actors[0], g);
    }
    for (u32 i = 0; i < THREADS_CPUS; i++) {
        operations += actors[i].operations;
    }
    printf("%-42s %9llu operations, %4llu rounds, %8llu stores (%llu from the TLB), %llu flushes, "
           "%llu stops, %llu waits, %llu frames freed, %llu loads that kept\n",
           race->name, (unsigned long long)operations, (unsigned long long)rounds,
           (unsigned long long)threads_seen.stores, (unsigned long long)threads_seen.stale_stores,
           (unsigned long long)threads_seen.flushes, (unsigned long long)threads_seen.stops,
           (unsigned long long)threads_seen.pauses, (unsigned long long)threads_seen.freed,
           (unsigned long long)threads_seen.kept);
    threads_end();
    return operations;
}

int main(int count, char **arguments)
{
    const char *time_text = count > 1 ? arguments[1] : getenv("MODEL_SECONDS");
    const char *seed_text = count > 2 ? arguments[2] : getenv("MODEL_SEED");
    const u32 only = count > 3 ? (u32)strtoul(arguments[3], NULL, 0) : race_count;
    const double seconds = time_text ? strtod(time_text, NULL) : 0.3;
    u64 operations = 0;
    seed = seed_text ? strtoull(seed_text, NULL, 0) : 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm((u32)(2 * seconds * race_count) + 2 * PATIENCE_SECONDS); /* if a thread waits for ever */
    for (u32 i = 0; i < race_count; i++) {
        if (only == race_count || only == i) {
            operations += play(&races[i], false, seconds);
            operations += play(&races[i], true, seconds);
        }
    }
    printf("%llu operations, nothing broken\n", (unsigned long long)operations);
    return 0;
}
