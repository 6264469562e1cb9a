/* SPDX-License-Identifier: MIT */
/* The recount of isolation. It reads page tables and the frame table, and nothing of what the views
 * say of themselves. */
#include "hypervisor/domain/recount.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/memory/space.h"
#include "lib/x86/pte.h"

#define ENTRIES    512u
#define LINES_MOST 8u /* in the log; further findings are only counted */

struct recount {
    const struct domain *domain; /* whose roots are walked; NULL: what all roots have alike */
    u64 roots, pages, findings;
};

static bool lies_in(u64 address, u64 start, u64 end)
{
    return address >= start && address < end;
}

/* True for the address of a stack of a CPU that may not run the domain now. */
static bool is_others_stack(const struct domain *domain, u64 address)
{
    if (!lies_in(address, LAYOUT_CPUS, LAYOUT_CPUS + VMMU_CPUS_MAX * CPU_REGION) ||
        (address & (CPU_REGION - 1)) < CPU_IST_FIRST) {
        return false;
    }
    return cpu_at((u32)((address - LAYOUT_CPUS) / CPU_REGION))->shown != domain;
}

/* True for addresses at which all guests may have the hypervisor's own pages: its image and the
 * screen, CPU regions, device registers, the frame table. */
static bool is_everybodys(u64 address)
{
    return lies_in(address, LAYOUT_DEVICES, LAYOUT_DIRECT) ||
           lies_in(address, LAYOUT_FRAMES, LAYOUT_END);
}

/* Why the domain must not reach frame `m` at `address`; NULL: it may. */
static const char *wrong_with(const struct domain *domain, u64 address, mfn_t m)
{
    struct vmmu_frame_info info;
    u32 marked;

    if (is_others_stack(domain, address)) {
        return "a stack of a CPU that does not run it";
    }
    vmmu_frame_inspect(m, &info);
    if (!info.valid || (info.owned && info.owner == VMMU_OWNER_DEVICE)) {
        return is_everybodys(address) ? NULL : "no memory";
    }
    if (info.owned && info.owner == VMMU_OWNER_HYPERVISOR) {
        return address < LAYOUT_WINDOWS ? NULL : "a page of the M2P elsewhere";
    }
    if (info.owned) {
        return domain && info.owner == domain->id ? NULL : "a frame of another domain";
    }
    marked = page_marked(m);
    if (marked != PAGE_UNMARKED) {
        return domain && marked == domain->id ? NULL : "the hypervisor's page for another domain";
    }
    if (lies_in(address, LAYOUT_WINDOWS, WINDOWS_END)) { /* the pages that all GDTs have */
        return m.n << PAGE_SHIFT >= LAYOUT_IMAGE_LOAD &&
                       m.n << PAGE_SHIFT < LAYOUT_IMAGE_LOAD + LAYOUT_IMAGE_SIZE
                   ? NULL
                   : "a private page in a descriptor window";
    }
    return is_everybodys(address) ? NULL : "a private page of the hypervisor";
}

static void check(struct recount *run, u64 address, u64 entry, u64 frames)
{
    u64 first = (entry & PTE_ADDRESS) >> PAGE_SHIFT & ~(frames - 1);

    for (u64 i = 0; i < frames; i++) {
        const char *wrong = wrong_with(run->domain, address + i * PAGE_SIZE, mfn(first + i));

        run->pages++;
        if (wrong && run->findings++ < LINES_MOST) {
            log_line("audit: %s maps frame %#llx at %#llx: %s",
                     run->domain ? run->domain->name : "every root",
                     (unsigned long long)(first + i), (unsigned long long)(address + i * PAGE_SIZE),
                     wrong);
        }
    }
}

/* Walks the table of level `level` to which `entry` leads, whose first address is `address`. */
static void walk(struct recount *run, u64 address, u64 entry, u32 level)
{
    const u64 *table = frame_view(mfn((entry & PTE_ADDRESS) >> PAGE_SHIFT));
    const u32 shift = PAGE_SHIFT + 9 * (level - 1);

    for (u64 i = 0; i < ENTRIES; i++) {
        if (!(table[i] & PTE_PRESENT)) {
            continue;
        }
        if (level == 1 || table[i] & PTE_LARGE) {
            check(run, address + (i << shift), table[i], 1ull << (shift - PAGE_SHIFT));
        } else {
            walk(run, address + (i << shift), table[i], level - 1);
        }
    }
}

/* Walks those of the hypervisor's slots that hold other entries than `known` has (NULL: all). */
static void walk_slots(struct recount *run, const u64 *slots, const u64 *known)
{
    for (u64 i = 0; i < LAYOUT_SLOTS; i++) {
        if (slots[i] & PTE_PRESENT && !(known && slots[i] == known[i])) {
            walk(run, LAYOUT_START + (i << 39), slots[i], 3);
        }
    }
}

static void walk_root(struct recount *run, mfn_t root, const u64 *known)
{
    if (!mfn_is_none(root)) {
        run->roots++;
        walk_slots(run, (const u64 *)frame_view(root) + LAYOUT_FIRST_SLOT, known);
    }
}

u64 recount_isolation(void)
{
    struct recount run = {.roots = 0};
    u64 known[LAYOUT_SLOTS];

    if (!space_isolates) {
        return 0;
    }
    /* What all roots have alike is walked once. */
    for (u32 i = 0; i < LAYOUT_SLOTS; i++) {
        u64 at = LAYOUT_START + ((u64)i << 39);
        bool shared = at != LAYOUT_WINDOWS && at != LAYOUT_IMAGE &&
                      !lies_in(at, LAYOUT_DIRECT, LAYOUT_FRAMES);

        known[i] = shared ? map_hypervisor_slots()[i] : 0;
    }
    walk_slots(&run, known, NULL);
    for (u32 d = 0; d < domain_count(); d++) {
        run.domain = domain_at(d);
        for (u32 i = 0; run.domain && i < run.domain->vcpu_count; i++) {
            if (run.domain->vcpu[i]) {
                walk_root(&run, run.domain->vcpu[i]->mmu.kernel_root, known);
                walk_root(&run, run.domain->vcpu[i]->mmu.user_root, known);
            }
        }
    }
    log_line("audit: isolation: %llu root(s), %llu pages of the hypervisor's slots, %llu "
             "finding%s",
             (unsigned long long)run.roots, (unsigned long long)run.pages,
             (unsigned long long)run.findings, run.findings == 1 ? "" : "s");
    return run.findings;
}
