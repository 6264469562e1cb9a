/* SPDX-License-Identifier: MIT */
/* What the log says about a domain. */
#include "hypervisor/domain/recount.h"
#include "hypervisor/domain/report.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/stop.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/space.h"
#include "lib/string.h"
#include "lib/x86/pte.h"

#define SCRATCH_WORDS 2u /* 32-bit words of scratch memory that the audit needs for each frame */

typedef unsigned long long ull;

static struct {
    bool audits;
    bool counters;
    u64 mapped; /* what report_isolation has found: each later audit counts it, too */
} reporting;

static void report_walk(mfn_t root, const char *of, u64 address)
{
    struct vmmu_walk walk;

    log_line("  walk of %s %#llx from root %#llx:", of, (ull)address, (ull)root.n);
    if (mfn_is_none(root)) {
        return;
    }
    vmmu_walk(root, vaddr(address), &walk);
    for (u32 level = 4; level >= walk.depth && level; level--) {
        struct vmmu_frame_info info;
        mfn_t target = mfn((walk.entry[level] & PTE_ADDRESS) >> PAGE_SHIFT);

        vmmu_frame_inspect(target, &info);
        if (!(walk.entry[level] & PTE_PRESENT)) {
            log_line("    L%u at %#llx: %#llx, not present", level, (ull)walk.at[level].a,
                     (ull)walk.entry[level]);
        } else if (info.valid && info.owned) {
            log_line("    L%u at %#llx: %#llx -> d%u %s, type count %llu, references %llu%s", level,
                     (ull)walk.at[level].a, (ull)walk.entry[level], info.owner,
                     vmmu_type_name(info.type), (ull)info.type_count, (ull)info.references,
                     info.pinned ? ", pinned" : "");
        } else {
            log_line("    L%u at %#llx: %#llx -> no guest's frame", level, (ull)walk.at[level].a,
                     (ull)walk.entry[level]);
        }
    }
}

/* The registers that may have contents of the guest's memory. */
static void report_registers(const struct registers *r, u64 cr2)
{
    log_line("  rax %016llx  rbx %016llx  rcx %016llx  rdx %016llx", (ull)r->rax, (ull)r->rbx,
             (ull)r->rcx, (ull)r->rdx);
    log_line("  rsi %016llx  rdi %016llx  rbp %016llx  cr2 %016llx", (ull)r->rsi, (ull)r->rdi,
             (ull)r->rbp, (ull)cr2);
    log_line("  r8  %016llx  r9  %016llx  r10 %016llx  r11 %016llx", (ull)r->r8, (ull)r->r9,
             (ull)r->r10, (ull)r->r11);
    log_line("  r12 %016llx  r13 %016llx  r14 %016llx  r15 %016llx", (ull)r->r12, (ull)r->r13,
             (ull)r->r14, (ull)r->r15);
}

static void report_vcpu(const struct vcpu *vcpu)
{
    const struct registers *r = &vcpu->registers;
    u64 cr2 = vcpu->info->arch.cr2;

    log_line("  vCPU %u in %s mode, last entry %llu, error code %#llx", vcpu->id,
             vcpu->in_kernel ? "kernel" : "user", (ull)r->vector, (ull)r->error_code);
    log_line("  rip %016llx  rsp %016llx  rflags %08llx  cs %04llx  ss %04llx", (ull)r->rip,
             (ull)r->rsp, (ull)r->rflags, (ull)r->cs, (ull)r->ss);
    if (space_isolates) {
        log_line("  cr2 %016llx; no more registers: every guest's root maps the log", (ull)cr2);
    } else {
        report_registers(r, cr2);
    }
    report_walk(vcpu_root(vcpu), "rip", r->rip);
    report_walk(vcpu_root(vcpu), "cr2", cr2);
}

void report_crash(const struct domain *domain)
{
    const struct vmmu_domain *mmu = &domain->mmu;
    enum vmmu_result refusal = mmu->last_refusal;

    report_vcpu(domain->crashed);
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        if (domain->vcpu[i] != domain->crashed && domain->vcpu[i]->initialised) {
            report_vcpu(domain->vcpu[i]);
        }
    }
    if (refusal > VMMU_AGAIN) {
        log_line("  last refusal: %s, %s %#llx", vmmu_result_name(refusal),
                 vmmu_result_sentence(refusal), (ull)mmu->last_word);
    } else {
        log_line("  no request of it was ever refused");
    }
}

void report_costs(struct domain *domain)
{
    struct vmmu_counters c;

    if (domain->managed && !reporting.counters) {
        return;
    }
    domain_counters_at_end(domain, &c);
    log_line("%s: %llu entries checked, %llu updates, %llu emulated writes, %llu promotions, %llu "
             "demotions, %llu pins, %llu unpins",
             domain->name, (ull)c.entries_checked, (ull)c.updates, (ull)c.emulated_writes,
             (ull)c.promotions, (ull)c.demotions, (ull)c.pins, (ull)c.unpins);
    log_line("%s: of other CPUs %llu flushes asked, %llu sent, %llu skipped", domain->name,
             (ull)c.remote_asked, (ull)c.remote_sent, (ull)c.remote_skipped);
    log_line("%s: %llu root switches, %llu flushes asked, %llu sent, %llu skipped, %llu refusals, "
             "%llu unknown calls",
             domain->name, (ull)c.root_switches, (ull)c.flushes_asked, (ull)c.flushes_sent,
             (ull)c.flushes_skipped, (ull)c.refusals, (ull)domain->unknown_calls);
}

/* What the audit cannot find by reading page tables: vCPUs with their roots, and the hypervisor's
 * holds, in pages of these orders. */
struct evidence {
    struct vmmu_vcpu **vcpu;
    mfn_t *held;
    u32 vcpus, helds;
    u32 vcpus_order, helds_order;
};

static void gather(struct evidence *e, const struct domain *domain)
{
    if (!mfn_is_none(domain->console.frame)) {
        e->held[e->helds++] = domain->console.frame;
    }
    e->helds += events_held(domain, &e->held[e->helds]);
    e->helds += pirqs_held(domain, &e->held[e->helds]);
    e->helds += grants_held(domain, &e->held[e->helds], domain->grants.device_mappings);
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct vcpu *vcpu = domain->vcpu[i];

        if (!vcpu) {
            continue;
        }
        e->vcpu[e->vcpus++] = &vcpu->mmu;
        if (!mfn_is_none(vcpu->info_frame)) {
            e->held[e->helds++] = vcpu->info_frame;
        }
    }
}

static u32 order_for(u64 bytes)
{
    u32 order = 0;

    while (PAGE_SIZE << order < bytes) {
        order++;
    }
    return order;
}

/* Allocates the lists, for what all domains can have at most. False: no memory. */
static bool make_lists(struct evidence *e)
{
    u64 vcpus = 1, helds = 1;

    *e = (struct evidence){.vcpus = 0};
    for (u32 i = 0; i < domain_count(); i++) {
        const struct domain *domain = domain_at(i);

        if (domain) {
            vcpus += domain->vcpu_count;
            helds += domain->vcpu_count + 2 + EVENTS_HELD_MAX + domain->grants.device_mappings;
        }
    }
    e->vcpus_order = order_for(vcpus * sizeof(struct vmmu_vcpu *));
    e->helds_order = order_for(helds * sizeof(mfn_t));
    e->vcpu = page_alloc(e->vcpus_order);
    e->held = page_alloc(e->helds_order);
    return e->vcpu && e->held;
}

static void free_lists(const struct evidence *e)
{
    if (e->vcpu) {
        page_free(e->vcpu, e->vcpus_order);
    }
    if (e->held) {
        page_free(e->held, e->helds_order);
    }
}

/* Audits with the lists. False: no memory for it. */
static bool audit_with(const struct evidence *e, struct vmmu_audit *lists, u64 *findings)
{
    /* Enough for all frames, because the audit reads the frame table once for each part of them. */
    u32 order = order_for(frames_count() * SCRATCH_WORDS * sizeof(u32));

    order = order < FRAMES_ORDER_MAX ? order : FRAMES_ORDER_MAX;
    lists->vcpus = e->vcpu;
    lists->vcpu_count = e->vcpus;
    lists->held = e->held;
    lists->held_count = e->helds;
    while (!(lists->scratch = page_alloc(order)) && order) {
        order--;
    }
    if (!lists->scratch) {
        return false;
    }
    lists->scratch_frames = (PAGE_SIZE << order) / (SCRATCH_WORDS * sizeof(u32));
    *findings = vmmu_audit(lists) + frames_audit() + recount_isolation() + reporting.mapped;
    page_free(lists->scratch, order);
    return true;
}

static void audit(void)
{
    struct vmmu_audit lists = {.vcpu_count = 0};
    struct evidence evidence;
    u64 findings;
    bool done = make_lists(&evidence);

    if (done) {
        for (u32 i = 0; i < domain_count(); i++) {
            const struct domain *domain = domain_at(i);

            if (domain) {
                gather(&evidence, domain);
                lists.foreign_mappings |= domain->privileged || domain->grants.mappings;
            }
        }
        done = audit_with(&evidence, &lists, &findings);
    }
    free_lists(&evidence);
    if (done) {
        log_line("audit: %llu finding%s, %llu frames free", (ull)findings, findings == 1 ? "" : "s",
                 (ull)frames_free_count());
    } else {
        log_line("audit: no memory for it");
    }
}

void report_use_counters(bool on)
{
    reporting.counters = on;
}

void report_use_audit(bool on)
{
    reporting.audits = on;
}

bool report_audits(void)
{
    return reporting.audits;
}

void report_audit(void)
{
    if (!reporting.audits) {
        return;
    }
    stop_others();
    audit();
    stop_end();
}

void report_isolation(void)
{
    stop_others();
    reporting.mapped += recount_isolation();
    stop_end();
}
