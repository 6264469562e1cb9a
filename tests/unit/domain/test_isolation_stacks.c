/* SPDX-License-Identifier: MIT */
/* Proves that the stacks of a CPU on which a guest may have left something are reached by that
 * guest's domain alone: a CPU that turns to a domain gets the set that the domain had there, with
 * no flush, or else one that is clear, that no other view maps, and of which no CPU that runs the
 * domain which had it before keeps a translation; the set which the CPU is on is never taken; and a
 * domain that ends keeps none. After each turn the recount finds nothing. The views and the recount
 * are the hypervisor's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/memory/host/hypervisor/memory/direct.h"

#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/flush.h"
#include "hypervisor/cpu/stop.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/isolation.h"
#include "hypervisor/domain/recount.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/vcpu/vcpu.h"
#include "lib/x86/pte.h"

#define FRAMES  1024u
#define STACKS  16u /* the frames of the first set; those of the next follow */
#define ROOTS   100u
#define HEAP    128u
#define DOMAINS (CPU_SETS + 2u)
#define OTHERS  6u /* the CPUs 1 and 2, which run each domain, too */
#define SECRET  0x5ec7e7u

unsigned char machine_memory[FRAMES << PAGE_SHIFT] __attribute__((aligned(4096)));
bool space_isolates = true;

static struct domain domains[DOMAINS];
static struct vcpu vcpus[DOMAINS];
static struct cpu cpu;
static u64 all_slots[LAYOUT_SLOTS];
static u32 mark_of[FRAMES];
static u32 taken, flushes, stops;
static const struct domain *loser; /* that loses its stacks when the CPUs flush */

void *page_alloc(u32 order)
{
    assert_int_equal(order, 0);
    return memset(frame_view(mfn(HEAP + taken++)), 0, PAGE_SIZE);
}

void page_free(void *page, u32 order)
{
    (void)page;
    (void)order;
}

void page_mark(void *page, u32 order, u16 owner)
{
    assert_int_equal(order, 0);
    mark_of[frame_of_view(page).n] = owner;
}

void page_unmark(void *page, u32 order)
{
    page_mark(page, order, 0);
}

u32 page_marked(mfn_t m)
{
    return mark_of[m.n] ? mark_of[m.n] : PAGE_UNMARKED;
}

u64 frames_count(void)
{
    return FRAMES;
}

bool vmmu_frame_owned_by(const struct vmmu_domain *of, mfn_t m)
{
    (void)of;
    (void)m;
    return false;
}

void vmmu_frame_inspect(mfn_t m, struct vmmu_frame_info *info)
{
    *info = (struct vmmu_frame_info){.valid = m.n < FRAMES};
}

const u64 *map_hypervisor_slots(void)
{
    return all_slots;
}

bool map_is_private(mfn_t m)
{
    (void)m;
    return false;
}

u64 map_entry(u64 address, u32 level)
{
    return level == 1 && address >= LAYOUT_CPUS && address < LAYOUT_CPUS + CPU_REGION ? PTE_PRESENT
                                                                                      : 0;
}

struct cpu *cpu_at(u32 number)
{
    assert_int_equal(number, 0);
    return &cpu;
}

u32 cpu_count(void)
{
    return 1;
}

u32 domain_count(void)
{
    return DOMAINS;
}

struct domain *domain_at(u32 place)
{
    return domains[place].id ? &domains[place] : NULL;
}

struct domain *domain_by_id(u16 id)
{
    return &domains[id - 1];
}

void log_line(const char *format, ...)
{
    (void)format;
}

void lock_wait(void)
{
    fail();
}

void vcpu_return_root(struct vcpu *vcpu)
{
    (void)vcpu;
}

void stop_others(void)
{
    stops++;
}

void stop_end(void)
{
}

/* The frame that the view of the domain maps at `address`; MFN_NONE: none. */
static mfn_t mapped(const struct domain *domain, u64 address)
{
    u64 entry = domain->view.slots[(address >> 39 & 511) - LAYOUT_FIRST_SLOT];

    for (u32 level = 3; level && entry & PTE_PRESENT; level--) {
        const u64 *table = frame_view(mfn((entry & PTE_ADDRESS) >> PAGE_SHIFT));

        entry = table[address >> (PAGE_SHIFT + 9 * (level - 1)) & 511];
    }
    return entry & PTE_PRESENT ? mfn((entry & PTE_ADDRESS) >> PAGE_SHIFT) : MFN_NONE;
}

static mfn_t stack_of(const struct domain *domain)
{
    return mapped(domain, LAYOUT_CPUS + CPU_STACK);
}

static bool shows(const struct domain *domain, mfn_t m)
{
    return !mfn_is_none(mapped(domain, LAYOUT_DIRECT + (m.n << PAGE_SHIFT)));
}

/* By then no view may have what the CPUs shall have no translation of. */
u32 flush_cpus(u64 cpus)
{
    assert_int_equal(cpus, OTHERS);
    assert_non_null(loser);
    assert_true(mfn_is_none(stack_of(loser)));
    assert_ptr_equal(cpu.next_stacks->domain, NULL);
    for (u32 i = 0; i < CPU_SET_PAGES; i++) {
        mfn_t m = mfn(cpu.next_stacks->entry[i] >> PAGE_SHIFT);

        assert_true(!m.n || !shows(loser, m));
    }
    flushes++;
    return 2;
}

static mfn_t frame_of(const struct stacks *set, u32 page)
{
    return mfn((set->entry[page] & PTE_ADDRESS) >> PAGE_SHIFT);
}

/* What a guest leaves: on the main stack, on the stack of #DB with an exception's CS, and the RSP
 * that the stubs store. */
static void leave_secrets(const struct stacks *set)
{
    u64 *debug = frame_view(frame_of(set, (IST_DB - 1) * (CPU_IST_STRIDE / PAGE_SIZE)));

    *(u64 *)frame_view(frame_of(set, CPU_SET_PAGES - 1)) = SECRET;
    *(u64 *)frame_view(frame_of(set, (CPU_STACK - CPU_IST_FIRST) / PAGE_SIZE)) = SECRET;
    *(u64 *)frame_view(frame_of(set, 0)) = SECRET;
    debug[PAGE_SIZE / sizeof(u64) - 4] = SECRET;
    debug[PAGE_SIZE / sizeof(u64) - 20] = SECRET;
}

static bool is_clear(const struct stacks *set)
{
    for (u32 i = 0; i < CPU_SET_PAGES; i++) {
        const u64 *page = frame_view(frame_of(set, i));

        for (u32 k = 0; set->entry[i] && k < PAGE_SIZE / sizeof(u64); k++) {
            if (page[k]) {
                return false;
            }
        }
    }
    return true;
}

/* The CPU runs domain `n`, and reads its own stacks by the direct map. */
static const struct stacks *run(u32 n)
{
    const struct stacks *before = cpu.stacks;
    struct domain *domain = &domains[n];

    if (isolation_turns(&cpu, domain)) {
        assert_ptr_not_equal(cpu.next_stacks, before);
        assert_true(cpu.next_stacks->domain == domain || is_clear(cpu.next_stacks));
        isolation_show(&cpu, domain);
    }
    cpu.current = &vcpus[n];
    leave_secrets(cpu.stacks);
    for (u32 i = 0; i < CPU_SET_PAGES; i++) {
        view_learn(&domain->view, &domain->mmu, frame_of(cpu.stacks, i));
    }
    assert_int_equal(stack_of(domain).n,
                     frame_of(cpu.stacks, (CPU_STACK - CPU_IST_FIRST) / PAGE_SIZE).n);
    assert_true(shows(domain, stack_of(domain)));
    assert_int_equal(recount_isolation(), 0);
    return cpu.stacks;
}

static void start_domain(u32 n)
{
    struct domain *domain = &domains[n];

    memset(domain, 0, sizeof *domain);
    domain->mmu.id = domain->id = (u16)(n + 1);
    domain->mmu.cpus = OTHERS | 1;
    assert_true(view_start(&domain->view));
    vcpus[n] = (struct vcpu){.domain = domain, .mmu.user_root = MFN_NONE};
    vcpus[n].mmu.kernel_root = mfn(ROOTS + n);
    domain->vcpu_count = 1;
    domain->vcpu[0] = &vcpus[n];
    memcpy((u64 *)frame_view(mfn(ROOTS + n)) + LAYOUT_FIRST_SLOT, domain->view.slots,
           sizeof domain->view.slots);
}

static int begin(void **state)
{
    (void)state;
    memset(&cpu, 0, sizeof cpu);
    memset(mark_of, 0, sizeof mark_of);
    memset(machine_memory, 0, sizeof machine_memory);
    taken = flushes = stops = 0;
    loser = NULL;
    all_slots[(LAYOUT_IMAGE >> 39 & 511) - LAYOUT_FIRST_SLOT] = 1;
    all_slots[(LAYOUT_DIRECT >> 39 & 511) - LAYOUT_FIRST_SLOT] = 1;
    for (u64 at = 0; at < CPU_SETS * CPU_SET_PAGES; at++) {
        u64 page = at % CPU_SET_PAGES;
        bool guard = page < (CPU_STACK - CPU_IST_FIRST) / PAGE_SIZE && page % 2;

        cpu.set[at / CPU_SET_PAGES].entry[page] =
            guard ? 0 : (STACKS + at) << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE;
    }
    cpu.stacks = &cpu.set[0];
    leave_secrets(cpu.stacks);
    for (u32 i = 0; i < DOMAINS; i++) {
        start_domain(i);
    }
    return 0;
}

static void each_domain_gets_its_own_again(void **state)
{
    const struct stacks *of[CPU_SETS - 1];

    (void)state;
    for (u32 i = 0; i < CPU_SETS - 1; i++) {
        of[i] = run(i);
    }
    for (u32 turn = 0; turn < 20; turn++) {
        u32 i = turn * 7 % (CPU_SETS - 1);

        assert_ptr_equal(run(i), of[i]);
        assert_false(isolation_turns(&cpu, &domains[i]));
    }
    assert_int_equal(flushes, 0);
}

static void the_oldest_loses_them(void **state)
{
    const struct stacks *of[DOMAINS];

    (void)state;
    for (u32 i = 0; i < CPU_SETS; i++) {
        of[i] = run(i);
    }
    assert_int_equal(flushes, 0);
    assert_ptr_equal(run(0), of[0]); /* so domain 1 has the oldest */
    loser = &domains[1];
    assert_ptr_equal(run(CPU_SETS), of[1]);
    assert_int_equal(flushes, 1);
    loser = &domains[2];
    assert_ptr_equal(run(1), of[2]);
    assert_int_equal(flushes, 2);
    assert_ptr_equal(run(CPU_SETS), of[1]);
    assert_ptr_equal(run(0), of[0]);
    assert_int_equal(flushes, 2);
}

static void a_domain_that_ends_keeps_none(void **state)
{
    const struct stacks *of = run(0);

    (void)state;
    run(1);
    cpu.current = NULL; /* the CPU is idle, on the stacks of domain 1 */
    isolation_stop(&domains[1]);
    isolation_stop(&domains[1]); /* each step of its end does, and stops no CPU again */
    assert_int_equal(stops, 1);
    domains[1].id = 0;
    assert_int_equal(recount_isolation(), 0);
    for (u32 i = 0; i < CPU_SETS * CPU_SET_PAGES; i++) {
        assert_int_not_equal(page_marked(mfn(STACKS + i)), 2);
    }
    assert_ptr_equal(run(0), of);
    start_domain(1);
    run(1);
    for (u32 i = 2; i < CPU_SETS; i++) {
        run(i);
    }
    assert_int_equal(flushes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_domain_gets_its_own_again, begin),
        cmocka_unit_test_setup(the_oldest_loses_them, begin),
        cmocka_unit_test_setup(a_domain_that_ends_keeps_none, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
