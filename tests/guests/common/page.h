/* SPDX-License-Identifier: MIT */
/* The guest's memory: pseudo-physical and machine frames, and its own page tables. */
#ifndef GUESTS_PAGE_H
#define GUESTS_PAGE_H

#include "lib/types.h"
#include "lib/x86/pte.h"

#define PAGE_SIZE 4096ull

/* The flags of an ordinary mapping and of an ordinary table entry. */
#define PTE_RO    (PTE_PRESENT | PTE_USER | PTE_ACCESSED)
#define PTE_RW    (PTE_RO | PTE_WRITABLE | PTE_DIRTY)
#define PTE_TABLE (PTE_RO | PTE_WRITABLE | PTE_DIRTY)

extern char guest_virt_base_symbol[] __asm__("guest_virt_base");

/* Conversions between the address of a page of the image and its pfn, by the start-of-day
 * mapping. */
static inline u64 virt_base(void)
{
    return (u64)(uintptr_t)guest_virt_base_symbol;
}

static inline u64 pfn_of(const volatile void *page)
{
    return ((u64)(uintptr_t)page - virt_base()) / PAGE_SIZE;
}

static inline void *page_of_pfn(u64 pfn)
{
    return (void *)(uintptr_t)(virt_base() + pfn * PAGE_SIZE);
}

u64 pfn_to_mfn(u64 pfn);
u64 mfn_to_pfn(u64 mfn);

static inline u64 mfn_of(const volatile void *page)
{
    return pfn_to_mfn(pfn_of(page));
}

static inline u64 entry_for(const volatile void *page, u64 flags)
{
    return mfn_of(page) * PAGE_SIZE | flags;
}

/* Returns a zeroed page of the image, mapped and writable. It is never given back. */
void *page_take(void);

static inline unsigned table_index(u64 va, unsigned level)
{
    return va >> (12 + 9 * (level - 1)) & 511;
}

/* Returns the entry for `va` in the table of `level` (1..4) of the current kernel root, as this
 * guest maps it (read-only); NULL if a higher level is not present. */
volatile u64 *entry_of(u64 va, unsigned level);

/* Returns the machine address of the same entry, for mmu_update; 0: there is none. */
u64 entry_machine(u64 va, unsigned level);

/* Returns the machine address of entry `index` of the table in page `table`. */
static inline u64 slot_machine(const volatile void *table, unsigned index)
{
    return mfn_of(table) * PAGE_SIZE + index * 8ull;
}

/* Maps the image's page `page` with these flags, and flushes the mapping. Returns 0 or a negative
 * error. */
long page_map_as(const volatile void *page, u64 flags);

static inline long page_read_only(const volatile void *page)
{
    return page_map_as(page, PTE_RO);
}

static inline long page_writable(const volatile void *page)
{
    return page_map_as(page, PTE_RW);
}

/* Returns a free address of the image's region. Its own page has no other use, so a test may change
 * its L1 entry. */
void *window_take(void);

/* Returns a new L4 table, pinned, that maps the whole kernel (it shares the lower tables). A test
 * may change it by mmu_update. */
u64 *root_make(void);

/* Returns the start-of-day root. */
u64 *root_first(void);

#endif
