/* SPDX-License-Identifier: MIT */
/* A model of a processor's TLBs: which accesses of a program find their translation in the first
 * level, which in the second, and which need a walk of the page tables.
 *
 * The model is passive: another program executes the instructions and reports each access that did
 * not fault, and each invalidation. On a walk the model reads the page tables as they are at that
 * moment, from the CR3 of that moment: the size of a page and whether it is global come from there.
 * Entries are replaced in the order of their last use, separately in each set; a set is the page's
 * number modulo the number of sets. Not modelled: caches of upper tables, walks
 * ahead of a program, walks that end in a fault, and a second thread of the core. */
#ifndef BENCH_TLB_MODEL_H
#define BENCH_TLB_MODEL_H

#include "lib/types.h"

struct tlb;

enum tlb_access_kind { TLB_FETCH, TLB_LOAD, TLB_STORE };
enum tlb_outcome { TLB_FIRST_LEVEL, TLB_SECOND_LEVEL, TLB_WALK, TLB_OUTCOMES };
enum tlb_page_size { TLB_4K, TLB_2M, TLB_1G, TLB_PAGE_SIZES };

/* How often something happened that a correct kernel never lets happen. */
struct tlb_errors {
    u64 stale;    /* a cached translation led to another frame than the access that was reported */
    u64 allowed;  /* a page fault, though a cached translation still allowed the access */
    u64 unmapped; /* an access was reported that the page tables do not allow */
};

struct tlb_result {
    enum tlb_outcome outcome;
    enum tlb_page_size size; /* of the page; valid if the outcome is TLB_WALK */
    bool global;             /* likewise */
};

/* Reads eight bytes of the machine's memory. physical: a multiple of 8. */
typedef u64 tlb_read_memory(u64 physical);

/* Returns the model of a processor, or NULL if there is none of that name; names are those of
 * tlb_name(). The TLB is empty, and paging is off. */
struct tlb *tlb_new(const char *processor, tlb_read_memory *read_memory);
void tlb_free(struct tlb *tlb);

/* Returns the name of processor number `index`, NULL after the last one; *title is its full name
 * with the sizes of its TLBs. */
const char *tlb_name(unsigned index, const char **title);

#define TLB_ANYWHERE (~0ull)

/* Reports an access within one page. physical: where it went, by the machine's own translation, or
 * TLB_ANYWHERE, which leaves it unchecked. While paging is off, the outcome is TLB_FIRST_LEVEL. */
struct tlb_result tlb_access(struct tlb *tlb, enum tlb_access_kind kind, u64 address, u64 physical);

/* The processor loaded a control register. cr3: with bit 63 as the instruction had it. */
void tlb_load_cr0(struct tlb *tlb, u64 cr0);
void tlb_load_cr3(struct tlb *tlb, u64 cr3);
void tlb_load_cr4(struct tlb *tlb, u64 cr4);

/* The types of INVPCID (Intel's manual, volume 2, INVPCID). */
enum tlb_invpcid { TLB_ONE_ADDRESS, TLB_ONE_PCID, TLB_EVERYTHING, TLB_ALL_BUT_GLOBAL };

void tlb_invlpg(struct tlb *tlb, u64 address);
void tlb_invpcid(struct tlb *tlb, enum tlb_invpcid type, u64 pcid, u64 address);

/* A page fault drops the translation of its address in the current context, as INVLPG does
 * (Intel's manual, volume 3, 4.10.4.1). error: the error code that the processor pushes. */
void tlb_page_fault(struct tlb *tlb, u64 address, u64 error);

const struct tlb_errors *tlb_errors(const struct tlb *tlb);

/* How many entries of the second level all invalidations so far have dropped. */
u64 tlb_dropped(const struct tlb *tlb);

#endif
