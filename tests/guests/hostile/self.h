/* SPDX-License-Identifier: MIT */
/* The hostile guest's recovery from its own attacks, and what the attacks share. */
#ifndef GUESTS_HOSTILE_SELF_H
#define GUESTS_HOSTILE_SELF_H

#include "tests/guests/hostile/values.h"
#include <xen/grant_table.h>

#define REPAIR_EACH 16u
#define PAPER_WORDS 1024u
#define CODE_SIZE   64u
#define TRAPS       0xd6 /* an invalid opcode; as a ModRM byte it does not name the stack pointer */

extern u64 seed, rounds, trace;
extern u64 attacks, trapped, stuck;
extern volatile u32 ticks;
extern volatile bool attacking, is_broken;
extern struct vcpu_info *info;
extern struct user_space user;
extern u64 *second_root, *alias;
extern u8 *code;                     /* a page with the code to run */
extern u64 paper[PAPER_WORDS + 512]; /* arguments of calls; some calls write beyond the end */
extern u64 registers[16];
extern struct grant_entry_v1 *grants;
extern u64 code_address;
extern u64 user_return_stack, trap_catch_stack;
extern char give_up[];

void note(const char *what, const u64 *words, unsigned count);

/* Handler of events, the watchdog: abandons an attack that takes too long. It never unmasks events
 * outside of an attack. */
void on_event(struct trap_frame *frame);

void set_timer(void);

/* Maps the kernel also at low addresses: 32-bit code truncates its stack pointer. */
void alias_make(void);

/* Restores what the guest needs to continue. Refusals are ignored. */
void repair(void);

void on_debug(struct trap_frame *frame);

#endif
