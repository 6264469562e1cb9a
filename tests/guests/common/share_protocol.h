/* SPDX-License-Identifier: MIT */
/* What share_granter.c (domain 1) and share_mapper.c (domain 2) agree on. */
#ifndef GUESTS_SHARE_PROTOCOL_H
#define GUESTS_SHARE_PROTOCOL_H

#include "tests/guests/common/grant.h"

#define GRANTER   1u /* domain numbers, in the order of the command line */
#define MAPPER    2u
#define REF_TALK  8u  /* a page both write to */
#define REF_READ  9u  /* a page for reading only */
#define REF_KEEP  10u /* a page the granter hands back while it is mapped */
#define REF_WRONG 11u /* for another domain */
#define ROUNDS    200u
#define PATIENT   100000u
#define SECRET    0x5eed5eed5eed0000ull

/* The page of REF_TALK. Each side writes one of the words. */
struct talk {
    volatile u64 granter; /* counts rounds; then one of the steps below */
    volatile u64 mapper;
};

enum {
    STEP_MAPPED = 1000, /* the mapper has all three pages */
    STEP_RELEASED,      /* the granter has tried what it may not do, and handed REF_KEEP back */
    STEP_LAST,          /* the mapper has looked: the granter may die */
};

/* Gives the other domain time until it has said `value`, or what comes after it. */
bool wait_for(volatile u64 *word, u64 value);

/* The command line is "apart": nothing is shared, for comparison. */
bool is_apart(void);

#endif
