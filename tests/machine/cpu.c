/* SPDX-License-Identifier: MIT */
/* The fake machine's CPUs and their TLBs, which keep every translation until a flush. */
#include "tests/machine/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/machine/machine.h"
#include "vmmu/entry.h"
#include "vmmu/walk.h"

#define TRANSLATIONS 256u
#define WALKS        256u

/* A cached translation: a page of addresses, and the frame that it leads to. */
struct translation {
    u64 page;
    mfn_t frame;
    bool writable;
};

/* A cached walk: the table of `level` for all addresses with this prefix. */
struct cached_walk {
    u32 level;
    u64 prefix;
    mfn_t table;
    bool writable;
};

struct cpu {
    mfn_t root;
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
    machine_flush_begins(cpu);
    cpus[cpu].translations = 0;
    cpus[cpu].walks = 0;
    machine_flush_ends(cpu);
}

void cpu_load_root(u32 cpu, mfn_t root)
{
    cpus[cpu].root = root;
    cpu_flush(cpu);
}

static u64 prefix_of(vaddr_t va, u32 level)
{
    return va.a >> (PAGE_SHIFT + 9 * level);
}

/* The table of `level` for `va`: from the lowest cached walk at or above that level. */
static bool find_table(struct cpu *cpu, vaddr_t va, u32 level, mfn_t *table, bool *writable)
{
    for (u32 i = 0; i < cpu->walks; i++) {
        if (cpu->walk[i].level == level && cpu->walk[i].prefix == prefix_of(va, level)) {
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
    cpu->walk[cpu->walks++] = (struct cached_walk){level, prefix_of(va, level), *table, *writable};
    return true;
}

static bool translate(struct cpu *cpu, vaddr_t va, bool write, mfn_t *frame)
{
    const u64 page = va.a >> PAGE_SHIFT;
    for (u32 i = 0; i < cpu->translations; i++) {
        const struct translation *cached = &cpu->translation[i];
        if (cached->page == page && (cached->writable || !write)) {
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
    cpu->translation[cpu->translations++] = (struct translation){page, *frame, writable};
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

bool cpu_any_translates_to(mfn_t m)
{
    for (u32 c = 0; c < MACHINE_CPUS; c++) {
        for (u32 i = 0; i < cpus[c].translations; i++) {
            if (mfn_equal(cpus[c].translation[i].frame, m)) {
                return true;
            }
        }
        for (u32 i = 0; i < cpus[c].walks; i++) {
            if (mfn_equal(cpus[c].walk[i].table, m)) {
                return true;
            }
        }
    }
    return false;
}
