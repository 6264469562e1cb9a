/* SPDX-License-Identifier: MIT */
/* The life of a space: creating, pinning, activating, destroying it; its tables; and kernel
 * mappings. */
#include "guest/lock.h"
#include "guest/space.h"
#include "guest/alias.h"
#include "guest/backend.h"
#include "guest/batch.h"
#include "guest/error.h"
#include "guest/kernel.h"
#include "lib/string.h"

struct space kernel_space = {.pinned = true, .lock = {.rank = 2}};

static struct lock list_lock = {.rank = 1};
static struct space *all_spaces; /* list of all spaces but the kernel's, under list_lock */
static u64 last_number;          /* the number of the space that was created last */
static struct space
    *active_space[CPUS]; /* the active space of each CPU; NULL: the kernel's space */

void space_begin(struct space *space)
{
    guest_lock(&space->lock);
    batch_open();
}

int space_end(struct space *space)
{
    int result = batch_close();

    guest_unlock(&space->lock);
    return result;
}

/* ---- tables ---- */

/* Adds a page to the space's list of tables, as a table of level `level`. */
static void add_table(struct space *space, struct page *page, unsigned level)
{
    page->level = (u8)level;
    page->space = space == &kernel_space ? NULL : space;
    page->next = space->tables;
    space->tables = page;
    space->table_count++;
}

/* Releases a table, which is in no list and no tree any more. */
static void drop_table(struct page *page)
{
    page->level = 0;
    page->pinned = false;
    page->space = NULL;
    page_release(page);
}

/* Copies the kernel half of the kernel's root to a new root. The caller holds list_lock until the
 * root's space is in the list, so that a slot which link_table adds to the kernel's root does not
 * miss the new root. */
static void share_kernel(entry_t *root)
{
    for (unsigned i = USER_TOP_SLOTS; i < ENTRIES; i++) {
        root[i] = kernel_space.root[i];
    }
}

/* Makes the entry at `at` point to `table`. If `at` is a slot of the kernel's root, the same slot
 * is written in all roots. */
static int link_table(struct space *space, entry_t *at, const entry_t *table)
{
    unsigned index = (unsigned)(page_offset((u64)(uintptr_t)at) / sizeof *at);
    int result = entry_set(at, entry_for_table(table));

    if (space != &kernel_space || at - index != kernel_space.root) {
        return result;
    }
    for (struct space *other = all_spaces; other && !result; other = other->next) {
        result = entry_set(&other->root[index], entry_for_table(table));
    }
    return result;
}

/* Makes a chain of new tables of levels `levels` down to 1, each of which points to the next one by
 * its entry for `va`. Stores the address of the level 1 entry for `va` in *lowest. Returns the list
 * of the tables, the highest first; NULL: no memory. */
static struct page *make_chain(struct space *space, u64 va, unsigned levels, entry_t **lowest)
{
    struct page *chain = NULL, *page;

    for (unsigned level = 1; level <= levels; level++) {
        page = page_take_zeroed();
        if (!page) {
            break;
        }
        entry_t *table = page_address(page);
        page->level = (u8)level;
        page->space = space == &kernel_space ? NULL : space;
        page->next = chain;
        if (level == 1) {
            *lowest = &table[entry_index(va, 1)];
        } else {
            table[entry_index(va, level)] = entry_for_table(page_address(chain));
        }
        chain = page;
    }
    if (!chain || chain->level == levels) {
        return chain;
    }
    while ((page = chain)) {
        chain = page->next;
        drop_table(page);
    }
    return NULL;
}

/* Adds a chain of tables to the space, below the entry `at`. If that is refused, all tables of the
 * chain are released. Returns 0 or the error. The caller holds the space's lock. */
static int link_chain(struct space *space, entry_t *at, struct page *chain)
{
    struct batch_now now = batch_now();

    for (struct page *page = chain; space->pinned && page; page = page->next) {
        backend_protect(page);
    }
    link_table(space, at, page_address(chain));
    int result = batch_now_end(now);
    if (result && space->pinned) {
        now = batch_now();
        for (struct page *page = chain; page; page = page->next) {
            backend_unprotect(page);
        }
        batch_now_end(now);
    }
    for (struct page *page = chain, *next; page; page = next) {
        next = page->next;
        if (result) {
            drop_table(page);
        } else {
            add_table(space, page, page->level);
        }
    }
    return result;
}

entry_t *space_grow(struct space *space, u64 va)
{
    unsigned level = ENTRY_LEVELS;
    entry_t *at = &space->root[entry_index(va, level)], *lowest = NULL;

    for (; level > 1; level--) {
        entry_t entry = entry_get(at);

        if (!entry_present(entry)) {
            break;
        }
        at = &entry_table(entry)[entry_index(va, level - 1)];
    }
    if (level == 1) {
        return at;
    }
    struct page *chain = make_chain(space, va, level - 1, &lowest);
    return chain && !link_chain(space, at, chain) ? lowest : NULL;
}

entry_t *space_entry_make(struct space *space, u64 va)
{
    return va < USER_END ? space_grow(space, va) : NULL;
}

entry_t *space_entry(const struct space *space, u64 va, unsigned level)
{
    entry_t *at = &space->root[entry_index(va, ENTRY_LEVELS)];

    for (unsigned above = ENTRY_LEVELS; above > level; above--) {
        entry_t entry = entry_get(at);

        if (!entry_present(entry)) {
            return NULL;
        }
        at = &entry_table(entry)[entry_index(va, above - 1)];
    }
    return at;
}

/* ---- life ---- */

int space_create(struct space *space)
{
    struct page *root = page_take_zeroed();
    struct page *user = backend_two_roots() ? page_take_zeroed() : NULL;

    if (!root || (backend_two_roots() && !user)) {
        if (root) {
            page_release(root);
        }
        if (user) {
            page_release(user);
        }
        return -XEN_ENOMEM;
    }
    memset(space, 0, sizeof *space);
    space->lock.rank = 2;
    add_table(space, root, ENTRY_LEVELS);
    space->root = page_address(root);
    if (user) {
        add_table(space, user, ENTRY_LEVELS);
        space->user_root = page_address(user);
    }
    guest_lock(&list_lock);
    share_kernel(space->root);
    space->number = ++last_number;
    space->next = all_spaces;
    space->link = &all_spaces;
    if (all_spaces) {
        all_spaces->link = &space->next;
    }
    all_spaces = space;
    guest_unlock(&list_lock);
    return 0;
}

/* Releases the space's use of each page that its level 1 tables map, and all its tables. The space
 * is neither pinned nor active. */
static void release_tables(struct space *space)
{
    struct page *page;

    while ((page = space->tables)) {
        const entry_t *table = page_address(page);

        for (unsigned i = 0; page->level == 1 && i < ENTRIES; i++) {
            struct page *shown = entry_present(table[i]) ? entry_page(table[i]) : NULL;

            if (shown) {
                page_release(shown);
            }
        }
        space->tables = page->next;
        drop_table(page);
    }
    space->table_count = 0;
}

int space_destroy(struct space *space)
{
    u64 here = 1ull << cpu_number();
    int result = 0;

    if (__atomic_load_n(&space->cpus, __ATOMIC_ACQUIRE) & here) {
        result = space_activate(&kernel_space);
    }
    if (!result) {
        result = space_unpin(space);
    }
    if (result) {
        return result;
    }
    guest_lock(&list_lock);
    *space->link = space->next;
    if (space->next) {
        space->next->link = space->link;
    }
    guest_unlock(&list_lock);
    release_tables(space);
    space->root = space->user_root = NULL;
    return 0;
}

int space_activate(struct space *space)
{
    unsigned cpu = cpu_number();
    struct space *old = active_space[cpu] ? active_space[cpu] : &kernel_space;
    int result = space->pinned ? 0 : space_pin(space);

    if (result || space == old) {
        return result;
    }
    __atomic_fetch_or(&space->cpus, 1ull << cpu, __ATOMIC_ACQ_REL);
    result = backend_activate(space);
    if (result) {
        __atomic_fetch_and(&space->cpus, ~(1ull << cpu), __ATOMIC_ACQ_REL);
        return result;
    }
    __atomic_fetch_and(&old->cpus, ~(1ull << cpu), __ATOMIC_ACQ_REL);
    active_space[cpu] = space;
    return 0;
}

/* ---- pins ---- */

int space_pin(struct space *space)
{
    /* The list's lock keeps link_table from adding a slot to the kernel half while the root is
     * checked. */
    guest_lock(&list_lock);
    guest_lock(&space->lock);
    int result = space->pinned ? 0 : backend_pin(space);
    if (!result) {
        space->pinned = true;
    }
    guest_unlock(&space->lock);
    guest_unlock(&list_lock);
    return result;
}

int space_unpin(struct space *space)
{
    int result = 0;

    guest_lock(&space->lock);
    if (space->cpus) {
        result = -XEN_EBUSY;
    } else if (space->pinned) {
        result = backend_unpin(space);
    }
    if (!result) {
        space->pinned = false;
    }
    guest_unlock(&space->lock);
    return result;
}

int space_pin_all(void)
{
    int result = 0;

    guest_lock(&list_lock);
    for (struct space *space = all_spaces; space && !result; space = space->next) {
        guest_lock(&space->lock);
        if (!space->pinned) {
            result = backend_pin(space);
            space->pinned = space->pinned_for_suspend = !result;
        }
        guest_unlock(&space->lock);
    }
    guest_unlock(&list_lock);
    return result;
}

int space_unpin_all(void)
{
    int result = 0, one;

    guest_lock(&list_lock);
    for (struct space *space = all_spaces; space; space = space->next) {
        if (!space->pinned_for_suspend) {
            continue;
        }
        space->pinned_for_suspend = false;
        one = space->cpus ? 0 : space_unpin(space);
        result = result ? result : one;
    }
    guest_unlock(&list_lock);
    return result;
}

/* ---- kernel mappings outside the direct map ---- */

/* Returns the level 1 entry for an address of kernel_map; NULL: no memory, or the address is out of
 * range. The caller holds the kernel space's lock. */
static entry_t *kernel_entry(u64 va)
{
    return va >= KERNEL_MAP_START && va < KERNEL_MAP_END ? space_grow(&kernel_space, va) : NULL;
}

int kernel_map(u64 va, struct page *page, u64 flags)
{
    int result = -XEN_ENOMEM;

    guest_lock(&list_lock);
    guest_lock(&kernel_space.lock);
    entry_t *at = kernel_entry(va);
    if (at && entry_present(entry_get(at))) {
        result = -XEN_EEXIST;
    } else if (at) {
        result = alias_add(page, at, va, flags);
    }
    guest_unlock(&kernel_space.lock);
    guest_unlock(&list_lock);
    return result;
}

int kernel_unmap(u64 va)
{
    int result = -XEN_EINVAL;

    guest_lock(&kernel_space.lock);
    entry_t *at = space_entry(&kernel_space, va, 1);
    struct page *page = at ? entry_page(entry_get(at)) : NULL;
    if (page && va >= KERNEL_MAP_START && va < KERNEL_MAP_END) {
        result = alias_remove(page, at, va);
    }
    guest_unlock(&kernel_space.lock);
    return result;
}
