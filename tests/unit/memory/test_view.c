/* SPDX-License-Identifier: MIT */
/* Proves that a domain's view maps that domain's frames and the pages marked for it, and no other
 * ones, in every order of accesses; that a frame which the domain loses is gone from it; that
 * its tables stay within their limit, and that it copes without memory; that the stacks of a CPU
 * are in it only while they are shown, and only if they are marked for the domain; that the image
 * is in it and the screen is not; and that the recount finds each single mapping too many. The
 * machine's memory is an array here, and the page tables in it are real ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/memory/host/hypervisor/memory/direct.h"

#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/recount.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/memory/view.h"
#include "lib/x86/pte.h"

#define FRAMES  4096u
#define OWN     1024u /* to 1024 + 767: one large page, and half of the next, are the domain's */
#define OWN_END (OWN + 768u)
#define OTHERS  (OWN_END + 1)
#define MARKED  40u /* a page of the hypervisor for the domain */
#define STRANGE 41u /* one for another domain */
#define PRIVATE 42u /* one for none */
#define ROOT    43u /* the domain's kernel root */
#define PINNED  44u /* an L4 table that no vCPU has loaded, where `pinned` is set */
#define IMAGE   45u /* the table of level 2 of the image and the screen; then that of the image */
#define SECRET  47u /* a private page of the image */
#define STACK   0x900u /* where the frames of CPU regions begin, of no interest otherwise */
#define STACKS  (STACK + (CPU_REGION + CPU_IST_FIRST) / PAGE_SIZE) /* those of CPU 1 */
#define HEAP    2048u /* where page_alloc takes pages */

unsigned char machine_memory[FRAMES << PAGE_SHIFT] __attribute__((aligned(4096)));
bool space_isolates = true;

static struct domain domain;
static struct vcpu vcpu;
static struct cpu cpu;
static u64 all_slots[LAYOUT_SLOTS];
static u16 owner_of[FRAMES]; /* 0: none */
static u32 taken, left;      /* pages of page_alloc */
static bool pinned, stacks_marked;

void *page_alloc(u32 order)
{
    assert_int_equal(order, 0);
    if (!left) {
        return NULL;
    }
    left--;
    return memset(frame_view(mfn(HEAP + taken++)), 0, PAGE_SIZE);
}

void page_free(void *page, u32 order)
{
    (void)page;
    (void)order;
    left++;
}

u32 page_marked(mfn_t m)
{
    if (m.n >= STACKS && m.n < STACKS + CPU_SET_PAGES) {
        return stacks_marked ? 1 : PAGE_UNMARKED;
    }
    return m.n == MARKED ? 1 : m.n == STRANGE ? 2 : PAGE_UNMARKED;
}

u64 frames_count(void)
{
    return FRAMES;
}

bool vmmu_frame_owned_by(const struct vmmu_domain *of, mfn_t m)
{
    return owner_of[m.n] == of->id;
}

void vmmu_frame_inspect(mfn_t m, struct vmmu_frame_info *info)
{
    *info = (struct vmmu_frame_info){
        .valid = m.n < FRAMES, .owned = owner_of[m.n], .owner = owner_of[m.n]};
    if (m.n == PINNED && pinned) {
        *info = (struct vmmu_frame_info){
            .valid = true, .owned = true, .owner = 1, .validated = true, .type = VMMU_TYPE_L4};
    }
}

const u64 *map_hypervisor_slots(void)
{
    return all_slots;
}

bool map_is_private(mfn_t m)
{
    return m.n == SECRET;
}

/* The image, a screen behind it, and the regions of two CPUs exist. */
u64 map_entry(u64 address, u32 level)
{
    if (level > 1 && address == LAYOUT_IMAGE) {
        return (IMAGE + (level == 2)) << PAGE_SHIFT | PTE_PRESENT;
    }
    if (level == 1 && address >= LAYOUT_CPUS && address < LAYOUT_CPUS + 2 * CPU_REGION) {
        return (STACK + (address - LAYOUT_CPUS) / PAGE_SIZE) << PAGE_SHIFT | PTE_PRESENT;
    }
    return 0;
}

struct cpu *cpu_at(u32 number)
{
    assert_true(number < 2);
    return &cpu;
}

u32 cpu_count(void)
{
    return 2;
}

u32 domain_count(void)
{
    return 1;
}

struct domain *domain_by_id(u16 id)
{
    return id == domain.id ? &domain : NULL;
}

struct domain *domain_at(u32 place)
{
    assert_int_equal(place, 0);
    return &domain;
}

void log_line(const char *format, ...)
{
    (void)format;
}

void lock_wait(void)
{
    fail();
}

/* The frame that `slots` lead to at `address`; MFN_NONE: none. */
static mfn_t mapped(const u64 *slots, u64 address)
{
    u64 entry = slots[(address >> 39 & 511) - LAYOUT_FIRST_SLOT];

    for (u32 level = 3; level && entry & PTE_PRESENT; level--) {
        const u64 *table = frame_view(mfn((entry & PTE_ADDRESS) >> PAGE_SHIFT));

        entry = table[address >> (PAGE_SHIFT + 9 * (level - 1)) & 511];
        if (level == 2 && entry & PTE_LARGE) {
            return mfn(((entry & PTE_ADDRESS) >> PAGE_SHIFT) + (address >> PAGE_SHIFT & 511));
        }
    }
    return entry & PTE_PRESENT ? mfn((entry & PTE_ADDRESS) >> PAGE_SHIFT) : MFN_NONE;
}

static bool shows(const u64 *slots, u64 frame)
{
    mfn_t m = mapped(slots, LAYOUT_DIRECT + (frame << PAGE_SHIFT));

    assert_true(mfn_is_none(m) || m.n == frame);
    return !mfn_is_none(m);
}

static int begin(void **state)
{
    (void)state;
    memset(&domain, 0, sizeof domain);
    memset(&cpu, 0, sizeof cpu);
    memset(owner_of, 0, sizeof owner_of);
    taken = 0;
    left = 100;
    pinned = stacks_marked = false;
    domain.mmu.id = domain.id = 1;
    domain.mmu.frames = OWN_END - OWN;
    for (u32 i = OWN; i < OWN_END; i++) {
        owner_of[i] = 1;
    }
    owner_of[OTHERS] = 2;
    all_slots[(LAYOUT_WINDOWS >> 39 & 511) - LAYOUT_FIRST_SLOT] = 1;
    all_slots[(LAYOUT_IMAGE >> 39 & 511) - LAYOUT_FIRST_SLOT] = 1;
    all_slots[(LAYOUT_DIRECT >> 39 & 511) - LAYOUT_FIRST_SLOT] = 1;
    u64 *image = frame_view(mfn(IMAGE));
    image[0] = (IMAGE + 1) << PAGE_SHIFT | PTE_PRESENT;
    image[1] = PTE_PRESENT | PTE_LARGE; /* the screen */
    *(u64 *)frame_view(mfn(IMAGE + 1)) = (u64)PRIVATE << PAGE_SHIFT | PTE_PRESENT;
    assert_true(view_start(&domain.view));
    vcpu.domain = &domain;
    vcpu.mmu.kernel_root = mfn(ROOT);
    vcpu.mmu.user_root = MFN_NONE;
    domain.vcpu_count = 1;
    domain.vcpu[0] = &vcpu;
    memcpy((u64 *)frame_view(mfn(ROOT)) + LAYOUT_FIRST_SLOT, domain.view.slots,
           sizeof domain.view.slots);
    return 0;
}

static int end(void **state)
{
    (void)state;
    view_stop(&domain.view);
    assert_int_equal(left, 100); /* all tables were freed */
    return 0;
}

static void the_image_and_no_screen(void **state)
{
    (void)state;
    assert_int_equal(mapped(domain.view.slots, LAYOUT_IMAGE).n, PRIVATE);
    assert_true(mfn_is_none(mapped(domain.view.slots, LAYOUT_SCREEN)));
    assert_true(mfn_is_none(mapped(domain.view.user_slots, LAYOUT_SCREEN)));
    assert_int_equal(recount_isolation(), 0);
    assert_true(view_map(&domain.view, LAYOUT_SCREEN, mfn(PRIVATE), PTE_NX));
    assert_int_equal(recount_isolation(), 1);
    assert_true(view_map(&domain.view, LAYOUT_SCREEN, MFN_NONE, 0));
    *(u64 *)frame_view(mfn(IMAGE + 1)) = (u64)SECRET << PAGE_SHIFT | PTE_PRESENT;
    assert_int_equal(recount_isolation(), 1);
}

static void only_the_domains_frames(void **state)
{
    const u32 tables = domain.view.tables;

    (void)state;
    view_learn(&domain.view, &domain.mmu, mfn(OTHERS));
    view_learn(&domain.view, &domain.mmu, mfn(PRIVATE));
    view_learn(&domain.view, &domain.mmu, mfn(STRANGE));
    view_learn(&domain.view, &domain.mmu, mfn(FRAMES));
    for (u32 i = 0; i < FRAMES; i++) {
        assert_false(shows(domain.view.slots, i));
    }
    view_learn(&domain.view, &domain.mmu, mfn(OWN + 5));
    assert_int_equal(domain.view.tables, tables + 1); /* a large page needs no table of level 1 */
    view_learn(&domain.view, &domain.mmu, mfn(OWN + 600));
    assert_int_equal(domain.view.tables, tables + 2);
    view_learn(&domain.view, &domain.mmu, mfn(MARKED));
    for (u32 i = 0; i < FRAMES; i++) {
        assert_int_equal(shows(domain.view.slots, i), (i >= OWN && i < OWN_END) || i == MARKED);
        assert_false(shows(domain.view.user_slots, i));
    }
    assert_int_equal(recount_isolation(), 0);
}

static void a_lost_frame_is_gone(void **state)
{
    (void)state;
    view_learn(&domain.view, &domain.mmu, mfn(OWN));
    view_learn(&domain.view, &domain.mmu, mfn(OWN + 600));
    owner_of[OWN + 7] = owner_of[OWN + 601] = 0;
    assert_int_equal(recount_isolation(), 2);
    assert_true(view_forget(&domain.view, mfn(OWN + 7)));
    assert_true(view_forget(&domain.view, mfn(OWN + 601)));
    assert_false(view_forget(&domain.view, mfn(OWN + 601)));
    assert_false(view_forget(&domain.view, mfn(OTHERS)));
    assert_int_equal(recount_isolation(), 0);
    assert_false(shows(domain.view.slots, OWN + 7));
    assert_false(shows(domain.view.slots, OWN + 601));
    assert_true(shows(domain.view.slots, OWN + 600));
    view_learn(&domain.view, &domain.mmu, mfn(OWN + 8)); /* no large page any more */
    assert_true(shows(domain.view.slots, OWN + 8));
    assert_false(shows(domain.view.slots, OWN + 7));
}

/* What the entry code needs is in both kinds of roots, and does not go with a large page; the
 * frames of that large page stay known, since a CPU may have a translation of it. */
static void a_page_inside_a_large_one(void **state)
{
    (void)state;
    view_learn(&domain.view, &domain.mmu, mfn(OWN));
    assert_true(view_map_pages(&domain.view, frame_view(mfn(OWN + 3)), 0));
    assert_true(view_forget(&domain.view, mfn(OWN + 4)));
    assert_false(shows(domain.view.slots, OWN + 4));
    assert_true(shows(domain.view.slots, OWN + 3));
    assert_true(shows(domain.view.slots, OWN + 5));
    assert_true(shows(domain.view.user_slots, OWN + 3));
    assert_false(shows(domain.view.user_slots, OWN + 5));
    assert_true(view_forget(&domain.view, mfn(OWN + 3)));
    assert_false(shows(domain.view.user_slots, OWN + 3));
}

static void without_memory(void **state)
{
    struct view none = {.tables = 0};

    (void)state;
    for (u32 had = left, i = 0; i < 9; i++) {
        left = i;
        if (view_start(&none)) {
            view_stop(&none);
        }
        assert_int_equal(left, i);
        left = had;
    }
    u32 had = left;
    left = 0;
    view_learn(&domain.view, &domain.mmu, mfn(OWN));
    assert_false(shows(domain.view.slots, OWN));
    assert_false(view_map_pages(&domain.view, frame_view(mfn(OWN)), 0));
    left = had;
    domain.view.tables += 1000; /* the limit */
    view_learn(&domain.view, &domain.mmu, mfn(OWN));
    assert_false(shows(domain.view.slots, OWN));
    domain.view.tables -= 1000;
}

static void stacks_while_they_are_shown(void **state)
{
    const u64 stack = LAYOUT_CPUS + CPU_REGION + CPU_STACK;
    u64 entry[CPU_SET_PAGES];

    (void)state;
    assert_true(mfn_is_none(mapped(domain.view.slots, stack)));
    assert_false(mfn_is_none(mapped(domain.view.slots, LAYOUT_CPUS + CPU_REGION + CPU_STATE)));
    for (u64 page = 0; page < CPU_SET_PAGES; page++) {
        entry[page] = (STACKS + page) << PAGE_SHIFT | PTE_PRESENT;
    }
    view_show_cpu(&domain.view, 1, entry);
    assert_false(mfn_is_none(mapped(domain.view.slots, stack)));
    assert_true(mfn_is_none(mapped(domain.view.slots, stack - CPU_REGION)));
    assert_int_equal(recount_isolation(), CPU_SET_PAGES); /* the stacks are not the domain's */
    stacks_marked = true;
    assert_int_equal(recount_isolation(), 0);
    cpu.current = &vcpu;
    cpu.stacks = &cpu.set[0];
    assert_int_equal(recount_isolation(), 2); /* two CPUs run it on others */
    cpu.set[0].domain = &domain;
    assert_int_equal(recount_isolation(), 0);
    view_show_cpu(&domain.view, 1, NULL);
    assert_true(mfn_is_none(mapped(domain.view.slots, stack)));
}

static void the_recount_finds_one_mapping_too_many(void **state)
{
    static const u64 wrong[] = {OTHERS, STRANGE, PRIVATE, SECRET};

    (void)state;
    assert_int_equal(recount_isolation(), 0);
    for (u32 i = 0; i < ARRAY_LENGTH(wrong); i++) {
        const u64 at = LAYOUT_DIRECT + (wrong[i] << PAGE_SHIFT);

        assert_true(view_map(&domain.view, at, mfn(wrong[i]), PTE_NX));
        assert_int_equal(recount_isolation(), 1);
        assert_true(view_map(&domain.view, at, MFN_NONE, 0));
        assert_int_equal(recount_isolation(), 0);
        assert_true(view_map(&domain.view, LAYOUT_WINDOWS, mfn(wrong[i]), PTE_NX));
        assert_int_equal(recount_isolation(), 1);
        assert_true(view_map(&domain.view, LAYOUT_WINDOWS, MFN_NONE, 0));
    }
    assert_int_equal(recount_isolation(), 0);
}

/* The root that no vCPU has loaded leads elsewhere, and is found. */
static void a_root_that_is_only_pinned(void **state)
{
    u64 *slots = (u64 *)frame_view(mfn(PINNED)) + LAYOUT_FIRST_SLOT;
    struct view strange = {.tables = 0};

    (void)state;
    assert_true(view_start(&strange));
    assert_true(view_map(&strange, LAYOUT_DIRECT + (OTHERS << PAGE_SHIFT), mfn(OTHERS), PTE_NX));
    memcpy(slots, strange.slots, sizeof strange.slots);
    assert_int_equal(recount_isolation(), 0);
    pinned = true;
    assert_int_equal(recount_isolation(), 1);
    memcpy(slots, domain.view.slots, sizeof domain.view.slots);
    assert_int_equal(recount_isolation(), 0);
    view_stop(&strange);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_image_and_no_screen, begin, end),
        cmocka_unit_test_setup_teardown(only_the_domains_frames, begin, end),
        cmocka_unit_test_setup_teardown(a_lost_frame_is_gone, begin, end),
        cmocka_unit_test_setup_teardown(a_page_inside_a_large_one, begin, end),
        cmocka_unit_test_setup_teardown(without_memory, begin, end),
        cmocka_unit_test_setup_teardown(stacks_while_they_are_shown, begin, end),
        cmocka_unit_test_setup_teardown(the_recount_finds_one_mapping_too_many, begin, end),
        cmocka_unit_test_setup_teardown(a_root_that_is_only_pinned, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
