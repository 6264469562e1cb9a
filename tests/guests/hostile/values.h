/* SPDX-License-Identifier: MIT */
/* Values for a guest that attacks (hostile.c): mostly plausible, often at a limit, sometimes
 * anything.
 */
#ifndef GUESTS_HOSTILE_VALUES_H
#define GUESTS_HOSTILE_VALUES_H

#include "tests/guests/common/guest.h"
#include "tests/guests/common/user.h"

#define PLAY_PAGES   48 /* pages it does anything with */
#define PLAY_WINDOWS 12 /* and addresses to map them at */
#define PICK(array)  ((array)[below(ARRAY_LENGTH(array))])

extern u64 random_state;
extern u8 *play[PLAY_PAGES];
extern u8 *play_window[PLAY_WINDOWS];
extern u64 frames_seen; /* more than the machine's last frame */
extern char attack_stack[16384];

u64 random64(void);

u64 below(u64 limit);

/* True once in `times`. */
bool once_in(u64 times);

u64 a_number(void);

u8 *a_play_page(void);

/* Where an entry may be found in a table: few places, so that attacks meet. */
unsigned an_index(void);

/* An address in the lower half that a tree of play pages may serve. */
u64 a_tree_address(void);

u64 a_limit_address(void);

u64 an_address(void);

u64 a_frame(void);

u64 an_entry(void);

/* The machine address of something that is, or could be, an entry. */
u64 an_entry_place(void);

u64 a_descriptor(void);

u64 a_selector(void);

/* Anything. */
u64 a_word(void);

#endif
