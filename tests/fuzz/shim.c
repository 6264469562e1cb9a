/* SPDX-License-Identifier: MIT */
/* Hypercalls in a process: the machine's domains, and the part of the run loop that they need. */
#include "tests/fuzz/shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/claim.h"
#include "hypervisor/domain/report.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/sched/sched.h"
#include "tests/machine/cpu.h"
#include "tests/machine/machine.h"
#include "vmmu/entry.h"

#define VCPUS        2u      /* of each first domain; the first runs, the other is down */
#define ENDING_STEPS 100000u /* more than the end of any domain needs */

static struct {
    struct domain *domain[SHIM_DOMAINS];
    mfn_t page[SHIM_DOMAINS][SHIM_PAGES];
    bool ends; /* the input is over: no domain's end ends the machine */
} world;

void shim_claim(bool true_of_it, const char *what)
{
    if (true_of_it) {
        return;
    }
    fflush(stdout);
    fprintf(stderr, "not so: %s\n", what);
    abort();
}

struct domain *shim_domain(u32 index)
{
    return world.domain[index];
}

mfn_t shim_page(u32 index, u32 i)
{
    return world.page[index][i];
}

/* ---- the start ---- */

static struct vmmu_domain *mmu_at(u32 place)
{
    struct domain *domain = domain_at(place);

    return domain ? &domain->mmu : NULL;
}

static struct vmmu_domain *mmu_by_id(u16 id)
{
    struct domain *domain = domain_by_id(id);

    return domain ? &domain->mmu : NULL;
}

static enum vmmu_access device_access(u16 id, mfn_t m)
{
    return rights_frame(domain_by_id(id), m);
}

/* Makes tables in pages 0 to 3 that map pages 8 to 15 at address 0. */
static void start_tables(u32 index)
{
    const mfn_t *page = world.page[index];
    struct vcpu *vcpu = world.domain[index]->vcpu[0];
    const u64 flags = PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED;

    for (u32 i = 0; i < 3; i++) {
        machine_words(page[i])[0] = page[i + 1].n << PAGE_SHIFT | flags;
    }
    for (u32 i = 0; i < 8; i++) {
        machine_words(page[3])[i] = page[8 + i].n << PAGE_SHIFT | flags | PTE_DIRTY;
    }
    shim_claim(vmmu_pin(&vcpu->mmu, &world.domain[index]->mmu, page[0], 4) == VMMU_DONE,
               "the first pin");
    shim_claim(vmmu_set_kernel_root(&vcpu->mmu, page[0]) == VMMU_DONE, "the first root");
    vcpu->initialised = true;
    sched_add(vcpu);
}

static void start_domain(u32 index, bool privileged)
{
    const u32 place = privileged ? domain_table_reserve_privileged() : domain_table_reserve();
    struct domain *domain =
        domain_create(privileged ? "dom0" : "guest", place, SHIM_PAGES + 16, VCPUS);

    shim_claim(domain && domain->vcpu_count == VCPUS, "memory for a domain");
    world.domain[index] = domain;
    for (u32 i = 0; i < SHIM_PAGES; i++) {
        world.page[index][i] = machine_allocate();
        shim_claim(vmmu_give(&domain->mmu, world.page[index][i], pfn(i)) == VMMU_DONE, "a page");
    }
    start_tables(index);
}

void shim_start(bool privileged)
{
    memset(&world, 0, sizeof world);
    machine_start(SHIM_FRAMES, false);
    machine.domain_by_id = mmu_by_id;
    machine.domain_at = mmu_at;
    machine.device_access = device_access;
    shim_memory_start();
    shim_devices_start();
    report_use_audit(true);
    domains_expect(SHIM_DOMAINS);
    for (u32 i = 0; i < SHIM_DOMAINS; i++) {
        start_domain(i, privileged && i == 0);
    }
}

/* ---- the run loop ---- */

static void leave(void)
{
    struct vcpu *vcpu = current_vcpu();

    if (!vcpu) {
        return;
    }
    this_cpu()->current = NULL;
    cpu_load_root(0, MFN_NONE);
    atomic_store(&vcpu->domain->mmu.cpus, 0);
    atomic_store(&vcpu->loaded, NULL);
    if (domain_is_held(vcpu->domain)) {
        domain_vcpu_left(vcpu->domain);
    }
}

/* A vCPU enters the hypervisor by a hypercall, so it is in kernel mode. */
static void enter(struct vcpu *vcpu)
{
    this_cpu()->current = vcpu;
    atomic_store(&vcpu->domain->mmu.cpus, 1);
    atomic_store(&vcpu->loaded, this_cpu());
    vcpu->cpu = this_cpu();
    vcpu->in_kernel = true;
    vcpu->awaits = 0;
    cpu_load_root(0, vcpu_root(vcpu));
}

/* A vCPU that waits for an event goes on, as if one had come. */
static bool can_run(struct vcpu *vcpu)
{
    if (!vcpu || !vcpu->initialised || domain_is_held(vcpu->domain) ||
        atomic_load(&vcpu->state) == VCPU_DOWN) {
        return false;
    }
    atomic_store(&vcpu->state, VCPU_RUNNABLE);
    return true;
}

struct vcpu *shim_run(u32 choice)
{
    struct vcpu *can[SHIM_VCPUS_MAX];
    u32 count = 0;

    leave();
    for (u32 place = 0; place < domain_count(); place++) {
        struct domain *domain = domain_at(place);

        for (u32 i = 0; domain && i < domain->vcpu_count; i++) {
            if (can_run(domain->vcpu[i])) {
                can[count++] = domain->vcpu[i];
            }
        }
    }
    if (!count) {
        return NULL;
    }
    enter(can[choice % count]);
    return current_vcpu();
}

static void end_step(struct domain *domain)
{
    if (domain_is_torn_down(domain)) {
        if (domain->managed) {
            domain_collect(domain);
        }
        return;
    }
    if (current_vcpu() && current_vcpu()->domain == domain) {
        leave();
    }
    domain_teardown(domain);
}

bool shim_work(void)
{
    struct vcpu *vcpu = current_vcpu();

    for (u32 place = 0; place < domain_count(); place++) {
        struct domain *domain = domain_at(place);

        if (domain && domain_has_ended(domain)) {
            end_step(domain);
        }
    }
    if (current_vcpu() &&
        (domain_is_held(vcpu->domain) || atomic_load(&vcpu->state) == VCPU_DOWN)) {
        leave();
    }
    return current_vcpu() != NULL;
}

void shim_audit(void)
{
    report_audit();
    shim_claim(machine.findings == 0, "an audit without findings");
    u64 claims = 0;
    for (u32 place = 0; place < domain_count(); place++) {
        claims += domain_at(place) ? claim_of(domain_at(place)) : 0;
    }
    shim_claim(claims == claims_all(), "the sum of all claims");
}

/* ---- the end ---- */

/* Only of the guest of `pinion run`: then its end is not that of the machine. */
bool domain_restarts(const struct domain *domain)
{
    (void)domain;
    return true;
}

static void tear_down(struct domain *domain)
{
    u32 steps = 0;

    if (!domain_has_ended(domain)) {
        domain_shutdown(domain, domain->managed ? DOMAIN_DESTROYED : DOMAIN_POWERED_OFF);
    }
    while (!domain_is_torn_down(domain)) {
        domain_teardown(domain);
        shim_claim(++steps < ENDING_STEPS, "a domain comes to its end");
    }
}

static void collect(u32 place)
{
    struct domain *domain = domain_at(place);

    if (!domain) {
        return;
    }
    shim_claim(vmmu_domain_is_gone(&domain->mmu) && !domain->grants.users,
               "nobody uses an ended domain");
    if (domain->managed) {
        atomic_store(&domain->toolstack.answered, true);
        domain_collect(domain);
    } else {
        if (domain->pirqs) { /* nobody frees them: the machine ends with the privileged domain */
            page_free(domain->pirqs, 1);
        }
        domain_destroy(domain);
        domain_table_release(place);
    }
    shim_claim(!domain_at(place), "a domain goes");
}

void shim_end(void)
{
    machine.stop_at = machine.stop_each = 0;
    leave();
    for (u32 place = 0; place < domain_count(); place++) {
        if (domain_at(place)) {
            tear_down(domain_at(place));
        }
    }
    for (u32 place = 0; place < domain_count(); place++) {
        collect(place);
    }
    shim_claim(!claims_all(), "claims end with their domains");
    shim_claim(shim_pages_out() == 0, "every page came back");
    shim_claim(machine.allocated == 0, "every frame came back");
    machine_end();
}
