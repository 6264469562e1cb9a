/* SPDX-License-Identifier: MIT */
/* Hypercalls in a process: domains, guest memory, and the stand-ins. */
#include "tests/fuzz/shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/flush.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "tests/machine/cpu.h"
#include "tests/machine/machine.h"
#include "vmmu/entry.h"
#include "vmmu/port.h"

#define VCPUS       2u
#define FRAMES      256u
#define FRAMES_MOST (FRAMES - 8) /* so that the fake allocator always has a frame */

static struct {
    struct domain domain[SHIM_DOMAINS];
    struct vcpu vcpu[SHIM_DOMAINS][VCPUS]; /* the first runs, the others are down */
    mfn_t page[SHIM_DOMAINS][SHIM_PAGES];
    struct cpu cpu;
    u8 fpu[2 * PAGE_SIZE];
    u8 *memory;
} world;

static void claim(bool true_of_it, const char *what)
{
    if (true_of_it) {
        return;
    }
    fprintf(stderr, "not so: %s\n", what);
    abort();
}

/* ---- the world ----------------------------------------------------------------------------- */

struct domain *shim_domain(u32 index)
{
    return &world.domain[index];
}

mfn_t shim_page(u32 domain, u32 i)
{
    return world.page[domain][i];
}

u8 *shim_memory(void)
{
    return world.memory;
}

void shim_run(u32 domain)
{
    world.cpu.current = &world.vcpu[domain][0];
    atomic_fetch_or(&world.domain[domain].mmu.cpus, 1);
    cpu_load_root(0, world.vcpu[domain][0].mmu.kernel_root);
}

/* Makes tables in pages 0 to 3 that map pages 8 to 15 at address 0. */
static void start_tables(u32 index)
{
    const mfn_t *page = world.page[index];
    struct vmmu_vcpu *vcpu = &world.vcpu[index][0].mmu;
    const u64 flags = PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED;

    for (u32 i = 0; i < 3; i++) {
        machine_words(page[i])[0] = page[i + 1].n << PAGE_SHIFT | flags;
    }
    for (u32 i = 0; i < 8; i++) {
        machine_words(page[3])[i] = page[8 + i].n << PAGE_SHIFT | flags | PTE_DIRTY;
    }
    claim(vmmu_pin(vcpu, &world.domain[index].mmu, page[0], 4) == VMMU_DONE, "the first pin");
    claim(vmmu_set_kernel_root(vcpu, page[0]) == VMMU_DONE, "the first root");
}

static void start_vcpu(struct domain *domain, u32 id)
{
    struct vcpu *vcpu = &world.vcpu[domain->place][id];

    domain->vcpu[id] = vcpu;
    domain->vcpu_count = id + 1;
    vcpu->domain = domain;
    vcpu->id = id;
    vcpu->cpu = &world.cpu;
    atomic_store(&vcpu->loaded, &world.cpu);
    vcpu->in_kernel = true;
    vcpu->info_frame = MFN_NONE;
    vcpu->info = (struct vcpu_info *)&domain->shared->vcpu_info[id];
    vcpu->state = id ? VCPU_DOWN : VCPU_RUNNABLE;
    vcpu->fpu_area = world.fpu;
    vmmu_vcpu_start(&vcpu->mmu, &domain->mmu);
    vcpu->mmu.user = vcpu;
}

static void start_domain(u32 index)
{
    struct domain *domain = &world.domain[index];

    domain->id = (u16)(index + 1);
    domain->place = index;
    domain->console.slot = index;
    domain->pages = SHIM_PAGES;
    domain->console.frame = MFN_NONE;
    domain->shared = page_alloc(0);
    claim(domain->shared && events_start(domain), "memory for a domain");
    domain->shared_frame = frame_of_view(domain->shared);
    grants_start(domain);
    vmmu_domain_start(&domain->mmu, domain->id, SHIM_PAGES + 16);
    machine_register(domain->id, &domain->mmu);
    domain->mmu.user = domain;
    vmmu_share(&domain->mmu, domain->shared_frame, true);
    for (u32 i = 0; i < VCPUS; i++) {
        start_vcpu(domain, i);
    }
    for (u32 i = 0; i < SHIM_PAGES; i++) {
        world.page[index][i] = machine_allocate();
        claim(vmmu_give(&domain->mmu, world.page[index][i], pfn(i)) == VMMU_DONE, "a page");
    }
    start_tables(index);
}

void shim_start(void)
{
    u8 *memory = world.memory;

    if (!memory) {
        memory = mmap((void *)SHIM_MEMORY, SHIM_MEMORY_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    }
    claim(memory == (u8 *)SHIM_MEMORY, "the guests' memory");
    memset(memory, 0, SHIM_MEMORY_SIZE);
    memset(&world, 0, sizeof world);
    world.memory = memory;
    machine_start(FRAMES, false);
    for (u32 i = 0; i < SHIM_DOMAINS; i++) {
        start_domain(i);
    }
    shim_run(0);
}

void shim_audit(void)
{
    static u32 scratch[2 * FRAMES];
    struct vmmu_vcpu *vcpus[SHIM_DOMAINS * VCPUS];
    mfn_t held[SHIM_DOMAINS * (VCPUS + EVENTS_HELD_MAX)];
    u32 helds = 0;

    for (u32 i = 0; i < SHIM_DOMAINS * VCPUS; i++) {
        struct vcpu *vcpu = &world.vcpu[i / VCPUS][i % VCPUS];

        vcpus[i] = &vcpu->mmu;
        if (!mfn_is_none(vcpu->info_frame)) {
            held[helds++] = vcpu->info_frame;
        }
    }
    for (u32 i = 0; i < SHIM_DOMAINS; i++) {
        helds += events_held(&world.domain[i], &held[helds]);
    }
    const struct vmmu_audit audit = {.vcpus = vcpus,
                                     .vcpu_count = SHIM_DOMAINS * VCPUS,
                                     .held = held,
                                     .held_count = helds,
                                     .foreign_mappings = true,
                                     .scratch = scratch,
                                     .scratch_frames = FRAMES};
    claim(vmmu_audit(&audit) == 0, "an audit without findings");
}

static void end_domain(u32 index)
{
    struct domain *domain = &world.domain[index];

    while (!events_stop(domain))
        ;
    for (u32 i = 0; i < VCPUS; i++) {
        struct vcpu *vcpu = &world.vcpu[index][i];

        if (!mfn_is_none(vcpu->info_frame)) {
            vmmu_unhold(vcpu->info_frame);
        }
        vcpu->info_frame = MFN_NONE;
        while (vmmu_vcpu_stop(&vcpu->mmu) == VMMU_AGAIN)
            ;
    }
    while (vmmu_domain_stop(&domain->mmu) == VMMU_AGAIN)
        ;
    while (!grants_stop(domain))
        ;
    vmmu_unshare(domain->shared_frame);
}

void shim_end(void)
{
    machine.stop_at = machine.stop_each = 0;
    cpu_load_root(0, MFN_NONE);
    for (u32 i = 0; i < SHIM_DOMAINS; i++) {
        end_domain(i);
    }
    claim(machine.allocated == 0, "every frame came back");
    machine_end();
}

/* ---- guest memory -------------------------------------------------------------------------- */

u64 copy_bytes_in(void *to, const void *from, u64 count);
u64 copy_bytes_out(void *to, const void *from, u64 count);

static u64 reachable(u64 address, u64 count)
{
    if (address < SHIM_MEMORY || address >= SHIM_MEMORY + SHIM_MEMORY_SIZE) {
        return 0;
    }
    const u64 room = SHIM_MEMORY + SHIM_MEMORY_SIZE - address;
    return count < room ? count : room;
}

/* An address outside the guest's memory faults. */
u64 copy_bytes_in(void *to, const void *from, u64 count)
{
    u64 part = reachable((u64)from, count);

    if (part) {
        memmove(to, from, part);
    }
    return count - part;
}

u64 copy_bytes_out(void *to, const void *from, u64 count)
{
    u64 part = reachable((u64)to, count);

    if (part) {
        memmove(to, from, part);
    }
    return count - part;
}

/* ---- frames -------------------------------------------------------------------------------- */

void *frame_view(mfn_t m)
{
    return machine_words(m);
}

mfn_t frame_of_view(const void *view)
{
    return mfn((u64)((const u64 *)view - machine_words(mfn(0))) / 512);
}

u64 map_m2p_units(void)
{
    return 2;
}

mfn_t map_m2p_unit(u64 unit)
{
    return mfn(unit * 512);
}

u64 frames_count(void)
{
    return FRAMES;
}

u64 frames_free_count(void)
{
    return FRAMES - machine.allocated;
}

void frames_free(mfn_t first, u32 order)
{
    for (u64 i = 0; i < 1ull << order; i++) {
        machine_free(mfn(first.n + i));
    }
}

/* The fake allocator hands out single frames in order; most of the time they are contiguous. */
mfn_t frames_alloc_below(u32 order, u32 bits)
{
    (void)bits;
    mfn_t got[512];
    bool run = true;
    u64 count = 0;

    while (count < 1ull << order && machine.allocated < FRAMES_MOST) {
        got[count] = machine_allocate();
        run = run && got[count].n == got[0].n + count;
        count++;
    }
    if (run && count == 1ull << order) {
        return got[0];
    }
    while (count) {
        machine_free(got[--count]);
    }
    return MFN_NONE;
}

mfn_t frames_alloc(u32 order)
{
    return frames_alloc_below(order, 0);
}

/* Several contiguous pages come from the host: only single ones are shared with guests. */
void *page_alloc(u32 order)
{
    mfn_t m = MFN_NONE;

    if (order) {
        return calloc(1, PAGE_SIZE << order);
    }
    if (machine.allocated < FRAMES_MOST) {
        m = machine_allocate();
    }
    return mfn_is_none(m) ? NULL : memset(frame_view(m), 0, PAGE_SIZE);
}

void page_free(void *page, u32 order)
{
    if (order) {
        free(page);
    } else {
        machine_free(frame_of_view(page));
    }
}

/* ---- domains and vCPUs --------------------------------------------------------------------- */

struct cpu *this_cpu(void)
{
    return &world.cpu;
}

struct vcpu *current_vcpu(void)
{
    return world.cpu.current;
}

struct domain *domain_by_id(u16 id)
{
    return id >= 1 && id <= SHIM_DOMAINS ? &world.domain[id - 1] : NULL;
}

struct domain *domain_at(u32 index)
{
    return index < SHIM_DOMAINS ? &world.domain[index] : NULL;
}

u32 domain_count(void)
{
    return SHIM_DOMAINS;
}

void domain_crash(struct domain *domain, const char *reason)
{
    (void)reason;
    domain_shutdown(domain, DOMAIN_CRASHED);
}

void domain_shutdown(struct domain *domain, enum domain_end end)
{
    atomic_store(&domain->end, end);
    atomic_store(&domain->holds, DOMAIN_HELD_ENDED);
}

bool domain_shutdown_for(struct domain *domain, u32 reason)
{
    if (reason == SHUTDOWN_suspend) {
        return false;
    }
    domain_shutdown(domain, reason == SHUTDOWN_poweroff ? DOMAIN_POWERED_OFF : DOMAIN_CRASHED);
    return true;
}

void domain_fix_reason(struct domain *domain, u32 reason)
{
    (void)domain;
    (void)reason;
}

mfn_t vcpu_root(const struct vcpu *vcpu)
{
    return vcpu->in_kernel ? vcpu->mmu.kernel_root : vcpu->mmu.user_root;
}

void vcpu_load_root(struct vcpu *vcpu)
{
    cpu_load_root(0, vcpu_root(vcpu));
}

void vcpu_refresh_fast(struct vcpu *vcpu)
{
    (void)vcpu;
}

void vcpu_refresh_iopl(struct vcpu *vcpu)
{
    (void)vcpu;
}

void vcpu_refresh_roots(struct vcpu *vcpu)
{
    (void)vcpu;
}

u32 flush_cpus(u64 cpus)
{
    if (cpus) {
        port_flush(cpus);
    }
    return 0;
}

void space_flush(void)
{
    port_flush(1ull << port_cpu());
}

/* A hypercall comes from kernel mode. The stand-in stays in it, so that the vCPU can make the next
 * call. */
void vcpu_toggle_mode(struct vcpu *vcpu)
{
    claim(!mfn_is_none(vcpu->mmu.user_root), "user mode has a root");
}
