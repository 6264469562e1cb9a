/* SPDX-License-Identifier: MIT */
/* The direct map. The domain builder has mapped the beginning of memory there; start-up maps the
 * rest, with page tables from the part that is mapped already. */
#include "guest/backend.h"
#include "guest/console.h"
#include "guest/kernel.h"
#include "guest/page.h"
#include "guest/pv/startup.h"
#include "lib/string.h"

#define CHUNK         512ull /* pages that one level 1 table maps */
#define HYPERVISOR_AT 256u   /* the first and the last of the hypervisor's slots in a root */
#define HYPERVISOR_TO 271u

static entry_t *
    *direct_tables;       /* array: the level 1 table of each chunk; NULL: the chunk has none yet */
static u64 direct_chunks; /* length of the array direct_tables */

/* Returns the address at which the direct map shows a pfn. */
static u64 direct_va(u64 pfn_number)
{
    return address(pfn_address(pfn(pfn_number)));
}

u64 *direct_entry(u64 n)
{
    entry_t **table = &direct_tables[n / CHUNK];

    if (n / CHUNK >= direct_chunks) {
        return NULL;
    }
    if (!*table) {
        *table =
            (entry_t *)((u64)(uintptr_t)space_grow(&kernel_space, direct_va(n)) & ~(PAGE_SIZE - 1));
    }
    return *table ? &(*table)[n % CHUNK].raw : NULL;
}

/* Panics if a step of start-up has failed. */
static void must(long result, const char *what)
{
    if (result) {
        panic("Start-up: %s: %ld", what, result);
    }
}

/* Takes a page that is mapped already, or panics. */
static void *take(void)
{
    void *page = page_early_take();

    if (!page) {
        panic("Start-up: no memory for the direct map");
    }
    return page;
}

/* Writes an entry of a live page table by a request. */
static void write_entry(entry_t *at, entry_t value)
{
    struct mmu_update update = {
        pfn_to_mfn(address_pfn(at)).n << PAGE_SHIFT | page_offset(address(at)), value.raw};

    must(hypercall6(__HYPERVISOR_mmu_update, address(&update), 1, 0, DOMID_SELF, 0, 0),
         "linking a table");
}

/* Returns the level 1 table for an address; makes the tables above it. If the level 1 table is
 * missing, returns a new page for it and stores in *link the entry that must point to it later;
 * else *link is NULL. */
static entry_t *find_table(u64 va, entry_t **link)
{
    entry_t *table = kernel_space.root;

    for (unsigned level = ENTRY_LEVELS; level > 1; level--) {
        entry_t *at = &table[entry_index(va, level)];

        if (entry_present(*at)) {
            table = entry_table(*at);
            continue;
        }
        table = take();
        *link = at;
        if (level == 2) {
            return table;
        }
        must(update_va_mapping(address(table),
                               entry_make(address_pfn(table), DIRECT_FLAGS & ~PTE_WRITABLE).raw, 0),
             "a table");
        write_entry(at, entry_for_table(table));
    }
    *link = NULL;
    return table;
}

/* Maps the pages of a chunk that exist (pfn below `pages`) and are not mapped yet. */
static void fill_chunk(u64 chunk, u64 pages)
{
    u64 first = chunk * CHUNK, va = direct_va(first);
    entry_t *link, *table = find_table(va, &link);

    for (u64 i = 0; i < CHUNK && first + i < pages; i++) {
        entry_t entry = entry_make(pfn(first + i), DIRECT_FLAGS);

        if (link) {
            table[i] = entry;
        } else if (!entry_present(table[i])) {
            must(update_va_mapping(va + i * PAGE_SIZE, entry.raw, 0), "a page");
        }
    }
    if (link) {
        must(update_va_mapping(address(table),
                               entry_make(address_pfn(table), DIRECT_FLAGS & ~PTE_WRITABLE).raw, 0),
             "a table");
        write_entry(link, entry_for_table(table));
    }
    direct_tables[chunk] = table;
}

/* Returns the first pfn, from `n` on and below `pages`, that the direct map does not show. */
static u64 mapped_end(u64 n, u64 pages)
{
    entry_t *at;

    for (; n < pages; n++) {
        at = space_entry(&kernel_space, direct_va(n), 1);
        if (!at || !entry_present(*at)) {
            break;
        }
    }
    return n;
}

/* Records in struct page that `table` and all tables below it are live page tables. The
 * hypervisor's slots are left out. */
static void mark_tables(entry_t *table, unsigned level)
{
    struct page *page = address_page(table);

    page->level = (u8)level;
    page->pinned = true;
    for (unsigned i = 0; level > 1 && i < ENTRIES; i++) {
        bool is_hypervisors = level == ENTRY_LEVELS && i >= HYPERVISOR_AT && i <= HYPERVISOR_TO;

        if (!is_hypervisors && entry_present(table[i])) {
            mark_tables(entry_table(table[i]), level - 1);
        }
    }
}

void direct_start(pfn_t first)
{
    u64 pages = start_info->nr_pages, limit = 2 * ((pages + CHUNK - 1) & ~(CHUNK - 1));
    u64 list_size = limit * sizeof(struct page);

    kernel_space.root = (entry_t *)(uintptr_t)start_info->pt_base;
    page_early(first, pfn(mapped_end(first.n, pages)));
    direct_tables = take();
    direct_chunks = limit / CHUNK;
    for (u64 more = PAGE_SIZE; more < direct_chunks * sizeof *direct_tables; more += PAGE_SIZE) {
        take();
    }
    for (u64 chunk = 0; chunk * CHUNK < pages; chunk++) {
        u64 end = (chunk + 1) * CHUNK;

        fill_chunk(chunk, pages);
        page_early_extend(pfn(end < pages ? end : pages));
    }
    struct page *list = take();
    for (u64 more = PAGE_SIZE; more < list_size; more += PAGE_SIZE) {
        take();
    }
    page_start(list, limit, page_early_next(), pfn(pages));
    mark_tables(kernel_space.root, ENTRY_LEVELS);
}
