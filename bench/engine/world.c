/* SPDX-License-Identifier: MIT */
/* The machine on which the engine runs on the host. Its memory is only reserved, and only page
 * tables are used.
 */
#include "bench/engine/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "lib/parts.h"
#include "vmmu/entry.h"
#include "vmmu/port.h"

#define SPACE_FRAMES (SPACE_PAGES + SPACE_TABLES + 6u)

struct space world[WORLD_THREADS_MAX];
struct vmmu_frame *world_frames;

static char *machine_memory;
static _Thread_local u32 this_cpu;
static unsigned space_count;

/* ---- the engine's port ------------------------------------------------------------------------
 */

u32 port_cpu(void)
{
    return this_cpu;
}

void *port_frame_view(mfn_t m)
{
    return machine_memory + (m.n << 12);
}

struct vmmu_domain *port_domain(u16 id)
{
    return &world[id - 1].own;
}

void port_flush(u64 cpus)
{
    for (u32 cpu = 0; cpu < space_count; cpu++) {
        if (cpus >> cpu & 1) {
            vmmu_flush_ends(world[cpu].domain, cpu, vmmu_flush_begins(world[cpu].domain));
        }
    }
}

enum vmmu_access port_device_access(u16 id, mfn_t m)
{
    (void)id, (void)m;
    return VMMU_ACCESS_NONE;
}

u32 port_parts_in_use(const _Atomic u64 *entries)
{
    return parts_in_use((const void *)entries);
}

bool port_should_stop(void)
{
    return false;
}

void port_frames_free(struct vmmu_domain *domain, mfn_t first, u64 count)
{
    (void)domain, (void)first, (void)count;
}

void port_descriptor_map(struct vmmu_vcpu *vcpu, u32 slot, mfn_t m)
{
    (void)vcpu, (void)slot, (void)m;
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
    __builtin_ia32_pause();
}

void port_refused(struct vmmu_domain *domain, enum vmmu_result rule, u64 word)
{
    fprintf(stderr, "engine: domain %u: %s: %llx\n", domain->id, vmmu_result_name(rule),
            (unsigned long long)word);
}

void port_audit_found(const struct vmmu_finding *finding)
{
    fprintf(stderr, "engine: the audit found: %s\n", finding->what);
}

void port_panic(const char *sentence, u64 word)
{
    fprintf(stderr, "engine: %s: %llx\n", sentence, (unsigned long long)word);
    abort();
}

/* ---- the spaces ------------------------------------------------------------------------------ */

void world_run_on(u32 cpu)
{
    this_cpu = cpu;
}

u64 *world_words(mfn_t m)
{
    return port_frame_view(m);
}

void must_be_done(enum vmmu_result result, const char *what)
{
    if (result == VMMU_DONE) {
        return;
    }
    fprintf(stderr, "engine: %s: %s\n", what, vmmu_result_name(result));
    exit(1);
}

/* Reserves memory. whole: all of it will be used, so it gets large pages, as in the hypervisor. */
static void *reserve(u64 bytes, bool whole)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED) {
        perror("engine: mmap");
        exit(1);
    }
    if (whole) {
        madvise(memory, bytes, MADV_HUGEPAGE);
    }
    return memory;
}

/* Returns the numbers 0 to count - 1 in a random order, which is the same in each run. */
static u64 *shuffled(u64 count)
{
    u64 *number = reserve(count * sizeof(*number), true), random = 0x9e3779b97f4a7c15ull;

    for (u64 i = 0; i < count; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        u64 j = random % (i + 1);
        number[i] = number[j];
        number[j] = i;
    }
    return number;
}

static const u64 *next_frame;

static mfn_t page_of(struct space *space, u64 pfn)
{
    mfn_t m = {*next_frame++};

    must_be_done(vmmu_give(space->domain, m, (pfn_t){pfn}), "vmmu_give");
    return m;
}

static u64 link_to(mfn_t m)
{
    return m.n << 12 | PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED;
}

static void build(struct space *space)
{
    u64 pfn = 0;

    vmmu_vcpu_start(&space->vcpu, space->domain);
    space->l4 = page_of(space, pfn++);
    space->second_l4 = page_of(space, pfn++);
    space->l3 = page_of(space, pfn++);
    space->l2 = page_of(space, pfn++);
    space->spare[0] = page_of(space, pfn++);
    space->spare[1] = page_of(space, pfn++);
    world_words(space->l4)[0] = link_to(space->l3);
    world_words(space->second_l4)[0] = link_to(space->l3);
    world_words(space->l3)[0] = link_to(space->l2);
    for (u32 i = 0; i < SPACE_TABLES; i++) {
        space->l1[i] = page_of(space, pfn++);
        world_words(space->l2)[i] = link_to(space->l1[i]);
        for (u32 j = 0; j < 512; j++) {
            world_words(space->l1[i])[j] = link_to(page_of(space, pfn++));
        }
    }
}

void world_start(unsigned threads, bool one_domain)
{
    static const u64 no_slots[16];
    u64 frames = (u64)threads * SPACE_FRAMES;

    space_count = threads;
    machine_memory = reserve(frames << 12, false);
    world_frames = reserve(frames * sizeof(*world_frames), true);
    vmmu_start(world_frames, frames, reserve(frames * sizeof(u64), true), no_slots, false);
    next_frame = shuffled(frames);
    for (u32 i = 0; i < threads; i++) {
        struct space *space = &world[i];

        vmmu_domain_start(&space->own, (u16)(i + 1), (u64)space_count * SPACE_FRAMES);
        space->domain = one_domain ? &world[0].own : &space->own;
        space->domain->cpus |= 1ull << i;
    }
    for (u32 i = 0; i < threads; i++) {
        world_run_on(i);
        build(&world[i]);
    }
}

/* ---- requests -------------------------------------------------------------------------------- */

u64 space_get(struct space *space, u32 index)
{
    return world_words(space->l1[index / 512])[index % 512];
}

static maddr_t entry_at(const struct space *space, u32 index)
{
    return (maddr_t){space->l1[index / 512].n << 12 | index % 512 * 8};
}

void space_set(struct space *space, u32 index, u64 entry)
{
    const struct vmmu_request request = {entry_at(space, index).a | VMMU_UPDATE_NORMAL, entry};
    u64 done;

    /* As the hypercall does a single request. */
    if (!vmmu_update_quick(&space->vcpu, request)) {
        must_be_done(
            vmmu_update_many(&space->vcpu, space->domain, space->domain, &request, 1, &done),
            "vmmu_update_many");
    }
}

void space_set_many(struct space *space, u32 first, const u64 *entries)
{
    struct vmmu_request requests[SPACE_BATCH];
    u64 done;

    for (u32 i = 0; i < SPACE_BATCH; i++) {
        requests[i] = (struct vmmu_request){entry_at(space, first + i).a, entries[i]};
    }
    must_be_done(
        vmmu_update_many(&space->vcpu, space->domain, space->domain, requests, SPACE_BATCH, &done),
        "vmmu_update_many");
}

void space_pin(struct space *space, mfn_t table, u32 level)
{
    must_be_done(vmmu_pin(&space->vcpu, space->domain, table, level), "pin");
}

void space_unpin(struct space *space, mfn_t table)
{
    must_be_done(vmmu_unpin(&space->vcpu, space->domain, table), "unpin");
}

void world_make_live(unsigned threads)
{
    for (u32 i = 0; i < threads; i++) {
        world_run_on(i);
        space_pin(&world[i], world[i].l4, 4);
        space_pin(&world[i], world[i].second_l4, 4);
        must_be_done(vmmu_set_kernel_root(&world[i].vcpu, world[i].l4), "root");
    }
}
