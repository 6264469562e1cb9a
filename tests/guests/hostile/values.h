/* SPDX-License-Identifier: MIT */
/* Random values for the hostile guest: mostly plausible, often at a limit, sometimes arbitrary. */
#ifndef GUESTS_HOSTILE_VALUES_H
#define GUESTS_HOSTILE_VALUES_H

#include "tests/guests/common/guest.h"
#include "tests/guests/common/user.h"

#define PLAY_PAGES   48 /* play pages: pages that attacks may use in any way */
#define PLAY_WINDOWS 12 /* addresses at which attacks map them */
#define PICK(array)  ((array)[below(ARRAY_LENGTH(array))])

extern u64 random_state;
extern u8 *play[PLAY_PAGES];
extern u8 *play_window[PLAY_WINDOWS];
extern u64 frames_seen; /* a number greater than that of every frame seen so far */
extern char attack_stack[16384];

u64 random64(void);

u64 below(u64 limit);

/* Returns true once in `times` calls, on average. */
bool once_in(u64 times);

u64 a_number(void);

u8 *a_play_page(void);

/* Returns a slot of a table: one of few, so that attacks use the same ones. */
unsigned an_index(void);

/* Returns an address in the lower half that a tree of play pages may map. */
u64 a_tree_address(void);

u64 a_limit_address(void);

u64 an_address(void);

u64 a_frame(void);

u64 an_entry(void);

/* Returns the machine address of something that is, or could be, an entry. */
u64 an_entry_place(void);

u64 a_descriptor(void);

u64 a_selector(void);

/* Returns a value of any kind. */
u64 a_word(void);

#endif
