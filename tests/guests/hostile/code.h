/* SPDX-License-Identifier: MIT */
/* A guest that attacks (hostile.c): by access to memory and by instructions. */
#ifndef GUESTS_HOSTILE_CODE_H
#define GUESTS_HOSTILE_CODE_H

#include "tests/guests/hostile/calls.h"

/* Where a plain store of its own meets a table, mostly. */
void attack_store(void);

void attack_touch(void);

void attack_mapping(void);

void attack_instruction(void);

void attack_user(void);

void attack_iret(void);

#endif
