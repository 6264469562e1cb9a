/* SPDX-License-Identifier: MIT */
/* What share_granter.c (domain 1) and share_mapper.c (domain 2) agree on. */
#ifndef GUESTS_SHARE_PROTOCOL_H
#define GUESTS_SHARE_PROTOCOL_H

#include "tests/guests/common/grant.h"

#define GRANTER   1u /* domain numbers, in the order of the command line */
#define MAPPER    2u
#define REF_TALK  8u  /* a page that both write to */
#define REF_READ  9u  /* a page for reading only */
#define REF_KEEP  10u /* a page the granter hands back while it is mapped */
#define REF_WRONG 11u /* granted to another domain */
#define REF_VIA   12u /* the mapper's grant to the granter, of the granter's REF_READ */
#define ROUNDS    200u
#define SECRET    0x5eed5eed5eed0000ull

/* The contents of the page of REF_TALK. Each side writes one of the words. */
struct talk {
    volatile u64 granter; /* counts rounds; then one of the steps below */
    volatile u64 mapper;
};

enum {
    STEP_MAPPED = 1000, /* the mapper has all three pages */
    STEP_RELEASED,      /* the granter has tried what it may not do, and has given REF_KEEP back */
    STEP_LAST,          /* the mapper has checked: the granter may end */
};

/* Waits until the other domain has written `value` or a greater one to *word. Returns false if it
 * does not. */
bool wait_for(volatile u64 *word, u64 value);

/* Says whether the command line is "apart": then nothing is shared, for comparison. */
bool is_apart(void);

#endif
