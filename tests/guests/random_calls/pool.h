/* SPDX-License-Identifier: MIT */
/* What the random calls (random_calls.c) work on: frames by name, windows, and the line that says
 * what happened. Nothing in a line depends on the machine: frames, ports and domains have names. */
#ifndef GUESTS_RANDOM_CALLS_POOL_H
#define GUESTS_RANDOM_CALLS_POOL_H

#include "tests/guests/common/guest.h"
#include <xen/nmi.h>
#include <xen/physdev.h>

#define POOL        24 /* frames that are the guest's from the start, each with a home and a view */
#define EXTRAS      6  /* frames that come and go */
#define PLACES      8  /* addresses to map anything at */
#define LIVE        8  /* slots of the kernel's own tables */
#define WINDOWS     (POOL + PLACES)
#define NO_FRAME    ((1ull << 40) - 1)
#define PICK(array) ((array)[below(ARRAY_LENGTH(array))])

extern u64 random_state;
extern u8 homes[POOL][PAGE_SIZE];
extern u8 views[POOL][PAGE_SIZE];
extern u64 pool[POOL];            /* machine frames */
extern u64 extra[EXTRAS];         /* 0: none */
extern unsigned level_of[POOL];   /* what it is meant to be: 0..4 */
extern u64 window_entry[WINDOWS]; /* machine addresses of the windows' L1 entries */
extern volatile u64 *window_seen[WINDOWS];
extern u64 live_entry[LIVE]; /* and of the kernel's free slots */
extern unsigned live_level[LIVE];
extern volatile u64 *live_seen[LIVE];

/* Frames that are not the pool's, by name. */
enum { SPECIAL_ROOT, SPECIAL_SHARED, SPECIAL_XEN, SPECIALS };

extern u64 special[SPECIALS];

u64 random64(void);

unsigned below(u64 limit);

bool once_in(u64 times);

extern char line[4096];
extern size_t line_length;

void add(const char *text);

void add_hex(u64 value);

void add_number(const char *before, s64 value);

void add_frame(u64 m);

/* A word that may be an entry. In tables, each hypervisor makes entries accessible to user mode;
 * Xen marks them accessed above level 1, and by bits 8 and 52 at level 1, and leaves all that where
 * it refuses the table in the end. */
void add_entry(u64 entry);

void add_window(unsigned window);

u8 *window_address(unsigned window);

volatile u64 *view_of(unsigned frame);

/* Whether slot `index` of page `frame`, one of a hypervisor's in an L4 table, holds what the guest
 * put there. Xen has an entry there that leads back to the page. */
bool slot_is_ours(unsigned frame, unsigned index);

/* Few places in a table, so that calls meet. Not 511: that is the kernel. Not 0: where the first
 * entry of a table of level 3 or 4 is refused for what is deep below it, Xen forgets what it had
 * checked there, and leaves it typed for ever. */
unsigned an_index(void);

unsigned a_pool_frame(unsigned level);

u64 a_frame(unsigned level);

/* An entry for a table of `level`. */
u64 an_entry(unsigned level);

#endif
