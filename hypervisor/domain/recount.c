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
#include "lib/string.h"
#include "lib/x86/pte.h"

#define ENTRIES    512u
#define LINES_MOST 8u /* in the log; further findings are only counted */

struct recount {
    const struct domain *domain; /* whose roots are walked; NULL: what all roots have alike */
    u64 roots, others, pages, findings;
    u64 known[LAYOUT_SLOTS];     /* what all roots have alike, and has been walked */
    u64 walked[2][LAYOUT_SLOTS]; /* the two last forms of the domain's roots that were walked */
};

static bool lies_in(u64 address, u64 start, u64 end)
{
    return address >= start && address < end;
}

/* True for the address of a stack of a CPU. */
static bool is_stack(u64 address)
{
    return lies_in(address, LAYOUT_CPUS, LAYOUT_CPUS + VMMU_CPUS_MAX * CPU_REGION) &&
           (address & (CPU_REGION - 1)) >= CPU_IST_FIRST;
}

/* True for addresses at which all guests may have the hypervisor's own pages: its image, CPU
 * regions, device registers, the frame table. */
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

    if (lies_in(address, LAYOUT_SCREEN, LAYOUT_CPUS)) {
        return "the screen";
    }
    if (map_is_private(m)) {
        return "a private page of the image";
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
    if (is_stack(address)) {
        return "a stack of a CPU that is no domain's";
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

/* Walks those of the hypervisor's slots that do not hold what all roots have alike. */
static void walk_slots(struct recount *run, const u64 *slots)
{
    for (u64 i = 0; i < LAYOUT_SLOTS; i++) {
        if (slots[i] & PTE_PRESENT && slots[i] != run->known[i]) {
            walk(run, LAYOUT_START + (i << 39), slots[i], 3);
        }
    }
}

/* Walks what all roots have alike. */
static void walk_known(struct recount *run)
{
    const u64 *all = map_hypervisor_slots();
    u64 known[LAYOUT_SLOTS];

    for (u32 i = 0; i < LAYOUT_SLOTS; i++) {
        u64 at = LAYOUT_START + ((u64)i << 39);
        bool shared = at != LAYOUT_WINDOWS && at != LAYOUT_IMAGE &&
                      !lies_in(at, LAYOUT_DIRECT, LAYOUT_FRAMES);

        known[i] = shared ? all[i] : 0;
    }
    walk_slots(run, known);
    memcpy(run->known, known, sizeof known);
}

/* Turns to the roots of `domain`. */
static void begin_domain(struct recount *run, const struct domain *domain)
{
    run->domain = domain;
    memset(run->walked, 0, sizeof run->walked);
}

/* Walks a root of run->domain, unless it shows what one that was walked shows: all roots of a
 * domain lead to the same tables, in one of two forms. */
static void walk_root(struct recount *run, mfn_t root)
{
    const u64 *slots = (const u64 *)frame_view(root) + LAYOUT_FIRST_SLOT;

    if (memcmp(slots, run->walked[0], sizeof run->walked[0]) &&
        memcmp(slots, run->walked[1], sizeof run->walked[1])) {
        walk_slots(run, slots);
        memcpy(run->walked[1], run->walked[0], sizeof run->walked[0]);
        memcpy(run->walked[0], slots, sizeof run->walked[0]);
    }
}

static void walk_vcpus(struct recount *run, const struct domain *domain)
{
    begin_domain(run, domain);
    for (u32 i = 0; i < 2 * domain->vcpu_count; i++) {
        const struct vcpu *vcpu = domain->vcpu[i / 2];
        const mfn_t root = !vcpu ? MFN_NONE : i % 2 ? vcpu->mmu.user_root : vcpu->mmu.kernel_root;

        if (!mfn_is_none(root)) {
            run->roots++;
            walk_root(run, root);
        }
    }
}

static bool is_root(const struct domain *domain, mfn_t m)
{
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        const struct vcpu *vcpu = domain->vcpu[i];

        if (vcpu && (vcpu->mmu.kernel_root.n == m.n || vcpu->mmu.user_root.n == m.n)) {
            return true;
        }
    }
    return false;
}

/* Walks the other L4 tables that a vCPU may load: those that are validated. */
static void walk_others(struct recount *run)
{
    begin_domain(run, NULL);
    for (u64 i = 0; i < frames_count(); i++) {
        struct vmmu_frame_info info;

        vmmu_frame_inspect(mfn(i), &info);
        if (!info.owned || info.type != VMMU_TYPE_L4 || !info.validated) {
            continue;
        }
        if (!run->domain || run->domain->id != info.owner) {
            begin_domain(run, domain_by_id(info.owner));
        }
        if (run->domain && !is_root(run->domain, mfn(i))) {
            run->others++;
            walk_root(run, mfn(i));
        }
    }
}

/* Counts the CPUs that run a domain on stacks which another one's view may map. */
static void check_stacks(struct recount *run)
{
    for (u32 i = 0; i < cpu_count(); i++) {
        const struct cpu *cpu = cpu_at(i);

        if (cpu->current && cpu->stacks->domain != cpu->current->domain) {
            run->findings++;
            log_line("audit: CPU %u runs %s on stacks that are not its own", i,
                     cpu->current->domain->name);
        }
    }
}

u64 recount_isolation(void)
{
    struct recount run = {.roots = 0};

    if (!space_isolates) {
        return 0;
    }
    walk_known(&run);
    for (u32 i = 0; i < domain_count(); i++) {
        if (domain_at(i)) {
            walk_vcpus(&run, domain_at(i));
        }
    }
    walk_others(&run);
    check_stacks(&run);
    log_line("audit: isolation: %llu root(s), %llu other L4 table(s), %llu pages of the "
             "hypervisor's slots, %llu finding%s",
             (unsigned long long)run.roots, (unsigned long long)run.others,
             (unsigned long long)run.pages, (unsigned long long)run.findings,
             run.findings == 1 ? "" : "s");
    return run.findings;
}
