/* SPDX-License-Identifier: MIT */
/* Tests how the library reports errors, and that a failed operation changes nothing.
 *
 * A request that the hypervisor refuses is reported with its table, entry and space, and all other
 * requests of its batch are made. A space that maps one of its own tables writable cannot be
 * pinned; without that mapping it can. When memory runs out in the middle of an operation, the
 * operation returns -XEN_ENOMEM and has changed nothing. */
#include "guest/guest.h"
#include "guest/kernels/claim.h"

#define VA              0x400000ull
#define PTE_HYPERVISORS PTE_GLOBAL /* the global bit, which Xen sets in entries for user pages */
#define FLAGS           (PTE_PRESENT | PTE_USER | PTE_ACCESSED)

static unsigned reported; /* number of refusals that were reported since a test set it to 0 */
static struct refusal last_refusal;

/* Replaces the library's function of this name: counts the refusals, too. */
void guest_refused(const struct refusal *refusal)
{
    char text[200];

    reported++;
    last_refusal = *refusal;
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
    bad = pte_make(address_pfn(at), FLAGS | PTE_WRITABLE);
    claim(!entry_set(at, bad), "a store");
    claim(space_activate(&space) < 0, "a space with a writable table was pinned");
    claim(reported && last_refusal.space == &space && last_refusal.level == 4,
          "the pin: space %lu, level %u", last_refusal.space ? last_refusal.space->number : 0,
          last_refusal.level);
    claim(!entry_clear(at) && !space_activate(&space), "it cannot be pinned when that is mended");

    reported = 0;
    batch_open();
    for (unsigned i = 0; i < 9; i++) {
        entry_set(at + i, i == 4 ? bad : good);
    }
    claim(batch_close() < 0, "the batch");
    claim(reported == 1 && last_refusal.space == &space && last_refusal.level == 1 &&
              last_refusal.index == 4,
          "%u refused; space %lu, level %u, entry %u", reported,
          last_refusal.space ? last_refusal.space->number : 0, last_refusal.level,
          last_refusal.index);
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

static struct page *hoard; /* list of the pages that leave_pages has taken */

/* Takes free pages until only `count` are left. */
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
        result = space_map(&space, VA, page, FLAGS | PTE_WRITABLE);
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
    reported = 0;
    check_no_memory();
    claim(!reported, "%u refused for want of memory", reported);
    claim(pages_free() == before, "%lu frames, %lu before", pages_free(), before);
    return !failures;
}
