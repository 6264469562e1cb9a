/* SPDX-License-Identifier: MIT */
/* A machine made of host memory: frames, allocator, ports. */
#include "tests/machine/machine.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/machine/cpu.h"
#include "vmmu/frame.h"
#include "lib/parts.h"
#include "vmmu/port.h"

/* The number of vCPUs whose descriptor windows are kept. */
#define WINDOWS 16u

struct window {
    const struct vmmu_vcpu *vcpu;
    mfn_t slot[VMMU_GDT_FRAMES + VMMU_LDT_FRAMES];
};

struct machine machine;

static u8 *memory;
static struct vmmu_frame *frame_table;
static u64 *m2p;
static _Atomic bool *is_allocated;
static struct vmmu_domain *domains[MACHINE_DOMAINS];
static struct window windows[WINDOWS];
static u64 next_frame;
static _Thread_local u32 this_cpu;
static jmp_buf *panic_target;
static pthread_mutex_t one_flush = PTHREAD_MUTEX_INITIALIZER;

u64 machine_hypervisor_slot(u32 i)
{
    return (1ull << 12) + ((u64)i << 53) + 0x63;
}

u64 machine_slot_of(u16 id, u32 i, bool user)
{
    const u64 own = i ? ((u64)id << 1 | user) << 12 : 0;

    return machine_hypervisor_slot(i) + own;
}

void machine_give_slots(struct vmmu_domain *domain)
{
    static u64 slots[MACHINE_DOMAINS][2][16];

    assert_true(domain->id < MACHINE_DOMAINS);
    for (u32 i = 0; i < 16; i++) {
        slots[domain->id][0][i] = machine_slot_of(domain->id, i, false);
        slots[domain->id][1][i] = machine_slot_of(domain->id, i, true);
    }
    domain->hypervisor_slots = slots[domain->id][0];
    domain->user_slots = slots[domain->id][1];
}

/* Allocates the machine's memory, unless the machine before had as many frames. */
static void reserve(u64 frames)
{
    static u64 reserved;

    if (reserved == frames) {
        return;
    }
    free(memory);
    free(frame_table);
    free(m2p);
    free((void *)is_allocated);
    memory = aligned_alloc(PAGE_SIZE, frames * PAGE_SIZE);
    frame_table = aligned_alloc(PAGE_SIZE,
                                (frames * sizeof(*frame_table) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1));
    m2p = calloc(frames, sizeof(*m2p));
    is_allocated = calloc(frames, sizeof(*is_allocated));
    reserved = frames;
}

void machine_start(u64 frames, bool l1tf)
{
    u64 slots[16];

    memset(&machine, 0, sizeof(machine));
    memset(domains, 0, sizeof(domains));
    memset(windows, 0, sizeof(windows));
    machine.frames = frames;
    machine.pcid = getenv("MACHINE_PCID") != NULL;
    reserve(frames);
    memset(memory, 0xa5, frames * PAGE_SIZE);
    memset(frame_table, 0, frames * sizeof(*frame_table));
    memset(m2p, 0, frames * sizeof(*m2p));
    memset((void *)is_allocated, 0, frames * sizeof(*is_allocated));
    next_frame = 2; /* frame 0 has no owner, frame 1 is the hypervisor's */
    this_cpu = 0;
    panic_target = NULL;
    for (u32 i = 0; i < 16; i++) {
        slots[i] = machine_hypervisor_slot(i);
    }
    cpu_reset_all();
    vmmu_start(frame_table, frames, m2p, slots, l1tf);
}

void machine_end(void)
{
    assert_int_equal(machine.allocated, 0);
}

mfn_t machine_allocate(void)
{
    for (u64 tries = 0; tries < machine.frames; tries++) {
        const mfn_t m = mfn(next_frame);
        next_frame = next_frame + 1 < machine.frames ? next_frame + 1 : 2;
        if (!is_allocated[m.n]) {
            is_allocated[m.n] = true;
            machine.allocated++;
            /* The contents that an allocator may leave in a frame. */
            atomic_store(&frame_table[m.n].references, 0x3fffffffffffffffull);
            atomic_store(&frame_table[m.n].type, ~0ull);
            memset(machine_words(m), 0, PAGE_SIZE);
            return m;
        }
    }
    fail_msg("the machine is out of frames");
    return MFN_NONE;
}

void machine_free(mfn_t m)
{
    assert_true(is_allocated[m.n]);
    is_allocated[m.n] = false;
    __atomic_fetch_sub(&machine.allocated, 1, __ATOMIC_RELAXED);
    memset(machine_words(m), 0xa5, PAGE_SIZE);
}

u64 *machine_words(mfn_t m)
{
    assert_true(m.n < machine.frames);
    return (u64 *)(memory + m.n * PAGE_SIZE);
}

maddr_t machine_at(mfn_t m, u32 index)
{
    return maddr(maddr_of(m).a + index * sizeof(u64));
}

void machine_stop_at(u64 k)
{
    machine.asks = 0;
    machine.stop_at = k;
}

void machine_run_on(u32 cpu)
{
    this_cpu = cpu;
}

bool machine_panics(void (*action)(void *), void *argument)
{
    jmp_buf here;
    panic_target = &here;
    if (setjmp(here)) {
        panic_target = NULL;
        return true;
    }
    action(argument);
    panic_target = NULL;
    return false;
}

void machine_register(u16 id, struct vmmu_domain *domain)
{
    assert_true(id < MACHINE_DOMAINS);
    domains[id] = domain;
}

u64 machine_m2p(mfn_t m)
{
    return m2p[m.n];
}

static struct window *window_of(const struct vmmu_vcpu *vcpu)
{
    for (u32 i = 0; i < WINDOWS; i++) {
        if (windows[i].vcpu == vcpu) {
            return &windows[i];
        }
        if (!windows[i].vcpu) {
            windows[i].vcpu = vcpu;
            for (u32 slot = 0; slot < ARRAY_LENGTH(windows[i].slot); slot++) {
                windows[i].slot[slot] = MFN_NONE;
            }
            return &windows[i];
        }
    }
    fail_msg("too many vCPUs");
    return NULL;
}

void machine_drop_vcpu(const struct vmmu_vcpu *vcpu)
{
    u32 last = 0;

    window_of(vcpu);
    while (last + 1 < WINDOWS && windows[last + 1].vcpu) {
        last++;
    }
    *window_of(vcpu) = windows[last];
    windows[last].vcpu = NULL;
}

mfn_t machine_descriptor_window(const struct vmmu_vcpu *vcpu, u32 slot)
{
    return window_of(vcpu)->slot[slot];
}

/* ---- the ports --------------------------------------------------------------------------- */

u32 port_cpu(void)
{
    return this_cpu;
}

enum vmmu_access port_device_access(u16 id, mfn_t m)
{
    return machine.device_access ? machine.device_access(id, m) : VMMU_ACCESS_NONE;
}

void *port_frame_view(mfn_t m)
{
    struct vmmu_frame_info info;

    assert_true(m.n >= 1 && m.n < machine.frames);
    vmmu_frame_inspect(m, &info);
    assert_false(info.owned && info.owner == VMMU_OWNER_DEVICE); /* reading it may have effects */
    return machine_words(m);
}

struct vmmu_domain *port_domain(u16 id)
{
    if (machine.domain_by_id) {
        return machine.domain_by_id(id);
    }
    return id < MACHINE_DOMAINS ? domains[id] : NULL;
}

/* What vmmu_flush_begins returned for each CPU and domain. Every CPU of this machine counts as one
 * that may hold translations of every domain. */
static u64 begun[MACHINE_CPUS][MACHINE_PLACES];

static u32 places(void)
{
    return machine.domain_at ? MACHINE_PLACES : MACHINE_DOMAINS;
}

static struct vmmu_domain *domain_of_place(u32 place)
{
    return machine.domain_at ? machine.domain_at(place) : domains[place];
}

void machine_flush_begins(u32 cpu)
{
    for (u32 place = 0; place < places(); place++) {
        struct vmmu_domain *domain = domain_of_place(place);

        begun[cpu][place] = domain ? vmmu_flush_begins(domain) : 0;
    }
}

void machine_flush_ends(u32 cpu)
{
    for (u32 place = 0; place < places(); place++) {
        struct vmmu_domain *domain = domain_of_place(place);

        if (domain) {
            vmmu_flush_ends(domain, cpu, begun[cpu][place]);
        }
    }
}

void port_flush(u64 cpus)
{
    assert_true(cpus != 0);
    if (machine.on_flush) {
        machine.on_flush();
    }
    for (; cpus; cpus &= cpus - 1) {
        __atomic_fetch_add(&machine.flushes, 1, __ATOMIC_RELAXED);
        if (machine.threads) {
            pthread_mutex_lock(&one_flush); /* one flush of a CPU at a time */
            machine_flush_begins((u32)__builtin_ctzll(cpus));
            machine_flush_ends((u32)__builtin_ctzll(cpus));
            pthread_mutex_unlock(&one_flush);
        } else {
            cpu_flush((u32)__builtin_ctzll(cpus));
        }
    }
}

u32 port_parts_in_use(const _Atomic u64 *entries)
{
    return parts_in_use((const void *)entries);
}

bool port_should_stop(void)
{
    if (machine.on_ask) {
        machine.on_ask();
    }
    const u64 asks = __atomic_add_fetch(&machine.asks, 1, __ATOMIC_RELAXED);
    return asks == machine.stop_at || (machine.stop_each && asks % machine.stop_each == 0);
}

void port_frames_free(struct vmmu_domain *domain, mfn_t first, u64 count)
{
    assert_non_null(domain);
    for (u64 n = first.n; n < first.n + count; n++) {
        assert_int_equal(atomic_load(&frame_table[n].references), 0);
        assert_int_equal(atomic_load(&frame_table[n].type), 0);
        assert_false(cpu_any_translates_to(mfn(n)));
        __atomic_fetch_add(&machine.freed, 1, __ATOMIC_RELAXED);
        machine_free(mfn(n));
    }
}

void port_descriptor_map(struct vmmu_vcpu *vcpu, u32 slot, mfn_t m)
{
    assert_true(slot < VMMU_GDT_FRAMES + VMMU_LDT_FRAMES);
    window_of(vcpu)->slot[slot] = m;
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
    if (machine.on_pause) {
        machine.on_pause();
    }
}

void port_refused(struct vmmu_domain *domain, enum vmmu_result rule, u64 word)
{
    assert_non_null(domain);
    __atomic_fetch_add(&machine.refusals, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&machine.last_rule, rule, __ATOMIC_RELAXED);
    __atomic_store_n(&machine.last_word, word, __ATOMIC_RELAXED);
}

void port_audit_found(const struct vmmu_finding *finding)
{
    machine.findings++;
    machine.last_finding = finding->what;
    machine.last_finding_frame = finding->frame;
    if (!machine.quiet) {
        printf("audit: frame %#llx: %s: expected %#llx, found %#llx\n",
               (unsigned long long)finding->frame.n, finding->what,
               (unsigned long long)finding->expected, (unsigned long long)finding->found);
    }
}

_Noreturn void port_panic(const char *sentence, u64 word)
{
    if (panic_target) {
        longjmp(*panic_target, 1);
    }
    printf("panic: %s %#llx\n", sentence, (unsigned long long)word);
    abort();
}
