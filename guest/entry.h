/* SPDX-License-Identifier: MIT */
/* Entries of page tables, of every level: 1 (pte), 2 (pmd), 3 (pud), 4 (p4d, pgd).
 *
 * An entry is kept as the processor reads it, with a machine frame in it: it is made from a pfn and
 * read back to one. A change goes the way that its table needs: a plain store while nobody has
 * checked the table, a request when it is pinned. In a batch (guest/batch.h) requests wait. */
#ifndef GUEST_ENTRY_H
#define GUEST_ENTRY_H

#include "guest/page.h"
#include "guest/translate.h"

#define PTE_PRESENT  (1ull << 0)
#define PTE_WRITE    (1ull << 1)
#define PTE_USER     (1ull << 2)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY    (1ull << 6)
#define PTE_COPY     (1ull << 9)  /* the kernel's: private, to be copied when written */
#define PTE_SHARED   (1ull << 10) /* the kernel's: stays the same frame in a duplicate */
#define PTE_NX       (1ull << 63)
#define PTE_ADDRESS  0x000ffffffffff000ull

#define ENTRIES      512u
#define ENTRY_LEVELS 4u

/* What an entry for a table has. */
#define ENTRY_TABLE (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

typedef struct {
    u64 raw;
} entry_t;
typedef entry_t pte_t, pmd_t, pud_t, p4d_t, pgd_t;

#define ENTRY_NONE ((entry_t){0})

/* Makes an entry; a pfn without a frame gives an empty entry. */
static inline entry_t entry_make(pfn_t pfn, u64 flags)
{
    mfn_t frame = pfn_to_mfn(pfn);

    return mfn_is_none(frame) ? ENTRY_NONE : (entry_t){frame.n << PAGE_SHIFT | flags};
}

static inline bool entry_present(entry_t entry)
{
    return entry.raw & PTE_PRESENT;
}

/* The flags, software's too. A hypervisor may show PTE_USER in a kernel's entries as well. */
static inline u64 entry_flags(entry_t entry)
{
    return entry.raw & ~PTE_ADDRESS;
}

static inline mfn_t entry_mfn(entry_t entry)
{
    return mfn((entry.raw & PTE_ADDRESS) >> PAGE_SHIFT);
}

/* PFN_NONE: not present, or not a frame of the guest. */
static inline pfn_t entry_pfn(entry_t entry)
{
    return entry_present(entry) ? mfn_to_pfn(entry_mfn(entry)) : PFN_NONE;
}

static inline unsigned entry_index(u64 va, unsigned level)
{
    return va >> (PAGE_SHIFT + 9 * (level - 1)) & (ENTRIES - 1);
}

/* What one entry of that level covers. */
static inline u64 entry_span(unsigned level)
{
    return PAGE_SIZE << 9 * (level - 1);
}

/* Reads an entry that requests in a batch may still be about to change: they go out first. */
entry_t entry_get(const entry_t *at);

/* Writes an entry. Outside a batch the result is the hypervisor's; in one it is 0 and a refusal is
 * reported by the batch. An entry of a user root is written in the kernel root's and in the user
 * root's table. */
int entry_set(entry_t *at, entry_t value);

static inline int entry_clear(entry_t *at)
{
    return entry_set(at, ENTRY_NONE);
}

/* Writes an entry and gives what was there, with all accessed and dirty bits that the processor set
 * until the very moment. Never waits in a batch. */
int entry_exchange(entry_t *at, entry_t value, entry_t *old);

/* Gives a level 1 entry other flags; the frame stays, and so do accessed and dirty bits, which the
 * processor may set meanwhile. */
int entry_change_flags(entry_t *at, u64 flags);

/* ---- the same by their usual names ---- */

static inline pte_t pte_make(pfn_t pfn, u64 flags)
{
    return entry_make(pfn, flags);
}

/* The entry that leads to a table of the level below, at its address in the direct map. */
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
