/* SPDX-License-Identifier: MIT */
/* Address spaces: loads of CR3 and flushes. */
#include "hypervisor/memory/space.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/processor.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/map.h"
#include "vmmu/vmmu.h"

bool space_keeps;

/* The number in a value of CR3. */
static u32 number_in(u64 cr3)
{
    return (u32)(cr3 & CR3_PCID);
}

void space_start(bool pcid)
{
    space_keeps = pcid && processor_has_pcid();
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
    load_reported(cpu, cpu->space, cr3);
}

void space_load_idle(void)
{
    struct cpu *cpu = this_cpu();

    cpu->space = NULL;
    give_up(cpu);
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
    invalidate_page(address);
    if (space_keeps && other) {
        invalidate_context(INVPCID_ADDRESS, number_in(other), address);
    }
}
