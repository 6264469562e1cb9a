/* SPDX-License-Identifier: MIT */
/* A guest that attacks (hostile.c): by hypercall. */
#ifndef GUESTS_HOSTILE_CALLS_H
#define GUESTS_HOSTILE_CALLS_H

#include "tests/guests/hostile/self.h"

u64 a_call_number(void);

/* What would end the domain is not made, nor what would hide its vcpu_info or its events from it
 * (attack_queues does, and looks at none), nor sleep: attack_sleep sees to it that it wakes up. */
bool is_an_end(u64 number, u64 command);

long call(const u64 *w);

void attack_call(void);

/* The calls with a command and a structure. */
void attack_structure(void);

void attack_multicall(void);

u64 a_domain(void);

/* Grants of pages it has or not, to whoever may be there, and theirs to it. */
void attack_grant(void);

void attack_update(void);

void attack_mmuext(void);

void attack_memory(void);

void attack_sleep(void);

/* FIFO queues in pages that it does anything with, and ports of them. */
void attack_queues(void);

/* Fills a page with entries, makes it read-only and pins it, or undoes that. */
void attack_table(void);

void attack_segments(void);

#endif
