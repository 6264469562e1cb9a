/* SPDX-License-Identifier: MIT */
/* The fake hypervisor's memory and rule, and the functions that the library calls. */
#include "tests/unit/guest/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/console.h"
#include "guest/pv/startup.h"
#include "guest/trap.h"
#include "lib/string.h"
#include "tests/unit/guest/fake_tables.h"

struct fake fake;
struct start_info *start_info;
struct shared_info *shared_info;

#define MAPPED 640u /* pages that the fake builder maps */

static struct start_info info;
static u64 *list; /* the p2m as the fake builder made it */
static struct page *taken;

/* ---- functions that the library calls ---- */

unsigned cpu_number(void)
{
    return 0;
}

void cpu_relax(void)
{
}

void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

void print(const char *format, ...)
{
    (void)format;
}

void page_clear(void *page)
{
    memset(page, 0, PAGE_SIZE);
}

bool word_read(const volatile u64 *at, u64 *value)
{
    *value = *at;
    return true;
}

void guest_refused(const struct refusal *refusal)
{
    fake.refusal = *refusal;
    fake.refusals++;
}

/* ---- a guest as the builder leaves it at its start ---- */

static u64 shuffled(u64 n)
{
    return (n * 2654435761u + 77) % FAKE_FRAMES; /* the factor is odd, so each frame comes once */
}

static void *arena_page(u64 n)
{
    return pfn_address(pfn(n));
}

/* Builds tables for the first MAPPED pages, in the pages from `first` on. Returns the root's pfn;
 * *end is the pfn after the last table. */
static u64 build_tables(u64 first, u64 *end)
{
    u64 root = first, next = first + 1;

    for (u64 n = 0; n < MAPPED; n++) {
        u64 va = (u64)(uintptr_t)arena_page(n);
        u64 *table = arena_page(root);

        for (unsigned level = 4; level > 1; level--) {
            u64 *at = &table[entry_index(va, level)];

            if (!*at) {
                *at = list[next++] << PAGE_SHIFT | ENTRY_TABLE;
            }
            table = arena_page(tables_pfn(*at >> PAGE_SHIFT & 0xffffffffff));
        }
        table[entry_index(va, 1)] = list[n] << PAGE_SHIFT | DIRECT_FLAGS;
    }
    for (u64 n = first; n < next; n++) {
        u64 va = (u64)(uintptr_t)arena_page(n);

        *tables_walk(list[root], va, 1) &= ~PTE_WRITABLE;
    }
    *end = next;
    return root;
}

int fake_start(void **state)
{
    u64 end, root;

    (void)state;
    fake = (struct fake){.refuse_after = ~0ull};
    kernel_space = (struct space){.pinned = true};
    tables_start(2 * FAKE_PAGES, FAKE_FRAMES);
    memset(&info, 0, sizeof info);
    start_info = &info;
    info.nr_pages = FAKE_PAGES;
    list = arena_page(8);
    for (u64 n = 0; n < FAKE_PAGES; n++) {
        list[n] = shuffled(n);
        tables_set_m2p(list[n], n);
    }
    root = build_tables(8 + FAKE_PAGES * 8 / PAGE_SIZE, &end);
    info.pt_base = (u64)(uintptr_t)arena_page(root);
    info.mfn_list = (u64)(uintptr_t)list;
    info.nr_pt_frames = end - root;
    tables_pin(list[root], 4);
    tables_use(list[root], 0);
    page_list = NULL;
    page_early(pfn(end), pfn(MAPPED));
    translate_start(list, FAKE_PAGES, tables_m2p(), FAKE_FRAMES);
    direct_start(page_early_next());
    fake = (struct fake){.refuse_after = ~0ull};
    return 0;
}

int fake_stop(void **state)
{
    (void)state;
    tables_stop();
    return 0;
}

/* ---- functions for tests ---- */

entry_t *fake_direct_entry(const struct page *page)
{
    return (entry_t *)direct_entry(page_pfn(page).n);
}

bool fake_is_protected(const void *address)
{
    return tables_is_protected(address_pfn(address).n);
}

void fake_leave_pages(u64 count)
{
    while (pages_free() > count) {
        struct page *page = page_take();

        page->next = taken;
        taken = page;
    }
}

void fake_release_pages(void)
{
    while (taken) {
        struct page *page = taken;

        taken = page->next;
        page_release(page);
    }
}

void fake_set_m2p(u64 frame, u64 pfn_number)
{
    tables_set_m2p(frame, pfn_number);
}

u64 fake_m2p(u64 frame)
{
    return tables_m2p()[frame];
}

/* ---- each test runs in a process of its own, because the library has global state ---- */

int fake_run(const struct CMUnitTest *tests, size_t count)
{
    int failed = 0, status;

    for (size_t i = 0; i < count; i++) {
        pid_t child;

        fflush(stdout);
        child = fork();
        if (!child) {
            exit(_cmocka_run_group_tests(tests[i].name, &tests[i], 1, NULL, NULL));
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status) {
            failed++;
        }
    }
    printf("%zu tests, %d failed\n", count, failed);
    return failed != 0;
}
