/* SPDX-License-Identifier: MIT */
/* Duplicates a space for a fork: the tables are copied; the pages are shared until one of the two
 * spaces writes to them. */
#include "guest/backend.h"
#include "guest/batch.h"
#include "guest/error.h"
#include "guest/lock.h"
#include "guest/space.h"

struct copy {
    struct space *to;
    struct page *tables; /* unused pages, as many as the copy needs: taken in advance, so that
                            copying cannot fail */
};

static void release_list(struct page *list)
{
    while (list) {
        struct page *page = list;

        list = page->next;
        page_release(page);
    }
}

static struct page *take_list(u64 count)
{
    struct page *list = NULL;

    while (count--) {
        struct page *page = page_take();

        if (!page) {
            release_list(list);
            return NULL;
        }
        page->next = list;
        list = page;
    }
    return list;
}

/* Returns the entry with which the copy maps the page of `entry`, and adds a use to that page. A
 * private page becomes read-only in the original, too.
 * at: the original's entry, whose value is `entry`. */
static entry_t copy_page(entry_t *at, entry_t entry)
{
    struct page *page = entry_page(entry);

    if (!page) { /* not a frame of the guest's, so no use can be added to it */
        return ENTRY_NONE;
    }
    page_hold(page);
    if (entry.raw & PTE_SHARED) {
        return entry;
    }
    if ((entry.raw & (PTE_WRITABLE | PTE_COPY)) != PTE_COPY) {
        entry.raw = (entry.raw & ~PTE_WRITABLE) | PTE_COPY;
        entry_change_flags(at, entry_flags(entry));
    }
    entry.raw &= ~PTE_DIRTY;
    return entry;
}

/* Copies the first `count` entries of a table, and all tables below them; the pages are shared
 * (copy_page). copy->tables has enough pages. */
static void copy_table(struct copy *copy, unsigned level, entry_t *from, entry_t *to,
                       unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        entry_t entry = from[i];

        if (!entry_present(entry)) {
            to[i] = ENTRY_NONE;
            continue;
        }
        if (level == 1) {
            to[i] = copy_page(&from[i], entry);
            continue;
        }
        struct page *table = copy->tables;
        copy->tables = table->next;
        table->level = (u8)(level - 1);
        table->space = copy->to;
        table->next = copy->to->tables;
        copy->to->tables = table;
        copy->to->table_count++;
        copy_table(copy, level - 1, entry_table(entry), page_address(table), ENTRIES);
        to[i] = entry_for_table(page_address(table));
    }
}

int space_duplicate(struct space *to, struct space *from)
{
    struct copy copy = {.to = to};
    int result = space_create(to);

    if (result) {
        return result;
    }
    guest_lock(&from->lock);
    batch_now_end(
        batch_now()); /* copy_table reads entries directly: no request for one may be queued */
    u64 needed = from->table_count - to->table_count;
    copy.tables = take_list(needed);
    if (needed && !copy.tables) {
        guest_unlock(&from->lock);
        space_destroy(to);
        return -XEN_ENOMEM;
    }
    batch_open();
    copy_table(&copy, ENTRY_LEVELS, from->root, to->root, USER_TOP_SLOTS);
    for (unsigned i = 0; to->user_root && i < USER_TOP_SLOTS; i++) {
        to->user_root[i] = to->root[i];
    }
    backend_flush(from, ~0ull);
    result = space_end(from);
    release_list(copy.tables);
    if (result) {
        space_destroy(to);
    }
    return result;
}
