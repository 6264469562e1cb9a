/* SPDX-License-Identifier: MIT */
/* A copy of a space for a fork: the tables are copied, the pages are shared until somebody writes.
 */
#include "guest/backend.h"
#include "guest/batch.h"
#include "guest/error.h"
#include "guest/lock.h"
#include "guest/space.h"

struct copy {
    struct space *to;
    struct page *tables; /* taken in advance, so that nothing fails on the way */
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

/* The entry of a page in the copy; the original's becomes read-only too. */
static entry_t copy_page(entry_t *at, entry_t entry)
{
    struct page *page = entry_page(entry);

    if (!page) { /* somebody else's frame: not ours to share */
        return ENTRY_NONE;
    }
    page_hold(page);
    if (entry.raw & PTE_SHARED) {
        return entry;
    }
    if ((entry.raw & (PTE_WRITE | PTE_COPY)) != PTE_COPY) {
        entry.raw = (entry.raw & ~PTE_WRITE) | PTE_COPY;
        entry_change_flags(at, entry_flags(entry));
    }
    entry.raw &= ~PTE_DIRTY;
    return entry;
}

static void copy_table(struct copy *copy, unsigned level, entry_t *from, entry_t *to,
                       unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        entry_t entry = from[i];
        struct page *table;

        if (!entry_present(entry)) {
            to[i] = ENTRY_NONE;
            continue;
        }
        if (level == 1) {
            to[i] = copy_page(&from[i], entry);
            continue;
        }
        table = copy->tables;
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
    u64 needed;
    int result = space_create(to);

    if (result) {
        return result;
    }
    guest_lock(&from->lock);
    batch_now_end(batch_now()); /* the tables are read without more ado */
    needed = from->table_count - to->table_count;
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
