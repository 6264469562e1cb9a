/* SPDX-License-Identifier: MIT */
/* Feeds the model of a TLB with what an emulator executes, counts its outcomes for each operation
 * of the benchmark's program, and writes them to a file. The machine must have one CPU. */
#ifndef BENCH_TLB_OBSERVER_H
#define BENCH_TLB_OBSERVER_H

#include "bench/tlb/model.h"

/* The environment says what is observed: TLB_PROCESSOR is the model's name, TLB_OUT the file to
 * write. Without them the program ends. When an operation ends for the second time, since the first
 * time fills caches, its lines are appended to the file, words separated by tabs:
 *   instructions  OPERATION  WHO  COUNT
 *   second        OPERATION  WHO  COUNT        found in the second level only
 *   walks         OPERATION  WHO  WHOSE  COUNT of page-table walks; WHOSE: whose page was accessed
 *   page          OPERATION  WHO  KIND  SIZE  SCOPE  ADDRESS  COUNT  the pages with most walks
 *   flush         OPERATION  CAUSE  ADDRESS  COUNT  ENTRIES that an instruction dropped
 *   errors        OPERATION  STALE  ALLOWED  UNMAPPED since the start: struct tlb_errors
 *
 * WHO and WHOSE are hypervisor, kernel, or user. ENTRIES are those of the second level. */
void observer_start(tlb_read_memory *read_memory);

struct tlb *observer_tlb(void);

/* An instruction of `length` bytes is executed. */
void observer_instruction(u64 address, unsigned length);

/* A load or a store within one page. */
void observer_access(enum tlb_access_kind kind, u64 address, u64 physical);

enum observer_cause {
    OBSERVER_CR0,
    OBSERVER_CR3,
    OBSERVER_CR4,
    OBSERVER_INVLPG,
    OBSERVER_INVPCID,
    OBSERVER_FAULT,
    OBSERVER_CAUSES
};

/* The instruction that was reported last has invalidated translations, which the model knows. */
void observer_invalidated(enum observer_cause cause);

/* A marker of bench/markers.h, without its fixed part. */
void observer_marker(unsigned what);

#endif
