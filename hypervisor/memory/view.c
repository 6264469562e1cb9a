/* SPDX-License-Identifier: MIT */
/* Views: the tables, and what they map. */
#include "hypervisor/memory/view.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/memory/direct.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/ranks.h"
#include "lib/string.h"
#include "lib/x86/pte.h"
#include "vmmu/vmmu.h"

#define TABLE  (PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define LEAF   (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY)
#define MEMORY (LEAF | PTE_WRITABLE | PTE_NX)

#define ENTRIES 512u /* of a table, and frames of a large page */

/* With what view_learn adds there is at most one table for each 400 frames that the domain has,
 * 0.25 % of its memory; or there are 20, 0.25 % of 32 MiB. One call adds at most three. */
#define TABLES_LEAST  20u
#define TABLE_FRAMES  400u
#define TABLES_A_CALL 3u

static u32 slot_of(u64 address)
{
    return (u32)(address >> 39 & (ENTRIES - 1)) - LAYOUT_FIRST_SLOT;
}

static bool is_direct(u32 slot)
{
    return slot >= slot_of(LAYOUT_DIRECT) && slot < slot_of(LAYOUT_FRAMES);
}

/* True for a slot in which a view has tables of its own. */
static bool is_own(u32 slot)
{
    return slot == slot_of(LAYOUT_WINDOWS) || slot == slot_of(LAYOUT_IMAGE) || is_direct(slot);
}

/* The address of frame `m` in the direct map. */
static u64 address_of(mfn_t m)
{
    return LAYOUT_DIRECT + (m.n << PAGE_SHIFT);
}

static u64 *table_of(u64 entry)
{
    return frame_view(mfn((entry & PTE_ADDRESS) >> PAGE_SHIFT));
}

/* Makes *entry lead to a new table, which maps what a large page in *entry did: other CPUs may have
 * translations of that, of which view_forget must know. NULL: no memory. */
static u64 *add_table(struct view *view, u64 *entry)
{
    u64 *table = page_alloc(0);

    if (table) {
        for (u64 i = 0; *entry && i < ENTRIES; i++) {
            table[i] = (*entry & ~(u64)PTE_LARGE) + (i << PAGE_SHIFT);
        }
        view->tables++;
        __atomic_store_n(entry, frame_of_view(table).n << PAGE_SHIFT | TABLE, __ATOMIC_RELEASE);
    }
    return table;
}

/* The number of the entry of level `level` for `address` in its table. */
static u32 index_at(u64 address, u32 level)
{
    return (u32)(address >> (PAGE_SHIFT + 9 * (level - 1)) & (ENTRIES - 1));
}

/* The entry of level `level` (1 to 3) for `address`, below the slots `slots` of the view. Missing
 * tables on the way to it are made if `make` is set. NULL: there is no such table, or no memory. */
static u64 *entry_for(struct view *view, u64 *slots, u64 address, u32 level, bool make)
{
    u64 *entry = &slots[slot_of(address)];

    if (!*entry) {
        return NULL;
    }
    for (u32 at = 3; at >= level; at--) {
        u64 *table = *entry && !(*entry & PTE_LARGE) ? table_of(*entry)
                     : make                          ? add_table(view, entry)
                                                     : NULL;

        if (!table) {
            return NULL;
        }
        entry = &table[index_at(address, at)];
    }
    return entry;
}

static bool is_stack(u64 address)
{
    return (address & (CPU_REGION - 1)) >= CPU_IST_FIRST;
}

/* Fills the slot of the image: the table of the image is every domain's; there is no screen, and of
 * the regions of all CPUs there are the pages that are no stacks. False: no memory. */
static bool start_image(struct view *view)
{
    u64 *entry = entry_for(view, view->slots, LAYOUT_IMAGE, 2, true);

    if (!entry) {
        return false;
    }
    *entry = map_entry(LAYOUT_IMAGE, 2);
    for (u64 at = LAYOUT_CPUS; at < LAYOUT_CPUS + VMMU_CPUS_MAX * CPU_REGION; at += PAGE_SIZE) {
        u64 known = map_entry(at, 1);

        if (!known || is_stack(at)) {
            continue;
        }
        entry = entry_for(view, view->slots, at, 1, true);
        if (!entry) {
            return false;
        }
        *entry = known;
    }
    return true;
}

/* Makes the tables for the slots of a view. False: no memory. */
static bool start_slots(struct view *view)
{
    const u64 *all = map_hypervisor_slots();

    for (u32 slot = 0; slot < LAYOUT_SLOTS; slot++) {
        if (!is_own(slot)) {
            view->slots[slot] = all[slot];
        } else if (all[slot] && !add_table(view, &view->slots[slot])) {
            return false;
        }
        if (!is_direct(slot)) {
            view->user_slots[slot] = view->slots[slot];
        } else if (all[slot] && !add_table(view, &view->user_slots[slot])) {
            return false;
        }
    }
    return start_image(view);
}

bool view_start(struct view *view)
{
    view->lock.rank = RANK_VIEWS;
    if (!start_slots(view)) {
        view_stop(view);
        return false;
    }
    return true;
}

/* Frees the table of level `level` to which `entry` leads, and those below it. */
static void free_table(u64 entry, u32 level)
{
    u64 *table = table_of(entry);

    for (u32 i = 0; level > 1 && i < ENTRIES; i++) {
        if (table[i] && !(table[i] & PTE_LARGE)) {
            free_table(table[i], level - 1);
        }
    }
    page_free(table, 0);
}

void view_stop(struct view *view)
{
    u64 *image;

    lock_take(&view->lock);
    image = entry_for(view, view->slots, LAYOUT_IMAGE, 2, false);
    if (image) { /* every domain's */
        *image = 0;
    }
    for (u32 slot = 0; slot < LAYOUT_SLOTS; slot++) {
        if (is_own(slot) && view->slots[slot]) {
            free_table(view->slots[slot], 3);
        }
        if (is_direct(slot) && view->user_slots[slot]) {
            free_table(view->user_slots[slot], 3);
        }
        view->slots[slot] = view->user_slots[slot] = 0;
    }
    view->tables = 0;
    lock_release(&view->lock);
}

/* As view_map, below the slots `slots` of the view. */
static bool map_below(struct view *view, u64 *slots, u64 address, mfn_t m, u64 flags)
{
    u64 *entry;

    lock_take(&view->lock);
    entry = entry_for(view, slots, address, 1, true);
    if (entry) {
        __atomic_store_n(entry, mfn_is_none(m) ? 0 : m.n << PAGE_SHIFT | flags | LEAF,
                         __ATOMIC_RELEASE);
    }
    lock_release(&view->lock);
    return entry != NULL;
}

bool view_map(struct view *view, u64 address, mfn_t m, u64 flags)
{
    return map_below(view, view->slots, address, m, flags);
}

bool view_map_pages(struct view *view, const void *page, u32 order)
{
    const u64 flags = PTE_WRITABLE | PTE_NX;

    for (u64 i = 0; i < 1ull << order; i++) {
        mfn_t m = mfn(frame_of_view(page).n + i);

        if (!map_below(view, view->slots, address_of(m), m, flags) ||
            !map_below(view, view->user_slots, address_of(m), m, flags)) {
            return false;
        }
    }
    return true;
}

void view_show_cpu(struct view *view, u32 number, const u64 *entry)
{
    const u64 region = LAYOUT_CPUS + (u64)number * CPU_REGION;
    u64 *entries;

    lock_take(&view->lock);
    /* There is a table, because each region has pages that are no stacks. */
    entries = entry_for(view, view->slots, region, 1, false);
    for (u64 page = 0; page < CPU_SET_PAGES; page++) {
        entries[CPU_IST_FIRST / PAGE_SIZE + page] = entry ? entry[page] : 0;
    }
    lock_release(&view->lock);
}

/* True if the view of `domain` may map frame `m`. */
static bool may_map(const struct vmmu_domain *domain, mfn_t m)
{
    return vmmu_frame_owned_by(domain, m) || page_marked(m) == domain->id;
}

/* Fills *entry, an empty one of level 2, with what the domain has of the large page at `first`. */
static void learn_large(struct view *view, const struct vmmu_domain *domain, u64 *entry, u64 first)
{
    u32 has = 0;
    u64 *table;

    while (has < ENTRIES && first + has < frames_count() && may_map(domain, mfn(first + has))) {
        has++;
    }
    if (has == ENTRIES) {
        __atomic_store_n(entry, first << PAGE_SHIFT | MEMORY | PTE_LARGE, __ATOMIC_RELEASE);
        return;
    }
    table = add_table(view, entry);
    for (u32 i = 0; table && i < ENTRIES && first + i < frames_count(); i++) {
        if (may_map(domain, mfn(first + i))) {
            table[i] = (first + i) << PAGE_SHIFT | MEMORY;
        }
    }
}

static bool may_grow(const struct view *view, struct vmmu_domain *domain)
{
    u64 tables = view->tables + TABLES_A_CALL;

    return tables <= TABLES_LEAST || tables <= atomic_load(&domain->frames) / TABLE_FRAMES;
}

void view_learn(struct view *view, struct vmmu_domain *domain, mfn_t m)
{
    const u64 address = address_of(m);
    u64 *entry;

    if (m.n >= frames_count()) {
        return;
    }
    lock_take(&view->lock);
    if (may_map(domain, m) && may_grow(view, domain)) {
        entry = entry_for(view, view->slots, address, 2, true);
        if (entry && !*entry) {
            learn_large(view, domain, entry, m.n & ~(u64)(ENTRIES - 1));
        } else if (entry && !(*entry & PTE_LARGE)) {
            table_of(*entry)[m.n & (ENTRIES - 1)] = m.n << PAGE_SHIFT | MEMORY;
        }
    }
    lock_release(&view->lock);
}

/* As view_forget_run for frames `first` up to `end`, which lie in one large page, below the slots
 * `slots` of the view, whose lock is held. */
static bool forget_below(struct view *view, u64 *slots, u64 first, u64 end)
{
    u64 *entry = entry_for(view, slots, address_of(mfn(first)), 2, false);
    u64 count = 1, mapped = 0;

    if (entry && *entry && !(*entry & PTE_LARGE)) {
        entry = &table_of(*entry)[first & (ENTRIES - 1)];
        count = end - first;
    }
    for (u64 i = 0; entry && i < count; i++) {
        if (entry[i]) {
            mapped = entry[i];
            __atomic_store_n(&entry[i], 0, __ATOMIC_RELEASE);
        }
    }
    return mapped;
}

bool view_forget_run(struct view *view, mfn_t m, u64 count)
{
    const u64 end = m.n + count;
    bool mapped = false;

    lock_take(&view->lock);
    for (u64 at = m.n, next; at < end; at = next) {
        next = (at | (ENTRIES - 1)) + 1;
        next = next < end ? next : end;
        mapped |= forget_below(view, view->slots, at, next);
        mapped |= forget_below(view, view->user_slots, at, next);
    }
    lock_release(&view->lock);
    return mapped;
}
