/* SPDX-License-Identifier: MIT */
/* Counts the outcomes of the model for each operation. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/markers.h"
#include "bench/tlb/observer.h"
#include "bench/who.h"

#define PAGE_SHIFT   12u
#define KINDS        3u
#define NOWHERE      (~0ull) /* no page's number */
#define LISTED_PAGES 400u    /* lines about pages for one operation */
#define PAGE_SLOTS   (1u << 16)
#define FLUSH_SLOTS  256u /* different instructions that invalidate, in one operation */

static const char *const operation_name[] = {
#define OPERATION(function, ...) #function,
#include "bench/all.def"
#undef OPERATION
};
static const char *const who_name[WHOS] = {"hypervisor", "kernel", "user"};
static const char *const kind_name[KINDS] = {"fetch", "load", "store"};
static const char *const cause_name[OBSERVER_CAUSES] = {"CR0",    "CR3",     "CR4",
                                                        "INVLPG", "INVPCID", "fault"};
static const char *const size_name[TLB_PAGE_SIZES] = {"4K", "2M", "1G"};

/* The walks for one page. */
struct page {
    u64 number; /* in pages of 4 KiB: where the first walk was for */
    u64 walks;  /* 0: the slot is free */
    enum who who;
    enum tlb_access_kind kind;
    enum tlb_page_size size;
    bool global;
};

/* The invalidations of one instruction. */
struct flush {
    u64 address;
    enum observer_cause cause;
    u64 count; /* 0: the slot is free */
    u64 entries;
};

/* What is counted during one operation. */
static struct {
    u64 instructions[WHOS], second[WHOS], walks[WHOS][WHOS];
    struct page page[PAGE_SLOTS]; /* hashed by the page's number */
    struct flush flush[FLUSH_SLOTS];
} count;

static struct tlb *tlb;
static bool started;                                    /* the guest's first process has started */
static unsigned running = ARRAY_LENGTH(operation_name); /* that length: no operation */
static bool warm[ARRAY_LENGTH(operation_name)];         /* the operation has ended once */
static enum who executing;
static u64 instruction_address;
static u64 dropped; /* tlb_dropped() after the last invalidation */
static u64 last_page[KINDS] = {NOWHERE, NOWHERE, NOWHERE}; /* of each kind of access */
static FILE *out;

static const char *from_environment(const char *name)
{
    const char *value = getenv(name);

    if (!value) {
        fprintf(stderr, "tlb: the environment variable %s is missing\n", name);
        exit(1);
    }
    return value;
}

void observer_start(tlb_read_memory *read_memory)
{
    tlb = tlb_new(from_environment("TLB_PROCESSOR"), read_memory);
    out = fopen(from_environment("TLB_OUT"), "w");
    if (!tlb || !out) {
        fprintf(stderr, "tlb: the processor is unknown, or the file cannot be written\n");
        exit(1);
    }
}

struct tlb *observer_tlb(void)
{
    return tlb;
}

void observer_invalidated(enum observer_cause cause)
{
    u64 entries = tlb_dropped(tlb) - dropped;

    dropped += entries;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        last_page[kind] = NOWHERE;
    }
    for (unsigned i = 0; i < FLUSH_SLOTS; i++) {
        struct flush *flush = &count.flush[i];

        if (!flush->count || (flush->address == instruction_address && flush->cause == cause)) {
            flush->address = instruction_address;
            flush->cause = cause;
            flush->count++;
            flush->entries += entries;
            return;
        }
    }
}

/* Returns the counter of a page; where the table is full, one for all other pages. */
static struct page *page_of(u64 number, enum who who, enum tlb_access_kind kind)
{
    static struct page others;
    u64 slot = (number ^ number >> 16 ^ number >> 32) * KINDS + kind;

    for (unsigned tries = 0; tries < PAGE_SLOTS; tries++, slot++) {
        struct page *page = &count.page[slot % PAGE_SLOTS];

        if (!page->walks) {
            *page = (struct page){.number = number, .who = who, .kind = kind};
            return page;
        }
        if (page->number == number && page->who == who && page->kind == kind) {
            return page;
        }
    }
    return &others;
}

static void note(enum tlb_access_kind kind, u64 address, struct tlb_result result)
{
    if (result.outcome == TLB_SECOND_LEVEL) {
        count.second[executing]++;
    } else if (result.outcome == TLB_WALK) {
        struct page *page = page_of(address >> PAGE_SHIFT, executing, kind);

        page->walks++;
        page->size = result.size;
        page->global = result.global;
        count.walks[executing][who_executes(address)]++;
    }
}

void observer_access(enum tlb_access_kind kind, u64 address, u64 physical)
{
    u64 number = address >> PAGE_SHIFT;

    /* A page that the last access of this kind used is in the first level, and the most recently
     * used of its set. */
    if (!started || number == last_page[kind]) {
        return;
    }
    last_page[kind] = number;
    if (kind != TLB_FETCH) {
        last_page[TLB_LOAD + TLB_STORE - kind] = NOWHERE;
    }
    note(kind, address, tlb_access(tlb, kind, address, physical));
}

void observer_instruction(u64 address, unsigned length)
{
    if (!started) {
        return;
    }
    instruction_address = address;
    executing = who_executes(address);
    count.instructions[executing]++;
    observer_access(TLB_FETCH, address, TLB_ANYWHERE);
    observer_access(TLB_FETCH, address + length - 1, TLB_ANYWHERE);
}

static int by_walks(const void *a, const void *b)
{
    const struct page *left = a, *right = b;

    return left->walks > right->walks ? -1 : left->walks < right->walks;
}

static void write_counts(const char *operation)
{
    for (unsigned who = 0; who < WHOS; who++) {
        fprintf(out, "instructions\t%s\t%s\t%" PRIu64 "\n", operation, who_name[who],
                count.instructions[who]);
        fprintf(out, "second\t%s\t%s\t%" PRIu64 "\n", operation, who_name[who], count.second[who]);
        for (unsigned whose = 0; whose < WHOS; whose++) {
            fprintf(out, "walks\t%s\t%s\t%s\t%" PRIu64 "\n", operation, who_name[who],
                    who_name[whose], count.walks[who][whose]);
        }
    }
    qsort(count.page, PAGE_SLOTS, sizeof(*count.page), by_walks);
    for (unsigned i = 0; i < LISTED_PAGES && count.page[i].walks; i++) {
        const struct page *page = &count.page[i];

        fprintf(out, "page\t%s\t%s\t%s\t%s\t%s\t%#" PRIx64 "\t%" PRIu64 "\n", operation,
                who_name[page->who], kind_name[page->kind], size_name[page->size],
                page->global ? "global" : "own", page->number << PAGE_SHIFT, page->walks);
    }
    for (unsigned i = 0; i < FLUSH_SLOTS && count.flush[i].count; i++) {
        const struct flush *flush = &count.flush[i];

        fprintf(out, "flush\t%s\t%s\t%#" PRIx64 "\t%" PRIu64 "\t%" PRIu64 "\n", operation,
                cause_name[flush->cause], flush->address, flush->count, flush->entries);
    }
    fprintf(out, "errors\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", operation,
            tlb_errors(tlb)->stale, tlb_errors(tlb)->allowed, tlb_errors(tlb)->unmapped);
    fflush(out);
}

void observer_marker(unsigned what)
{
    if (what == MARKER_STARTED) {
        started = true;
    } else if (what != MARKER_END && what <= ARRAY_LENGTH(operation_name)) {
        running = what - MARKER_BEGIN(0);
        memset(&count, 0, sizeof(count));
    } else if (running < ARRAY_LENGTH(operation_name)) {
        if (warm[running]) {
            write_counts(operation_name[running]);
        }
        warm[running] = true;
        running = ARRAY_LENGTH(operation_name);
    }
}
