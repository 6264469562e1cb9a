/* SPDX-License-Identifier: MIT */
/* Tests the library on several CPUs at the same time. To be run with --vcpus.
 *
 * Each CPU creates spaces of its own, duplicates them, runs a user program in them and destroys
 * them; all use one allocator and one kernel half. Then all CPUs but the first read one shared
 * space, while the first CPU unmaps its pages one by one: an unmapped page must be gone on every
 * CPU. */
#include "guest/guest.h"

#define USER_CODE 0x400000ull
#define USER_DATA 0x500000ull
#define ROUNDS    40u
#define PAGES     16u
#define FLAGS     (PTE_PRESENT | PTE_USER | PTE_ACCESSED)

static unsigned failures;
static unsigned done_cpus, watching_cpus; /* CPUs that have finished; that run watch */
static bool counted;                      /* the first CPU has counted the free pages */
static volatile unsigned phase; /* take_away has unmapped page phase / 2 (odd), or not yet (even) */
static struct space shared;     /* the space whose pages take_away unmaps */

#define claim(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print("Wrong (line %d, CPU %u): ", __LINE__, cpu_number());                            \
            print(__VA_ARGS__);                                                                    \
            print("\n");                                                                           \
            __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);                                    \
        }                                                                                          \
    } while (0)

/* Maps a new page whose first word is `first_word`. */
static void map(struct space *space, u64 va, u64 flags, u64 first_word)
{
    struct page *page = page_take_zeroed();

    if (!page) {
        panic("no memory");
    }
    *(u64 *)page_address(page) = first_word;
    if (space_map(space, va, page, flags)) {
        panic("a page cannot be mapped");
    }
}

/* The user program: adds 1 to its first data word and makes a system call. */
static const u8 code[8] = {0x48, 0xff, 0x07, 0x0f, 0x05}; /* incq (%rdi); syscall */

/* Runs the user program in a space; its first data word must be `want` afterwards. */
static void run_user(struct space *space, u64 want)
{
    struct trap_frame frame;
    u64 word = 0;

    memset(&frame, 0, sizeof frame);
    frame.rip = USER_CODE;
    frame.rdi = USER_DATA;
    frame.rflags = RFLAGS_IF;
    claim(!space_activate(space), "activating");
    for (;;) {
        user_run(&frame);
        if (frame.vector == VECTOR_EVENT) {
            event_poll();
        } else if (frame.vector != VECTOR_PF || space_unshare(space, trap_address())) {
            break;
        }
    }
    claim(frame.vector == VECTOR_SYSCALL, "vector %lu", frame.vector);
    claim(!space_read(space, USER_DATA, &word, sizeof word) && word == want, "%lu, not %lu", word,
          want);
}

/* The test that each CPU does with spaces of its own. */
static void work(void)
{
    u64 own = cpu_number() * 1000;
    u64 instructions;

    memcpy(&instructions, code, sizeof instructions);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct space parent, child;

        claim(!space_create(&parent), "a space");
        map(&parent, USER_CODE, FLAGS, instructions);
        for (u64 i = 0; i < PAGES; i++) {
            map(&parent, USER_DATA + i * PAGE_SIZE, FLAGS | PTE_WRITABLE, own);
        }
        run_user(&parent, own + 1);
        claim(!space_duplicate(&child, &parent), "a duplicate");
        run_user(&child, own + 2);
        run_user(&parent, own + 2);
        claim(!space_destroy(&parent), "tearing down");
        run_user(&child, own + 3);
        claim(!space_destroy(&child), "tearing down");
    }
}

/* Reads the shared space until take_away ends: in an odd phase the page must be gone. */
static void watch(void)
{
    u64 word;

    claim(!space_activate(&shared), "the shared space");
    __atomic_fetch_add(&watching_cpus, 1, __ATOMIC_SEQ_CST);
    for (unsigned seen = 0; seen < 2 * PAGES; seen = phase) {
        const volatile u64 *at = (u64 *)(USER_DATA + seen / 2 * PAGE_SIZE);
        unsigned before = phase;
        bool there = word_read(at, &word);

        if (before == phase && before % 2) { /* the phase did not change during the access */
            claim(!there, "page %u is still there", before / 2);
        }
        cpu_relax();
    }
    claim(!space_activate(&kernel_space), "leaving it");
}

static void other_cpu(void)
{
    print("CPU %u is up\n", cpu_number());
    while (!__atomic_load_n(&counted, __ATOMIC_ACQUIRE)) { /* before that, no CPU may take pages */
        cpu_relax();
    }
    work();
    print("CPU %u is through\n", cpu_number());
    watch();
    __atomic_fetch_add(&done_cpus, 1, __ATOMIC_SEQ_CST);
}

/* Unmaps the pages of the shared space one by one, while the `others` CPUs run watch. */
static void take_away(unsigned others)
{
    while (__atomic_load_n(&watching_cpus, __ATOMIC_SEQ_CST) < others) {
        cpu_relax();
    }
    claim(!others || space_destroy(&shared) == -XEN_EBUSY, "what others use was torn down");
    for (u64 i = 0; i < PAGES; i++) {
        for (unsigned wait = 0; wait < 50; wait++) {
            cpu_relax();
        }
        claim(!space_unmap(&shared, USER_DATA + i * PAGE_SIZE, PAGE_SIZE), "unmapping");
        phase = (unsigned)(2 * i + 1);
        for (unsigned wait = 0; wait < 50; wait++) {
            cpu_relax();
        }
        phase = (unsigned)(2 * i + 2);
    }
}

bool kernel_main(void)
{
    unsigned others = 0;

    claim(!space_create(&shared), "the shared space");
    for (u64 i = 0; i < PAGES; i++) {
        map(&shared, USER_DATA + i * PAGE_SIZE, FLAGS | PTE_WRITABLE, i);
    }
    claim(!space_pin(&shared), "pinning it");
    while (!cpu_run(others + 1, other_cpu)) {
        others++;
    }
    u64 before = pages_free();
    u64 shared_count = PAGES + shared.table_count;
    __atomic_store_n(&counted, true, __ATOMIC_RELEASE);
    print("%u other CPUs\n", others);
    work();
    take_away(others);
    while (__atomic_load_n(&done_cpus, __ATOMIC_SEQ_CST) < others) {
        cpu_relax();
    }
    claim(!space_destroy(&shared), "tearing it down");
    claim(pages_free() == before + shared_count, "%lu frames, %lu before", pages_free(), before);
    print("%lu frames free at first, %lu now\n", before, pages_free());
    return !failures;
}
