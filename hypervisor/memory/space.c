/* SPDX-License-Identifier: MIT */
/* Address spaces: loads of CR3 and flushes. */
#include "hypervisor/memory/space.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/processor.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "lib/string.h"
#include "vmmu/vmmu.h"

bool space_keeps;
bool space_isolates;

/* The number in a value of CR3. */
static u32 number_in(u64 cr3)
{
    return (u32)(cr3 & CR3_PCID);
}

void space_start(bool pcid)
{
    space_keeps = pcid && processor_has_pcid() && !space_isolates;
    log_line(space_keeps ? "TLB: translations are kept by PCID"
                         : "TLB: each load of a root drops the translations");
}

bool space_start_cpu(void)
{
    if (space_keeps && !processor_has_pcid()) {
        return false;
    }
    if (space_keeps) {
        write_cr4(read_cr4() | CR4_PCIDE); /* CR3 has number 0, as the processor demands */
    }
    return true;
}

/* ---- the own root ---- */

void space_isolate(void)
{
    space_isolates = true;
    map_isolate();
    log_line("isolation: the root of a guest maps no memory of another one");
}

bool space_build_cpu(struct cpu *cpu)
{
    cpu->own.missed = MFN_NONE;
    if (!space_isolates) {
        return true;
    }
    cpu->own.table = page_alloc(0);
    if (!cpu->own.table) {
        return false;
    }
    memcpy(&cpu->own.table[LAYOUT_FIRST_SLOT], map_hypervisor_slots(), LAYOUT_SLOTS * sizeof(u64));
    cpu->own.cr3 = space_cr3(frame_of_view(cpu->own.table));
    return true;
}

static bool on_own_root(const struct cpu *cpu)
{
    return space_isolates && read_cr3() == cpu->own.cr3;
}

/* Empties the guest's part of the own root. The CPU has loaded a root that maps the table; if that
 * is the own root, it must be loaded again. */
static void forget_copied(struct own_root *own)
{
    for (; own->copied; own->copied &= own->copied - 1) {
        u32 group = (u32)__builtin_ctzll(own->copied);

        memset(&own->table[group * COPIED_GROUP], 0, COPIED_GROUP * sizeof *own->table);
    }
}

/* Loads the own root with an empty part of the guest. If there is something in it, it has been left
 * in the same pass through the hypervisor, and without a flush since (space_flush), so that the
 * tables to which it leads still exist. The guest's root does not map the table itself. */
static void load_own(struct cpu *cpu)
{
    cpu->away = true;
    write_cr3(cpu->own.cr3);
    if (cpu->own.copied) {
        forget_copied(&cpu->own);
        write_cr3(cpu->own.cr3);
    }
}

void space_return(u64 cr3)
{
    struct cpu *cpu = this_cpu();

    if (cpu->own.copied) {
        if (!on_own_root(cpu)) {
            load_own(cpu);
        }
        forget_copied(&cpu->own);
    }
    cpu->away = false;
    write_cr3(cr3);
}

void space_own(void)
{
    struct cpu *cpu = this_cpu();

    if (space_isolates && cpu->current && !on_own_root(cpu)) {
        load_own(cpu);
    }
}

/* Copies the L4 entry for `address`, one of the guest's, to the own root, which is loaded. False:
 * it is there already, or there is none. */
static bool copy_slot(struct own_root *own, u64 address, mfn_t root)
{
    u32 slot = address >> 39 & 511;
    u64 entry;

    if (mfn_is_none(root) ||
        (slot >= LAYOUT_FIRST_SLOT && slot < LAYOUT_FIRST_SLOT + LAYOUT_SLOTS)) {
        return false;
    }
    entry = __atomic_load_n((const u64 *)frame_view(root) + slot, __ATOMIC_RELAXED);
    if (!(entry & PTE_PRESENT) || entry == own->table[slot]) {
        return false;
    }
    own->table[slot] = entry;
    own->copied |= 1ull << slot / COPIED_GROUP;
    invalidate_page(address);
    return true;
}

bool space_fault(u64 address, mfn_t root)
{
    struct cpu *cpu = this_cpu();

    if (!space_isolates || !cpu->current) {
        return false;
    }
    if (on_own_root(cpu)) {
        return copy_slot(&cpu->own, address, root);
    }
    if (address >= LAYOUT_SCREEN && address < LAYOUT_CPUS) {
        load_own(cpu);
        return true;
    }
    if (address < LAYOUT_DIRECT || address >= LAYOUT_DIRECT + LAYOUT_DIRECT_SIZE) {
        return false;
    }
    cpu->own.missed = frame_of_view((const void *)address);
    load_own(cpu);
    return true;
}

/* ---- contexts, loads and flushes ---- */

/* The value of CR3 that loads `root` and drops nothing. Its context is good from now on. */
static u64 ready(struct contexts *contexts, mfn_t root, u64 generation, struct contexts_kept kept)
{
    bool stale;
    u32 number = contexts_take(contexts, root, generation, kept, &stale);

    if (stale) {
        invalidate_context(INVPCID_CONTEXT, number, 0);
    }
    return space_cr3(root) | number | CR3_KEEP;
}

__attribute__((noinline)) struct space_roots space_roots_kept(struct vmmu_domain *domain,
                                                              mfn_t kernel, mfn_t user)
{
    struct contexts *contexts = &this_cpu()->contexts;
    /* Read before any context is emptied: an entry that is lessened later makes another
     * generation. */
    u64 generation = vmmu_generation(domain);
    struct contexts_kept kept = {.loaded = number_in(read_cr3())};
    struct space_roots roots = {.kernel = ready(contexts, kernel, generation, kept)};

    if (!mfn_is_none(user)) {
        kept.other = number_in(roots.kernel);
        roots.user = ready(contexts, user, generation, kept);
    }
    return roots;
}

/* Loads CR3 and reports to `domain`, the domain that this CPU runs, that the CPU has none of the
 * translations that it had before. */
static inline void load_reported(const struct cpu *cpu, const struct vmmu_domain *domain, u64 cr3)
{
    u64 begun = vmmu_flush_begins(domain);

    write_cr3(cr3);
    vmmu_flush_ends(domain, cpu->number, begun);
}

/* This CPU leaves the domain to which its contexts belong. */
static inline void give_up(struct cpu *cpu)
{
    if (space_keeps) {
        contexts_give_up(&cpu->contexts);
    }
}

void space_enter(struct vmmu_domain *domain)
{
    struct cpu *cpu = this_cpu();

    if (cpu->space != domain) {
        give_up(cpu);
        cpu->space = domain;
        cpu->entered = true;
    }
}

void space_load(u64 cr3)
{
    struct cpu *cpu = this_cpu();

    if (space_keeps && !cpu->entered) {
        write_cr3(cr3);
        return;
    }
    cpu->entered = false;
    if (space_isolates) {
        forget_copied(&cpu->own);
        cpu->away = false;
    }
    load_reported(cpu, cpu->space, cr3);
}

void space_load_idle(void)
{
    struct cpu *cpu = this_cpu();

    cpu->space = NULL;
    give_up(cpu);
    if (space_isolates) {
        forget_copied(&cpu->own);
        cpu->away = false;
    }
    write_cr3(space_cr3(map_idle_root()));
}

/* Flushes what this CPU may have of `domain`, NULL: of none, in every context. */
static void flush_kept(struct cpu *cpu, struct vmmu_domain *domain)
{
    u64 begun, generation;

    if (!domain) {
        invalidate_context(INVPCID_ALL, 0, 0);
        return;
    }
    begun = vmmu_flush_begins(domain);
    generation = vmmu_generation(domain);
    invalidate_context(INVPCID_ALL, 0, 0);
    contexts_flushed(&cpu->contexts, generation);
    vmmu_flush_ends(domain, cpu->number, begun);
}

void space_flush(void)
{
    struct cpu *cpu = this_cpu();

    if (space_isolates && cpu->own.copied) {
        load_own(cpu);
    }
    if (space_keeps) {
        flush_kept(cpu, cpu->space);
    } else if (cpu->space) {
        load_reported(cpu, cpu->space, read_cr3());
    } else {
        write_cr3(read_cr3());
    }
}

void space_flush_page(u64 address, u64 other)
{
    if (on_own_root(this_cpu())) {
        forget_copied(&this_cpu()->own);
    }
    invalidate_page(address);
    if (space_keeps && other) {
        invalidate_context(INVPCID_ADDRESS, number_in(other), address);
    }
}
