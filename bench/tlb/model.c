/* SPDX-License-Identifier: MIT */
/* The model of a TLB: invalidation, look-up, replacement, and the walk of the page tables. */
#include <stdlib.h>
#include <string.h>

#include "bench/tlb/model.h"
#include "bench/tlb/processors.h"
#include "lib/x86/control.h"
#include "lib/x86/page_fault.h"
#include "lib/x86/pte.h"

#define LEVELS      4u
#define PAGE_SHIFT  12u
#define INDEX_BITS  9u
#define CR4_FLUSHES (CR4_PAE | CR4_PGE | CR4_SMEP) /* whose change flushes everything */

struct entry {
    u64 page; /* number, in pages of its size */
    u64 frame;
    u64 last_use; /* 0: the entry is empty */
    u16 pcid;
    bool global, writable, user;
    enum tlb_page_size size;   /* of the entry: the mapped page, or a piece of it */
    enum tlb_page_size mapped; /* of the page that the tables map */
};

struct array {
    struct tlb_array_shape shape;
    struct entry *entry; /* sets * ways */
};

struct tlb {
    tlb_read_memory *read_memory;
    struct array array[TLB_MAX_ARRAYS];
    unsigned arrays;
    u64 cr0, cr3, cr4;
    u64 clock;   /* counts accesses */
    u64 dropped; /* entries of the second level */
    struct tlb_errors errors;
};

static unsigned shift_of(enum tlb_page_size size)
{
    return PAGE_SHIFT + INDEX_BITS * size;
}

/* ---- making -----------------------------------------------------------------------------------
 */

const char *tlb_name(unsigned index, const char **title)
{
    if (index >= tlb_processors) {
        return NULL;
    }
    *title = tlb_processor[index].title;
    return tlb_processor[index].name;
}

void tlb_free(struct tlb *tlb)
{
    for (unsigned i = 0; i < tlb->arrays; i++) {
        free(tlb->array[i].entry);
    }
    free(tlb);
}

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (!memory) {
        abort();
    }
    return memory;
}

struct tlb *tlb_new(const char *processor, tlb_read_memory *read_memory)
{
    for (unsigned i = 0; i < tlb_processors; i++) {
        const struct tlb_processor *found = &tlb_processor[i];

        if (strcmp(found->name, processor)) {
            continue;
        }
        struct tlb *tlb = zeroed(1, sizeof(*tlb));

        tlb->read_memory = read_memory;
        for (; tlb->arrays < TLB_MAX_ARRAYS && found->array[tlb->arrays].ways; tlb->arrays++) {
            struct array *array = &tlb->array[tlb->arrays];

            array->shape = found->array[tlb->arrays];
            array->entry = zeroed(array->shape.sets * array->shape.ways, sizeof(struct entry));
        }
        return tlb;
    }
    return NULL;
}

/* ---- invalidation -----------------------------------------------------------------------------
 */

/* What an invalidation drops: entries that meet all of its conditions. */
struct victims {
    bool global_too;  /* entries of global pages, of every PCID */
    bool any_pcid;    /* otherwise only those of `pcid` */
    bool any_address; /* otherwise only the page of `address` */
    u16 pcid;
    u64 address;
};

static bool is_victim(const struct entry *entry, const struct victims *victims)
{
    u64 mapped_page = entry->page >> INDEX_BITS * (entry->mapped - entry->size);

    if (!victims->any_address && mapped_page != victims->address >> shift_of(entry->mapped)) {
        return false;
    }
    return entry->global ? victims->global_too : victims->any_pcid || entry->pcid == victims->pcid;
}

static void invalidate(struct tlb *tlb, struct victims victims)
{
    for (unsigned i = 0; i < tlb->arrays; i++) {
        struct array *array = &tlb->array[i];

        for (unsigned j = 0; j < array->shape.sets * array->shape.ways; j++) {
            if (array->entry[j].last_use && is_victim(&array->entry[j], &victims)) {
                array->entry[j].last_use = 0;
                tlb->dropped += array->shape.second_level;
            }
        }
    }
}

static u16 current_pcid(const struct tlb *tlb)
{
    return tlb->cr4 & CR4_PCIDE ? tlb->cr3 & CR3_PCID : 0;
}

static void flush_everything(struct tlb *tlb)
{
    invalidate(tlb, (struct victims){.global_too = true, .any_pcid = true, .any_address = true});
}

void tlb_load_cr0(struct tlb *tlb, u64 cr0)
{
    if ((tlb->cr0 ^ cr0) & CR0_PG) {
        flush_everything(tlb);
    }
    tlb->cr0 = cr0;
}

void tlb_load_cr3(struct tlb *tlb, u64 cr3)
{
    bool keep = tlb->cr4 & CR4_PCIDE && cr3 & CR3_KEEP;

    tlb->cr3 = cr3 & ~CR3_KEEP;
    if (!keep) {
        invalidate(tlb, (struct victims){.any_address = true, .pcid = current_pcid(tlb)});
    }
}

void tlb_load_cr4(struct tlb *tlb, u64 cr4)
{
    bool pcids_end = tlb->cr4 & CR4_PCIDE && !(cr4 & CR4_PCIDE);

    if ((tlb->cr4 ^ cr4) & CR4_FLUSHES || pcids_end) {
        flush_everything(tlb);
    }
    tlb->cr4 = cr4;
}

void tlb_invlpg(struct tlb *tlb, u64 address)
{
    invalidate(tlb,
               (struct victims){.global_too = true, .pcid = current_pcid(tlb), .address = address});
}

void tlb_invpcid(struct tlb *tlb, enum tlb_invpcid type, u64 pcid, u64 address)
{
    switch (type) {
    case TLB_ONE_ADDRESS:
        invalidate(tlb, (struct victims){.pcid = (u16)pcid, .address = address});
        break;
    case TLB_ONE_PCID:
        invalidate(tlb, (struct victims){.pcid = (u16)pcid, .any_address = true});
        break;
    case TLB_EVERYTHING:
        flush_everything(tlb);
        break;
    case TLB_ALL_BUT_GLOBAL:
        invalidate(tlb, (struct victims){.any_pcid = true, .any_address = true});
        break;
    }
}

/* ---- look-up ----------------------------------------------------------------------------------
 */

/* Reads the page tables. Returns false if they do not map the address. */
static bool walk(struct tlb *tlb, u64 address, struct entry *found)
{
    u64 table = tlb->cr3 & PTE_ADDRESS;
    bool writable = true, user = true;

    for (unsigned level = LEVELS; level > 0; level--) {
        unsigned shift = PAGE_SHIFT + INDEX_BITS * (level - 1);
        u64 index = address >> shift & ((1u << INDEX_BITS) - 1);
        u64 pte = tlb->read_memory(table + index * sizeof(u64));

        if (!(pte & PTE_PRESENT)) {
            return false;
        }
        writable &= !!(pte & PTE_WRITABLE);
        user &= !!(pte & PTE_USER);
        table = pte & PTE_ADDRESS;
        if (level == 1 || (level < LEVELS && pte & PTE_LARGE)) {
            u64 within = (1ull << shift) - 1;

            *found = (struct entry){
                .page = address >> shift,
                .frame = (table & ~within) >> PAGE_SHIFT,
                .pcid = current_pcid(tlb),
                .global = pte & PTE_GLOBAL && tlb->cr4 & CR4_PGE,
                .writable = writable,
                .user = user,
                .size = (enum tlb_page_size)(level - 1),
                .mapped = (enum tlb_page_size)(level - 1),
            };
            return true;
        }
    }
    return false;
}

static bool array_takes(const struct array *array, bool second_level, bool fetch,
                        enum tlb_page_size size)
{
    return array->shape.second_level == second_level && array->shape.sizes & 1u << size &&
           (fetch ? array->shape.fetches : array->shape.data);
}

static struct entry *set_of(const struct array *array, u64 page)
{
    return &array->entry[page % array->shape.sets * array->shape.ways];
}

/* Returns the entry of an address in one level; NULL: it has none. */
static struct entry *look_up(struct tlb *tlb, bool second_level, bool fetch, u64 address)
{
    u16 pcid = current_pcid(tlb);

    for (unsigned i = 0; i < tlb->arrays; i++) {
        for (unsigned size = TLB_4K; size < TLB_PAGE_SIZES; size++) {
            if (!array_takes(&tlb->array[i], second_level, fetch, (enum tlb_page_size)size)) {
                continue;
            }
            u64 page = address >> shift_of((enum tlb_page_size)size);
            struct entry *entry = set_of(&tlb->array[i], page);

            for (unsigned way = 0; way < tlb->array[i].shape.ways; way++, entry++) {
                if (entry->last_use && entry->page == page && entry->size == size &&
                    (entry->global || entry->pcid == pcid)) {
                    return entry;
                }
            }
        }
    }
    return NULL;
}

/* Whether a cached translation allows the access that has faulted. Faults of protection for which
 * the entry alone is no reason (a fetch, or a supervisor's access to a user's page) are left out.
 */
static bool still_allowed(struct tlb *tlb, u64 address, u64 error)
{
    if (error & (PF_FETCH | PF_RESERVED)) {
        return false;
    }
    for (unsigned level = 0; level < 2; level++) {
        const struct entry *entry = look_up(tlb, level, false, address);

        if (!entry || (error & PF_USER && !entry->user)) {
            continue;
        }
        if (error & PF_PRESENT ? error & PF_WRITE && entry->writable
                               : entry->writable || !(error & PF_WRITE)) {
            return true;
        }
    }
    return false;
}

void tlb_page_fault(struct tlb *tlb, u64 address, u64 error)
{
    tlb->errors.allowed += still_allowed(tlb, address, error);
    tlb_invlpg(tlb, address);
}

/* Stores a translation in one level, in the place of the one that was used least recently. A page
 * of a size that the level has no array for is stored as the piece of it, of the next smaller size
 * that it does have, in which the address lies. */
static void fill(struct tlb *tlb, bool second_level, bool fetch, u64 address, struct entry entry)
{
    for (unsigned size = entry.size + 1; size-- > 0;) {
        for (unsigned i = 0; i < tlb->arrays; i++) {
            struct array *array = &tlb->array[i];

            if (!array_takes(array, second_level, fetch, (enum tlb_page_size)size)) {
                continue;
            }
            u64 piece = address >> shift_of((enum tlb_page_size)size);
            u64 pieces = 1ull << (INDEX_BITS * (entry.size - size));

            entry.frame += (piece & (pieces - 1)) << (INDEX_BITS * size);
            entry.page = piece;
            entry.size = (enum tlb_page_size)size;
            struct entry *set = set_of(array, piece), *victim = set;

            for (unsigned way = 1; way < array->shape.ways; way++) {
                if (set[way].last_use < victim->last_use) {
                    victim = &set[way];
                }
            }
            entry.last_use = tlb->clock;
            *victim = entry;
            return;
        }
    }
}

/* Whether a cached entry permits an access for which the machine found the translation in its page
 * tables. False: the tables grant more than they did when the entry was cached, so that a processor
 * reads them again. */
static bool permits(const struct entry *entry, enum tlb_access_kind kind)
{
    return kind != TLB_STORE || entry->writable;
}

static bool leads_to(const struct entry *entry, u64 address, u64 physical)
{
    u64 within = (1ull << shift_of(entry->size)) - 1;

    return physical == TLB_ANYWHERE ||
           (entry->frame << PAGE_SHIFT) + (address & within) == physical;
}

/* Removes every entry of the address, so that no second one is stored beside it. */
static void drop(struct tlb *tlb, bool fetch, u64 address)
{
    for (unsigned level = 0; level < 2; level++) {
        struct entry *entry;

        while ((entry = look_up(tlb, level, fetch, address))) {
            entry->last_use = 0;
        }
    }
}

struct tlb_result tlb_access(struct tlb *tlb, enum tlb_access_kind kind, u64 address, u64 physical)
{
    bool fetch = kind == TLB_FETCH;
    struct tlb_result result = {.outcome = TLB_FIRST_LEVEL};

    if (!(tlb->cr0 & CR0_PG) || !(tlb->cr4 & CR4_PAE)) {
        return result;
    }
    tlb->clock++;
    for (unsigned level = 0; level < 2; level++) {
        struct entry *entry = look_up(tlb, level, fetch, address);

        if (!entry) {
            continue;
        }
        if (!leads_to(entry, address, physical)) {
            tlb->errors.stale++;
            break;
        }
        if (!permits(entry, kind)) {
            break;
        }
        entry->last_use = tlb->clock;
        if (level) {
            fill(tlb, false, fetch, address, *entry);
            result.outcome = TLB_SECOND_LEVEL;
        }
        return result;
    }
    struct entry found;

    drop(tlb, fetch, address);
    result.outcome = TLB_WALK;
    if (!walk(tlb, address, &found) || !leads_to(&found, address, physical)) {
        tlb->errors.unmapped++;
        return result;
    }
    result.size = found.size;
    result.global = found.global;
    fill(tlb, true, fetch, address, found);
    fill(tlb, false, fetch, address, found);
    return result;
}

const struct tlb_errors *tlb_errors(const struct tlb *tlb)
{
    return &tlb->errors;
}

u64 tlb_dropped(const struct tlb *tlb)
{
    return tlb->dropped;
}
