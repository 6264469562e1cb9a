/* SPDX-License-Identifier: MIT */
/* Entries of page tables, of every level: 1 (pte), 2 (pmd), 3 (pud), 4 (p4d, pgd).
 *
 * An entry has the processor's format and holds an mfn; entry_make translates a pfn to it and
 * entry_pfn translates it back. entry_set and the other functions that change an entry use a plain
 * store while its table is not pinned, and a request to the hypervisor when it is a live page
 * table. In a batch (guest/batch.h) requests are queued. */
#ifndef GUEST_ENTRY_H
#define GUEST_ENTRY_H

#include "guest/page.h"
#include "guest/translate.h"
#include "lib/x86/pte.h"

#define PTE_COPY BIT_U64(9) /* software: private page, read-only until it is copied */
#define PTE_SHARED                                                                                 \
    BIT_U64(10) /* software: a shared page, which space_duplicate maps in the copy too, with the   \
                   same rights */

#define ENTRIES      512u
#define ENTRY_LEVELS 4u

/* The flags of an entry that points to a page table. */
#define ENTRY_TABLE (PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

typedef struct {
    u64 raw;
} entry_t;
typedef entry_t pte_t, pmd_t, pud_t, p4d_t, pgd_t;

#define ENTRY_NONE ((entry_t){0})

/* Returns an entry that maps a pfn with these flags (PTE_... bits). If no frame is behind the pfn,
 * the entry is empty. */
static inline entry_t entry_make(pfn_t pfn, u64 flags)
{
    mfn_t frame = pfn_to_mfn(pfn);

    return mfn_is_none(frame) ? ENTRY_NONE : (entry_t){frame.n << PAGE_SHIFT | flags};
}

/* Says whether an entry is present. */
static inline bool entry_present(entry_t entry)
{
    return entry.raw & PTE_PRESENT;
}

/* Returns an entry's flags, those of software included. A hypervisor may have set PTE_USER also in
 * an entry of a kernel mapping. */
static inline u64 entry_flags(entry_t entry)
{
    return entry.raw & ~PTE_ADDRESS;
}

/* Returns the machine frame that an entry points to. */
static inline mfn_t entry_mfn(entry_t entry)
{
    return mfn((entry.raw & PTE_ADDRESS) >> PAGE_SHIFT);
}

/* Returns the pfn that an entry points to; PFN_NONE: the entry is not present, or its frame is not
 * the guest's. */
static inline pfn_t entry_pfn(entry_t entry)
{
    return entry_present(entry) ? mfn_to_pfn(entry_mfn(entry)) : PFN_NONE;
}

/* Returns the index, in a table of level `level`, of the entry for an address. */
static inline unsigned entry_index(u64 va, unsigned level)
{
    return va >> (PAGE_SHIFT + 9 * (level - 1)) & (ENTRIES - 1);
}

/* Returns how many bytes of address space one entry of level `level` covers. */
static inline u64 entry_span(unsigned level)
{
    return PAGE_SIZE << 9 * (level - 1);
}

/* Reads an entry. Requests in this CPU's batch that may change it are sent first. */
entry_t entry_get(const entry_t *at);

/* Writes an entry. An entry in the user half of a kernel root is written in the user root, too.
 * Returns the hypervisor's result; in a batch 0, and the batch reports a refusal. */
int entry_set(entry_t *at, entry_t value);

/* Makes an entry empty; as entry_set. */
static inline int entry_clear(entry_t *at)
{
    return entry_set(at, ENTRY_NONE);
}

/* Writes an entry and stores its old value in *old, with all accessed and dirty bits that
 * processors set in it. Queued requests are sent first, and the change is made before the function
 * returns. Returns 0 or the hypervisor's refusal; then the entry is as before. */
int entry_exchange(entry_t *at, entry_t value, entry_t *old);

/* Changes the flags of a level 1 entry. It keeps its frame, and its accessed and dirty bits are
 * never lost, even if a processor sets one meanwhile. The result is as that of entry_set. */
int entry_change_flags(entry_t *at, u64 flags);

/* ---- the usual names for the same functions ---- */

/* The same function as entry_make, by the usual name for a level 1 entry. */
static inline pte_t pte_make(pfn_t pfn, u64 flags)
{
    return entry_make(pfn, flags);
}

/* Returns an entry that points to a page table.
 * table: the table's address in the direct map. */
static inline entry_t entry_for_table(const entry_t *table)
{
    return entry_make(address_pfn(table), ENTRY_TABLE);
}
#define pmd_make(table) entry_for_table(table)
#define pud_make(table) entry_for_table(table)
#define p4d_make(table) entry_for_table(table)
#define pgd_make(table) entry_for_table(table)

#define pte_val(entry) ((entry).raw)
#define pmd_val(entry) ((entry).raw)
#define pud_val(entry) ((entry).raw)
#define p4d_val(entry) ((entry).raw)
#define pgd_val(entry) ((entry).raw)

#define set_pte(at, value) entry_set(at, value)
#define set_pmd(at, value) entry_set(at, value)
#define set_pud(at, value) entry_set(at, value)
#define set_p4d(at, value) entry_set(at, value)
#define set_pgd(at, value) entry_set(at, value)

#endif
