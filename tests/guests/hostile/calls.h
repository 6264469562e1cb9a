/* SPDX-License-Identifier: MIT */
/* Attacks of the hostile guest by hypercall. */
#ifndef GUESTS_HOSTILE_CALLS_H
#define GUESTS_HOSTILE_CALLS_H

#include "tests/guests/hostile/self.h"

u64 a_call_number(void);

/* Says whether a call must not be made: it would end the domain, or hide its vcpu_info or its
 * events from the guest (attack_queues does that, and reads none), or sleep (attack_sleep makes
 * sure that the guest wakes up). */
bool is_an_end(u64 number, u64 command);

long call(const u64 *w);

void attack_call(void);

/* Makes a call that has a command and a structure. */
void attack_structure(void);

void attack_multicall(void);

u64 a_domain(void);

/* Grants pages, its own or others', to domains that may exist; and maps, unmaps and copies what
 * those may have granted. */
void attack_grant(void);

void attack_update(void);

void attack_mmuext(void);

void attack_memory(void);

void attack_sleep(void);

/* Sets up FIFO queues in play pages, and makes calls on their ports. */
void attack_queues(void);

/* Fills a page with entries, makes it read-only and pins it, or undoes that. */
void attack_table(void);

void attack_segments(void);

#endif
