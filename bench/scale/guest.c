/* SPDX-License-Identifier: MIT */
/* A kernel whose CPUs change page tables at the same time, each CPU in a tree of its own.
 *
 * All CPUs of all guests begin an operation of bench/scale/operations.def at the same time; they
 * read the clock, which is the same for all guests. Between two requests a CPU executes PAUSE, at
 * which the emulator lets the next CPU run. */
#include "bench/markers.h"
#include "guest/guest.h"
#include "guest/pv/pv.h"

#define FIRST_START                                                                                \
    0x80000000ull /* when the first operation begins, in ns: all guests have started by then */
#define START_EVERY 0x10000000ull /* ns from one operation to the next */
#define BATCH       64u           /* requests in one call */
#define PTE_READ    (PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define PTE_CHANGE  (PTE_READ | PTE_WRITABLE)
#define NOTHING     0x10000ull /* an address at which nothing is mapped */

enum operation {
#define OPERATION(function, ...) OPERATION_##function,
#include "bench/scale/operations.def"
#undef OPERATION
    OPERATIONS
};

static const u32 counts[] = {
#define OPERATION(function, title, count) count,
#include "bench/scale/operations.def"
#undef OPERATION
};

/* What one CPU uses: a root with one table of each level, and two pages to map. */
static struct tree {
    u64 *table[5]; /* by level; 0 is not used */
    u64 page[2];   /* entries that map the two pages */
    struct mmu_update updates[BATCH];
    struct space space; /* for the operation user_fault */
    u32 failures;
} trees[CPUS] __attribute__((aligned(64)));
static unsigned done_cpus; /* CPUs that have finished */

/* Returns the tree of this CPU. */
static struct tree *own(void)
{
    return &trees[cpu_number()];
}

/* Counts a request that has failed, and lets the next CPU run. */
static void must(struct tree *tree, long result)
{
    tree->failures += result != 0;
    __builtin_ia32_pause();
}

static mfn_t frame_of(const void *page)
{
    return pfn_to_mfn(address_pfn(page));
}

static u64 entry_for(const void *page, u64 flags)
{
    return frame_of(page).n << PAGE_SHIFT | flags;
}

/* ---- requests -------------------------------------------------------------------------------- */

static void extended(struct tree *tree, unsigned command)
{
    struct mmuext_op op = {.cmd = command, .arg1.mfn = frame_of(tree->table[4]).n};

    must(tree, hypercall6(__HYPERVISOR_mmuext_op, address(&op), 1, 0, DOMID_SELF, 0, 0));
}

static void show_tables(struct tree *tree, u64 flags)
{
    for (unsigned level = 1; level <= 4; level++) {
        const u64 *table = tree->table[level];

        must(tree, update_va_mapping(address(table), entry_for(table, flags), UVMF_INVLPG));
    }
}

/* Changes the first BATCH entries of the level 1 table by one call. next: returns the new value of
 * the entry number `index`. */
static void update(struct tree *tree, u64 (*next)(const struct tree *tree, u32 index))
{
    u64 table = frame_of(tree->table[1]).n << PAGE_SHIFT;

    for (u32 i = 0; i < BATCH; i++) {
        tree->updates[i] = (struct mmu_update){table + i * 8, next(tree, i)};
    }
    must(tree,
         hypercall6(__HYPERVISOR_mmu_update, address(tree->updates), BATCH, 0, DOMID_SELF, 0, 0));
}

/* ---- the operations -------------------------------------------------------------------------- */

static u64 other_flags(const struct tree *tree, u32 index)
{
    return tree->table[1][index] ^ PTE_DIRTY;
}

static void flags(struct tree *tree, u32 count)
{
    for (u32 i = 0; i < count; i += BATCH) {
        update(tree, other_flags);
    }
}

static u64 other_page(const struct tree *tree, u32 index)
{
    return tree->page[(tree->table[1][index] & PTE_ADDRESS) == (tree->page[0] & PTE_ADDRESS)];
}

static void target(struct tree *tree, u32 count)
{
    for (u32 i = 0; i < count; i += BATCH) {
        update(tree, other_page);
    }
}

static void pin(struct tree *tree, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        extended(tree, MMUEXT_PIN_L4_TABLE);
        extended(tree, MMUEXT_UNPIN_TABLE);
    }
}

static void reuse(struct tree *tree, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        show_tables(tree, PTE_READ);
        extended(tree, MMUEXT_PIN_L4_TABLE);
        extended(tree, MMUEXT_UNPIN_TABLE);
        show_tables(tree, PTE_CHANGE);
    }
}

static void store(struct tree *tree, u32 count)
{
    volatile u64 *table = tree->table[1];

    for (u32 i = 0; i < count; i++) {
        table[i % ENTRIES] ^= PTE_DIRTY;
        __builtin_ia32_pause();
    }
}

static void fault(struct tree *tree, u32 count)
{
    u64 word;

    for (u32 i = 0; i < count; i++) {
        must(tree, word_read((const u64 *)NOTHING, &word));
    }
}

static void user_fault(struct tree *tree, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        struct trap_frame frame = {.rip = NOTHING, .rflags = RFLAGS_IF};

        user_run(&frame);
        must(tree, frame.vector != VECTOR_PF);
    }
}

/* ---- running the operations ------------------------------------------------------------------ */

static void wait_until(u64 start)
{
    if (clock_now() >= start) {
        panic("CPU %u is too late for the operation that begins at %lu", cpu_number(), start);
    }
    while (clock_now() < start) {
        clock_alarm(start);
        event_wait();
    }
}

/* Each operation runs twice. The first run fills caches; only the second one has markers for the
 * plugin. */
#define OPERATION(function, ...)                                                                   \
    static void run_##function(struct tree *tree, u64 start)                                       \
    {                                                                                              \
        function(tree, counts[OPERATION_##function] / 8);                                          \
        wait_until(start);                                                                         \
        mark(MARKER_BEGIN(OPERATION_##function));                                                  \
        function(tree, counts[OPERATION_##function]);                                              \
        mark(MARKER_END);                                                                          \
    }
#include "bench/scale/operations.def"
#undef OPERATION

static void (*const run[])(struct tree *tree, u64 start) = {
#define OPERATION(function, ...) run_##function,
#include "bench/scale/operations.def"
#undef OPERATION
};

static void build(struct tree *tree)
{
    struct page *pages = page_take_range(6);

    if (!pages) {
        panic("no memory");
    }
    for (unsigned i = 0; i < 2; i++) {
        tree->page[i] = entry_for(page_address(pages + i), PTE_CHANGE);
    }
    for (unsigned level = 1; level <= 4; level++) {
        tree->table[level] = memset(page_address(pages + 1 + level), 0, PAGE_SIZE);
    }
    for (unsigned level = 4; level > 1; level--) {
        tree->table[level][0] = entry_for(tree->table[level - 1], PTE_CHANGE);
    }
    for (u32 i = 0; i < ENTRIES; i++) {
        tree->table[1][i] = tree->page[i % 2];
    }
}

static void work(void)
{
    struct tree *tree = own();

    if (event_bind_virq(VIRQ_TIMER, NULL) < 0) {
        panic("no timer");
    }
    build(tree);
    must(tree, space_create(&tree->space));
    must(tree, space_activate(&tree->space));
    for (unsigned i = 0; i < OPERATIONS; i++) {
        bool pins = i == OPERATION_pin || i == OPERATION_reuse;

        if (i != OPERATION_reuse) {
            show_tables(tree, PTE_READ);
        }
        if (!pins) {
            extended(tree, MMUEXT_PIN_L4_TABLE);
        }
        run[i](tree, FIRST_START + i * START_EVERY);
        if (!pins) {
            extended(tree, MMUEXT_UNPIN_TABLE);
        }
        if (i != OPERATION_reuse) {
            show_tables(tree, PTE_CHANGE);
        }
    }
    must(tree, space_destroy(&tree->space));
    if (tree->failures) {
        print("Wrong: CPU %u: %u requests were refused\n", cpu_number(), tree->failures);
    }
    __atomic_fetch_add(&done_cpus, 1, __ATOMIC_SEQ_CST);
}

bool kernel_main(void)
{
    unsigned cpus = 1;
    u32 failures = 0;

    while (!cpu_run(cpus, work)) {
        cpus++;
    }
    work();
    while (__atomic_load_n(&done_cpus, __ATOMIC_SEQ_CST) < cpus) {
        __builtin_ia32_pause(); /* lets the emulator run the other CPUs */
    }
    for (unsigned i = 0; i < cpus; i++) {
        failures += trees[i].failures;
    }
    print("scale: %u CPUs, %u failures\n", cpus, failures);
    return !failures;
}
