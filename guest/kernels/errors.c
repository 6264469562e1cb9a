/* SPDX-License-Identifier: MIT */
/* When something is wrong: who hears of it, and what is left.
 *
 * A request that the hypervisor refuses is named, with its table, entry and space, and nothing else
 * of its batch is lost. A space that shows one of its own tables writable cannot be pinned, and can
 * be when that is mended. When memory runs out in the middle of an operation, the operation says so
 * and everything is as it was. */
#include "guest/guest.h"
#include "guest/kernels/claim.h"

#define VA              0x400000ull
#define PTE_HYPERVISORS (1ull << 8) /* the global bit: Xen sets it for users */
#define FLAGS           (PTE_PRESENT | PTE_USER | PTE_ACCESSED)

static unsigned told;
static struct refusal last;

/* In place of the library's own. */
void guest_refused(const struct refusal *refusal)
{
    char text[200];

    told++;
    last = *refusal;
    refusal_print(text, sizeof text, refusal);
    print("%s\n", text);
}

static void check_refused(void)
{
    struct page *page = page_take_zeroed();
    struct space space;
    entry_t *at, good = pte_make(page_pfn(page), FLAGS), bad;

    claim(!space_create(&space), "a space");
    at = space_entry_make(&space, VA);
    bad = pte_make(address_pfn(at), FLAGS | PTE_WRITE);
    claim(!entry_set(at, bad), "a store");
    claim(space_activate(&space) < 0, "a space with a writable table was pinned");
    claim(told && last.space == &space && last.level == 4, "the pin: space %lu, level %u",
          last.space ? last.space->number : 0, last.level);
    claim(!entry_clear(at) && !space_activate(&space), "it cannot be pinned when that is mended");

    told = 0;
    batch_open();
    for (unsigned i = 0; i < 9; i++) {
        entry_set(at + i, i == 4 ? bad : good);
    }
    claim(batch_close() < 0, "the batch");
    claim(told == 1 && last.space == &space && last.level == 1 && last.index == 4,
          "%u refused; space %lu, level %u, entry %u", told, last.space ? last.space->number : 0,
          last.level, last.index);
    for (unsigned i = 0; i < 9; i++) {
        claim((entry_get(at + i).raw & ~PTE_HYPERVISORS) == (i == 4 ? 0 : good.raw),
              "entry %u is %lx", i, entry_get(at + i).raw);
    }
    batch_open();
    for (unsigned i = 0; i < 9; i++) {
        entry_clear(at + i);
    }
    claim(!batch_close(), "clearing");
    claim(!space_destroy(&space), "tearing down");
    page_release(page);
}

static struct page *hoard;

static void leave_pages(u64 count)
{
    while (pages_free() > count) {
        struct page *page = page_take();

        page->next = hoard;
        hoard = page;
    }
}

static void release_hoard(void)
{
    while (hoard) {
        struct page *page = hoard;

        hoard = page->next;
        page_release(page);
    }
}

static void check_no_memory(void)
{
    struct page *page = page_take_zeroed();
    struct space space, other;
    int result = -1;
    u64 left;

    claim(!space_create(&space), "a space");
    claim(!space_activate(&space), "activating");
    for (left = 0; result; left++) {
        leave_pages(left);
        result = space_map(&space, VA, page, FLAGS | PTE_WRITE);
        claim(!result || (result == -XEN_ENOMEM && pages_free() == left), "%d with %lu pages",
              result, left);
        release_hoard();
    }
    claim(left == 4, "mapping took %lu tables", left - 1);
    for (left = 0, result = -1; result; left++) {
        leave_pages(left);
        result = space_duplicate(&other, &space);
        claim(!result || (result == -XEN_ENOMEM && pages_free() == left && page->uses == 1),
              "%d with %lu pages", result, left);
        release_hoard();
    }
    leave_pages(0);
    claim(space_unshare(&space, VA) == -XEN_ENOMEM, "a copy without memory");
    release_hoard();
    claim(!space_unshare(&space, VA), "a copy");
    claim(!space_destroy(&space) && !space_destroy(&other), "tearing down");
}

bool kernel_main(void)
{
    u64 before = pages_free();

    if (backend_name[0] == 'p') {
        check_refused();
    }
    told = 0;
    check_no_memory();
    claim(!told, "%u refused for want of memory", told);
    claim(pages_free() == before, "%lu frames, %lu before", pages_free(), before);
    return !failures;
}
