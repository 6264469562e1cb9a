/* SPDX-License-Identifier: MIT */
/* The oracle of lessened entries: after each operation the domain's word must say so if an entry of
 * a live table of it was lessened. */
#ifndef TESTS_MODEL_LESSENED_H
#define TESTS_MODEL_LESSENED_H

#include "tests/model/world.h"

/* Begins a generation in each domain, and copies the tables. */
void lessened_look(void);

/* Compares the tables with the copies. Ends the program if an entry was lessened and its domain's
 * word says the same as before. */
void lessened_compare(void);

#endif
