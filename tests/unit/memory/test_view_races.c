/* SPDX-License-Identifier: MIT */
/* Proves that no frame which changes hands stays in the view of the domain that had it, nor in the
 * TLB of a CPU which runs that domain: two domains give frames back, get others, exchange them,
 * keep them held beyond their end and have pages of the hypervisor's, and one of them is torn down
 * and made again, while other CPUs add frames to the same views. Each frame is looked for in all
 * views and TLBs at the moment at which it is given to the allocator, and whenever no thread runs
 * the recount finds nothing. The virtual MMU with its ports, the allocator, the views and the
 * recount are the hypervisor's own; CPUs are threads, and keep each translation until they are
 * flushed.
 *
 * Arguments: how many rounds (default 60), seed (default 1). */
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/memory/host/hypervisor/memory/direct.h"

#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/flush.h"
#include "hypervisor/cpu/stop.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/isolation.h"
#include "hypervisor/domain/recount.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/dirty.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/trace/trace.h"
#include "hypervisor/vcpu/vcpu.h"
#include "lib/x86/pte.h"
#include "lib/parts.h"
#include "vmmu/port.h"
#include "vmmu/vmmu.h"

#define FRAMES  2048u
#define FIRST   16u /* the first frame that is the allocator's */
#define CPUS    4u  /* CPU 0 and 1 run domain 1, the others domain 2 */
#define DOMAINS 2u
#define MOST    256u /* frames of one domain */
#define STEPS   300u /* of a thread in a round */

unsigned char machine_memory[FRAMES << PAGE_SHIFT] __attribute__((aligned(4096)));
bool space_isolates = true;

static struct vmmu_frame frame_table[FRAMES];
static u64 m2p[FRAMES];
static u64 all_slots[LAYOUT_SLOTS];
static _Alignas(CPU_REGION) char regions[CPUS][CPU_REGION];

/* A CPU: which frames it has translations of, by the direct map of the domain that it runs. */
static struct {
    pthread_mutex_t mutex;
    bool has[FRAMES];
} tlb[CPUS];

/* A guest: a domain, and the frames that it has, each of which one thread at a time takes. */
static struct guest {
    struct domain *domain;
    mfn_t root;
    _Atomic u64 frame[MOST]; /* 0: none */
} guests[DOMAINS];

static struct domain domains[DOMAINS];
static struct vcpu vcpus[DOMAINS];
static _Thread_local u32 here; /* the number of this CPU */
static _Thread_local u64 random_word;
static _Atomic u64 looked, changed;
static u64 seed = 1;

static _Noreturn void wrong(const char *what, u64 number)
{
    printf("%s: %#llx\n", what, (unsigned long long)number);
    exit(1);
}

static u32 below(u32 n)
{
    random_word = random_word * 6364136223846793005u + 1442695040888963407u;
    return (u32)(random_word >> 33) % n;
}

/* ---- what the hypervisor's files need ------------------------------------------------------- */

struct cpu *cpu_at(u32 number)
{
    return (struct cpu *)(regions[number] + CPU_STATE);
}

u32 cpu_count(void)
{
    return CPUS;
}

void stop_others(void)
{
}

void stop_end(void)
{
}

u32 flush_cpus(u64 cpus)
{
    u32 flushed = 0;

    for (; cpus; cpus &= cpus - 1, flushed++) {
        u32 cpu = (u32)__builtin_ctzll(cpus);

        pthread_mutex_lock(&tlb[cpu].mutex);
        u64 begun = vmmu_flush_begins(&domains[cpu / 2].mmu);
        memset(tlb[cpu].has, 0, sizeof tlb[cpu].has);
        vmmu_flush_ends(&domains[cpu / 2].mmu, cpu, begun);
        pthread_mutex_unlock(&tlb[cpu].mutex);
    }
    return flushed;
}

const u64 *map_hypervisor_slots(void)
{
    return all_slots;
}

bool map_is_private(mfn_t m)
{
    (void)m;
    return false;
}

u64 map_entry(u64 address, u32 level)
{
    (void)address;
    (void)level;
    return 0;
}

u32 domain_count(void)
{
    return DOMAINS;
}

struct domain *domain_at(u32 place)
{
    return guests[place].domain;
}

struct domain *domain_by_id(u16 id)
{
    return id >= 1 && id <= DOMAINS ? &domains[id - 1] : NULL;
}

enum vmmu_access rights_frame(const struct domain *domain, mfn_t m)
{
    (void)domain;
    (void)m;
    return VMMU_ACCESS_NONE;
}

bool window_map(const struct vcpu *vcpu, u32 page, mfn_t m)
{
    (void)vcpu;
    (void)page;
    (void)m;
    return true;
}

void vcpu_return_root(struct vcpu *vcpu)
{
    (void)vcpu;
}

void page_clear(void *page);

void page_clear(void *page)
{
    memset(page, 0, PAGE_SIZE);
}

void lock_wait(void)
{
    sched_yield();
}

void log_line(const char *format, ...)
{
    va_list arguments;

    if (!strncmp(format, "audit: %s maps", 14)) { /* a finding */
        va_start(arguments, format);
        vprintf(format, arguments);
        va_end(arguments);
        printf("\n");
    }
}

void log_limited(u32 place, u16 domain_id, const char *format, ...)
{
    (void)place;
    (void)domain_id;
    (void)format;
}

void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    abort();
}

/* ---- what is checked ------------------------------------------------------------------------ */

/* Says whether `slots` lead to frame `m` in the direct map. */
static bool shows(const u64 *slots, mfn_t m)
{
    const u64 address = LAYOUT_DIRECT + (m.n << PAGE_SHIFT);
    u64 entry = slots[(address >> 39 & 511) - LAYOUT_FIRST_SLOT];

    for (u32 level = 3; level && entry & PTE_PRESENT; level--) {
        u64 *table = frame_view(mfn((entry & PTE_ADDRESS) >> PAGE_SHIFT));

        entry = __atomic_load_n(&table[address >> (PAGE_SHIFT + 9 * (level - 1)) & 511],
                                __ATOMIC_ACQUIRE);
        if (level == 2 && entry & PTE_LARGE) {
            return true;
        }
    }
    return entry & PTE_PRESENT;
}

/* Frame `m` may get another owner from now on. */
static void check_gone(mfn_t m)
{
    for (u32 i = 0; i < DOMAINS; i++) {
        const struct view *view = &domains[i].view;

        if (guests[i].domain && (shows(view->slots, m) || shows(view->user_slots, m))) {
            wrong("a frame is freed that a view maps", m.n);
        }
    }
    for (u32 i = 0; i < CPUS; i++) {
        pthread_mutex_lock(&tlb[i].mutex);
        if (tlb[i].has[m.n]) {
            wrong("a frame is freed of which a CPU has a translation", m.n);
        }
        pthread_mutex_unlock(&tlb[i].mutex);
    }
    atomic_fetch_add(&changed, 1);
}

void __real_frames_free_range(mfn_t first, u64 count, bool dirty);
void __wrap_frames_free_range(mfn_t first, u64 count, bool dirty);
bool __wrap_port_should_stop(void);
bool __real_vmmu_frame_owned_by(const struct vmmu_domain *domain, mfn_t m);
bool __wrap_vmmu_frame_owned_by(const struct vmmu_domain *domain, mfn_t m);

/* All that port_frames_free gives to the allocator comes here. */
void __wrap_frames_free_range(mfn_t first, u64 count, bool dirty)
{
    for (u64 i = 0; i < count; i++) {
        check_gone(mfn(first.n + i));
    }
    __real_frames_free_range(first, count, dirty);
}

u32 port_parts_in_use(const _Atomic u64 *entries)
{
    return parts_in_use((const void *)entries);
}

bool __wrap_port_should_stop(void)
{
    return below(16) == 0;
}

/* A view asks whether it may map the frame: lets other threads run between the answer and what
 * follows from it. */
bool __wrap_vmmu_frame_owned_by(const struct vmmu_domain *domain, mfn_t m)
{
    const bool owned = __real_vmmu_frame_owned_by(domain, m);

    if (owned && below(8) == 0) {
        sched_yield();
    }
    return owned;
}

/* ---- what the threads do -------------------------------------------------------------------- */

/* This CPU's hypervisor reads frame `m` while a root of the domain is loaded: by its translation,
 * by the view, or, if the view lacks the frame, by the own root, after which the frame is learned.
 */
static void look_at(struct guest *g, mfn_t m)
{
    pthread_mutex_lock(&tlb[here].mutex);
    bool mapped = tlb[here].has[m.n] || shows(domains[here / 2].view.slots, m);
    tlb[here].has[m.n] = mapped;
    pthread_mutex_unlock(&tlb[here].mutex);
    if (!mapped) {
        this_cpu()->own.missed = m;
        isolation_return(g->domain->vcpu[0]);
    }
    atomic_fetch_add(&looked, 1);
}

/* increase_reservation: a new frame, in place `i`. */
static void get(struct guest *g, u32 i)
{
    u64 none = 0;
    mfn_t m = frames_alloc(0);

    if (mfn_is_none(m)) {
        return;
    }
    check_gone(m);
    if (vmmu_give(&g->domain->mmu, m, pfn(i)) != VMMU_DONE) {
        wrong("a frame is not given", m.n);
    }
    if (!atomic_compare_exchange_strong(&g->frame[i], &none, m.n)) {
        vmmu_take(&g->domain->mmu, m);
    }
}

/* decrease_reservation of the frame in place `i`; sometimes while something else still holds it. */
static void give_back(struct guest *g, u32 i)
{
    const u64 n = atomic_exchange(&g->frame[i], 0);
    const bool held = n && below(4) == 0 && vmmu_hold(&g->domain->mmu, mfn(n)) == VMMU_DONE;

    if (n && vmmu_take(&g->domain->mmu, mfn(n)) != VMMU_DONE) {
        wrong("a frame is not taken", n);
    }
    if (held) {
        look_at(g, mfn(n));
        vmmu_unhold(mfn(n));
    }
}

/* A page of the hypervisor for the domain alone, which the view maps as it does vCPUs. */
static void use_page(struct guest *g)
{
    void *page = page_alloc(0);

    if (page) {
        check_gone(frame_of_view(page));
        page_mark(page, 0, g->domain->id);
        if (below(2)) {
            view_map_pages(&g->domain->view, page, 0);
        }
        look_at(g, frame_of_view(page));
        page_free(page, 0);
    }
}

static void step(struct guest *g)
{
    const u32 i = below(MOST);
    const u64 n = atomic_load(&g->frame[i]);

    switch (below(8)) {
    case 0:
        give_back(g, i);
        break;
    case 1:
        get(g, i);
        break;
    case 2: /* an exchange of four frames */
        for (u32 k = 0; k < 4; k++) {
            give_back(g, (i + k) % MOST);
            get(g, (i + k) % MOST);
        }
        break;
    case 3:
        use_page(g);
        break;
    case 4: /* any frame of the machine, as a missed one may be */
        look_at(g, mfn(FIRST + below(FRAMES - FIRST)));
        break;
    default:
        if (n) {
            look_at(g, mfn(n));
        }
        break;
    }
}

/* ---- domains -------------------------------------------------------------------------------- */

static void start(u32 place)
{
    struct guest *g = &guests[place];
    struct domain *domain = &domains[place];

    memset(domain, 0, sizeof *domain);
    memset(&vcpus[place], 0, sizeof vcpus[place]);
    domain->id = (u16)(place + 1);
    domain->place = place;
    domain->shared = page_alloc(0);
    domain->shared_frame = frame_of_view(domain->shared);
    if (!isolation_start(domain)) {
        wrong("no view", place);
    }
    vmmu_domain_start(&domain->mmu, domain->id, FRAMES);
    domain->mmu.user = domain;
    domain->mmu.hypervisor_slots = domain->view.slots;
    domain->mmu.user_slots = domain->view.user_slots;
    vmmu_share(&domain->mmu, domain->shared_frame, true);
    vcpus[place].domain = domain;
    vmmu_vcpu_start(&vcpus[place].mmu, &domain->mmu);
    domain->vcpu[0] = &vcpus[place];
    domain->vcpu_count = 1;
    g->domain = domain;
    for (u32 i = 0; i < MOST / 2; i++) {
        get(g, i);
    }
    g->root = mfn(atomic_exchange(&g->frame[0], 0));
    for (u32 i = 0; i < 2; i++) {
        atomic_fetch_or(&domain->mmu.cpus, 1ull << (2 * place + i));
    }
    if (vmmu_set_kernel_root(&vcpus[place].mmu, g->root) != VMMU_DONE) {
        wrong("no root", place);
    }
}

/* Ends the domain, whose CPUs run nothing: they have loaded the idle root. */
static void end(u32 place)
{
    struct guest *g = &guests[place];

    flush_cpus(3ull << 2 * place);
    atomic_store(&g->domain->mmu.cpus, 0);
    while (vmmu_vcpu_stop(&vcpus[place].mmu) == VMMU_AGAIN) {
    }
    while (vmmu_domain_stop(&g->domain->mmu) == VMMU_AGAIN) {
    }
    isolation_stop(g->domain);
    vmmu_unshare(g->domain->shared_frame);
    if (!vmmu_domain_is_gone(&g->domain->mmu)) {
        wrong("something is left of the domain", place);
    }
    g->domain = NULL;
    memset(g->frame, 0, sizeof g->frame);
}

/* ---- threads -------------------------------------------------------------------------------- */

static u32 torn_down; /* the domain that CPU 2 * torn_down ends in this round; DOMAINS: none */

static void *run(void *argument)
{
    here = (u32)(u64)argument;
    random_word = seed * 64 + here;
    this_cpu()->number = here;
    this_cpu()->own.missed = MFN_NONE;
    if (here / 2 == torn_down) {
        if (here % 2 == 0) {
            end(torn_down);
        }
        return NULL;
    }
    for (u32 i = 0; i < STEPS; i++) {
        step(&guests[here / 2]);
    }
    return NULL;
}

static void *begin(void *argument)
{
    const u32 place = (u32)(u64)argument;

    here = 2 * place;
    random_word = seed;
    this_cpu()->number = here;
    this_cpu()->own.missed = MFN_NONE;
    start(place);
    return NULL;
}

/* Starts `function` on CPU `cpu`, whose stack lies in the CPU's region (this_cpu). */
static pthread_t start_thread(u32 cpu, void *(*function)(void *), u64 argument)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, regions[cpu] + CPU_IST_FIRST, CPU_REGION - CPU_IST_FIRST);
    if (pthread_create(&thread, &attributes, function, (void *)argument)) {
        wrong("no thread", cpu);
    }
    pthread_attr_destroy(&attributes);
    return thread;
}

static void play(void)
{
    pthread_t thread[CPUS];

    for (u32 i = 0; i < CPUS; i++) {
        thread[i] = start_thread(i, run, i);
    }
    for (u32 i = 0; i < CPUS; i++) {
        pthread_join(thread[i], NULL);
    }
    for (u32 place = 0; place < DOMAINS; place++) {
        if (!guests[place].domain) {
            pthread_join(start_thread(2 * place, begin, place), NULL);
        }
    }
    if (recount_isolation()) {
        wrong("findings of the recount", seed);
    }
    seed++;
}

int main(int count, char **arguments)
{
    const u64 rounds = count > 1 ? strtoull(arguments[1], NULL, 0) : 60;

    seed = count > 2 ? strtoull(arguments[2], NULL, 0) : 1;
    for (u32 i = 0; i < CPUS; i++) {
        pthread_mutex_init(&tlb[i].mutex, NULL);
    }
    all_slots[(LAYOUT_WINDOWS >> 39 & 511) - LAYOUT_FIRST_SLOT] = 1;
    all_slots[(LAYOUT_IMAGE >> 39 & 511) - LAYOUT_FIRST_SLOT] = 1;
    all_slots[(LAYOUT_DIRECT >> 39 & 511) - LAYOUT_FIRST_SLOT] = 1;
    frames_start(frame_table, FRAMES, calloc(1, dirty_size(FRAMES)));
    __real_frames_free_range(mfn(FIRST), FRAMES - FIRST, false);
    vmmu_start(frame_table, FRAMES, m2p, all_slots, false);
    torn_down = DOMAINS;
    for (u64 place = 0; place < DOMAINS; place++) {
        pthread_join(start_thread((u32)(2 * place), begin, place), NULL);
    }
    for (u64 i = 0; i < rounds; i++) {
        torn_down = i % 3 == 2 ? (u32)(i / 3) % DOMAINS : DOMAINS;
        play();
    }
    printf("%llu rounds, %llu frames changed hands, %llu accesses\n", (unsigned long long)rounds,
           (unsigned long long)atomic_load(&changed), (unsigned long long)atomic_load(&looked));
    return 0;
}
