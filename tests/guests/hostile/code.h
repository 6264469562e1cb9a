/* SPDX-License-Identifier: MIT */
/* Attacks of the hostile guest by memory accesses and by instructions. */
#ifndef GUESTS_HOSTILE_CODE_H
#define GUESTS_HOSTILE_CODE_H

#include "tests/guests/hostile/calls.h"

/* Makes an ordinary store, mostly to a page table. */
void attack_store(void);

void attack_touch(void);

void attack_mapping(void);

void attack_instruction(void);

void attack_user(void);

void attack_iret(void);

#endif
