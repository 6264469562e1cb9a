/* SPDX-License-Identifier: MIT */
/* A fake machine for real threads.
 *
 * Where `pcid` is set, a CPU keeps translations over loads of roots as the hypervisor does
 * (hypervisor/memory/space.h), with the hypervisor's own lib/contexts.c.
 *
 * A CPU's mutex is held during one complete access by its guest, the walk included, and during a
 * flush: on a real CPU, too, an interrupt comes between two instructions and never within one. */
#include "tests/model/threads_port.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/contexts.h"
#include "lib/x86/pte.h"
#include "lib/parts.h"
#include "vmmu/port.h"

#define TRANSLATIONS 16u
#define WALKS        16u

struct translation {
    u32 context; /* its number; 0: without contexts, or dropped */
    u64 page;
    mfn_t frame;
    bool writable;
};

struct cached_walk {
    u32 context;
    u32 level;
    u64 prefix;
    mfn_t table;
    bool writable;
};

struct cpu {
    pthread_mutex_t mutex;
    mfn_t root;
    u32 context; /* the number in CR3 */
    bool runs;   /* the domain's roots are loaded: the contexts are of it */
    struct contexts contexts;
    struct translation translation[TRANSLATIONS];
    u32 translations, next_translation;
    struct cached_walk walk[WALKS];
    u32 walks, next_walk;
};

struct threads_seen threads_seen;

static struct cpu cpus[THREADS_CPUS];
static bool pcid;
static u8 *memory;
static struct vmmu_frame *frame_table;
static u64 *m2p;
static u64 frame_count;
static pthread_mutex_t allocator = PTHREAD_MUTEX_INITIALIZER;
static mfn_t *free_frames;
static u64 free_count;
static struct vmmu_domain *domains[THREADS_DOMAINS];
static _Thread_local u32 this_cpu;
static _Thread_local u64 random_state;
static _Thread_local u32 stops;
static _Thread_local bool yields;

static _Noreturn void broken(const char *what, mfn_t m, u64 word)
{
    printf("BROKEN: %s: frame %llu, %#llx, on CPU %u\n", what, (unsigned long long)m.n,
           (unsigned long long)word, this_cpu);
    fflush(stdout);
    abort();
}

/* ---- beginning, end, frames ----------------------------------------------------------------- */

/* Slot 256 + i of a kernel root or a user root of domain `id`; 0: of those without their own. */
static u64 slot_of(u16 id, u32 i, bool user)
{
    return 0x1063 + ((u64)i << 53) + (id && i ? ((u64)id << 1 | user) << 12 : 0);
}

void threads_give_slots(struct vmmu_domain *domain)
{
    static u64 slots[THREADS_DOMAINS][2][16];

    for (u32 i = 0; i < 16; i++) {
        slots[domain->id][0][i] = slot_of(domain->id, i, false);
        slots[domain->id][1][i] = slot_of(domain->id, i, true);
    }
    domain->hypervisor_slots = slots[domain->id][0];
    domain->user_slots = slots[domain->id][1];
}

void threads_start(u64 frames, bool keep)
{
    u64 slots[16];

    pcid = keep;
    memory = aligned_alloc(PAGE_SIZE, frames * PAGE_SIZE);
    frame_table = aligned_alloc(PAGE_SIZE,
                                (frames * sizeof(*frame_table) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1));
    m2p = calloc(frames, sizeof(*m2p));
    free_frames = calloc(frames, sizeof(*free_frames));
    memset(memory, 0xa5, frames * PAGE_SIZE);
    memset(frame_table, 0, frames * sizeof(*frame_table));
    memset(&threads_seen, 0, sizeof(threads_seen));
    frame_count = frames;
    free_count = 0;
    for (u64 n = frames - 1; n >= 2; n--) {
        free_frames[free_count++] = mfn(n);
    }
    for (u32 i = 0; i < THREADS_CPUS; i++) {
        memset(&cpus[i], 0, sizeof(cpus[i]));
        pthread_mutex_init(&cpus[i].mutex, NULL);
        cpus[i].root = MFN_NONE;
    }
    for (u32 i = 0; i < 16; i++) {
        slots[i] = slot_of(0, i, false);
    }
    vmmu_start(frame_table, frames, m2p, slots, false);
    vmmu_own_device(mfn(0));
}

void threads_end(void)
{
    if (free_count != frame_count - 2) {
        broken("frames did not come back", mfn(free_count), frame_count - 2);
    }
    free(memory);
    free(frame_table);
    free(m2p);
    free(free_frames);
}

_Atomic u64 *threads_words(mfn_t m)
{
    return (_Atomic u64 *)(memory + m.n * PAGE_SIZE);
}

mfn_t threads_allocate(void)
{
    mfn_t m = MFN_NONE;
    pthread_mutex_lock(&allocator);
    if (free_count) {
        /* Allocates any free frame, not the one freed last. */
        const u32 i = threads_below((u32)free_count);
        m = free_frames[i];
        free_frames[i] = free_frames[--free_count];
    }
    pthread_mutex_unlock(&allocator);
    if (!mfn_is_none(m)) {
        memset(memory + m.n * PAGE_SIZE, 0, PAGE_SIZE);
    }
    return m;
}

void threads_free(mfn_t m)
{
    memset(memory + m.n * PAGE_SIZE, 0xa5, PAGE_SIZE);
    pthread_mutex_lock(&allocator);
    free_frames[free_count++] = m;
    pthread_mutex_unlock(&allocator);
}

mfn_t threads_device(u32 i)
{
    return mfn(i == 0 ? 0 : frame_count + i);
}

void threads_on_cpu(u32 cpu, u64 seed, u32 stop_each, bool race)
{
    this_cpu = cpu;
    random_state = (seed + 1) * 0x9e3779b97f4a7c15ull;
    stops = stop_each;
    yields = race;
}

u32 threads_below(u32 n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (u32)((random_state >> 32) * n >> 32);
}

void threads_register(u16 id, struct vmmu_domain *domain)
{
    domains[id] = domain;
}

/* ---- the CPUs ------------------------------------------------------------------------------- */

/* The domain that the CPU runs, if it runs one. */
static struct vmmu_domain *domain_on(u32 cpu)
{
    return domains[cpu < 4 ? 1 : 2];
}

/* The caller holds the CPU's mutex. */
static void flush_locked(u32 cpu)
{
    u64 begun[THREADS_DOMAINS], generation = 0;

    for (u32 id = 0; id < THREADS_DOMAINS; id++) {
        begun[id] = domains[id] ? vmmu_flush_begins(domains[id]) : 0;
    }
    if (cpus[cpu].runs) {
        generation = vmmu_generation(domain_on(cpu));
    }
    cpus[cpu].translations = cpus[cpu].next_translation = 0;
    cpus[cpu].walks = cpus[cpu].next_walk = 0;
    if (cpus[cpu].runs) {
        contexts_flushed(&cpus[cpu].contexts, generation);
    }
    for (u32 id = 0; id < THREADS_DOMAINS; id++) {
        if (domains[id]) {
            vmmu_flush_ends(domains[id], cpu, begun[id]);
        }
    }
}

/* Drops what the TLB has with one number: gives it the number 0, with which no root is loaded. */
static void drop_context(struct cpu *cpu, u32 context)
{
    for (u32 i = 0; i < cpu->translations; i++) {
        if (cpu->translation[i].context == context) {
            cpu->translation[i].context = 0;
        }
    }
    for (u32 i = 0; i < cpu->walks; i++) {
        if (cpu->walk[i].context == context) {
            cpu->walk[i].context = 0;
        }
    }
}

/* Loads a root with a context. The first one after none, or none, counts as a flush. */
static void load_kept_locked(u32 number, mfn_t root)
{
    struct cpu *cpu = &cpus[number];
    const struct contexts_kept kept = {.loaded = cpu->context};
    bool stale;

    if (mfn_is_none(root) || !cpu->runs) {
        contexts_give_up(&cpu->contexts);
        cpu->root = MFN_NONE;
        cpu->context = 0;
        cpu->runs = false;
        flush_locked(number);
    }
    if (mfn_is_none(root)) {
        return;
    }
    const u64 generation = vmmu_generation(domain_on(number));
    const u32 context = contexts_take(&cpu->contexts, root, generation, kept, &stale);
    if (stale) {
        drop_context(cpu, context);
    } else {
        atomic_fetch_add_explicit(&threads_seen.kept, 1, memory_order_relaxed);
    }
    cpu->root = root;
    cpu->context = context;
    cpu->runs = true;
}

void threads_load_root(mfn_t root)
{
    pthread_mutex_lock(&cpus[this_cpu].mutex);
    if (pcid) {
        load_kept_locked(this_cpu, root);
    } else {
        cpus[this_cpu].root = root;
        flush_locked(this_cpu);
    }
    pthread_mutex_unlock(&cpus[this_cpu].mutex);
}

void threads_flush(void)
{
    pthread_mutex_lock(&cpus[this_cpu].mutex);
    flush_locked(this_cpu);
    pthread_mutex_unlock(&cpus[this_cpu].mutex);
}

/* The walk reads `m` as a table. It may have stopped being one, but must not have another use
 * yet. */
static void check_walked(mfn_t m)
{
    struct vmmu_frame_info info;
    vmmu_frame_inspect(m, &info);
    if (!info.owned) {
        broken("a CPU walks through a frame that is nobody's", m, 0);
    }
    if (info.validated && (info.type < VMMU_TYPE_L1 || info.type > VMMU_TYPE_L4)) {
        broken("a CPU walks through an ordinary page", m, info.type);
    }
}

static bool is_device(mfn_t m)
{
    return m.n == 0 || m.n >= frame_count;
}

/* The guest on this CPU reaches device frame `m`: checks that it may. */
static void check_device(mfn_t m, enum vmmu_access needed)
{
    if (port_device_access(this_cpu < 4 ? 1 : 2, m) < needed) {
        broken("a CPU reaches a device frame", m, needed);
    }
}

/* The guest writes to `m`: checks that it may. */
static void check_written(mfn_t m)
{
    struct vmmu_frame_info info;
    vmmu_frame_inspect(m, &info);
    if (!info.owned) {
        broken("a CPU writes to a frame that is nobody's", m, 0);
    }
    if ((info.validated || info.partial) && info.type != VMMU_TYPE_WRITABLE &&
        info.type != VMMU_TYPE_SHARED) {
        broken("a CPU writes to a live table or descriptor page", m, info.type);
    }
}

/* Reads an entry as the processor does, which sets its accessed and dirty bits. Returns 0 if it is
 * not present, or not writable where it needs to be. */
static u64 read_entry(mfn_t m, u32 index, u64 wanted, u64 marks)
{
    _Atomic u64 *slot = &threads_words(m)[index];
    u64 entry = atomic_load_explicit(slot, memory_order_acquire);
    do {
        if ((entry & wanted) != wanted) {
            return 0;
        }
        if ((entry & marks) == marks) {
            break;
        }
    } while (!atomic_compare_exchange_weak(slot, &entry, entry | marks));
    return entry;
}

static u32 index_of(vaddr_t va, u32 level)
{
    return (u32)(va.a >> (12 + 9 * (level - 1))) & 511;
}

/* The table of `level` for `va`; from a cached walk of any age, if there is one. */
static bool find_table(struct cpu *cpu, vaddr_t va, u32 level, mfn_t *m, bool *writable)
{
    const u64 prefix = va.a >> (12 + 9 * level);
    for (u32 i = 0; i < cpu->walks; i++) {
        if (cpu->walk[i].context == cpu->context && cpu->walk[i].level == level &&
            cpu->walk[i].prefix == prefix) {
            *m = cpu->walk[i].table;
            *writable = cpu->walk[i].writable;
            return true;
        }
    }
    if (level == 4) {
        *m = cpu->root;
        *writable = true;
        return !mfn_is_none(*m);
    }
    mfn_t above;
    if (!find_table(cpu, va, level + 1, &above, writable)) {
        return false;
    }
    check_walked(above);
    const u64 entry =
        read_entry(above, index_of(va, level + 1), PTE_PRESENT | PTE_USER, PTE_ACCESSED);
    if (!entry) {
        return false;
    }
    *m = mfn(entry >> 12 & 0xffffffffffull);
    *writable = *writable && (entry & PTE_WRITABLE);
    cpu->walk[cpu->next_walk] = (struct cached_walk){cpu->context, level, prefix, *m, *writable};
    cpu->next_walk = (cpu->next_walk + 1) % WALKS;
    cpu->walks = cpu->walks < WALKS ? cpu->walks + 1 : WALKS;
    return true;
}

static bool translate(struct cpu *cpu, vaddr_t va, bool write, mfn_t *frame)
{
    const u64 page = va.a >> 12;
    mfn_t m;
    bool writable;
    for (u32 i = 0; i < cpu->translations; i++) {
        if (cpu->translation[i].context == cpu->context && cpu->translation[i].page == page &&
            (cpu->translation[i].writable || !write)) {
            *frame = cpu->translation[i].frame;
            atomic_fetch_add_explicit(&threads_seen.stale_stores, write, memory_order_relaxed);
            return true;
        }
    }
    if (!find_table(cpu, va, 1, &m, &writable) || (write && !writable)) {
        return false;
    }
    check_walked(m);
    const u64 wanted = PTE_PRESENT | PTE_USER | (write ? PTE_WRITABLE : 0);
    const u64 entry =
        read_entry(m, index_of(va, 1), wanted, PTE_ACCESSED | (write ? PTE_DIRTY : 0));
    if (!entry) {
        return false;
    }
    *frame = mfn(entry >> 12 & 0xffffffffffull);
    cpu->translation[cpu->next_translation] =
        (struct translation){cpu->context, page, *frame, writable && (entry & PTE_WRITABLE)};
    cpu->next_translation = (cpu->next_translation + 1) % TRANSLATIONS;
    cpu->translations = cpu->translations < TRANSLATIONS ? cpu->translations + 1 : TRANSLATIONS;
    return true;
}

bool threads_store(vaddr_t va, u64 value)
{
    struct cpu *cpu = &cpus[this_cpu];
    mfn_t frame;
    pthread_mutex_lock(&cpu->mutex);
    const bool done = translate(cpu, va, true, &frame);
    if (done && is_device(frame)) {
        check_device(frame, VMMU_ACCESS_WRITE);
    } else if (done) {
        check_written(frame);
        atomic_store_explicit(&threads_words(frame)[va.a >> 3 & 511], value, memory_order_relaxed);
    }
    pthread_mutex_unlock(&cpu->mutex);
    atomic_fetch_add_explicit(done ? &threads_seen.stores : &threads_seen.faults, 1,
                              memory_order_relaxed);
    return done;
}

bool threads_load(vaddr_t va)
{
    struct cpu *cpu = &cpus[this_cpu];
    struct vmmu_frame_info info;
    mfn_t frame;
    pthread_mutex_lock(&cpu->mutex);
    const bool done = translate(cpu, va, false, &frame);
    if (done && is_device(frame)) {
        check_device(frame, VMMU_ACCESS_READ);
    } else if (done) {
        vmmu_frame_inspect(frame, &info);
        if (!info.owned) {
            broken("a CPU reads from a frame that is nobody's", frame, va.a);
        }
        (void)atomic_load_explicit(&threads_words(frame)[va.a >> 3 & 511], memory_order_relaxed);
    }
    pthread_mutex_unlock(&cpu->mutex);
    return done;
}

static bool shows(const struct cpu *cpu, mfn_t m)
{
    for (u32 i = 0; i < cpu->translations; i++) {
        if ((!pcid || cpu->translation[i].context) && mfn_equal(cpu->translation[i].frame, m)) {
            return true;
        }
    }
    for (u32 i = 0; i < cpu->walks; i++) {
        if ((!pcid || cpu->walk[i].context) && mfn_equal(cpu->walk[i].table, m)) {
            return true;
        }
    }
    return mfn_equal(cpu->root, m);
}

/* ---- the ports ------------------------------------------------------------------------------ */

u32 port_cpu(void)
{
    return this_cpu;
}

void *port_frame_view(mfn_t m)
{
    if (m.n < 1 || m.n >= frame_count) {
        broken("a frame that does not exist is read", m, 0);
    }
    if (yields && threads_below(512) == 0) {
        sched_yield(); /* lets another thread run in the middle of the operation */
    }
    return memory + m.n * PAGE_SIZE;
}

struct vmmu_domain *port_domain(u16 id)
{
    return id < THREADS_DOMAINS ? domains[id] : NULL;
}

void port_flush(u64 set)
{
    for (; set; set &= set - 1) {
        const u32 cpu = (u32)__builtin_ctzll(set);
        pthread_mutex_lock(&cpus[cpu].mutex);
        flush_locked(cpu);
        pthread_mutex_unlock(&cpus[cpu].mutex);
        atomic_fetch_add_explicit(&threads_seen.flushes, 1, memory_order_relaxed);
    }
    if (yields && threads_below(4) == 0) {
        sched_yield(); /* lets other threads run before the reference is taken */
    }
}

enum vmmu_access port_device_access(u16 id, mfn_t m)
{
    return id != 1                           ? VMMU_ACCESS_NONE
           : mfn_equal(m, threads_device(1)) ? VMMU_ACCESS_READ
                                             : VMMU_ACCESS_WRITE;
}

u32 port_parts_in_use(const _Atomic u64 *entries)
{
    return parts_in_use((const void *)entries);
}

bool port_should_stop(void)
{
    const bool stop = stops && threads_below(stops) == 0;
    atomic_fetch_add_explicit(&threads_seen.stops, stop, memory_order_relaxed);
    return stop;
}

static void free_frame_checked(mfn_t m)
{
    for (u32 i = 0; i < THREADS_CPUS; i++) {
        pthread_mutex_lock(&cpus[i].mutex);
        if (shows(&cpus[i], m)) {
            broken("a frame is freed that a CPU still reaches", m, i);
        }
        pthread_mutex_unlock(&cpus[i].mutex);
    }
    atomic_fetch_add_explicit(&threads_seen.freed, 1, memory_order_relaxed);
    threads_free(m);
}

void port_frames_free(struct vmmu_domain *domain, mfn_t first, u64 count)
{
    (void)domain;
    for (u64 i = 0; i < count; i++) {
        free_frame_checked(mfn(first.n + i));
    }
}

void port_descriptor_map(struct vmmu_vcpu *vcpu, u32 slot, mfn_t m)
{
    (void)vcpu;
    (void)slot;
    (void)m;
}

void port_work_begins(enum vmmu_work work, u32 level)
{
    (void)work;
    (void)level;
}

void port_work_done(enum vmmu_work work, const struct vmmu_domain *domain, mfn_t m, u32 level)
{
    (void)work;
    (void)domain;
    (void)m;
    (void)level;
}

void port_pause(void)
{
    atomic_fetch_add_explicit(&threads_seen.pauses, 1, memory_order_relaxed);
    sched_yield();
}

void port_refused(struct vmmu_domain *domain, enum vmmu_result rule, u64 word)
{
    (void)domain;
    (void)rule;
    (void)word;
}

void port_audit_found(const struct vmmu_finding *finding)
{
    printf("audit: frame %llu: %s: expected %#llx, found %#llx\n",
           (unsigned long long)finding->frame.n, finding->what,
           (unsigned long long)finding->expected, (unsigned long long)finding->found);
}

_Noreturn void port_panic(const char *sentence, u64 word)
{
    broken(sentence, mfn(word), word);
}
