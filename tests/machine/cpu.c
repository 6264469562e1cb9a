/* SPDX-License-Identifier: MIT */
/* The fake machine's CPUs and their TLBs, which keep every translation until a flush.
 *
 * Where machine.pcid is set, a CPU keeps translations over loads of roots as the hypervisor does
 * (hypervisor/memory/space.h), with the hypervisor's own lib/contexts.c. */
#include "tests/machine/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "lib/contexts.h"
#include "tests/machine/machine.h"
#include "vmmu/lessened.h"
#include "vmmu/port.h"
#include "vmmu/walk.h"

#define TRANSLATIONS 256u
#define WALKS        256u

/* A cached translation: a page of addresses, and the frame that it leads to. */
struct translation {
    u32 context; /* its number; 0 where machine.pcid is not set */
    u64 page;
    mfn_t frame;
    bool writable;
    bool dirty;
};

/* A cached walk: the table of `level` for all addresses with this prefix. */
struct cached_walk {
    u32 context;
    u32 level;
    u64 prefix;
    mfn_t table;
    bool writable;
};

struct cpu {
    mfn_t root;
    u32 context;                /* the number in CR3 */
    struct vmmu_domain *domain; /* the domain whose root was loaded last; NULL: none */
    struct contexts contexts;
    struct translation translation[TRANSLATIONS];
    u32 translations;
    struct cached_walk walk[WALKS];
    u32 walks;
};

static struct cpu cpus[MACHINE_CPUS];

void cpu_reset_all(void)
{
    memset(cpus, 0, sizeof(cpus));
    for (u32 i = 0; i < MACHINE_CPUS; i++) {
        cpus[i].root = MFN_NONE;
    }
}

void cpu_flush(u32 cpu)
{
    struct vmmu_domain *domain = cpus[cpu].domain;
    machine_flush_begins(cpu);
    const u64 generation = domain ? vmmu_generation(domain) : 0;
    cpus[cpu].translations = 0;
    cpus[cpu].walks = 0;
    if (domain) {
        contexts_flushed(&cpus[cpu].contexts, generation);
    }
    machine_flush_ends(cpu);
}

/* Drops what the TLB has with one number. */
static void flush_context(struct cpu *cpu, u32 context)
{
    u32 left = 0;
    for (u32 i = 0; i < cpu->translations; i++) {
        if (cpu->translation[i].context != context) {
            cpu->translation[left++] = cpu->translation[i];
        }
    }
    cpu->translations = left;
    left = 0;
    for (u32 i = 0; i < cpu->walks; i++) {
        if (cpu->walk[i].context != context) {
            cpu->walk[left++] = cpu->walk[i];
        }
    }
    cpu->walks = left;
}

/* Says whether any root can be loaded with this number without a flush of it. */
static bool is_usable(const struct cpu *cpu, u32 context)
{
    return context == cpu->context || (context && cpu->contexts.of[context - 1].generation);
}

/* Fails the test if a translation of the CPU's present context says more than the tables do: the
 * guest takes it for granted that it was dropped when the root was loaded. */
static void check_kept(const struct cpu *cpu)
{
    for (u32 i = 0; i < cpu->translations; i++) {
        const struct translation *cached = &cpu->translation[i];
        struct vmmu_walk walk;
        if (cached->context != cpu->context) {
            continue;
        }
        vmmu_walk(cpu->root, vaddr((u64)((s64)(cached->page << (PAGE_SHIFT + 16)) >> 16)), &walk);
        assert_true(walk.present);
        assert_int_equal(entry_frame(walk.entry[1]).n, cached->frame.n);
        for (u32 level = 1; level <= 4; level++) {
            assert_true(walk.entry[level] & PTE_ACCESSED);
            assert_true(!cached->writable || (walk.entry[level] & PTE_WRITABLE));
        }
        assert_true(!cached->dirty || (walk.entry[1] & PTE_DIRTY));
    }
}

/* Loads a root of `domain`, the CPU's, with a context. */
static void load_kept(struct cpu *cpu, struct vmmu_domain *domain, mfn_t root)
{
    const struct contexts_kept kept = {.loaded = cpu->context};
    const u64 generation = vmmu_generation(domain);
    bool stale;
    const u32 context = contexts_take(&cpu->contexts, root, generation, kept, &stale);
    if (stale) {
        flush_context(cpu, context);
    }
    cpu->root = root;
    cpu->context = context;
    check_kept(cpu);
}

void cpu_load_root(u32 cpu, mfn_t root)
{
    struct cpu *c = &cpus[cpu];
    struct vmmu_frame_info info = {.owner = 0};
    if (!machine.pcid) {
        c->root = root;
        cpu_flush(cpu);
        return;
    }
    if (!mfn_is_none(root)) {
        vmmu_frame_inspect(root, &info);
    }
    struct vmmu_domain *domain = info.owned ? port_domain(info.owner) : NULL;
    if (domain && domain == c->domain) {
        load_kept(c, domain, root);
        return;
    }
    /* Another domain, or none: the CPU gives up its contexts. */
    machine_flush_begins(cpu);
    contexts_give_up(&c->contexts);
    c->domain = domain;
    if (domain) {
        load_kept(c, domain, root);
    } else {
        c->root = root;
        c->context = 0;
        flush_context(c, 0);
    }
    machine_flush_ends(cpu);
}

static u64 prefix_of(vaddr_t va, u32 level)
{
    return va.a >> (PAGE_SHIFT + 9 * level);
}

/* The table of `level` for `va`: from the lowest cached walk at or above that level. */
static bool find_table(struct cpu *cpu, vaddr_t va, u32 level, mfn_t *table, bool *writable)
{
    for (u32 i = 0; i < cpu->walks; i++) {
        if (cpu->walk[i].context == cpu->context && cpu->walk[i].level == level &&
            cpu->walk[i].prefix == prefix_of(va, level)) {
            *table = cpu->walk[i].table;
            *writable = cpu->walk[i].writable;
            return true;
        }
    }
    if (level == 4) {
        *table = cpu->root;
        *writable = true;
        return !mfn_is_none(cpu->root);
    }
    mfn_t above;
    if (!find_table(cpu, va, level + 1, &above, writable)) {
        return false;
    }
    u64 *entry = &machine_words(above)[walk_index(va, level + 1)];
    if (!(*entry & PTE_PRESENT) || !(*entry & PTE_USER)) {
        return false;
    }
    *entry |= PTE_ACCESSED;
    *table = entry_frame(*entry);
    *writable = *writable && (*entry & PTE_WRITABLE);
    assert_true(cpu->walks < WALKS);
    cpu->walk[cpu->walks++] =
        (struct cached_walk){cpu->context, level, prefix_of(va, level), *table, *writable};
    return true;
}

static bool translate(struct cpu *cpu, vaddr_t va, bool write, mfn_t *frame)
{
    const u64 page = va.a >> PAGE_SHIFT;
    for (u32 i = 0; i < cpu->translations; i++) {
        const struct translation *cached = &cpu->translation[i];
        /* The first write by a translation that is not dirty walks the tables again. */
        if (cached->context == cpu->context && cached->page == page &&
            (!write || (cached->writable && cached->dirty))) {
            *frame = cached->frame;
            return true;
        }
    }
    mfn_t table;
    bool writable;
    if (!find_table(cpu, va, 1, &table, &writable)) {
        return false;
    }
    u64 *entry = &machine_words(table)[walk_index(va, 1)];
    if (!(*entry & PTE_PRESENT) || !(*entry & PTE_USER)) {
        return false;
    }
    writable = writable && (*entry & PTE_WRITABLE);
    if (write && !writable) {
        return false;
    }
    *entry |= PTE_ACCESSED | (write ? PTE_DIRTY : 0);
    *frame = entry_frame(*entry);
    assert_true(cpu->translations < TRANSLATIONS);
    cpu->translation[cpu->translations++] =
        (struct translation){cpu->context, page, *frame, writable, *entry & PTE_DIRTY};
    return true;
}

/* Says whether there is memory in `frame`, which a guest's address is translated to. Device frames
 * have none here: an access has no effect. */
static bool has_memory(mfn_t frame)
{
    return frame.n > 0 && frame.n < machine.frames;
}

bool cpu_load(u32 cpu, vaddr_t va, u64 *value)
{
    mfn_t frame;
    if (!translate(&cpus[cpu], va, false, &frame) || !has_memory(frame)) {
        return false;
    }
    *value = machine_words(frame)[page_offset(va.a) / sizeof(u64)];
    return true;
}

bool cpu_store(u32 cpu, vaddr_t va, u64 value)
{
    mfn_t frame;
    if (!translate(&cpus[cpu], va, true, &frame) || !has_memory(frame)) {
        return false;
    }
    machine_words(frame)[page_offset(va.a) / sizeof(u64)] = value;
    return true;
}

u32 cpu_kept(u32 cpu)
{
    u32 kept = 0;
    for (u32 i = 0; i < cpus[cpu].translations; i++) {
        kept += cpus[cpu].translation[i].context == cpus[cpu].context;
    }
    return kept;
}

bool cpu_any_translates_to(mfn_t m)
{
    for (u32 c = 0; c < MACHINE_CPUS; c++) {
        for (u32 i = 0; i < cpus[c].translations; i++) {
            if (is_usable(&cpus[c], cpus[c].translation[i].context) &&
                mfn_equal(cpus[c].translation[i].frame, m)) {
                return true;
            }
        }
        for (u32 i = 0; i < cpus[c].walks; i++) {
            if (is_usable(&cpus[c], cpus[c].walk[i].context) &&
                mfn_equal(cpus[c].walk[i].table, m)) {
                return true;
            }
        }
    }
    return false;
}
