/* SPDX-License-Identifier: MIT */
/* What the random calls work on: frames with names, windows, and the line that is printed. Nothing
 * in a line depends on the machine: frames, ports and domains have names. */
#ifndef GUESTS_RANDOM_CALLS_POOL_H
#define GUESTS_RANDOM_CALLS_POOL_H

#include "tests/guests/common/guest.h"
#include <xen/nmi.h>
#include <xen/physdev.h>

#define POOL        24 /* frames that the guest has from the start, each with a home and a view */
#define EXTRAS      6  /* frames that are allocated and given back */
#define PLACES      8  /* addresses at which anything may be mapped */
#define LIVE        8  /* slots of the kernel's own tables */
#define WINDOWS     (POOL + PLACES)
#define NO_FRAME    ((1ull << 40) - 1)
#define PICK(array) ((array)[below(ARRAY_LENGTH(array))])

extern u64 random_state;
extern u8 homes[POOL][PAGE_SIZE];
extern u8 views[POOL][PAGE_SIZE];
extern u64 pool[POOL];            /* machine frames */
extern u64 extra[EXTRAS];         /* 0: none */
extern unsigned level_of[POOL];   /* the level that the frame is meant for: 0..4 */
extern u64 window_entry[WINDOWS]; /* machine addresses of the windows' L1 entries */
extern volatile u64 *window_seen[WINDOWS];
extern u64 live_entry[LIVE]; /* machine addresses of the kernel's free slots */
extern unsigned live_level[LIVE];
extern volatile u64 *live_seen[LIVE];

/* Frames outside the pool that have names. */
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

/* Adds a word that may be an entry, without the bits that hypervisors change. In tables, each
 * hypervisor makes entries accessible to user mode; Xen sets the accessed bit above level 1, and
 * bits 8 and 52 at level 1, and leaves them set if it then refuses the table. */
void add_entry(u64 entry);

void add_window(unsigned window);

u8 *window_address(unsigned window);

volatile u64 *view_of(unsigned frame);

/* Says whether slot `index` of page `frame` contains what the guest put there, if it is one of the
 * hypervisor's slots of an L4 table. Xen has an entry there that leads back to the page. */
bool slot_is_ours(unsigned frame, unsigned index);

/* Returns one of few slots, so that calls use the same ones. Not 511: that is the kernel's. Not 0:
 * if the first entry of a table of level 3 or 4 is refused for something several levels below it,
 * Xen does not undo what it had validated there, and it keeps its type for ever. */
unsigned an_index(void);

unsigned a_pool_frame(unsigned level);

u64 a_frame(unsigned level);

/* Returns an entry for a table of `level`. */
u64 an_entry(unsigned level);

#endif
